"""Drawing words by chance: rules, seeds, and what is told of each step."""

import math

import pytest
import torch
from core_models import model, sentences

from transformer_core.decoding import greedy, reshaped, sample

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
    with pytest.raises(ValueError, match="no rule"):
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
