"""Answers to the lecture's own questions: numbers that a viewer can predict, and then look up."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.focus import layers_of
from transformer_core.studies.measures.feed_forward import weights_of
from transformer_core.studies.measures.naming import beside, joined, named
from transformer_core.studies.measures.shares import scale_of, softmax
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: By how much two cosines have to differ to be shown side by side.
APART = 0.1
#: The pass over the same source without its last word (`transformer_core.studies.sentence.variants`).
SHORTER = "other.shorter"
#: The pass over the same source with another last word in the target.
LATER = "other.later"


@derived("swapped_scores")
def swapped_scores(trace: Trace, prefix: str) -> NamedTensor:
    """(x_i W_K + b_K) . (x_j W_Q + b_Q): the scores, had the two matrices and their biases changed places."""
    rows = trace.full(trace.parents[f"{prefix}.q"][0]).values
    learned = {
        name.rpartition(".")[2]: trace.full(name).values for point in "qk" for name in _made(trace, prefix, point)
    }
    asks, answers = (
        np.einsum("bim,hmd->bhid", rows, learned[f"w_{letter}"]) + learned[f"b_{letter}"][:, None] for letter in "kq"
    )
    values = np.einsum("bhid,bhjd->bhij", asks, answers)
    return named(trace, prefix, "swapped_scores", values, "batch head query key", ("scores",))


def _made(trace: Trace, prefix: str, point: str) -> list[str]:
    return [name for name in trace.parents[f"{prefix}.{point}"] if name.startswith("parameters.")]


@derived("swapped_difference")
def swapped_difference(trace: Trace, prefix: str) -> NamedTensor:
    """max |swapped_ij - s_ji| over the largest score: nothing but rounding if swapping only turns the grid over."""
    swapped, scores = beside(trace, prefix, "swapped_scores", "scores")
    difference = np.abs(swapped - scores.swapaxes(-1, -2)).max() / np.abs(scores).max()
    return named(trace, prefix, "swapped_difference", difference, "")


@derived("swapped_weights")
def swapped_weights(trace: Trace, prefix: str) -> NamedTensor:
    """softmax of the swapped scores, scaled as ever."""
    (swapped,) = beside(trace, prefix, "swapped_scores")
    values = softmax(swapped * scale_of(trace, prefix))
    return named(trace, prefix, "swapped_weights", values, "batch head query key", ("scores",))


@derived("tied_weights")
def tied_weights(trace: Trace, prefix: str) -> NamedTensor:
    """softmax of each row with its second best score lifted to its best: two lead alike, the rest as it was."""
    (masked,) = beside(trace, prefix, "masked")
    order = np.argsort(-masked, axis=-1, kind="stable")
    lifted = masked.copy()
    best = np.take_along_axis(masked, order[..., :1], -1)
    np.put_along_axis(lifted, order[..., 1:2], best, -1)
    return named(trace, prefix, "tied_weights", softmax(lifted), "batch head query key", ("scores",))


@derived("alone_weights")
def alone_weights(trace: Trace, prefix: str) -> NamedTensor:
    """softmax of s_ii alone: the share that token i gives to itself where there is no other token; one."""
    (masked,) = beside(trace, prefix, "masked")
    own = np.diagonal(masked, axis1=-2, axis2=-1)[..., None]
    return named(trace, prefix, "alone_weights", softmax(own)[..., 0], "batch head query", ("scores",))


@derived("divided_difference")
def divided_difference(trace: Trace, prefix: str) -> NamedTensor:
    """max |zeroed_ij / sum_k zeroed_ik - w_ij|: zeros after the softmax, each row then divided by its own sum."""
    zeroed, weights = beside(trace, prefix, "post_softmax_mask", "weights")
    divided = zeroed / zeroed.sum(-1, keepdims=True)
    return named(trace, prefix, "divided_difference", np.abs(divided - weights).max(), "")


@derived("from_zeros")
def from_zeros(trace: Trace, prefix: str) -> NamedTensor:
    """b_1 W_2 + b_2: what two matrices with biases make of a row of zeros, the activation left out, "d_model"."""
    _, b1, w2, b2 = weights_of(trace, prefix)
    return named(trace, prefix, "from_zeros", b1 @ w2 + b2, "d_model")


@derived("from_zeros_norm")
def from_zeros_norm(trace: Trace, prefix: str) -> NamedTensor:
    """|b_1 W_2 + b_2|: not zero, so not linear."""
    return named(trace, prefix, "from_zeros_norm", np.linalg.norm(trace.full(f"{prefix}.from_zeros").values), "")


@derived("share_from_other_tokens")
def share_from_other_tokens(trace: Trace, prefix: str) -> NamedTensor:
    """1 - pull_ii, averaged over heads and rows: the part of what a row adds up that other tokens bring."""
    (parts,) = beside(trace, prefix, "weighted_value_norm")
    own = np.diagonal(parts, axis1=-2, axis2=-1)
    return named(trace, prefix, "share_from_other_tokens", 1 - own.mean(), "")


@derived("grown_change")
def grown_change(trace: Trace, prefix: str) -> NamedTensor:
    """|x_i - x'_i| / |x_i|: how far row i of an encoder's tensor moves when the last word of the source comes.

    x' is the same tensor of a pass without that word; the last row, which was not there, moves by its whole length.
    """
    (rows,) = (trace.full(prefix),)
    before = trace.full(joined(SHORTER, prefix)).values
    change = np.ones(rows.shape[:2])
    kept = before.shape[1]
    change[:, :kept] = np.linalg.norm(rows.values[:, :kept] - before, axis=-1) / np.linalg.norm(
        rows.values[:, :kept], axis=-1
    )
    return NamedTensor(f"{prefix}.grown_change", change, ("batch", "position"), rows.labels)


@derived("later_change")
def later_change(trace: Trace, prefix: str) -> NamedTensor:
    """|x_i - x'_i| / |x_i|: how far row i of a decoder's tensor moves when the last word that it reads is another."""
    rows, others = trace.full(prefix), trace.full(joined(LATER, prefix)).values
    change = np.linalg.norm(rows.values - others, axis=-1) / np.linalg.norm(rows.values, axis=-1)
    return NamedTensor(f"{prefix}.later_change", change, ("batch", "position"), rows.labels)


@derived("mean_self_attention")
def mean_self_attention(trace: Trace, prefix: str) -> NamedTensor:
    """Over all heads, the share of held-out words whose largest weight lies on themselves; `prefix` is `roles`."""
    return named(
        trace, prefix, "mean_self_attention", trace.full(f"{prefix}.score").pick(role="self").values.mean(), ""
    )


#: Where a pair of a query and a key is found: layer, head, and the two tokens.
Pair = tuple[int, int, Label, Label]


def equal_scores_unequal_weights(trace: Trace) -> tuple[Pair, Pair] | None:
    """Two pairs of a query and a key: the first scores at least twice as much, though its cosine is the smaller one.

    Of all such pairs of the encoder, those whose cosines lie farthest apart; None if there are none.
    """
    places, scores, cosines = [], [], []
    for layer in layers_of(trace):
        part = trace.under(f"encoder.{layer}.self_attn", batch=0)
        for at in zip(*np.nonzero(part["scores"].values > 0), strict=True):
            places.append((layer, *(int(i) for i in at)))
            scores.append(part["scores"].values[at])
            cosines.append(part["cosine"].values[at])
    if not places:
        return None
    order = np.argsort(scores)
    s, c = np.array(scores)[order], np.array(cosines)[order]
    straightest = np.maximum.accumulate(c)
    below = np.searchsorted(s, s / 2, side="right") - 1
    apart = np.where(below >= 0, straightest[below] - c, -1.0)
    high = int(apart.argmax())
    if apart[high] <= APART:
        return None
    low = int(np.flatnonzero(c[: below[high] + 1] == straightest[below[high]])[0])

    def pair(at: int) -> Pair:
        layer, head, query, key = places[order[at]]
        weights = trace[f"encoder.{layer}.self_attn.weights"]
        return layer, head, weights.label("query", query), weights.label("key", key)

    return pair(high), pair(low)


def argmin_push(push: NamedTensor, weights: NamedTensor) -> tuple[Quantity, Quantity, Label]:
    """Of one row, "key": the smallest share, the push on its score, and whose it is."""
    label, share = weights.smallest()
    return share, push.quantity(label.position), label
