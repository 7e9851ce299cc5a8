"""The projections to queries and keys: the products, their sum, and a rotation that leaves all scores as they are."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.feed_forward import entering
from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace

ROTATION_SEED = 0


@measure("batch head query d_head d_model", like="q")
def q_terms(trace: Trace, prefix: str) -> Values:
    """x_im W_md: the products whose sum, plus the bias, is entry d of query i."""
    return np.einsum("bim,hmd->bhidm", entering(trace, prefix, "q"), trace.full(f"parameters.{prefix}.w_q").values)


@measure("batch head query d_head d_model", like="q")
def q_partial_sums(q_terms: np.ndarray) -> Values:
    """sum_{m' <= m} x_im' W_m'd: the query entry as its sum grows; the bias comes last."""
    return q_terms.cumsum(-1)


def rotation(size: int) -> np.ndarray:
    """An orthogonal matrix: the Q factor of a seeded normal matrix, so that (qR) . (kR) = q . k."""
    factor, upper = np.linalg.qr(np.random.default_rng(ROTATION_SEED).normal(size=(size, size)))
    return factor * np.sign(np.diag(upper))


@measure("batch head query d_head", like="q")
def rotated_q(q: np.ndarray) -> Values:
    """q_i R: the queries, turned by one rotation."""
    return q @ rotation(q.shape[-1])


@measure("batch head key d_head", like="k")
def rotated_k(k: np.ndarray) -> Values:
    """k_j R: the keys, turned by the same rotation as the queries."""
    return k @ rotation(k.shape[-1])


@measure("batch head query key", like="q k")
def rotated_scores(rotated_q: np.ndarray, rotated_k: np.ndarray) -> Values:
    """(q_i R) . (k_j R) = q_i . k_j: the scores after turning queries and keys alike."""
    return np.einsum("bhid,bhjd->bhij", rotated_q, rotated_k)


@measure("")
def rotated_scores_difference(rotated_scores: np.ndarray, scores: np.ndarray) -> Values:
    """The largest change of any score by the rotation, relative to the largest score."""
    return np.abs(rotated_scores - scores).max() / np.abs(scores).max()
