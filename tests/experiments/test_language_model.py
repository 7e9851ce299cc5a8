"""The experiments on the real language model, with a small one whose weights are drawn by chance."""

import copy

import numpy as np
import pytest
import torch

from transformer_core.decoding.beam import beam
from transformer_core.interpret import head_off
from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.experiments import language_model
from transformer_core.studies.experiments.language_model import PAIRS, PROMPTS, TEXTS, losses
from transformer_core.studies.experiments.translation import held_out, translator, vocabulary
from transformer_core.studies.translator.evaluate import translate
from transformer_core.text.vocabulary import END, START
from transformer_core.tracing.tap import record

WORDS = 60


class Letters:
    """Every letter is a piece."""

    source = target = tuple(map(chr, range(64, 64 + WORDS)))

    def read(self, text):
        return type("Reading", (), {"ids": [ord(letter) % WORDS for letter in text]})


@pytest.fixture(scope="module")
def small(small_decoder):
    return LoadedModel(small_decoder, Letters())


def test_there_are_ten_prompts_twelve_texts_and_pairs_that_differ_at_their_end():
    assert (len(PROMPTS), len(TEXTS), len(PAIRS)) == (10, 12, 5)
    assert all(text.endswith("{}") and first != second for text, first, second, _ in PAIRS.values())


@pytest.mark.parametrize(("ranks", "layer"), [([5, 3, 1, 1], 2), ([1, 2, 1], 2), ([1, 1], 0), ([4, 2, 1], 2)])
def test_a_word_is_decided_where_it_is_the_likeliest_from_then_on(ranks, layer):
    assert language_model.decided(np.array(ranks)) == layer


def test_what_is_predicted_is_the_softmax_of_the_last_row_and_the_lens_ends_with_it(small):
    found = language_model.predicted(small, "abc", shown=5)
    with torch.no_grad():
        probs = small.model(None, torch.tensor([small.tokenizer.read("abc").ids]))[0, -1].softmax(-1)
    assert found["probs"] == pytest.approx(probs.sort(descending=True).values[:5].numpy(), abs=1e-12)
    assert found["entropy"] == pytest.approx(-(probs * probs.log()).sum().item(), abs=1e-12)
    assert (found["ranks"][-1], found["said"][-1], len(found["ranks"])) == (1, found["ids"][0], 4)


def test_rules_reshape_the_softmax_of_the_last_row(small):
    found = language_model.after(small, "abc", shown=5)
    with torch.no_grad():
        logits = small.model(None, torch.tensor([small.tokenizer.read("abc").ids]))[0, -1]
    best = logits.softmax(-1).sort(descending=True)
    for row, temperature in zip(found["tempered"], language_model.TEMPERATURES, strict=True):
        right = (logits / temperature).softmax(-1)[best.indices[:5]].numpy()
        assert row == pytest.approx(right, abs=1e-9)
    assert found["running"] == pytest.approx(best.values[:5].cumsum(0).numpy(), abs=1e-12)
    assert found["kept"].tolist() == [5, int((best.values.cumsum(0) - best.values < 0.9).sum())]
    assert found["cut"][0].sum() == pytest.approx(1)


def test_a_text_goes_on_with_tokens_that_its_rule_leaves_and_the_same_seed_writes_the_same(small):
    rule = {"temperature": 50.0}
    first, again = (language_model.goes_on(small, "abc", rule, seed=3, written=4) for _ in range(2))
    assert first["ids"].tolist() == again["ids"].tolist()
    assert (len(first["ids"]), (first["probs"] > 0).all()) == (4, True)
    assert len({tuple(language_model.goes_on(small, "abc", rule, seed, 4)["ids"]) for seed in range(6)}) > 1


def log_probs(small, ids):
    with torch.no_grad():
        return small.model(None, torch.tensor([ids]))[0, -1].log_softmax(-1)


def test_a_piece_is_of_the_tail_where_likelier_ones_hold_what_top_p_keeps(small):
    given = small.tokenizer.read("abc").ids
    drawn = language_model.goes_on(small, "abc", {"temperature": 5.0}, seed=0, written=8)
    written = drawn["ids"].tolist()
    rows = [log_probs(small, [*given, *written[:at]]).exp() for at in range(8)]
    likelier = [float(row[row > row[token]].sum()) for row, token in zip(rows, written, strict=True)]
    assert drawn["tail"].tolist() == [share >= 0.9 for share in likelier]
    assert 0 < drawn["tail"].sum() < 8


def test_a_beam_finds_the_largest_sum_behind_a_first_piece_that_greedy_decoding_passes_over(small):
    doubting = LoadedModel(copy.deepcopy(small.model), small.tokenizer)
    doubting.model.embed_tgt.table.data.mul_(0.25)
    given = small.tokenizer.read("abd").ids
    first = log_probs(doubting, given)
    sums = {int(one): first[one] + log_probs(doubting, [*given, int(one)]) for one in first.topk(4).indices}
    found, greedy = language_model.raced(doubting, "abd", written=2), sums[int(first.argmax())]
    assert found["ids"].tolist() == [int(first.argmax()), int(greedy.argmax())]
    assert found["logs"].cumsum() == pytest.approx([first.max().item(), greedy.max().item()], abs=1e-9)
    assert found["scores"] == pytest.approx([found["logs"].sum(), max(map(torch.max, sums.values())).item()], abs=1e-9)
    assert found["scores"][1] > found["scores"][0] + 1
    assert found["score"][found["best"]][-1] == found["scores"][1]


