"""The gradient of the loss on the attention scores, from that on the outputs of the heads."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


@measure("batch head query key", like="scaled")
def score_gradient(trace: Trace, prefix: str, z: np.ndarray) -> Values:
    """dL/ds_ij = w_ij g_i . (v_j - z_i), with g_i = dL/dz_i: the gradient of the loss on a scaled score.

    Descent raises a score if the loss falls when the output moves towards its value. `prefix` is the path of an
    attention with "gradients." before it, beside which the gradients that autograd found are stored.
    """
    return -trace.full(f"{_attention(prefix)}.weights").values * _decrease(trace, prefix, z)


@measure("")
def score_gradient_difference(score_gradient: np.ndarray, scaled: np.ndarray) -> Values:
    """The largest difference between that formula and autograd, relative to the largest gradient."""
    largest = np.maximum(np.abs(scaled).max(), 1e-300)  # of one word alone all are zero
    return np.abs(score_gradient - scaled).max() / largest


@measure("batch head query key", like="scaled")
def loss_decrease_by_value(trace: Trace, prefix: str, z: np.ndarray) -> Values:
    """-g_i . (v_j - z_i): how much the loss falls, to first order, when output i becomes value j."""
    return _decrease(trace, prefix, z)


@measure("batch head query key", like="scaled")
def score_push(score_gradient: np.ndarray) -> Values:
    """-dL/ds_ij = w_ij (-g_i . (v_j - z_i)): what gradient descent adds to a scaled score, over the learning rate."""
    return -score_gradient


def _decrease(trace: Trace, prefix: str, g: np.ndarray) -> np.ndarray:
    """-g_i . (v_j - z_i) of the attention whose gradients stand at `prefix`."""
    v, z = (trace.full(f"{_attention(prefix)}.{name}").values for name in "vz")
    found: np.ndarray = np.einsum("bhid,bhid->bhi", g, z)[..., None] - np.einsum("bhid,bhjd->bhij", g, v)
    return found


def _attention(prefix: str) -> str:
    """The path of the attention whose gradients stand at `prefix`, in the same pass."""
    return prefix.replace("gradients.", "", 1)
