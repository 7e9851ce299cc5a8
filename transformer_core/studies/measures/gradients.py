"""One row's gradient through attention: which scores the loss pushes up, and which down."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace


@derived("score_gradient")
def score_gradient(trace: Trace, prefix: str) -> NamedTensor:
    """dL/ds_ij = w_ij g_i . (v_j - z_i), with g_i = dL/dz_i: the gradient of the loss on a scaled score.

    Descent raises a score if its value points, from the present mix, where the loss falls. `prefix` is
    `gradients.<path of an attention>`, beside which the gradients that autograd found are stored.
    """
    (g,) = beside(trace, prefix, "z")
    weights, v, z = beside(trace, prefix.removeprefix("gradients."), "weights", "v", "z")
    towards = np.einsum("bhid,bhjd->bhij", g, v) - np.einsum("bhid,bhid->bhi", g, z)[..., None]
    return named(trace, prefix, "score_gradient", weights * towards, "batch head query key", ("scaled",))


@derived("score_gradient_difference")
def score_gradient_difference(trace: Trace, prefix: str) -> NamedTensor:
    """The largest difference between that formula and autograd, relative to the largest gradient."""
    ours, found = beside(trace, prefix, "score_gradient", "scaled")
    largest = np.maximum(np.abs(found).max(), 1e-300)  # of one word alone all are zero
    return named(trace, prefix, "score_gradient_difference", np.abs(ours - found).max() / largest, "")


@derived("value_along_descent")
def value_along_descent(trace: Trace, prefix: str) -> NamedTensor:
    """(v_j - z_i) . (-g_i) / |g_i|: how far value j lies from the mix, along the way down the loss."""
    (g,) = beside(trace, prefix, "z")
    v, z = beside(trace, prefix.removeprefix("gradients."), "v", "z")
    down = -g / np.maximum(np.linalg.norm(g, axis=-1, keepdims=True), 1e-300)
    values = np.einsum("bhid,bhjd->bhij", down, v) - np.einsum("bhid,bhid->bhi", down, z)[..., None]
    return named(trace, prefix, "value_along_descent", values, "batch head query key", ("scaled",))
