"""The answers to the lecture's own questions, each against a calculation of its own."""

import numpy as np
import pytest
import torch
from small import traced

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.studies.measures.questions import high_score_at_small_cosine
from transformer_core.studies.sentence.read import read
from transformer_core.text.vocabulary import Vocabulary

WORDS = Vocabulary.of("the car is red".split(), "el coche es rojo".split(), longest=6)
PATH = "encoder.1.self_attn"


@pytest.fixture(scope="module")
def trace():
    torch.manual_seed(3)
    sizes = {"d_model": 16, "d_ff": 24, "heads": 4, "encoder_layers": 2, "decoder_layers": 2, "norm_order": "pre"}
    config = Config(source_vocab=len(WORDS.source), target_vocab=len(WORDS.target), **sizes)
    model = Transformer(config).double().eval()
    for parameter in model.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return read("the car is red", model, WORDS)


def test_swapping_the_query_and_the_key_matrix_turns_the_scores_over(trace):
    assert np.allclose(trace[f"{PATH}.swapped_scores"].values, trace[f"{PATH}.scores"].values.swapaxes(-1, -2))
    assert trace[f"{PATH}.swapped_difference"] < 1e-12
    assert np.allclose(trace[f"{PATH}.swapped_weights"].values.sum(-1), 1)
    assert not np.allclose(trace[f"{PATH}.swapped_weights"].values, trace[f"{PATH}.weights"].values, atol=1e-3)


def test_two_scores_that_lead_by_far_share_alike():
    part = traced({"a.masked": ("batch head query key", [[[[0, 50, 20, 10]]]]),
                   "a.scores": ("batch head query key", [[[[0, 50, 20, 10]]]])})  # fmt: skip
    assert np.allclose(part["a.tied_weights"].values, [[[[0, 0.5, 0.5, 0]]]], atol=1e-9)


def test_zeros_after_the_softmax_and_then_a_division_are_the_mask_by_another_road(trace):
    assert trace["decoder.0.self_attn.divided_difference"] < 1e-15


def test_a_new_word_moves_every_row_of_the_encoder_and_no_old_row_of_the_decoder(trace):
    grown = trace["encoder.1.resid_post.grown_change"].values[0]
    assert (grown > 1e-6).all()
    assert grown[-1] == 1
    assert (trace["encoder.0.resid_pre.grown_change"].values[0, :-1] == 0).all()
    later = trace["decoder.1.resid_post.later_change"].values[0]
    assert (later[:-1] == 0).all()
    assert later[-1] > 1e-6


def test_no_two_pairs_differ_more_in_their_cosine_while_one_scores_twice_the_other(trace):
    scores, cosines = (
        np.concatenate([trace[f"encoder.{layer}.self_attn.{name}"].values.ravel() for layer in range(2)])
        for name in ("scores", "cosine")
    )
    best = max(
        b - a
        for s, a in zip(scores, cosines, strict=True)
        for t, b in zip(scores, cosines, strict=True)
        if s >= 2 * t > 0
    )
    high, low = (
        trace[f"encoder.{layer}.self_attn.cosine"].values[0, head, query.position, key.position]
        for layer, head, query, key in high_score_at_small_cosine(trace)
    )
    assert low - high == pytest.approx(best)


def pairs_of(scores, cosines):
    words = {"query": ("a",), "key": tuple("bcdef"[: len(scores)])}
    path = "encoder.0.self_attn"
    tensors = {f"{path}.{name}": ("batch head query key", [[[values]]], words)
               for name, values in (("scores", scores), ("cosine", cosines), ("weights", cosines))}  # fmt: skip
    return traced(tensors | {f"{path}.q": ("batch head query d_head", np.ones((1, 1, 1, 1)))})


def test_a_score_of_exactly_twice_another_counts_and_one_of_less_does_not():
    found = high_score_at_small_cosine(pairs_of([0.5, 0.25, 0.26], [0.1, 0.5, 0.9]))
    assert [str(key) for *_, key in found] == ["b", "c"]
    assert high_score_at_small_cosine(pairs_of([0.5, 0.26], [0.1, 0.9])) is None
    assert high_score_at_small_cosine(pairs_of([0.5, 0.0, -1.0], [0.1, 0.9, 0.9])) is None
    assert high_score_at_small_cosine(pairs_of([-0.5, -1.0], [0.1, 0.9])) is None


def test_two_cosines_that_lie_near_each_other_are_not_shown_side_by_side():
    assert high_score_at_small_cosine(pairs_of([8, 4], [0.25, 0.25 + 0.125]))
    assert high_score_at_small_cosine(pairs_of([8, 4], [0.25, 0.25 + 0.0625])) is None


def test_a_longer_pair_may_score_twice_as_much_at_a_smaller_cosine(trace):
    found = high_score_at_small_cosine(trace)
    assert found is not None
    scores, cosines = [], []
    for layer, head, query, key in found:
        part = trace.under(f"encoder.{layer}.self_attn", batch=0, head=head)
        at = {"query": query.position, "key": key.position}
        scores.append(part["scores"].pick(**at))
        cosines.append(part["cosine"].pick(**at))
    assert scores[0] >= 2 * scores[1] > 0
    assert cosines[0] < cosines[1]
