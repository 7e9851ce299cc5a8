"""Drawing words by chance: rules, seeds, and what is told of each step."""

import math

import pytest
import torch
from core_models import model, paddings, sentences

from transformer_core.decoding.sampling import greedy, reshaped, sample
from transformer_core.tracing.tap import record

START, END = 1, 2
HAND = torch.tensor([0.5, 0.25, 0.125, 0.125], dtype=torch.float64)


def drawn(**choices):
    source, _ = sentences()
    return sample(model(norm_order="pre"), source, START, -1, 8, **choices)


def test_the_same_seed_writes_the_same_text_and_another_seed_another():
    assert drawn(seed=3).ids == drawn(seed=3).ids
    assert drawn(seed=3).ids != drawn(seed=4).ids
    assert drawn(seed=3).ids == drawn(seed=3, cached=False).ids


def test_the_random_numbers_of_others_are_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    drawn()
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("rule", [{"temperature": 0}, {"top_k": 1}, {"top_p": 1e-9}])
def test_the_sharpest_rules_are_greedy(rule):
    source, _ = sentences()
    assert drawn(**rule).ids == greedy(model(norm_order="pre"), source, START, -1, 8)


def test_rules_by_hand():
    assert reshaped(HAND).tolist() == pytest.approx(HAND.tolist())
    # p^(1/T): squares at one half, roots at two.
    assert reshaped(HAND, 0.5).tolist() == pytest.approx([16 / 22, 4 / 22, 1 / 22, 1 / 22])
    assert reshaped(HAND, 0).tolist() == [1, 0, 0, 0]
    assert reshaped(HAND, top_k=2).tolist() == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert reshaped(HAND, top_p=0.5).tolist() == [1, 0, 0, 0]
    assert reshaped(HAND, top_p=0.6).tolist() == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert (reshaped(HAND, top_p=0.8) > 0).tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"), [(0.7, 0, 1.0), (1.0, 5, 1.0), (1.0, 0, 0.7), (1.5, 6, 0.8)]
)
def test_rules_are_those_of_hugging_face(temperature, top_k, top_p):
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    logits = torch.randn(50, 13, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2
    warped = TemperatureLogitsWarper(temperature)(None, logits)
    warped = TopKLogitsWarper(top_k)(None, warped) if top_k else warped
    warped = TopPLogitsWarper(top_p)(None, warped)
    assert torch.allclose(reshaped(logits.softmax(-1), temperature, top_k, top_p), warped.softmax(-1), atol=1e-12)


@pytest.mark.parametrize("rule", [{"temperature": -1}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}])
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(ValueError, match=r"^no rule: temperature "):
        reshaped(HAND, **rule)


def test_words_are_drawn_as_often_as_the_rule_says():
    source = sentences(batch=1)[0].expand(4000, -1)
    found = sample(model(norm_order="pre"), source, START, -1, 1, top_k=4)
    share = torch.bincount(found.token[:, 0], minlength=13) / 4000
    assert (share - found.rule[0, 0]).abs().max() < 4 * math.sqrt(0.25 / 4000)
    assert ((share > 0) <= (found.rule[0, 0] > 0)).all()


def test_each_step_tells_what_it_was_chosen_from():
    found = drawn(temperature=2.0)
    assert torch.allclose(found.rule, reshaped(found.probs, 2.0))
    by_hand = -(found.probs[1, 3] * found.probs[1, 3].log()).sum()
    assert found.entropy[1, 3].item() == pytest.approx(by_hand.item())
    assert found.log_prob[2, 5] == found.probs[2, 5, found.token[2, 5]].log()


def test_a_sentence_becomes_tensors_up_to_its_end_mark():
    source, _ = sentences()
    end = drawn().ids[0][2]
    found = sample(model(norm_order="pre"), source, START, end, 8)
    tensors = found.tensors([f"w{i}" for i in range(13)])
    assert tensors["sampled.probs"].axes == ("step", "vocab")
    words = tensors["sampled.entropy"].labels["step"]
    assert words == tuple(f"w{i}" for i in (*found.ids[0], end))
    assert tensors["sampled.log_prob"].shape == (len(words),)


def test_without_a_wish_the_seed_is_nought_and_no_rule_changes_the_probabilities():
    plain = drawn()
    assert plain.ids == drawn(seed=0).ids
    assert torch.allclose(plain.rule, plain.probs, rtol=1e-12, atol=0)
    assert drawn(top_k=3, seed=0).ids != plain.ids


