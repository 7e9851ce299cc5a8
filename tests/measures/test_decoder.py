import numpy as np
import pytest
from small import traced

from transformer_core.tracing.trace import NamedTensor

PAIRS = "batch head query key"
TINY = np.log([[1.0, 3.0], [2.0, 2.0]])[None, None]
PATH = "decoder.0.self_attn"


def masked(scaled):
    return np.where(np.triu(np.ones((2, 2), bool), 1), -np.inf, scaled)


def late_mask():
    changed = np.log([[1.0, 7.0], [2.0, 2.0]])[None, None]
    tensors = {}
    for root, scaled in (("", TINY), ("other.later.", changed)):
        right = np.exp(masked(scaled))
        tensors |= {
            f"{root}{PATH}.scaled": (PAIRS, scaled),
            f"{root}{PATH}.scores": (PAIRS, scaled),
            f"{root}{PATH}.q": ("batch head query d_head", np.zeros((1, 1, 2, 1))),
            f"{root}{PATH}.masked": (PAIRS, masked(scaled)),
            f"{root}{PATH}.weights": (PAIRS, right / right.sum(-1, keepdims=True)),
        }
    return traced(tensors).under(PATH, batch=0, head=0)


def test_a_mask_after_the_softmax_leaves_rows_that_sum_to_less_than_one():
    trace = late_mask()
    assert np.allclose(trace["post_softmax_mask"].values, [[0.25, 0], [0.5, 0.5]])
    assert np.allclose(trace["post_softmax_mask_sums"].values, [0.25, 1])


def test_a_mask_after_the_softmax_lets_a_hidden_word_change_the_row():
    trace = late_mask()
    assert trace["post_softmax_mask_leak"].pick(query=0) == pytest.approx(1 / 4 - 1 / 8)
    assert trace["masked_leak"].pick(query=0) == 0


def cross():
    weights = [[[[0.9, 0.1, 0.0], [0.0, 0.2, 0.8], [0.1, 0.7, 0.2], [0.8, 0.1, 0.1]]]]
    return traced({"decoder.0.cross_attn.weights": (PAIRS, weights)}).under("decoder.0.cross_attn", batch=0)


def test_the_path_of_the_favourites_turns_back_where_spanish_swaps_words():
    assert cross()["top_keys"].values.tolist() == [0, 2, 1, 0]
    assert cross()["top_key_numbers"].values.tolist() == [1, 3, 2, 1]
    assert cross()["backward_jumps"] == 1  # the way back to the first word is the end mark's


def test_looks_are_the_mean_over_heads():
    trace = traced({"d.cross_attn.weights": (PAIRS, [[[[1, 0]], [[0.5, 0.5]]]])})
    assert trace["d.cross_attn.mean_weights"].values.tolist() == [[[0.75, 0.25]]]


def written():
    labels = {"position": ("<start>", "el"), "vocab": ("<end>", "el", "la")}
    probs = np.array([[[0.125, 0.5, 0.375], [0.25, 0.25, 0.5]]])
    return traced(
        {
            "probs": ("batch position vocab", probs, labels),
            "logits": ("batch position vocab", np.log(probs), labels),
        }
    )


def test_the_loss_of_a_position_is_minus_the_logarithm_of_the_next_words_probability():
    trace = written()
    assert trace["true_probs"].values.tolist() == [[0.5, 0.25]]
    assert np.allclose(trace["losses"].values, [[np.log(2), np.log(4)]])
    assert trace["losses"].name == "losses"


def test_the_next_word_is_told_by_its_id_where_pieces_have_one_label_and_the_end_another_name():
    labels = {"position": ("</s>", "…x"), "vocab": ("</s>", "…x", "…x")}
    probs = np.array([[[0.125, 0.5, 0.375], [0.25, 0.25, 0.5]]])
    trace = traced({"probs": ("batch position vocab", probs, labels)})
    trace.tensors["embed_tgt.ids"] = NamedTensor("embed_tgt.ids", np.array([[0, 2]]), ("batch", "position"))
    trace.about["end"] = 0
    assert trace["true_probs"].values.tolist() == [[0.375, 0.25]]


def test_the_word_order_goes_from_the_largest_logit_down():
    assert written()["word_order"].values.tolist() == [[[1, 2, 0], [2, 0, 1]]]


def test_words_that_fit_alike_stand_in_the_order_of_the_vocabulary():
    logits = np.zeros((1, 1, 60))
    logits[..., ::3] = 1
    trace = traced({"logits": ("batch position vocab", logits, {"position": ("<start>",)})})
    assert trace["word_order"].values.tolist() == [[[*range(0, 60, 3), *(w for w in range(60) if w % 3)]]]


def test_without_a_known_end_the_next_word_is_told_by_its_name():
    trace = written()
    trace.tensors["embed_tgt.ids"] = NamedTensor("embed_tgt.ids", np.array([[1, 2]]), ("batch", "position"))
    assert trace["true_probs"].values.tolist() == [[0.5, 0.25]]
