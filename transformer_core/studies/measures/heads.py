"""Several heads side by side: where they look, what each of them writes, and how far one entry of a row reaches."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace


@derived("distinct_top_keys")
def distinct_top_keys(trace: Trace, prefix: str) -> NamedTensor:
    """The number of different keys that are the top key of query i in some head."""
    (weights,) = beside(trace, prefix, "weights")
    best = weights.argmax(-1)
    count = np.array([[len(set(row)) for row in sentence.T] for sentence in best])
    return named(trace, prefix, "distinct_top_keys", count, "batch query", ("weights",))


@derived("queries_in_dispute")
def queries_in_dispute(trace: Trace, prefix: str) -> NamedTensor:
    """For how many queries the heads do not all have the same top key."""
    count = (trace.full(f"{prefix}.distinct_top_keys").values > 1).sum(-1)
    return named(trace, prefix, "queries_in_dispute", count, "batch")


@derived("head_norms")
def head_norms(trace: Trace, prefix: str) -> NamedTensor:
    """|z_hi W_O,h|: the Euclidean norm of what head h writes for query i."""
    (out,) = beside(trace, prefix, "head_out")
    return named(trace, prefix, "head_norms", np.linalg.norm(out, axis=-1), "batch head query", ("weights",))


@derived("head_sums")
def head_sums(trace: Trace, prefix: str) -> NamedTensor:
    """b_O + sum_{h' <= h} z_h'i W_O,h': the output of query i as it grows, head by head."""
    (out,) = beside(trace, prefix, "head_out")
    bias = trace.full(next(name for name in trace.parents[f"{prefix}.out"] if name.endswith(".b_o"))).values
    values = out.cumsum(1) + bias
    return named(trace, prefix, "head_sums", values, "batch head query d_model", ("weights",))


@derived("query_sensitivity")
def query_sensitivity(trace: Trace, prefix: str) -> NamedTensor:
    """|W_Q,hm|: how far the query of head h moves when entry m of the row moves by one."""
    matrix = trace.full(f"parameters.{prefix}.w_q").values
    return named(trace, prefix, "query_sensitivity", np.linalg.norm(matrix, axis=-1), "head d_model")


@derived("sensitive_heads")
def sensitive_heads(trace: Trace, prefix: str) -> NamedTensor:
    """The number of heads whose query moves when entry m of the row moves."""
    reach = trace.full(f"{prefix}.query_sensitivity").values
    return named(trace, prefix, "sensitive_heads", (reach > 0).sum(0), "d_model")


@derived("query_count")
def query_count(trace: Trace, prefix: str) -> NamedTensor:
    """The number of queries of this attention."""
    (weights,) = beside(trace, prefix, "weights")
    return named(trace, prefix, "query_count", np.array(weights.shape[-2]), "")


@derived("key_count")
def key_count(trace: Trace, prefix: str) -> NamedTensor:
    """The number of keys of this attention."""
    (weights,) = beside(trace, prefix, "weights")
    return named(trace, prefix, "key_count", np.array(weights.shape[-1]), "")