def test_translations_that_a_beam_makes_other_than_greedy_decoding_are_counted_one_by_one(monkeypatch):
    doubting, random = copy.deepcopy(translator()), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in doubting.parameters():
            weight.add_(torch.randn(weight.shape, generator=random), alpha=0.05)
    monkeypatch.setattr(language_model, "translator", lambda: doubting)
    others = 0
    for pair in held_out(24):
        source = torch.tensor([vocabulary().source_ids(pair.source)])
        (tree,) = beam(doubting, source, START, END, 4, vocabulary().longest, length_penalty=0)
        others += [tuple(vocabulary().target_words(tree.ids()))] != translate(doubting, vocabulary(), source.tolist())
    assert language_model.overtakes(24)["differ"] == others
    assert 0 < others < 24


def test_pieces_that_go_on_are_put_together_to_words():
    words, chances, cut = language_model.as_words(
        ("leisure", "·ly", "[space]", "walk", "·."),
        np.array([0.5, 0.5, 1, 0.25, 1]),
        np.array([False, True, True, False, False]),
    )
    assert words == ("leisurely", "walk.")
    assert chances == [0.25, 0.25]
    assert cut == [True, False]


def test_scores_of_heads_are_means_of_their_weights(small):
    found = language_model.attending(small, "abcdef")
    with torch.no_grad(), record(only=["*.weights"]) as tape:
        small.model(None, torch.tensor([small.tokenizer.read("abcdef").ids]))
    weights = tape["decoder.1.self_attn.weights"][0, 4]
    assert found["sink"][1, 4] == pytest.approx(weights[1:, 0].mean().item(), abs=1e-12)
    assert found["previous"][1, 4] == pytest.approx(weights.diagonal(-1).mean().item(), abs=1e-12)
    parts = [-sum(w * np.log(w) for w in row[: i + 1]) / np.log(i + 1) for i, row in enumerate(weights.numpy()) if i]
    assert found["entropy"][1, 4] == pytest.approx(np.mean(parts), abs=1e-9)


def test_random_pieces_stand_twice_and_their_losses_are_told_by_half(small):
    ids = language_model.repeated(small, 0, half=5, sequences=3)
    assert ids.shape == (3, 10)
    assert torch.equal(ids[:, :5], ids[:, 5:])
    halves = language_model.by_half(torch.arange(9.0)[None])  # of ten pieces the first has no loss
    assert halves.tolist() == [[np.mean([0, 1, 2, 3]), np.mean([5, 6, 7, 8])]]


def test_other_heads_are_as_many_none_of_the_best_none_twice_and_one_draw_is_the_first_of_several(small):
    best, config = [(1, 2), (0, 5), (2, 0)], small.model.config
    draws = language_model.other_heads(config, best, seed=0, draws=4)
    rest = [(layer, head) for layer in range(3) for head in range(6) if (layer, head) not in best]
    assert draws[0] == [rest[i] for i in np.random.default_rng(0).choice(15, 3, replace=False)]
    assert all(len({*heads} & {*rest}) == 3 for heads in draws)
    assert len({*map(tuple, draws)}) > 1
    assert language_model.other_heads(config, best, seed=0, draws=1) == draws[:1]


def test_a_head_that_is_taken_away_writes_its_mean(small):
    ids = language_model.repeated(small, 0, half=5, sequences=3)
    with torch.no_grad(), record(only=["decoder.1.self_attn.z"]) as tape:
        small.model(None, ids[:, :-1])
    mean = tape["decoder.1.self_attn.z"][:, 2].mean((0, 1))
    with head_off(small.model, "decoder.1.self_attn", 2, mean):
        expected = losses(small.model, ids)
    found = language_model.without([(1, 2)], lambda: losses(small.model, ids))
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)
    assert not torch.allclose(found, losses(small.model, ids), rtol=0, atol=1e-6)
    removed, second = language_model.ablated(small, ids, [(1, 2)], seed=0, draws=2), expected[:, 5:].mean(1).numpy()
    assert removed["loss"].shape == (3,)
    assert removed["loss"][0] == pytest.approx(second.mean(), abs=1e-12)
    assert removed["spread"] == pytest.approx(second.max() - second.min(), abs=1e-12)


def test_rows_before_the_word_that_differs_are_the_same_and_later_ones_are_not(small):
    seen = []
    for text in ("abxz", "abxy"):
        with torch.no_grad(), record(only=["*.weights", "*.resid_post"]) as tape:
            small.model(None, torch.tensor([small.tokenizer.read(text).ids]))
        seen.append(language_model.rows_of_it(tape, "decoder", 2, 3))
    found = language_model.differences(seen)
    assert found["weights"] == found["vectors"] == 0
    assert found["last"] > 1e-3


def test_an_encoder_reads_it_with_what_comes_after():
    assert language_model.in_an_encoder()["weights"] > 0.1
