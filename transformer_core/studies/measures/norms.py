"""A layer norm, station by station: out = (x - mean) / sqrt(var + eps) * gain + bias. Ba et al. 2016, equation 4."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace


@derived("centred")
def centred(trace: Trace, prefix: str) -> NamedTensor:
    """x - mean: the row, shifted to mean zero."""
    entering = trace.full(trace.parents[f"{prefix}.mean"][0]).values
    (mean,) = beside(trace, prefix, "mean")
    return named(trace, prefix, "centred", entering - mean[..., None], "batch position d_model", ("out",))


@derived("scale")
def scale(trace: Trace, prefix: str) -> NamedTensor:
    """sqrt(var + eps): the length of the centred row over the length of the normalized one."""
    before, after = (np.linalg.norm(values, axis=-1) for values in beside(trace, prefix, "centred", "normalized"))
    return named(trace, prefix, "scale", before / after, "batch position", ("out",))


@derived("mean_after")
def mean_after(trace: Trace, prefix: str) -> NamedTensor:
    """The mean of the normalized row: zero, but for rounding."""
    (normalized,) = beside(trace, prefix, "normalized")
    return named(trace, prefix, "mean_after", normalized.mean(-1), "batch position", ("out",))


@derived("var_after")
def var_after(trace: Trace, prefix: str) -> NamedTensor:
    """The variance of the normalized row: var / (var + eps), almost one."""
    (normalized,) = beside(trace, prefix, "normalized")
    return named(trace, prefix, "var_after", normalized.var(-1), "batch position", ("out",))


@derived("scaled_by_gain")
def scaled_by_gain(trace: Trace, prefix: str) -> NamedTensor:
    """The normalized row times the learned gain; the learned bias comes last, and makes `out`."""
    (normalized,) = beside(trace, prefix, "normalized")
    gain = next(p for p in trace.parents[f"{prefix}.out"] if p.endswith(".gain"))
    values = normalized * trace.full(gain).values
    return named(trace, prefix, "scaled_by_gain", values, "batch position d_model", ("out",))
