"""Paths of a sentence's vectors through a stack, in the plane in which they differ most; one word in two sentences."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.studies.measures.stream import blocks
from transformer_core.tracing.trace import Trace

#: The two sentences of a lecture that give one word two senses (`trace.about` has its place under these keys).
SENSES = ("one_sense", "other_sense")


def stops(trace: Trace, prefix: str) -> list[str]:
    """The names of the stream's rows in the stack at `prefix`: before the first block, and after each sublayer."""
    after = ("resid_attn", "resid_cross", "resid_post")
    names = [f"{prefix}.{layer}.{point}" for layer in blocks(trace, prefix) for point in after]
    return [f"{prefix}.0.resid_pre", *(name for name in names if name in trace)]


def _principal(trace: Trace, prefix: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows "layer batch position d_model", their two main directions, and the share of the variance of each."""
    rows = np.stack([trace.full(name).values for name in stops(trace, prefix)])
    flat = rows.reshape(-1, rows.shape[-1])
    _, lengths, directions = np.linalg.svd(flat - flat.mean(0), full_matrices=False)
    turned = directions[:2] * np.sign(np.take_along_axis(directions[:2], np.abs(directions[:2]).argmax(1)[:, None], 1))
    return rows - flat.mean(0), turned, lengths[:2] ** 2 / (lengths**2).sum()


@measure("batch layer position component")
def residual_path(trace: Trace, prefix: str) -> Values:
    """(x - mean) B^T of every row at every stop of a stack, "batch layer position component".

    B holds the first two principal components of these very rows, so that the plane is the one in which this sentence
    moves most. Source: Pearson 1901.
    """
    rows, plane, _ = _principal(trace, prefix)
    labels = {**trace.labels(f"{prefix}.0.resid_pre"), "layer": tuple(stops(trace, prefix))}
    return np.moveaxis(rows @ plane.T, 0, 1), labels


@measure("")
def residual_path_explained(trace: Trace, prefix: str) -> Values:
    """The share of the variance of these vectors that the plane of `residual_path` explains."""
    return _principal(trace, prefix)[2].sum()


@measure("choice component")
def senses_moved(trace: Trace, prefix: str) -> Values:
    """a = x_last - x_first of one word in each of two sentences, in the plane of both, "choice component".

    The first lies along the first axis, so that lengths and the angle are kept: a_1 = (|a_1|, 0),
    a_2 = (a_1 . a_2 / |a_1|, the rest of |a_2|). It is a true picture of the two ends only if both
    start at one point (`senses_start`).
    """
    first, last = _ends(trace, prefix)
    one, other = last - first
    length = np.linalg.norm(one)
    along = one @ other / length
    across = np.sqrt(max(float(other @ other - along**2), 0.0))
    return np.array([[length, 0.0], [along, across]])


@measure("")
def senses_start(trace: Trace, prefix: str) -> Values:
    """|x - x'| of the word's rows before the first block of the two sentences: none, if it stands at the same place."""
    first, _ = _ends(trace, prefix)
    return np.linalg.norm(first[0] - first[1])


@measure("")
def senses_end(trace: Trace, prefix: str) -> Values:
    """|x - x'| of the word's rows after the last block, over the length of the way that the first of them went."""
    first, last = _ends(trace, prefix)
    way = np.linalg.norm(last[0] - first[0])
    return np.linalg.norm(last[0] - last[1]) / way


def _ends(trace: Trace, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    """The word's rows before and after the stack, "choice d_model" each."""
    start, end = stops(trace, prefix)[0], stops(trace, prefix)[-1]
    places = [trace.about[sense]["noun"] for sense in SENSES]
    rows = [
        [trace.full(f"other.{sense}.{name}").values[0, place] for sense, place in zip(SENSES, places, strict=True)]
        for name in (start, end)
    ]
    return np.array(rows[0]), np.array(rows[1])