def test_a_rule_of_each_kind_reaches_the_draw():
    hot, few, sure = drawn(temperature=3.0), drawn(top_k=2), drawn(top_p=0.4)
    assert torch.equal(hot.rule, reshaped(hot.probs, 3.0))
    assert torch.equal(few.rule, reshaped(few.probs, top_k=2))
    assert torch.equal(sure.rule, reshaped(sure.probs, top_p=0.4))
    assert (few.rule > 0).sum(-1).eq(2).all()
    for found in (hot, few, sure):
        assert found.rule.gather(-1, found.token[..., None]).gt(0).all()


def test_rows_of_a_batch_are_reshaped_each_for_itself():
    rows = torch.stack([HAND, HAND.flip(0), torch.full((4,), 0.25).double()])
    for rule in ({"temperature": 0}, {"temperature": 0.5}, {"top_k": 1}, {"top_k": 3}, {"top_p": 0.6}):
        together = reshaped(rows, **rule)
        assert torch.allclose(together.sum(-1), torch.ones(3).double())
        assert all(torch.equal(row, reshaped(alone, **rule)) for row, alone in zip(together, rows, strict=True))


def test_as_many_as_all_words_or_more_cut_nothing():
    for top_k in (4, 5, 0):
        assert torch.allclose(reshaped(HAND, top_k=top_k), HAND, rtol=1e-12, atol=0)


def test_words_that_are_as_likely_as_the_last_of_k_stay():
    assert reshaped(HAND, top_k=3).tolist() == pytest.approx(HAND.tolist())


def test_of_words_that_are_equally_likely_the_first_hold_p():
    assert reshaped(torch.full((4,), 0.25).double(), top_p=0.5).tolist() == [0.5, 0.5, 0, 0]


def test_a_written_sentence_says_its_own_part_of_the_batch():
    found = drawn()
    tensors = found.tensors([f"w{i}" for i in range(13)], at=1, prefix="here.")
    assert [*tensors] == ["here.probs", "here.rule", "here.log_prob", "here.entropy"]
    assert tensors["here.probs"].values.tolist() == found.probs[1].tolist()
    assert tensors["here.rule"].values.tolist() == found.rule[1].tolist()
    assert tensors["here.log_prob"].values.tolist() == found.log_prob[1].tolist()
    assert tensors["here.entropy"].labels == {"step": tuple(f"w{i}" for i in found.ids[1])}
    assert tensors["here.probs"].labels["vocab"] == tuple(f"w{i}" for i in range(13))


def test_what_was_written_after_an_end_mark_is_kept_apart_from_the_sentence():
    source, _ = sentences()
    free = drawn()
    end = free.ids[0][1]
    found = sample(model(norm_order="pre"), source, START, end, 8)
    assert found.ids[0] == free.ids[0][: free.ids[0].index(end)]
    assert found.token.shape == found.probs.shape[:2] == found.entropy.shape
    assert found.token.shape[1] == min(8, max(len(ids) + 1 for ids in found.ids))


def test_with_p_of_one_not_even_the_unlikeliest_word_is_cut():
    odds = torch.tensor([1.0, 1e-30], dtype=torch.float64)
    assert reshaped(odds, top_p=1.0).tolist() == pytest.approx([1.0, 1e-30], rel=1e-9, abs=0)


def test_a_padded_source_is_sampled_as_it_would_be_alone_with_a_cache_or_without():
    watched = model(norm_order="pre")
    source, _ = sentences()
    hidden, _ = paddings(source, source)
    found = sample(watched, source, START, -1, 8, hidden)
    alone = torch.cat([sample(watched, source[at : at + 1, : 5 - at], START, -1, 1).probs for at in range(3)])
    assert torch.allclose(found.probs[:, :1], alone, rtol=1e-12, atol=0)
    assert not torch.allclose(found.probs[2, 0], sample(watched, source, START, -1, 1).probs[2, 0])
    lengths = []
    for cached in (True, False):
        with record(only=["step.2.decoder.0.resid_pre"]) as tape:
            sample(watched, source, START, -1, 3, hidden, cached)
        lengths.append(tape["step.2.decoder.0.resid_pre"].shape[1])
    with record(only=["step.2.decoder.0.resid_pre"]) as tape:
        sample(watched, source, START, -1, 3)
    assert [*lengths, tape["step.2.decoder.0.resid_pre"].shape[1]] == [1, 3, 1]
