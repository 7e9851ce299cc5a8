"""Probes, ablations, transplants and planes of the lecture's model, in sizes that take seconds."""

import numpy as np
import pytest
import torch

from transformer_core.interpret import head_off
from transformer_core.studies.experiments import heads, patching, probes, vectors
from transformer_core.studies.experiments.laboratory import Bench
from transformer_core.studies.experiments.translation import (
    held_out,
    passes,
    share_exact,
    source_rows,
    translator,
    vocabulary,
)
from transformer_core.studies.translator import roles
from transformer_core.studies.translator.grammar import reading
from transformer_core.text.vocabulary import PAD
from transformer_core.tracing.tap import record


def test_a_reader_that_knows_nouns_by_heart_fails_on_nouns_it_never_read():
    random = np.random.default_rng(0)
    of = np.repeat(np.arange(20), 30)
    own = random.normal(size=(20, 40))[of]  # every noun has a row of its own, and nothing in common
    answers = np.where(of % 2, 1.0, -1.0)
    assert probes.told(own, answers, of, random) < 0.75
    with_gender = own + answers[:, None] * 3 * np.eye(40)[0]
    assert probes.told(with_gender, answers, of, random) > 0.95


def test_the_last_row_of_an_inflected_adjective_tells_the_gender_of_its_noun():
    found = probes.probe(Bench(), sentences=400)
    told, control = found["told"], found["control"]
    assert told.pick(choice="inflected", layer="layer 2") > 0.9
    assert told.pick(choice="inflected", layer="input") < 0.7
    assert control.pick(choice="inflected", layer="layer 2") < 0.75
    spots, genders, new = (found[name].values for name in ("spots", "genders", "unseen"))
    assert spots.shape == (len(told.labels["layer"]) + 1, 2 * probes.DRAWN, 2)
    assert new.sum() == probes.DRAWN
    right = (np.sign(spots[..., 0]) == genders)[:, new > 0].mean(1)
    assert right[2] > 0.9 > max(right[0], right[3])


def test_a_row_lies_where_the_reader_says_and_along_what_is_at_right_angles_to_it():
    random = np.random.default_rng(0)
    answers = np.where(np.arange(400) % 2, 1.0, -1.0)
    rows = random.normal(size=(400, 3)) * [0.1, 4, 0.1] + answers[:, None] * [1, 0, 0]
    across, up = probes.spots(rows, answers, np.arange(400) < 100).T
    assert np.allclose(across, answers, atol=0.4)
    assert abs(np.corrcoef(up, rows[:, 1])[0, 1]) > 0.999
    assert up.std() == pytest.approx(4, rel=0.1)


def test_a_spanish_word_has_the_role_of_its_english_word():
    pair = reading("the red box is closed".split())
    kinds = [heads.KINDS[kind] for kind in heads.kinds_of(pair)]
    assert pair.target == ("la", "caja", "roja", "está", "cerrada")
    assert kinds == [
        "determiner->noun",
        "everything else",
        "adjective(inflected)->noun",
        "copula->adjective",
        "adjective(inflected)->noun",
    ]


def test_the_mean_of_a_head_leaves_out_padding():
    model, pairs = translator(), held_out(12)
    means = heads.means(model, pairs)
    (some, _, tape) = next(passes(model, pairs, ["encoder.1.self_attn.z"]))
    rows = source_rows(tape["encoder.1.self_attn.z"].transpose(1, 2), some)
    assert len(rows) == sum(len(pair.source) for pair in pairs)
    assert np.allclose(means["encoder.1.self_attn"], rows.mean(0))


def test_the_only_cross_attention_head_is_needed_and_the_model_is_whole_again_after():
    model, pairs = translator(), held_out(30)
    before = heads.judged(model, pairs)
    mean = torch.from_numpy(heads.means(model, pairs)["decoder.1.cross_attn"][0])
    with head_off(model, "decoder.1.cross_attn", 0, mean):
        without = heads.judged(model, pairs)
    there = before > 0
    assert (without[there] <= before[there]).all()
    assert without[-1] < before[-1] - 0.3
    assert np.array_equal(heads.judged(model, pairs), before)


def test_switching_heads_off_is_told_for_every_attention_and_head():
    found = heads.heads_off(Bench(), sentences=4)
    config = translator().config
    assert found["encoder"].shape == (config.encoder_layers, config.heads, len(heads.KINDS))
    assert found["cross"].shape == (config.decoder_layers, config.cross_heads, len(heads.KINDS))
    assert found["counted"].values.tolist()[-1] == 4


def test_spare_heads_are_chosen_on_some_sentences_and_judged_on_others():
    found = heads.spare_heads(Bench(), sentences=40)
    before, after = found["right"].values
    model, pairs = translator(), [*held_out(80)]
    usual = heads.means(model, pairs[:40])
    off = [(name.split()[0], int(name.split()[1])) for name in found["alone"].labels["part"]]

    def right(head, some):
        return heads.without(model, [head], usual, lambda: share_exact(model, some))["right"]

    first = share_exact(model, pairs[:40])
    chosen = [first - right(head, pairs[:40]) <= heads.SPARE for head in off]
    assert found["which"].values.astype(bool).tolist() == chosen
    assert sum(chosen) == found["spare"].values
    assert np.allclose(found["alone"].values, [right(head, pairs[40:]) for head in off])
    assert before == share_exact(model, pairs[40:])
    assert found["added_up"].values == pytest.approx(before * sum(chosen) - found["alone"].values[chosen].sum())
    assert found["together"].values == pytest.approx(before - after)


