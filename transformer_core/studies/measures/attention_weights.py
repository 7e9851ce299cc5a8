"""The softmax of the scores step by step, and the weighted sum of values."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.focus import EARNED
from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace

#: Temperatures at which `by_temperature` recomputes the attention weights.
TEMPERATURES = (0.125, 0.25, 0.5, 0.71, 1.0, 1.41, 2.0, 2.83, 4.0, 8.0, 16.0)


def softmax(scores: np.ndarray) -> np.ndarray:
    """softmax(s)_j = exp(s_j - max s) / sum_k exp(s_k - max s), along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def scale_of(trace: Trace, prefix: str) -> float:
    """scaled / scores: one over the root of d_k, or one where the config leaves the scale out."""
    scores, scaled = (trace.full(f"{prefix}.{name}").values for name in ("scores", "scaled"))
    at = np.unravel_index(np.abs(scores).argmax(), scores.shape)
    return float(scaled[at] / scores[at])


@measure("")
def sqrt_d_head(trace: Trace, prefix: str) -> Values:
    """The divisor sqrt(d_k) of the scores, read off the trace."""
    return 1 / scale_of(trace, prefix)


@measure("batch head query key", like="scores")
def scores_minus_max(masked: np.ndarray) -> Values:
    """s_ij - max_j s_ij: the distance of each scaled score from the largest of its query."""
    return masked - masked.max(-1, keepdims=True)


@measure("batch head query key", like="scores")
def exponentials(scores_minus_max: np.ndarray) -> Values:
    """exp(s_ij - max_j s_ij): one for the largest score of the query, less for the others."""
    return np.exp(scores_minus_max)


@measure("batch head query", like="q")
def weight_sums(weights: np.ndarray) -> Values:
    """sum_j w_ij: one."""
    return weights.sum(-1)


@measure("batch head query temperature key", like="scores", temperature=map(str, TEMPERATURES))
def by_temperature(masked: np.ndarray) -> Values:
    """softmax(s_i / T)_j for each temperature T of `TEMPERATURES`."""
    return np.stack([softmax(masked / t) for t in TEMPERATURES], axis=-2)


@measure("temperature")
def temperatures() -> Values:
    """The temperatures of `by_temperature`."""
    return np.array(TEMPERATURES)


@measure("batch head query key d_head", like="weights")
def weighted_v(weights: np.ndarray, v: np.ndarray) -> Values:
    """w_ij v_j: the term of value j in the output of query i; their sum over j is z_i."""
    return weights[..., None] * v[:, :, None]


@measure("batch head query key", like="weights")
def weighted_value_norm(weighted_v: np.ndarray) -> Values:
    """|w_ij v_j| / sum_k |w_ik v_k|: the part of term j in the summed lengths of the terms of query i."""
    length = np.linalg.norm(weighted_v, axis=-1)
    return length / length.sum(-1, keepdims=True)


@measure("batch head query key component", like="weights")
def value_plane(v: np.ndarray, weighted_v: np.ndarray) -> Values:
    """(v_j . e_1, v_j . e_2) for each value, in a plane that belongs to query i.

    e_1 is the direction of the output z_i, and e_2 that part of the value of its second longest term w_ij v_j which is
    orthogonal to it. If two terms make the output, both lie in the plane; other values are projected, and the projected
    terms still add up to z_i. With a single key there is no e_2, and its coordinate is 0.
    """
    z = weighted_v.sum(-2)
    first = z / np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-12)
    lengths = np.linalg.norm(weighted_v, axis=-1)
    np.put_along_axis(lengths, lengths.argmax(-1)[..., None], -1.0, axis=-1)
    term = np.take_along_axis(v, lengths.argmax(-1)[..., None], axis=2)
    rest = term - (term * first).sum(-1, keepdims=True) * first
    second = rest / np.maximum(np.linalg.norm(rest, axis=-1, keepdims=True), 1e-12) * (v.shape[2] > 1)
    return np.stack([np.einsum("bhjd,bhid->bhij", v, axis) for axis in (first, second)], axis=-1)


@measure("batch head query key component", like="weights")
def weighted_value_plane(weights: np.ndarray, value_plane: np.ndarray) -> Values:
    """w_ij (v_j . e_1, v_j . e_2): the terms of output i in the plane of `value_plane`."""
    return weights[..., None] * value_plane


@measure("")
def role_threshold() -> Values:
    """The share of held-out sentences from which a role is named (`transformer_core.studies.focus.EARNED`)."""
    return EARNED
