"""Add, against putting in the place: how much of a row is left, and how the stream grows."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """cos(x, y) along the last axis."""
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    values: np.ndarray = (one * other).sum(-1) / lengths
    return values


def _before(trace: Trace, prefix: str) -> np.ndarray:
    """The rows of the stream that a sublayer of attention is added to."""
    return trace.full(f"{prefix.rpartition('.')[0]}.resid_pre").values


@derived("added")
def added(trace: Trace, prefix: str) -> NamedTensor:
    """x + f(x): the rows and what attention found, before any norm."""
    (out,) = beside(trace, prefix, "out")
    return named(trace, prefix, "added", _before(trace, prefix) + out, "batch position d_model", ("out",))


@derived("left_if_replaced")
def left_if_replaced(trace: Trace, prefix: str) -> NamedTensor:
    """cos(x, f(x)): what is left of a row if what attention found takes its place."""
    (out,) = beside(trace, prefix, "out")
    return named(trace, prefix, "left_if_replaced", cosine(_before(trace, prefix), out), "batch position", ("out",))


@derived("left_if_added")
def left_if_added(trace: Trace, prefix: str) -> NamedTensor:
    """cos(x, x + f(x)): what is left of a row if what attention found is added."""
    (both,) = beside(trace, prefix, "added")
    return named(trace, prefix, "left_if_added", cosine(_before(trace, prefix), both), "batch position", ("out",))


@derived("residual_norms")
def residual_norms(trace: Trace, prefix: str) -> NamedTensor:
    """|x_0 + sum_{s' <= s} f_s'|: the length of a row of the stack at `prefix` as its sum grows."""
    tally = trace.full(f"{prefix}.residual_sums")
    lengths = np.linalg.norm(tally.values, axis=-1)
    return NamedTensor(f"{prefix}.residual_norms", lengths, tally.axes[:-1], tally.labels)
