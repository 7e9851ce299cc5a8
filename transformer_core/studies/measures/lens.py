"""The logit lens: each layer of the decoder read as if it were the last (nostalgebraist 2020)."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.attention_weights import softmax
from transformer_core.studies.measures.decoder import next_ids
from transformer_core.studies.measures.naming import Values, joined, measure
from transformer_core.studies.measures.norms import normed
from transformer_core.studies.measures.stream import blocks
from transformer_core.tracing.trace import Trace


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
