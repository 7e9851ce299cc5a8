"""Directions among embeddings, with tables that were made so that the answer is known."""

import numpy as np
import pytest

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.experiments import meaning
from transformer_core.studies.experiments.laboratory import Bench
from transformer_core.studies.experiments.meaning import RELATIONS, Embeddings, by_chance, lookup, plane, relation

WIDE = 40
PAIRS = [(f"one{i}", f"two{i}") for i in range(20)]


def table(parallel, seed=0):
    """Twenty words by chance, and their partners: a step further, the same for all if it is `parallel`."""
    random = np.random.default_rng(seed)
    ones = random.normal(size=(20, WIDE))
    steps = random.normal(size=WIDE)[None] if parallel else random.normal(size=(20, WIDE))
    names = [one for one, _ in PAIRS] + [other for _, other in PAIRS]
    return Embeddings(np.concatenate([ones, ones + steps]), {name: i for i, name in enumerate(names)}, names)


def test_there_are_as_many_pairs_of_each_relation_and_none_twice():
    assert {len(pairs) for pairs in RELATIONS.values()} == {24}
    assert all(len({*pairs}) == 24 for pairs in RELATIONS.values())


def test_equal_steps_are_parallel_and_lead_to_the_partner():
    found = relation(table(True), PAIRS, 0.3, 0)
    assert found["cosine"] == pytest.approx(np.ones(20))
    assert (found["above"], found["share"], found["named"]) == (20, 1.0, 1.0)
    assert found["swapped"] < 0.9


def test_steps_by_chance_pass_the_line_as_seldom_as_it_says():
    embeddings = table(False)
    chance = by_chance(embeddings, embeddings.names, 0, 400)
    level = np.percentile(chance, 95)
    assert abs(chance.mean()) < 0.1
    assert relation(embeddings, PAIRS, level, 0)["share"] < 0.6


def test_pairs_by_chance_are_two_words_each_and_none_stands_in_two_pairs():
    names = [f"w{i}" for i in range(7)]
    embeddings = Embeddings(np.eye(7), {name: i for i, name in enumerate(names)}, names)
    # Of three steps e_a - e_b between six axes, each is orthogonal to the others.
    assert by_chance(embeddings, names, 3, 5) == pytest.approx(np.zeros((5, 3)))


def test_the_direction_of_the_first_half_leads_to_the_right_in_the_second():
    drawn = plane(table(True), PAIRS)
    assert drawn["spots"].shape == (20, 2)
    assert drawn["steps"] == pytest.approx(drawn["spots"][1::2] - drawn["spots"][::2])
    step = table(True)["two0"] - table(True)["one0"]
    assert drawn["steps"] == pytest.approx(np.array([[0, np.linalg.norm(step)]] * 10))


def test_of_partners_at_a_right_angle_half_the_steps_lead_up():
    drawn, whole = plane(table(False), PAIRS)["steps"], meaning.steps_of(table(False), PAIRS[10:])
    assert 0 < (drawn[:, 1] > 0).sum() < 10
    assert (drawn[:, 1] ** 2).sum() < 0.3 * (whole**2).sum()


def test_a_lookup_weighs_the_capitals_and_the_slider_moves_one_score_alone():
    random, words = np.random.default_rng(1), [word for pair in meaning.TABLE for word in pair] + [meaning.ASKED]
    embeddings = Embeddings(random.normal(size=(9, 12)), {word: i for i, word in enumerate(words)}, words)
    found = lookup(embeddings)
    assert found["weights"].sum() == pytest.approx(1)
    assert np.log(found["weights"][0] / found["weights"][3]) == pytest.approx(found["scores"][0] - found["scores"][3])
    # Both coordinates of the weighted values add up to the output, which lies along the first.
    total = found["weighted_value_plane"].sum(0)
    assert total[1] == pytest.approx(0, abs=1e-9)
    assert total[0] == pytest.approx(np.linalg.norm(found["weights"] @ embeddings[[c for _, c in meaning.TABLE]]))
    assert found["slider_weights"].sum(-1) == pytest.approx(np.ones(len(meaning.SLIDER)))
    still = np.delete(found["slider_scores"], 1, 1)
    assert (still == still[0]).all()
    assert (found["slider_scores"] == found["scores"]).all(-1).sum() == 1
    lengths = found["q_norm"] * found["k_norm"]
    assert found["cosine"] == pytest.approx(found["scores"] / lengths)
    assert np.diagonal(found["plane"])[0] == pytest.approx(found["scores"] / found["q_norm"])


