"""Measures of several heads: their outputs, and the sensitivity of their queries."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


@measure("batch head query", like="weights")
def head_norms(head_out: np.ndarray) -> Values:
    """|z_hi W_O,h|: the Euclidean norm of the output of head h for query i."""
    return np.linalg.norm(head_out, axis=-1)


@measure("batch head query d_model", like="weights")
def head_sums(trace: Trace, prefix: str, head_out: np.ndarray) -> Values:
    """b_O + sum_{h' <= h} z_h'i W_O,h': the output of query i as it grows, head by head; b_O if there is one."""
    bias = next((name for name in trace.parents[f"{prefix}.out"] if name.endswith(".b_o")), None)
    return head_out.cumsum(1) + trace.full(bias).values if bias else head_out.cumsum(1)


@measure("head d_model")
def query_sensitivity(trace: Trace, prefix: str) -> Values:
    """|W_Q,hm|: how far the query of head h moves when entry m of the row moves by one."""
    return np.linalg.norm(trace.full(f"parameters.{prefix}.w_q").values, axis=-1)


@measure("d_model")
def sensitive_heads(query_sensitivity: np.ndarray) -> Values:
    """The number of heads whose query moves when entry m of the row moves."""
    return (query_sensitivity > 0).sum(0)


@measure("")
def heads_per_key(trace: Trace, prefix: str) -> Values:
    """The number of heads that share one key and one value of each token; one, where none do."""
    return trace.full(f"{prefix}.q").shape[1] // trace.full(f"{prefix}.k").shape[1]


@measure("")
def query_count(weights: np.ndarray) -> Values:
    """The number of queries of this attention."""
    return weights.shape[-2]


@measure("")
def key_count(weights: np.ndarray) -> Values:
    """The number of keys of this attention."""
    return weights.shape[-1]
