"""A layer norm, station by station: out = (x - mean) / sqrt(var + eps) * gain + bias. Ba et al. 2016, equation 4."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.feed_forward import entering
from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


def normed(trace: Trace, path: str, x: np.ndarray) -> np.ndarray:
    """(x - mean) / sqrt(var + eps) * gain + bias, with the parameters of the norm at `path`; or as RMSNorm does it."""
    gain, eps = trace.full(f"parameters.{path}.gain").values, trace.about["config"]["norm_eps"]
    if f"parameters.{path}.bias" not in trace.tensors:
        return root_mean_square(x, gain, eps)
    deviation = np.sqrt(x.var(-1, keepdims=True) + eps)
    return np.asarray((x - x.mean(-1, keepdims=True)) / deviation * gain + trace.full(f"parameters.{path}.bias").values)


def root_mean_square(x: np.ndarray, gain: np.ndarray, eps: float) -> np.ndarray:
    """x / sqrt(mean(x^2) + eps) * gain: RMSNorm of each row. Zhang and Sennrich 2019, equation 4."""
    return np.asarray(x / np.sqrt(np.square(x).mean(-1, keepdims=True) + eps) * gain)


@measure("batch position d_model", like="out")
def centred(trace: Trace, prefix: str, mean: np.ndarray) -> Values:
    """x - mean: the row, shifted to mean zero."""
    return entering(trace, prefix, "mean") - mean[..., None]


@measure("batch position", like="out")
def scale(trace: Trace, prefix: str, normalized: np.ndarray) -> Values:
    """sqrt(var + eps), or sqrt(mean_square + eps): the length of what was divided over that of the normalized row."""
    by_mean_square = f"{prefix}.mean_square" in trace.tensors
    divided = entering(trace, prefix, "mean_square") if by_mean_square else trace.full(f"{prefix}.centred").values
    return np.linalg.norm(divided, axis=-1) / np.linalg.norm(normalized, axis=-1)


@measure("batch position", like="out")
def normalized_length(normalized: np.ndarray) -> Values:
    """The length of the normalized row: almost the root of its number of entries, for every token."""
    return np.linalg.norm(normalized, axis=-1)


@measure("batch position", like="out")
def out_length(out: np.ndarray) -> Values:
    """The length of the row after gain and bias."""
    return np.linalg.norm(out, axis=-1)


@measure("batch position", like="out")
def var_after(normalized: np.ndarray) -> Values:
    """The variance of the normalized row: var / (var + eps), almost one."""
    return normalized.var(-1)


@measure("batch position", like="out")
def spread_after(var_after: np.ndarray) -> Values:
    """The standard deviation of the normalized row, almost one."""
    return np.sqrt(var_after)


@measure("batch position d_model", like="out")
def scaled_by_gain(trace: Trace, prefix: str, normalized: np.ndarray) -> Values:
    """The normalized row times the learned gain; the learned bias comes last, and makes `out`."""
    gain = next(p for p in trace.parents[f"{prefix}.out"] if p.endswith(".gain"))
    return normalized * trace.full(gain).values
