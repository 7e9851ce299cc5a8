"""Answers to the lecture's own questions: numbers that a viewer can predict, and then look up."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.attention_weights import as_attention_input, scale_of, softmax
from transformer_core.studies.measures.decoder import LATER
from transformer_core.studies.measures.feed_forward import entering, made_with, weights_of
from transformer_core.studies.measures.naming import Values, joined, measure
from transformer_core.tracing.trace import Trace

#: The pass over the same source without its last word (`transformer_core.studies.sentence.variants`).
SHORTER = "other.shorter"


@measure("batch head query key", like="scores")
def swapped_scores(trace: Trace, prefix: str) -> Values:
    """(x_i W_K + b_K) . (x_j W_Q + b_Q): the scores, had the two matrices and their biases changed places."""
    rows = entering(trace, prefix, "q")
    learned = {short: trace.full(name).values for short, name in made_with(trace, prefix, "q", "k").items()}
    none = np.zeros((1, 1), rows.dtype)
    asks, answers = (
        as_attention_input(
            trace,
            prefix,
            letter,
            np.einsum("bim,hmd->bhid", rows, learned[f"w_{letter}"]) + learned.get(f"b_{letter}", none)[:, None],
        )
        for letter in "kq"
    )
    return np.einsum("bhid,bhjd->bhij", asks, answers)


@measure("")
def swapped_difference(swapped_scores: np.ndarray, scores: np.ndarray) -> Values:
    """max |swapped_ij - s_ji| over the largest score: zero, but for rounding, if swapping only transposes them."""
    return np.abs(swapped_scores - scores.swapaxes(-1, -2)).max() / np.abs(scores).max()


@measure("batch head query key", like="scores")
def swapped_weights(trace: Trace, prefix: str, swapped_scores: np.ndarray) -> Values:
    """softmax of the swapped scores, scaled as usual."""
    return softmax(swapped_scores * scale_of(trace, prefix))


@measure("")
def divided_difference(post_softmax_mask: np.ndarray, weights: np.ndarray) -> Values:
    """max |zeroed_ij / sum_k zeroed_ik - w_ij|: zeros after the softmax, each row then divided by its own sum."""
    return np.abs(post_softmax_mask / post_softmax_mask.sum(-1, keepdims=True) - weights).max()


@measure("d_model")
def from_zeros(trace: Trace, prefix: str) -> Values:
    """b_1 W_2 + b_2: the output of the feed-forward layer without its activation for a vector of zeros, "d_model"."""
    _, b1, w2, b2 = weights_of(trace, prefix)
    return b1 @ w2 + b2


@measure("")
def from_zeros_norm(from_zeros: np.ndarray) -> Values:
    """|b_1 W_2 + b_2|: not zero, so not linear."""
    return np.linalg.norm(from_zeros)


@measure("")
def share_from_other_tokens(weighted_v_share: np.ndarray) -> Values:
    """1 - weighted_v_share_ii, averaged over heads and queries: the part of an output due to other tokens."""
    return 1 - np.diagonal(weighted_v_share, axis1=-2, axis2=-1).mean()


@measure("batch position", like="itself")
def grown_change(trace: Trace, prefix: str, itself: np.ndarray) -> Values:
    """|x_i - x'_i| / |x_i|: the change of an encoder's vector i when the last word of the source is added.

    x' is the same tensor of a pass without that word; the last row, which was not there, moves by its whole length.
    """
    before = trace.full(joined(SHORTER, prefix)).values
    change = np.ones(itself.shape[:2])
    kept = itself[:, : before.shape[1]]
    change[:, : before.shape[1]] = np.linalg.norm(kept - before, axis=-1) / np.linalg.norm(kept, axis=-1)
    return change


@measure("batch position", like="itself")
def later_change(trace: Trace, prefix: str, itself: np.ndarray) -> Values:
    """|x_i - x'_i| / |x_i|: the change of a decoder's vector i when the last word that it reads is another."""
    other = trace.full(joined(LATER, prefix)).values
    return np.linalg.norm(itself - other, axis=-1) / np.linalg.norm(itself, axis=-1)


@measure("")
def mean_self_attention(trace: Trace, prefix: str) -> Values:
    """The share of held-out words whose largest weight lies on themselves, averaged over heads; `prefix` is `roles`."""
    return trace.full(f"{prefix}.score").pick(role="self").values.mean()


@measure("")
def attention_to_others(mean_self_attention: np.ndarray) -> Values:
    """The share of held-out words whose largest weight lies on another word, averaged over heads."""
    return 1 - mean_self_attention
