"""From a row to queries, keys and values: the products, their sum, and a turn that no score sees."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace

ROTATION_SEED = 0


def _projection_terms(trace: Trace, prefix: str, letter: str, axis: str) -> NamedTensor:
    entering = trace.full(trace.parents[f"{prefix}.{letter}"][0])
    matrix = trace.full(f"parameters.{prefix}.w_{letter}").values
    values = np.einsum("bim,hmd->bhidm", entering.values, matrix)
    return named(trace, prefix, f"{letter}_terms", values, f"batch head {axis} d_head d_model", (letter,))


@derived("q_terms")
def q_terms(trace: Trace, prefix: str) -> NamedTensor:
    """x_im W_md: the products whose sum, plus the bias, is entry d of query i."""
    return _projection_terms(trace, prefix, "q", "query")


@derived("q_partial_sums")
def q_partial_sums(trace: Trace, prefix: str) -> NamedTensor:
    """sum_{m' <= m} x_im' W_m'd: the query entry as its sum grows; the bias comes last."""
    terms = trace.full(f"{prefix}.q_terms").values
    return named(trace, prefix, "q_partial_sums", terms.cumsum(-1), "batch head query d_head d_model", ("q",))


def rotation(size: int) -> np.ndarray:
    """An orthogonal matrix: the Q factor of a seeded normal matrix, so that (qR) . (kR) = q . k."""
    factor, upper = np.linalg.qr(np.random.default_rng(ROTATION_SEED).normal(size=(size, size)))
    return factor * np.sign(np.diag(upper))


@derived("rotated_q")
def rotated_q(trace: Trace, prefix: str) -> NamedTensor:
    """q_i R: the queries, turned by one rotation."""
    (q,) = beside(trace, prefix, "q")
    return named(trace, prefix, "rotated_q", q @ rotation(q.shape[-1]), "batch head query d_head", ("q",))


@derived("rotated_k")
def rotated_k(trace: Trace, prefix: str) -> NamedTensor:
    """k_j R: the keys, turned by the same rotation as the queries."""
    (k,) = beside(trace, prefix, "k")
    return named(trace, prefix, "rotated_k", k @ rotation(k.shape[-1]), "batch head key d_head", ("k",))


@derived("rotated_scores")
def rotated_scores(trace: Trace, prefix: str) -> NamedTensor:
    """(q_i R) . (k_j R) = q_i . k_j: the scores after turning queries and keys alike."""
    q, k = beside(trace, prefix, "rotated_q", "rotated_k")
    values = np.einsum("bhid,bhjd->bhij", q, k)
    return named(trace, prefix, "rotated_scores", values, "batch head query key", ("q", "k"))


@derived("rotated_scores_difference")
def rotated_scores_difference(trace: Trace, prefix: str) -> NamedTensor:
    """The largest change of any score by the rotation, relative to the largest score."""
    turned, scores = beside(trace, prefix, "rotated_scores", "scores")
    return named(trace, prefix, "rotated_scores_difference", np.abs(turned - scores).max() / np.abs(scores).max(), "")