@pytest.fixture(scope="module")
def transplants():
    return patching.patching(Bench(), sentences=40)


def test_before_the_first_layer_only_the_word_that_differs_has_an_effect(transplants):
    for key, place in (("tired", "tired"), ("car", "car")):
        shift = transplants[f"{key}_shift"].pick(layer="input")
        assert shift.pick(position=place) == pytest.approx(1)
        others = [row for row, word in enumerate(shift.labels["position"]) if word != place]
        assert np.allclose(shift.values[others], 0)


def test_each_sentence_prefers_its_own_form(transplants):
    assert transplants["car_leads"].labels["choice"] == ("rojo", "roja")
    for key in patching.PAIRS:
        before, after = transplants[f"{key}_leads"].values
        assert before < 0 < after


def test_one_head_moves_the_gender_and_without_it_the_spanish_words_before_decide(transplants):
    given, off, prefix = (transplants[f"car_{name}"] for name in ("heads", "off", "prefix"))
    layer, head = np.unravel_index(given.values[1].argmax(), given.shape[1:])
    assert (
        given.values[1, layer, head]
        > 0.5
        > 20 * np.delete(given.values[1].ravel(), layer * given.shape[2] + head).max()
    )
    own, other = off.values[:, :, layer, head].T
    assert own[0] > own[1]
    assert other[0] < other[1]
    assert (prefix.values[0] > prefix.values[1]).all(), "with all heads, the English noun decides"
    unpatched = transplants["car_unpatched"]
    assert np.allclose(prefix.pick(part="own").values, unpatched.pick(part="own").values)


def test_what_is_written_without_the_head_is_judged_word_for_word(transplants):
    written = transplants["car_written"]
    right = transplants["car_donor_written"].labels["position"]
    assert right == ("la", "casa", "es", "roja")
    agrees = [word == there for word, there in zip(written.labels["position"], right, strict=True)]
    assert written.values.astype(bool).tolist() == agrees
    assert not all(agrees)


def test_principal_axes_are_those_of_a_cloud_that_is_long_in_one_direction():
    random = np.random.default_rng(0)
    cloud = random.normal(size=(4000, 3)) * [1, 5, 2] + [7, 0, 0]
    mean, axes, shares = vectors.principal(cloud)
    assert mean == pytest.approx([7, 0, 0], abs=0.3)
    assert np.allclose(axes[:2], [[0, 1, 0], [0, 0, 1]], atol=0.05)
    assert shares[:2] == pytest.approx([25 / 30, 4 / 30], abs=0.02)


def test_the_plane_explains_a_share_of_the_stream():
    found = vectors.stream_plane(Bench(), sentences=20)
    assert np.allclose(found["axes"].values @ found["axes"].values.T, np.eye(2), atol=1e-8)
    assert found["explained_by_plane"].values == pytest.approx(found["spectrum"].values[:2].sum())
    assert found["spectrum"].values.sum() == pytest.approx(1)
    assert found["mean_distance"].labels["layer"] == tuple(vectors.points_of(translator()))


def test_with_one_cross_attention_head_the_encoder_has_more_roles_than_with_four():
    found = heads.cross_heads(Bench(), sentences=120)
    assert found["heads"].values.tolist() == [1, 4]
    assert found["named"].pick(model="one") > found["named"].pick(model="four")
    assert found["sentences_by_length"].values.sum() == 120


@pytest.mark.parametrize("kind", heads.COUNTED)
def test_cases_are_counted_on_until_they_are_the_score_of_the_role(kind):
    every, role = heads.head_cases(Bench(), sentences=60), heads.COUNTED[kind]
    found = {name.removeprefix(f"{kind}."): one for name, one in every.items() if name.startswith(kind)}
    pairs = held_out(60)
    score, asked = roles.score(translator(), vocabulary(), pairs)
    one = found["found"].pick(model="english-spanish").values
    assert one[-1] == pytest.approx(score.pick(role=role).values)
    assert found["cases"].values == asked.pick(role=role)
    assert one[0].max() == 0
    assert (np.diff(one, axis=0) >= 0).all()
    for i, (query, answer) in enumerate(zip(found["queries"].values, found["answers"].values, strict=True)):
        words = found[f"weights_{i}"].labels["key"]
        assert (query, answer) in reading([*words]).roles[role]
        ids = torch.tensor([vocabulary().source_ids(words)])
        with record(only=["encoder.1.self_attn.weights"]) as tape:
            translator().encode(ids, ids == PAD)
        alone = tape["encoder.1.self_attn.weights"][0, :, query].detach().numpy()
        assert found[f"weights_{i}"].pick(model="english-spanish", layer=1).values == pytest.approx(alone, abs=1e-5)
