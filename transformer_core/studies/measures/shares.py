"""From scores to shares, and from shares to a blend of values."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.focus import EARNED
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace

#: Temperatures at which `by_temperature` recomputes the shares.
TEMPERATURES = (0.125, 0.25, 0.5, 0.71, 1.0, 1.41, 2.0, 2.83, 4.0, 8.0, 16.0)


def softmax(scores: np.ndarray) -> np.ndarray:
    """softmax(s)_j = exp(s_j - max s) / sum_k exp(s_k - max s), along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: np.ndarray = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def scale_of(trace: Trace, prefix: str) -> float:
    """scaled / scores: one over the root of d_k, or one where the config leaves the scale out."""
    scores, scaled = beside(trace, prefix, "scores", "scaled")
    at = np.unravel_index(np.abs(scores).argmax(), scores.shape)
    return float(scaled[at] / scores[at])


@derived("raw_scores_minus_max")
def raw_scores_minus_max(trace: Trace, prefix: str) -> NamedTensor:
    """q_i . k_j - max_k q_i . k_k: a whole row of scores, moved so that its best stands at zero.

    What a mask keeps from the row has no part in it, and is minus infinity.
    """
    scores, masked = beside(trace, prefix, "scores", "masked")
    seen = np.where(np.isneginf(masked), -np.inf, scores)
    values = seen - seen.max(-1, keepdims=True)
    return named(trace, prefix, "raw_scores_minus_max", values, "batch head query key", ("scores",))


@derived("sqrt_d_head")
def sqrt_d_head(trace: Trace, prefix: str) -> NamedTensor:
    """The divisor sqrt(d_k) of the scores, read off the trace."""
    return named(trace, prefix, "sqrt_d_head", 1 / scale_of(trace, prefix), "")


@derived("scores_minus_max")
def scores_minus_max(trace: Trace, prefix: str) -> NamedTensor:
    """s_ij - max_j s_ij: how far each scaled score lies behind the best of its row."""
    (masked,) = beside(trace, prefix, "masked")
    return named(
        trace, prefix, "scores_minus_max", masked - masked.max(-1, keepdims=True), "batch head query key", ("scores",)
    )


@derived("exponentials")
def exponentials(trace: Trace, prefix: str) -> NamedTensor:
    """exp(s_ij - max_j s_ij): one for the best of the row, less for the others."""
    (behind,) = beside(trace, prefix, "scores_minus_max")
    return named(trace, prefix, "exponentials", np.exp(behind), "batch head query key", ("scores",))


@derived("exponential_sums")
def exponential_sums(trace: Trace, prefix: str) -> NamedTensor:
    """The divisor of the softmax: the sum of a row's exponentials."""
    total = trace.full(f"{prefix}.exponentials").values.sum(-1)
    return named(trace, prefix, "exponential_sums", total, "batch head query", ("q",))


@derived("weight_sums")
def weight_sums(trace: Trace, prefix: str) -> NamedTensor:
    """The sum of a row of shares: one."""
    total = trace.full(f"{prefix}.weights").values.sum(-1)
    return named(trace, prefix, "weight_sums", total, "batch head query", ("q",))


@derived("by_temperature")
def by_temperature(trace: Trace, prefix: str) -> NamedTensor:
    """softmax(s_i / T)_j for each temperature T of `TEMPERATURES`."""
    (masked,) = beside(trace, prefix, "masked")
    values = np.stack([softmax(masked / t) for t in TEMPERATURES], axis=-2)
    tensor = named(trace, prefix, "by_temperature", values, "batch head query temperature key", ("scores",))
    labels = {**tensor.labels, "temperature": tuple(map(str, TEMPERATURES))}
    return NamedTensor(tensor.name, values, tensor.axes, labels)


@derived("temperatures")
def temperatures(trace: Trace, prefix: str) -> NamedTensor:
    """The temperatures of `by_temperature`."""
    return named(trace, prefix, "temperatures", np.array(TEMPERATURES), "temperature")


@derived("weighted_v")
def weighted_v(trace: Trace, prefix: str) -> NamedTensor:
    """w_ij v_j: what each value row gives to output i; their sum over j is z_i."""
    weights, v = beside(trace, prefix, "weights", "v")
    values = weights[..., None] * v[:, :, None]
    return named(trace, prefix, "weighted_v", values, "batch head query key d_head", ("weights",))


@derived("weighted_value_norm")
def weighted_value_norm(trace: Trace, prefix: str) -> NamedTensor:
    """|w_ij v_j| / sum_k |w_ik v_k|: the part that value j has in the lengths of what row i adds up."""
    length = np.linalg.norm(trace.full(f"{prefix}.weighted_v").values, axis=-1)
    values = length / length.sum(-1, keepdims=True)
    return named(trace, prefix, "weighted_value_norm", values, "batch head query key", ("weights",))


@derived("role_threshold")
def role_threshold(_: Trace, prefix: str) -> NamedTensor:
    """The share of held-out sentences from which a role is named (`transformer_core.studies.focus.EARNED`)."""
    return NamedTensor(f"{prefix}.role_threshold", np.array(EARNED), ())
