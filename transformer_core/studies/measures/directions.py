"""Measures of the steps of pairs of words, and where others' steps lead from a first word: NumPy alone.

They stand beside the plane of a relation, such as `experiment.meaning.capital_plane`, in which the words
a_i and b_i of each pair follow each other.
"""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


@measure("")
def copied_step(itself: np.ndarray) -> Values:
    """argmin_k sum_i |a_i + (b_k - a_k) - b_i|: the pair whose step ends nearest to the second words of all."""
    ends = itself[::2] + (itself[1::2] - itself[::2])[:, None]
    return np.linalg.norm(ends - itself[1::2], axis=-1).sum(-1).argmin()


@measure("vocab other")
def copy_distances(trace: Trace, prefix: str) -> Values:
    """|a_i + m_i - b_j|, m_i the mean of the other pairs' steps: how far it ends, at a_i, from each word b_j."""
    words = trace.full(prefix)
    first, second = words.values[::2], words.values[1::2]
    steps, labels = second - first, words.labels["vocab"]
    others = (steps.sum(0) - steps) / max(1, len(steps) - 1)
    return np.linalg.norm((first + others)[:, None] - second, axis=-1), {"vocab": labels[::2], "other": labels[1::2]}
