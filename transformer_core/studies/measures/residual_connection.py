"""The residual connection, against replacement: cosines with the sublayer's input, and the growing norm."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """cos(x, y) along the last axis."""
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    values: np.ndarray = (one * other).sum(-1) / lengths
    return values


def _before(trace: Trace, prefix: str) -> np.ndarray:
    """The rows of the stream that a sublayer of attention is added to."""
    return trace.full(f"{prefix.rpartition('.')[0]}.resid_pre").values


@measure("batch position d_model", like="out")
def added(trace: Trace, prefix: str, out: np.ndarray) -> Values:
    """x + f(x): the residual stream after attention, before any norm."""
    return _before(trace, prefix) + out


@measure("batch position", like="out")
def left_if_replaced(trace: Trace, prefix: str, out: np.ndarray) -> Values:
    """cos(x, f(x)): the cosine of a vector and the attention output that would replace it."""
    return cosine(_before(trace, prefix), out)


@measure("batch position", like="out")
def left_if_added(trace: Trace, prefix: str, added: np.ndarray) -> Values:
    """cos(x, x + f(x)): the cosine of a vector before and after the attention output is added."""
    return cosine(_before(trace, prefix), added)


@measure(like="residual_sums", without="d_model")
def residual_norms(residual_sums: np.ndarray) -> Values:
    """|x_0 + sum_{s' <= s} f_s'|: the length of a row of the stack at `prefix` as its sum grows."""
    return np.linalg.norm(residual_sums, axis=-1)
