"""The projections to queries: the products, and their sum as it grows."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.feed_forward import entering
from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


@measure("batch head query d_head d_model", like="q")
def q_terms(trace: Trace, prefix: str) -> Values:
    """x_im W_md: the products whose sum, plus the bias, is entry d of query i."""
    return np.einsum("bim,hmd->bhidm", entering(trace, prefix, "q"), trace.full(f"parameters.{prefix}.w_q").values)


@measure("batch head query d_head d_model", like="q")
def q_partial_sums(q_terms: np.ndarray) -> Values:
    """sum_{m' <= m} x_im' W_m'd: the query entry as its sum grows; the bias comes last."""
    return q_terms.cumsum(-1)
