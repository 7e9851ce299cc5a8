"""Dot products: their terms, lengths, angles, and what a whole row may be moved by."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace


@derived("terms")
def terms(trace: Trace, prefix: str) -> NamedTensor:
    """q_id k_jd: the products whose sum is the score of i and j."""
    q, k = beside(trace, prefix, "q", "k")
    values = q[:, :, :, None, :] * k[:, :, None, :, :]
    return named(trace, prefix, "terms", values, "batch head query key d_head", ("q", "k"))


@derived("partial_dot")
def partial_dot(trace: Trace, prefix: str) -> NamedTensor:
    """sum_{d' <= d} q_id' k_jd': the score as its sum grows."""
    values = trace.full(f"{prefix}.terms").values.cumsum(-1)
    return named(trace, prefix, "partial_dot", values, "batch head query key d_head", ("q", "k"))


@derived("positive_terms")
def positive_terms(trace: Trace, prefix: str) -> NamedTensor:
    """The number of products q_id k_jd above zero."""
    count = (trace.full(f"{prefix}.terms").values > 0).sum(-1)
    return named(trace, prefix, "positive_terms", count, "batch head query key", ("q", "k"))


@derived("negative_terms")
def negative_terms(trace: Trace, prefix: str) -> NamedTensor:
    """The number of products q_id k_jd below zero."""
    count = (trace.full(f"{prefix}.terms").values < 0).sum(-1)
    return named(trace, prefix, "negative_terms", count, "batch head query key", ("q", "k"))


@derived("q_norm")
def q_norm(trace: Trace, prefix: str) -> NamedTensor:
    """|q_i|, the Euclidean norm."""
    length = np.linalg.norm(trace.full(f"{prefix}.q").values, axis=-1)
    return named(trace, prefix, "q_norm", length, "batch head query", ("q",))


@derived("k_norm")
def k_norm(trace: Trace, prefix: str) -> NamedTensor:
    """|k_j|, the Euclidean norm."""
    length = np.linalg.norm(trace.full(f"{prefix}.k").values, axis=-1)
    return named(trace, prefix, "k_norm", length, "batch head key", ("k",))


@derived("cosine")
def cosine(trace: Trace, prefix: str) -> NamedTensor:
    """cos(q_i, k_j) = q_i . k_j / (|q_i| |k_j|)."""
    scores, q, k = beside(trace, prefix, "scores", "q_norm", "k_norm")
    return named(trace, prefix, "cosine", scores / (q[..., None] * k[:, :, None]), "batch head query key", ("q", "k"))


@derived("angle")
def angle(trace: Trace, prefix: str) -> NamedTensor:
    """The angle between q_i and k_j, in degrees."""
    degrees = np.degrees(np.arccos(np.clip(trace.full(f"{prefix}.cosine").values, -1, 1)))
    return named(trace, prefix, "angle", degrees, "batch head query key", ("q", "k"))


@derived("plane")
def plane(trace: Trace, prefix: str) -> NamedTensor:
    """Every key in the plane through q_i and k_j: along q_i, and at right angles to it on the side of k_j.

    In this plane q_i and k_j keep their lengths and their angle; the other keys are projections.
    """
    q, k, q_length = beside(trace, prefix, "q", "k", "q_norm")
    along = q / q_length[..., None]
    reach = np.einsum("bhid,bhjd->bhij", along, k)
    rest = k[:, :, None] - reach[..., None] * along[:, :, :, None]
    across = rest / np.maximum(np.linalg.norm(rest, axis=-1, keepdims=True), 1e-12)
    first = np.broadcast_to(reach[:, :, :, None], (*reach.shape, reach.shape[-1]))
    second = np.einsum("bhijd,bhod->bhijo", across, k)
    values = np.stack([first, second], axis=-1)
    tensor = named(trace, prefix, "plane", values, "batch head query key other component", ("q", "k"))
    others = {"other": tensor.labels["key"]} if "key" in tensor.labels else {}
    return NamedTensor(tensor.name, values, tensor.axes, {**tensor.labels, **others})


@derived("scores_if_keys_were_queries")
def scores_if_keys_were_queries(trace: Trace, prefix: str) -> NamedTensor:
    """q_i . q_j: what the scores would be if the key matrix were the query matrix."""
    (q,) = beside(trace, prefix, "q")
    values = np.einsum("bhid,bhjd->bhij", q, q)
    return named(trace, prefix, "scores_if_keys_were_queries", values, "batch head query key", ("q", "k"))
