"""Dot products of queries and keys: their terms, lengths and angles."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


@measure("batch head query key d_head", like="q k")
def terms(q: np.ndarray, k: np.ndarray) -> Values:
    """q_id k_jd: the products whose sum is the score of i and j."""
    return q[:, :, :, None, :] * k[:, :, None, :, :]


@measure("batch head query key d_head", like="q k")
def partial_dot(terms: np.ndarray) -> Values:
    """sum_{d' <= d} q_id' k_jd': the score as its sum grows."""
    return terms.cumsum(-1)


@measure("batch head query", like="q")
def q_norm(q: np.ndarray) -> Values:
    """|q_i|, the Euclidean norm."""
    return np.linalg.norm(q, axis=-1)


@measure("batch head key", like="k")
def k_norm(k: np.ndarray) -> Values:
    """|k_j|, the Euclidean norm."""
    return np.linalg.norm(k, axis=-1)


@measure("batch head key", like="v")
def v_norm(v: np.ndarray) -> Values:
    """|v_j|, the Euclidean norm."""
    return np.linalg.norm(v, axis=-1)


@measure("batch head query key", like="q k")
def cosine(scores: np.ndarray, q_norm: np.ndarray, k_norm: np.ndarray) -> Values:
    """cos(q_i, k_j) = q_i . k_j / (|q_i| |k_j|)."""
    return scores / (q_norm[..., None] * k_norm[:, :, None])


@measure("batch head query key", like="q k")
def angle(cosine: np.ndarray) -> Values:
    """The angle between q_i and k_j, in degrees."""
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@measure("batch head query key other component", like="q k")
def plane(trace: Trace, prefix: str, q: np.ndarray, k: np.ndarray, q_norm: np.ndarray) -> Values:
    """Every key in the plane through q_i and k_j: along q_i, and at right angles to it on the side of k_j.

    In this plane q_i and k_j keep their lengths and their angle; the other keys are projections.
    """
    along = q / q_norm[..., None]
    reach = np.einsum("bhid,bhjd->bhij", along, k)
    rest = k[:, :, None] - reach[..., None] * along[:, :, :, None]
    across = rest / np.maximum(np.linalg.norm(rest, axis=-1, keepdims=True), 1e-12)
    first = np.broadcast_to(reach[:, :, :, None], (*reach.shape, reach.shape[-1]))
    second = np.einsum("bhijd,bhod->bhijo", across, k)
    keys = trace.labels(f"{prefix}.k").get("key")
    return np.stack([first, second], axis=-1), {"other": keys} if keys else {}


@measure("batch head query key", like="q k")
def scores_if_keys_were_queries(q: np.ndarray) -> Values:
    """q_i . q_j: what the scores would be if the key matrix were the query matrix."""
    return np.einsum("bhid,bhjd->bhij", q, q)
