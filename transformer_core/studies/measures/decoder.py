"""Measures of the decoder: a mask after the softmax, top keys in the source, alignment, and the loss of each word.

And the logit lens: each layer of the decoder read as if it were the last (nostalgebraist 2020).
"""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.attention_weights import softmax
from transformer_core.studies.measures.naming import Values, joined, measure
from transformer_core.studies.measures.norms import normed
from transformer_core.studies.measures.stream import blocks, cosine
from transformer_core.tracing.trace import Trace

#: The pass over the same source with another last word in the target (`transformer_core.studies.sentence.variants`).
LATER = "other.later"


@measure("batch head query key", like="scores")
def unmasked_weights(scaled: np.ndarray) -> Values:
    """softmax(s)_ij over all keys: the weights, were no key hidden."""
    return softmax(scaled)


@measure("batch head query key", like="scores")
def post_softmax_mask(scaled: np.ndarray, masked: np.ndarray) -> Values:
    """softmax(s)_ij where j <= i, else 0: the weights, had the mask come after the softmax instead of before."""
    return np.where(np.isneginf(masked), 0.0, softmax(scaled))


@measure("batch head query", like="q")
def post_softmax_mask_sums(post_softmax_mask: np.ndarray) -> Values:
    """sum_j of a row that is masked after the softmax: less than one wherever something is hidden."""
    return post_softmax_mask.sum(-1)


@measure("batch head query", like="q")
def post_softmax_mask_leak(trace: Trace, prefix: str) -> Values:
    """The largest change of a weight of query i, masked after the softmax, when the last word of the target is another.

    Zero would mean that no row but the last knows of it. The last row reads the changed word itself.
    """
    ours, theirs = (trace.full(joined(root, prefix, "post_softmax_mask")).values for root in ("", LATER))
    return np.abs(ours - theirs).max(-1)


@measure("batch head query", like="q")
def masked_leak(trace: Trace, prefix: str) -> Values:
    """The same change with the mask where it belongs: none in any row before the last."""
    ours, theirs = (trace.full(joined(root, prefix, "weights")).values for root in ("", LATER))
    return np.abs(ours - theirs).max(-1)


@measure("batch query key", like="weights")
def mean_weights(weights: np.ndarray) -> Values:
    """1/h sum_h w_hij: the mean of the attention weights over heads."""
    return weights.mean(1)


@measure("batch query", like="weights")
def top_keys(mean_weights: np.ndarray) -> Values:
    """argmax_j of the weights, heads averaged: the source position with the largest weight, counted from 0."""
    return mean_weights.argmax(-1)


@measure("batch query", like="weights")
def top_key_numbers(top_keys: np.ndarray) -> Values:
    """`top_keys` counted from 1."""
    return top_keys + 1


@measure("batch")
def backward_jumps(top_keys: np.ndarray) -> Values:
    """The number of rows whose top key lies before that of the row above.

    The last row, which writes the end mark, is left out.
    """
    return (np.diff(top_keys[:, :-1]) < 0).sum(-1)


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


@measure("batch position", like="probs")
def true_probs(trace: Trace, prefix: str, probs: np.ndarray) -> Values:
    """p(y_t | y_<t, source) of the word y_t that is written next."""
    ids = np.broadcast_to(next_ids(trace, prefix)[:, None], (*probs.shape[:2], 1))
    return np.take_along_axis(probs, ids, -1)[..., 0]


@measure("batch position", like="probs")
def losses(true_probs: np.ndarray) -> Values:
    """-log p(y_t | y_<t, source): the cross-entropy of each position."""
    return -np.log(true_probs)


@measure("batch position vocab")
def word_order(trace: Trace, prefix: str, logits: np.ndarray) -> Values:
    """The ids of the vocabulary by falling logit, for each position: the first k of them are the top k bars."""
    words = trace.labels(joined(prefix, "logits"))["position"]
    return np.argsort(-logits, axis=-1, kind="stable"), {"position": words}


@measure("batch position rank")
def tail_prob(trace: Trace, prefix: str, probs: np.ndarray) -> Values:
    """1 - sum of the p of the k likeliest words, at k = 1, 2, ...: what is left to all others, for each position."""
    words = trace.labels(joined(prefix, "probs"))["position"]
    return 1 - np.cumsum(-np.sort(-probs, -1), -1), {"position": words}


@measure("")
def alignment_hits(trace: Trace, top_keys: np.ndarray) -> Values:
    """The number of written words whose top key is one of the source words that they translate by the grammar."""
    hits = [int(j) in answers for j, answers in zip(top_keys[0], trace.about["gold"]["alignment"], strict=False)]
    return sum(hits)


@measure("")
def aligned(trace: Trace) -> Values:
    """The share of held-out words whose top key is right, from the model's card (`evaluation.alignment`)."""
    return trace.about["card"]["alignment"]["all"]


@measure("batch position", like="itself")
def cosine_with_other(trace: Trace, prefix: str, itself: np.ndarray) -> Values:
    """cos(x_i, y_i) of row i of a tensor of another run, `other.<key>.<name>`, with row i of the tensor `<name>`."""
    return cosine(trace.full(prefix.split(".", 2)[2]).values, itself)


def _norm(trace: Trace, path: str, rows: np.ndarray) -> np.ndarray:
    """The final norm of the stack at `path`; the rows as they are where it has none."""
    norm = f"{path.rpartition('decoder')[1]}.final_norm"
    if f"parameters.{norm}.gain" not in trace:
        return rows
    return normed(trace, norm, rows)


@measure("layer batch position vocab")
def lens_logits(trace: Trace, prefix: str) -> Values:
    """FinalNorm(x_l) E^T + b of the stream before the first layer and after each; `prefix` is the decoder."""
    points = [f"{prefix}.0.resid_pre", *(f"{prefix}.{layer}.resid_post" for layer in blocks(trace, prefix))]
    rows = np.stack([trace.full(point).values for point in points])
    values = _norm(trace, prefix, rows) @ trace.full("parameters.output.w").values
    if "parameters.output.b" in trace:
        values = values + trace.full("parameters.output.b").values
    layers = ("input", *(f"layer {layer + 1}" for layer in blocks(trace, prefix)))
    return values, {**trace.full(joined(_root(prefix), "logits")).labels, "layer": layers}


@measure(like="lens_logits")
def lens_probs(lens_logits: np.ndarray) -> Values:
    """softmax(lens_l): the probabilities of the next word, had the decoder ended there."""
    return softmax(lens_logits)


@measure(like="lens_logits", without="vocab")
def lens_ranks(trace: Trace, prefix: str, lens_logits: np.ndarray) -> Values:
    """The rank of the word that is written next, layer by layer: 1 where no other word fits better."""
    ids = np.broadcast_to(next_ids(trace, _root(prefix))[:, None], (*lens_logits.shape[:3], 1))
    return (lens_logits > np.take_along_axis(lens_logits, ids, -1)).sum(-1) + 1


def _root(prefix: str) -> str:
    """The prefix of the pass whose decoder stands at `prefix`."""
    return prefix.rpartition("decoder")[0].rstrip(".")


@measure("step", like="log_prob")
def chosen_probs(log_prob: np.ndarray) -> Values:
    """p of the word that was written, exp(log_prob), "step"."""
    return np.exp(log_prob)


@measure("")
def beam_width(kept: np.ndarray, step: np.ndarray) -> Values:
    """The largest number of prefixes that were kept at one step of a beam search."""
    return max(int(kept[step == t].sum()) for t in np.unique(step))
