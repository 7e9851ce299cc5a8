"""Measures of the decoder: a mask after the softmax, top keys in the source, alignment, and the loss of each word."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, joined, named
from transformer_core.studies.measures.shares import softmax
from transformer_core.tracing.trace import NamedTensor, Trace

#: The pass over the same source with another last word in the target (`transformer_core.studies.sentence.variants`).
LATER = "other.later"


@derived("post_softmax_mask")
def post_softmax_mask(trace: Trace, prefix: str) -> NamedTensor:
    """softmax(s)_ij where j <= i, else 0: the shares, had the mask come after the softmax instead of before."""
    scaled, masked = beside(trace, prefix, "scaled", "masked")
    values = np.where(np.isneginf(masked), 0.0, softmax(scaled))
    return named(trace, prefix, "post_softmax_mask", values, "batch head query key", ("scores",))


@derived("post_softmax_mask_sums")
def post_softmax_mask_sums(trace: Trace, prefix: str) -> NamedTensor:
    """sum_j of a row that is masked after the softmax: less than one wherever something is hidden."""
    (values,) = beside(trace, prefix, "post_softmax_mask")
    return named(trace, prefix, "post_softmax_mask_sums", values.sum(-1), "batch head query", ("q",))


@derived("post_softmax_mask_leak")
def post_softmax_mask_leak(trace: Trace, prefix: str) -> NamedTensor:
    """The largest change of a share in row i, masked after the softmax, when the last word of the target is another.

    Zero would mean that no row but the last knows of it. The last row reads the changed word itself.
    """
    ours, theirs = (trace.full(joined(root, prefix, "post_softmax_mask")).values for root in ("", LATER))
    return named(trace, prefix, "post_softmax_mask_leak", np.abs(ours - theirs).max(-1), "batch head query", ("q",))


@derived("masked_leak")
def masked_leak(trace: Trace, prefix: str) -> NamedTensor:
    """The same change with the mask where it belongs: none in any row before the last."""
    ours, theirs = (trace.full(joined(root, prefix, "weights")).values for root in ("", LATER))
    return named(trace, prefix, "masked_leak", np.abs(ours - theirs).max(-1), "batch head query", ("q",))


@derived("mean_weights")
def mean_weights(trace: Trace, prefix: str) -> NamedTensor:
    """The mean of the weights over heads: where a row of the decoder looks in the source."""
    (weights,) = beside(trace, prefix, "weights")
    return named(trace, prefix, "mean_weights", weights.mean(1), "batch query key", ("weights",))


@derived("top_keys")
def top_keys(trace: Trace, prefix: str) -> NamedTensor:
    """argmax_j of the weights, heads averaged: the source position that each row looks at most, counted from 0."""
    (seen,) = beside(trace, prefix, "mean_weights")
    return named(trace, prefix, "top_keys", seen.argmax(-1), "batch query", ("weights",))


@derived("top_key_numbers")
def top_key_numbers(trace: Trace, prefix: str) -> NamedTensor:
    """The top keys as people count: the first word is 1."""
    (found,) = beside(trace, prefix, "top_keys")
    return named(trace, prefix, "top_key_numbers", found + 1, "batch query", ("weights",))


@derived("backward_jumps")
def backward_jumps(trace: Trace, prefix: str) -> NamedTensor:
    """The number of rows whose top key lies before that of the row above.

    The last row, which writes the end mark, is left out.
    """
    (found,) = beside(trace, prefix, "top_keys")
    return named(trace, prefix, "backward_jumps", (np.diff(found[:, :-1]) < 0).sum(-1), "batch")


def next_ids(trace: Trace, prefix: str) -> np.ndarray:
    """The id of the word that each row has to predict: the word it reads next, and the end mark in the last row.

    By the ids that were read, where the trace has them: pieces of words may have one label, and end marks any name.
    """
    ids = trace.tensors.get(joined(prefix, "embed_tgt.ids"))
    if ids is not None and trace.about.get("end", -1) >= 0:
        return np.array([*ids.values[0, 1:], trace.about["end"]])
    probs = trace.full(joined(prefix, "probs"))
    read = probs.labels["position"]
    words = {word: at for at, word in enumerate(probs.labels["vocab"])}
    return np.array([words[word] for word in (*read[1:], "<end>")])


@derived("true_probs")
def true_probs(trace: Trace, prefix: str) -> NamedTensor:
    """p(y_t | y_<t, source) of the word y_t that is written next."""
    (probs,) = beside(trace, prefix, "probs")
    ids = np.broadcast_to(next_ids(trace, prefix)[:, None], (*probs.shape[:2], 1))
    values = np.take_along_axis(probs, ids, -1)[..., 0]
    return named(trace, prefix, "true_probs", values, "batch position", ("probs",))


@derived("losses")
def losses(trace: Trace, prefix: str) -> NamedTensor:
    """-log p(y_t | y_<t, source): the cross-entropy of each position."""
    (probs,) = beside(trace, prefix, "true_probs")
    return named(trace, prefix, "losses", -np.log(probs), "batch position", ("probs",))


@derived("word_order")
def word_order(trace: Trace, prefix: str) -> NamedTensor:
    """The ids of the vocabulary by falling logit, for each position: the first k of them are the top k bars."""
    (logits,) = beside(trace, prefix, "logits")
    order = np.argsort(-logits, axis=-1, kind="stable")
    tensor = named(trace, prefix, "word_order", order, "batch position vocab", ("logits",))
    return NamedTensor(tensor.name, order, tensor.axes, {"position": tensor.labels["position"]})


@derived("alignment_hits")
def alignment_hits(trace: Trace, prefix: str) -> NamedTensor:
    """The number of written words whose top key is one of the source words that they translate by the grammar."""
    (found,) = beside(trace, prefix, "top_keys")
    hits = [int(j) in answers for j, answers in zip(found[0], trace.about["gold"]["alignment"], strict=False)]
    return named(trace, prefix, "alignment_hits", np.array(sum(hits)), "")


@derived("aligned")
def aligned(trace: Trace, prefix: str) -> NamedTensor:
    """The share of held-out words whose top key is right, from the model's card (`evaluation.alignment`)."""
    return NamedTensor(f"{prefix}.aligned", np.array(trace.about["card"]["alignment"]["all"]), ())


@derived("cosine_with_other")
def cosine_with_other(trace: Trace, prefix: str) -> NamedTensor:
    """cos(x_i, y_i) of row i of a tensor of another run, `other.<key>.<name>`, with row i of the tensor `<name>`."""
    theirs = trace.full(prefix)
    ours = trace.full(prefix.split(".", 2)[2]).values
    lengths = np.linalg.norm(ours, axis=-1) * np.linalg.norm(theirs.values, axis=-1)
    values = (ours * theirs.values).sum(-1) / lengths
    return NamedTensor(
        f"{prefix}.cosine_with_other", values, ("batch", "position"), {"position": theirs.labels["position"]}
    )
