"""A layer norm, station by station: out = (x - mean) / sqrt(var + eps) * gain + bias. Ba et al. 2016, equation 4."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.feed_forward import entering
from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


def normed(trace: Trace, path: str, x: np.ndarray) -> np.ndarray:
    """(x - mean) / sqrt(var + eps) * gain + bias, with the parameters of the norm at `path`."""
    gain, bias = (trace.full(f"parameters.{path}.{name}").values for name in ("gain", "bias"))
    deviation = np.sqrt(x.var(-1, keepdims=True) + trace.about["config"]["norm_eps"])
    values: np.ndarray = (x - x.mean(-1, keepdims=True)) / deviation * gain + bias
    return values


@measure("batch position d_model", like="out")
def centred(trace: Trace, prefix: str, mean: np.ndarray) -> Values:
    """x - mean: the row, shifted to mean zero."""
    return entering(trace, prefix, "mean") - mean[..., None]


@measure("batch position", like="out")
def scale(centred: np.ndarray, normalized: np.ndarray) -> Values:
    """sqrt(var + eps): the length of the centred row over the length of the normalized one."""
    return np.linalg.norm(centred, axis=-1) / np.linalg.norm(normalized, axis=-1)


@measure("batch position", like="out")
def mean_after(normalized: np.ndarray) -> Values:
    """The mean of the normalized row: zero, but for rounding."""
    return normalized.mean(-1)


@measure("batch position", like="out")
def var_after(normalized: np.ndarray) -> Values:
    """The variance of the normalized row: var / (var + eps), almost one."""
    return normalized.var(-1)


@measure("batch position d_model", like="out")
def scaled_by_gain(trace: Trace, prefix: str, normalized: np.ndarray) -> Values:
    """The normalized row times the learned gain; the learned bias comes last, and makes `out`."""
    gain = next(p for p in trace.parents[f"{prefix}.out"] if p.endswith(".gain"))
    return normalized * trace.full(gain).values
