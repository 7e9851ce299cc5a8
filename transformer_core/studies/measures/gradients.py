"""The gradient of the loss on the attention scores, from that on the outputs of the heads."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


@measure("batch head query key", like="scaled")
def score_gradient(trace: Trace, prefix: str, z: np.ndarray) -> Values:
    """dL/ds_ij = w_ij g_i . (v_j - z_i), with g_i = dL/dz_i: the gradient of the loss on a scaled score.

    Descent raises a score if its value points, from the present mix, where the loss falls. `prefix` is
    `gradients.<path of an attention>`, beside which the gradients that autograd found are stored.
    """
    weights = trace.full(f"{prefix.removeprefix('gradients.')}.weights").values
    return weights * _towards(trace, prefix, z)


@measure("")
def score_gradient_difference(score_gradient: np.ndarray, scaled: np.ndarray) -> Values:
    """The largest difference between that formula and autograd, relative to the largest gradient."""
    largest = np.maximum(np.abs(scaled).max(), 1e-300)  # of one word alone all are zero
    return np.abs(score_gradient - scaled).max() / largest


@measure("batch head query key", like="scaled")
def value_along_descent(trace: Trace, prefix: str, z: np.ndarray) -> Values:
    """(v_j - z_i) . (-g_i) / |g_i|: how far value j lies from the mix, along the way down the loss."""
    return _towards(trace, prefix, -z / np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-300))


def _towards(trace: Trace, prefix: str, g: np.ndarray) -> np.ndarray:
    """g_i . (v_j - z_i) of the attention whose gradients stand at `prefix`."""
    v, z = (trace.full(f"{prefix.removeprefix('gradients.')}.{name}").values for name in "vz")
    difference: np.ndarray = np.einsum("bhid,bhjd->bhij", g, v) - np.einsum("bhid,bhid->bhi", g, z)[..., None]
    return difference