def test_the_step_is_carried_to_king_and_the_words_on_its_way_have_their_cosines():
    random, names = (
        np.random.default_rng(2),
        ["king", "man", "woman", "queen", "·a part", *(f"w{i}" for i in range(30))],
    )
    rows = random.normal(size=(len(names), WIDE))
    rows[3] = rows[0] + rows[2] - rows[1]
    embeddings = Embeddings(rows, {name: i for i, name in enumerate(names)}, names)
    found = meaning.carried(embeddings)
    spots, path = found["queen_plane"].values, found["queen_path"].values
    # The step and the way keep their length, and the way leads from king to queen, which is the sum here.
    assert np.linalg.norm(found["queen_step"].values) == pytest.approx(np.linalg.norm(rows[2] - rows[1]))
    assert found["queen_step"].values == pytest.approx(spots[2] - spots[1])
    assert path[0] == pytest.approx(spots[0])
    assert path[-1] == pytest.approx(spots[3])
    way = found["queen_way"]
    assert way.pick(frame=0, vocab="king") == pytest.approx(1)
    assert way.pick(frame=len(path) - 1, vocab="queen") == pytest.approx(1)
    assert "·a part" not in way.labels["vocab"]
    for place, share in ((0, 0.0), (15, 0.5)):
        here = rows[0] + share * (rows[2] - rows[1])
        alike = [float(here @ rows[names.index(name)]) for name in way.labels["vocab"]]
        lengths = [np.linalg.norm(here) * np.linalg.norm(rows[names.index(name)]) for name in way.labels["vocab"]]
        assert way.values[place] == pytest.approx(np.divide(alike, lengths))


def test_a_blend_is_compared_with_each_capital():
    random = np.random.default_rng(4)
    known = {word for pair in RELATIONS["capital"] for word in pair} | {word for pair in meaning.TABLE for word in pair}
    names = sorted({*known, meaning.ASKED})
    embeddings = Embeddings(random.normal(size=(len(names), WIDE)), {name: i for i, name in enumerate(names)}, names)
    piece, found = lookup(embeddings), meaning.blend(embeddings)
    capitals = [capital for _, capital in meaning.TABLE]
    output = piece["weights"] @ embeddings[capitals]
    whole = found["lookup.blend"].pick(query=0, frame=3)
    assert whole.values[:4] == pytest.approx(piece["likeness"])
    right = dict(RELATIONS["capital"])[meaning.ASKED]
    assert found["lookup.blend"].labels["key"] == (*capitals, right)
    others = [name for _, name in RELATIONS["capital"] if name not in capitals]
    order = sorted(others, key=lambda name: -meaning.cosine(embeddings[name], output))
    assert found["lookup.blend_rank"].values == [order.index(right) + 1]
    assert found["lookup.others"].values == [len(others)]


class OneEach:
    """Every word is a piece, but for one that is cut in two."""

    def __init__(self):
        words = {word for pairs in RELATIONS.values() for pair in pairs for word in pair}
        words |= {word for pair in meaning.TABLE for word in pair}
        self.source = self.target = (*sorted(words),)

    def read(self, text):
        place = self.target.index(text.strip())
        return type("Reading", (), {"ids": [place, 0] if text.strip() == "heroine" else [place]})


def test_the_whole_experiment_runs_at_a_tiny_size_and_leaves_out_words_of_several_pieces(monkeypatch):
    tokenizer = OneEach()
    config = Config(
        target_vocab=len(tokenizer.target), d_model=24, d_ff=32, heads=2, encoder_layers=0, decoder_layers=1
    )
    small = LoadedModel(Transformer(config, seed=1).eval(), tokenizer)
    monkeypatch.setattr(meaning, "facts", lambda _: small)
    found = meaning.meaning(Bench(), groups=20)
    assert found["pairs"].pick(kind="gender") == 23
    assert found["pairs_in_all"].values == 24 * 5 - 1
    assert found["chance_pairs"].values == 20 * 24
    hundredths = found["chance_hundredths"].values
    assert (hundredths > found["chance"].values[0]).sum() == 5
    assert "heroine" not in found["gender_cosine"].labels["vocab"]
    # Of random embeddings not much more than chance passes.
    assert found["above_in_all"].values / found["pairs_in_all"].values < 0.25
