"""The gradient of the loss on the attention scores, from that on the outputs of the heads."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


@measure("batch head query key", like="scaled")
def loss_decrease_by_value(trace: Trace, prefix: str, z: np.ndarray) -> Values:
    """-g_i . (v_j - z_i), with g_i = dL/dz_i: how much the loss falls, to first order, when output i becomes value j.

    `prefix` is the path of an attention with "gradients." before it, beside which the gradients that autograd found
    are stored.
    """
    v, mix = (trace.full(f"{_attention(prefix)}.{name}").values for name in "vz")
    return np.einsum("bhid,bhid->bhi", z, mix)[..., None] - np.einsum("bhid,bhjd->bhij", z, v)


@measure("batch head query key", like="scaled")
def score_push(trace: Trace, prefix: str, loss_decrease_by_value: np.ndarray) -> Values:
    """-dL/ds_ij = w_ij (-g_i . (v_j - z_i)): what gradient descent adds to a scaled score, over the learning rate.

    Descent raises a score if the loss falls when the output moves towards its value.
    """
    return trace.full(f"{_attention(prefix)}.weights").values * loss_decrease_by_value


@measure("batch head query key", like="scaled")
def score_gradient(score_push: np.ndarray) -> Values:
    """dL/ds_ij = w_ij g_i . (v_j - z_i): the gradient of the loss on a scaled score."""
    return -score_push


@measure("")
def score_gradient_difference(score_gradient: np.ndarray, scaled: np.ndarray) -> Values:
    """The largest difference between that formula and autograd, relative to the largest gradient."""
    largest = np.maximum(np.abs(scaled).max(), 1e-300)  # of one word alone all are zero
    return np.abs(score_gradient - scaled).max() / largest


def _attention(prefix: str) -> str:
    """The path of the attention whose gradients stand at `prefix`, in the same pass."""
    return prefix.replace("gradients.", "", 1)
