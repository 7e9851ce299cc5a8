"""From one score of an attention to the loss, slope by slope; and the plane in which the push on it lies.

All of these stand beside the gradients of one word's loss, `experiment.descent.gradients.*`. If one score alone is
moved, its attention weight w moves, and the output on a straight line: from the mix of the other values to its own. So
all that follows is a function of w. The log-odds of the right word are ln p / (1 - p): its logit, less the logarithm of
the sum of the exponentials of the others.
"""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


@measure("key nudge", like="nudged_loss")
def nudged_probs(nudged_loss: np.ndarray) -> Values:
    """The probability of the right word, of which the loss is minus the logarithm."""
    return np.exp(-nudged_loss)


@measure("key nudge", like="nudged_loss")
def nudged_log_odds(nudged_loss: np.ndarray) -> Values:
    """ln p / (1 - p) of the right word, with each score moved by itself."""
    return -np.log(np.expm1(nudged_loss))


@measure("")
def log_odds_to_loss(word_loss: np.ndarray) -> Values:
    """dL/d(log-odds) = p - 1, as L = ln(1 + exp(-log-odds))."""
    return np.expm1(-word_loss)


@measure("batch head query key", like="scaled")
def score_to_weight(trace: Trace, prefix: str) -> Values:
    """dw_ij/ds_ij = w_ij (1 - w_ij): the slope of softmax along one score."""
    weights = trace.full(prefix.replace("gradients.", "", 1) + ".weights").values
    return weights * (1 - weights)


@measure("batch head query key", like="scaled")
def weight_gradient(trace: Trace, prefix: str, score_gradient: np.ndarray) -> Values:
    """dL/dw_ij = g_i . (v_j - m), with m the mix of the other values: the slope as one score alone moves its weight."""
    slopes = trace.full(f"{prefix}.score_to_weight").values
    return np.divide(score_gradient, slopes, out=np.zeros_like(score_gradient), where=slopes > 0)


@measure("batch head query key", like="scaled")
def weight_to_log_odds(trace: Trace, prefix: str, weight_gradient: np.ndarray) -> Values:
    """d(log-odds)/dw_ij: that slope, without the last link from the log-odds to the loss."""
    return weight_gradient / trace.full(f"{_run(prefix)}.log_odds_to_loss").values


@measure("batch head query d_head", like="scaled")
def query_push(trace: Trace, prefix: str, score_gradient: np.ndarray) -> Values:
    """-dL/dq_i = -sum_j dL/ds_ij k_j / sqrt(d_k): what the pushes on a row of scores ask of its query."""
    keys = trace.full(f"{prefix.replace('gradients.', '', 1)}.k").values
    return -score_gradient @ keys / np.sqrt(keys.shape[-1])


@measure("batch head query d_model d_head", like="scaled")
def query_matrix_push(trace: Trace, prefix: str, query_push: np.ndarray) -> Values:
    """-dL/dW_Q, the part by row i: x_i (-dL/dq_i), as q_i = x_i W_Q + b_Q, "... d_model d_head"."""
    layer, _, _ = prefix.replace("gradients.", "", 1).rpartition(".")
    return trace.full(f"{layer}.ln2.out").values[:, None, :, :, None] * query_push[..., None, :]


@measure("batch head query key component", like="scaled")
def push_plane(trace: Trace, prefix: str, z: np.ndarray, loss_decrease_by_value: np.ndarray) -> Values:
    """|g_i| (e_1 . (v_j - z_i), e_2 . (v_j - z_i)): the values around the output, in units of the loss.

    e_2 is the direction of the gradient g_i, up which the loss rises; e_1 that part of v_j - z_i which is orthogonal to
    it, for the key j whose score is pushed up most.
    """
    at = prefix.replace("gradients.", "", 1)
    away = trace.full(f"{at}.v").values[:, :, None] - trace.full(f"{at}.z").values[..., None, :]
    squared = np.maximum((z * z).sum(-1)[..., None, None], 1e-300)
    across = away + loss_decrease_by_value[..., None] * z[..., None, :] / squared
    top = trace.full(f"{prefix}.score_push").values.argmax(-1)
    first = np.take_along_axis(across, top[..., None, None], -2)
    first = first / np.maximum(np.linalg.norm(first, axis=-1, keepdims=True), 1e-300)
    return np.stack([(across * first).sum(-1) * np.sqrt(squared[..., 0]), -loss_decrease_by_value], -1)


@measure("key nudge", like="scaled")
def nudged_scores(trace: Trace, prefix: str) -> Values:
    """The scores of the row that is looked at, each moved by itself."""
    run, scores = _run(prefix), trace.full(f"{prefix.replace('gradients.', '', 1)}.scaled")
    return scores.values[0, 0, int(trace.full(f"{run}.place").values), :, None] + trace.full(f"{run}.nudge").values


@measure("key nudge component")
def nudged_plane(trace: Trace, prefix: str, push_plane: np.ndarray) -> Values:
    """The way of the output in `push_plane` as the score of a key is moved: its points, mixed by nudged weights."""
    run = _run(prefix)
    spots = push_plane[0, 0, int(trace.full(f"{run}.place").values)]
    return trace.full(f"{run}.nudged_weights").values @ spots, {"key": trace.labels(f"{run}.nudged_loss")["key"]}


def _run(prefix: str) -> str:
    """The experiment to which gradients belong."""
    return prefix.partition(".gradients.")[0]
