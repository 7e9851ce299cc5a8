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


@measure("choice layer component")
def senses_path(trace: Trace, prefix: str) -> Values:
    """x_stop - x_first of one word in each of two sentences at every stop, in the plane of both ends.

    With a_c = x_last - x_first of sentence c, the first axis is a_1 / |a_1|, and the second the part of a_2 that is
    orthogonal to it: both ends lie in the plane, so that their lengths and their angle are kept. What lies between is
    projected. It is a true picture of the two ends only if both start at one point (`senses_start`).
    """
    rows = _senses(trace, prefix)
    moved = rows - rows[:, :1]
    one, other = moved[:, -1]
    first = one / np.linalg.norm(one)
    second = other - (other @ first) * first
    plane = np.stack([first, second / max(float(np.linalg.norm(second)), 1e-12)])
    return moved @ plane.T, {"layer": tuple(stops(trace, prefix))}


@measure("")
def senses_start(trace: Trace, prefix: str) -> Values:
    """|x - x'| of the word's rows before the first block of the two sentences: none, if it stands at the same place."""
    first = _senses(trace, prefix)[:, 0]
    return np.linalg.norm(first[0] - first[1])


def _senses(trace: Trace, prefix: str) -> np.ndarray:
    """The word's vectors at every stop of the two sentences, "choice layer d_model"."""
    return np.array(
        [
            [trace.full(f"other.{sense}.{name}").values[0, trace.about[sense]["noun"]] for name in stops(trace, prefix)]
            for sense in SENSES
        ]
    )
