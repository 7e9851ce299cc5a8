"""Measures of the step of one pair of words, copied to the first words of others, and of angles: NumPy alone.

All but the last stand beside the plane of a relation, such as `experiment.meaning.capital_plane`, in which the words
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
    """|a_i + (b_k - a_k) - b_j|, k the `copied_step`: how far its copy at the word a_i ends from each word b_j."""
    words = trace.full(prefix)
    first, second = words.values[::2], words.values[1::2]
    step = (second - first)[copied_step(words.values)]
    labels = words.labels["vocab"]
    return np.linalg.norm((first + step)[:, None] - second, axis=-1), {"vocab": labels[::2], "other": labels[1::2]}


@measure("query key component", like="weighted_fan_plane")
def true_fan(fan_plane: np.ndarray, weighted_fan_plane: np.ndarray, blend: np.ndarray) -> Values:
    """(x, ±x tan θ) for each value that has a weight: as far along the sum as in `fan_plane`, at its true angle.

    From the smallest angle to the largest, they lie above the sum and below it in turn.
    """
    count = weighted_fan_plane.shape[1]
    along, cosines = fan_plane[:, :count, 0], blend[:, -1, :count]
    sides = 1 - 2 * ((-cosines).argsort(-1).argsort(-1) % 2)
    return np.stack([along, sides * along * np.tan(np.arccos(cosines))], -1)
