"""The residual connection, against replacement: the plane of a vector and what is added to it, and its angles."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """cos(x, y) along the last axis."""
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    return (one * other).sum(-1) / lengths


def degrees(cosines: np.ndarray) -> np.ndarray:
    """The angles of cosines, from 0 to 180."""
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


def _before(trace: Trace, prefix: str) -> np.ndarray:
    """The rows of the stream that a sublayer of attention is added to."""
    return trace.full(f"{prefix.rpartition('.')[0]}.resid_pre").values


@measure("batch position d_model", like="out")
def added(trace: Trace, prefix: str, out: np.ndarray) -> Values:
    """x + f(x): the residual stream after attention, before any norm."""
    return _before(trace, prefix) + out


@measure("batch position", like="out")
def turned_if_replaced(trace: Trace, prefix: str, out: np.ndarray) -> Values:
    """arccos cos(x, f(x)), in degrees: the angle between a vector and the attention output that would replace it."""
    return degrees(cosine(_before(trace, prefix), out))


@measure("batch position", like="out")
def turned_if_added(trace: Trace, prefix: str, added: np.ndarray) -> Values:
    """arccos cos(x, x + f(x)), in degrees: the angle by which a vector turns where the attention output is added."""
    return degrees(cosine(_before(trace, prefix), added))


@measure("batch position other component", like="out", other=("before", "found", "added"))
def added_plane(trace: Trace, prefix: str, out: np.ndarray) -> Values:
    """x, f(x) and x + f(x) in the plane that they span: along x, and at right angles to it on the side of f(x)."""
    before = _before(trace, prefix)
    length = np.linalg.norm(before, axis=-1)
    along = (before * out).sum(-1) / length
    across = np.sqrt(np.maximum((out**2).sum(-1) - along**2, 0))
    nothing = np.zeros_like(along)
    spots = [(length, nothing), (along, across), (length + along, across)]
    return np.stack([np.stack(spot, -1) for spot in spots], -2)
