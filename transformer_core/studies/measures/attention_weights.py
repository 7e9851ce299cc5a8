"""The softmax of the scores step by step, the weighted sum of values, several heads, and the gradient of the loss."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from transformer_core.config import Rotary
from transformer_core.studies.focus import EARNED
from transformer_core.studies.measures.naming import Values, attention_input, measure
from transformer_core.studies.measures.norms import root_mean_square
from transformer_core.tracing.trace import Trace

#: The powers of the root of d_k that are the temperatures of `by_temperature`: 0 leaves the scores undivided, 1 is what
#: the head does.
POWERS = tuple(step / 4 for step in range(-2, 13))
#: The number whose powers they are where the scores are not scaled.
UNSCALED = 4.0
#: By how much a score is raised in `raised_weights`.
RAISED = 6
#: The even steps of `softmax_way` from one stage to the next.
FRAMES = 12


def softmax(scores: np.ndarray) -> np.ndarray:
    """softmax(s)_j = exp(s_j - max s) / sum_k exp(s_k - max s), along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def scale_of(trace: Trace, prefix: str) -> float:
    """scaled / scores: one over the root of d_k, or one where the config leaves the scale out."""
    scores, scaled = (trace.full(f"{prefix}.{name}").values for name in ("scores", "scaled"))
    at = np.unravel_index(np.abs(scores).argmax(), scores.shape)
    return float(scaled[at] / scores[at])


@measure("")
def sqrt_d_head(trace: Trace, prefix: str) -> Values:
    """The divisor sqrt(d_k) of the scores, read off the trace."""
    return 1 / scale_of(trace, prefix)


@measure("batch head query key", like="scores")
def scores_minus_max(masked: np.ndarray) -> Values:
    """s_ij - max_j s_ij: the distance of each scaled score from the largest of its query."""
    return masked - masked.max(-1, keepdims=True)


@measure("batch head query key", like="scores")
def exponentials(scores_minus_max: np.ndarray) -> Values:
    """exp(s_ij - max_j s_ij): one for the largest score of the query, less for the others."""
    return np.exp(scores_minus_max)


@measure("batch head query", like="q")
def weight_sums(weights: np.ndarray) -> Values:
    """sum_j w_ij: one."""
    return weights.sum(-1)


@measure("batch head query", like="q")
def exponential_sums(exponentials: np.ndarray) -> Values:
    """sum_j exp(s_ij - max s_i): what the exponentials are divided by to become weights."""
    return exponentials.sum(-1)


@measure("batch head query frame key", like="scores")
def softmax_way(
    scores: np.ndarray, masked: np.ndarray, scores_minus_max: np.ndarray, exponentials: np.ndarray, weights: np.ndarray
) -> Values:
    """(1 - c) a_ij + c b_ij, in `FRAMES` even steps of c from each stage a of the softmax to the next, b.

    Frame 0 has the scores, and `FRAMES` later stands the next stage; a hidden key has 0.
    """
    stages = [
        np.where(np.isfinite(masked), one, 0.0) for one in (scores, masked, scores_minus_max, exponentials, weights)
    ]
    between = [a + (b - a) * c / FRAMES for a, b in pairwise(stages) for c in range(FRAMES)]
    return np.stack([*between, stages[-1]], axis=-2)


@measure("temperature")
def temperatures(sqrt_d_head: np.ndarray) -> Values:
    """T = r^p with the root r of d_k, for each p of `POWERS`: what `by_temperature` divides the scores by.

    Where the scores are not scaled, r is `UNSCALED`.
    """
    root = float(sqrt_d_head)
    return (root if root > 1 else UNSCALED) ** np.array(POWERS)


@measure("batch head query temperature key", like="scores")
def by_temperature(masked: np.ndarray, sqrt_d_head: np.ndarray, temperatures: np.ndarray) -> Values:
    """softmax(s_i / T)_j of the scores before they are scaled, for each of `temperatures`."""
    return np.stack([softmax(masked * (sqrt_d_head / t)) for t in temperatures], axis=-2)


@measure("batch head query key", like="scores")
def tied_weights(masked: np.ndarray) -> Values:
    """softmax(s_i) of the scaled scores, if the second largest of row i were as large as its largest one."""
    second = np.argsort(-masked, axis=-1, kind="stable")[..., 1:2]
    tied = np.where(np.isfinite(np.take_along_axis(masked, second, -1)), masked.max(-1, keepdims=True), -np.inf)
    raised = masked.copy()
    np.put_along_axis(raised, second, tied, axis=-1)
    return softmax(raised)


@measure("batch head query step key", like="scores")
def raised_weights(masked: np.ndarray) -> Values:
    """softmax(s_i) of the scaled scores, while the second largest of row i is raised by 0, 1, ... `RAISED`."""
    second = np.argsort(np.argsort(-masked, axis=-1, kind="stable"), axis=-1) == 1
    return softmax(masked[..., None, :] + np.arange(RAISED + 1)[:, None] * second[..., None, :])


@measure("batch head query step d_head", like="q")
def raised_z(raised_weights: np.ndarray, v: np.ndarray) -> Values:
    """sum_j w_ij v_j with the `raised_weights` w: the output of query i while its second-best score is raised."""
    return raised_weights @ v[:, :, None]


@measure("batch head query d_head", like="q")
def tied_z(tied_weights: np.ndarray, v: np.ndarray) -> Values:
    """sum_j w_ij v_j with the `tied_weights` w: the output of query i if its two best scores were equal."""
    return tied_weights @ v


@measure("batch head query key d_head", like="weights")
def weighted_v(weights: np.ndarray, v: np.ndarray) -> Values:
    """w_ij v_j: the term of value j in the output of query i; their sum over j is z_i."""
    return weights[..., None] * v[:, :, None]


@measure("batch head query key", like="weights")
def weighted_v_norm(weighted_v: np.ndarray) -> Values:
    """|w_ij v_j|, the Euclidean norm of term j in the output of query i."""
    return np.linalg.norm(weighted_v, axis=-1)


@measure("batch head query key", like="weights")
def weighted_v_share(weighted_v_norm: np.ndarray) -> Values:
    """|w_ij v_j| / sum_k |w_ik v_k|: the part of term j in the summed lengths of the terms of query i."""
    return weighted_v_norm / weighted_v_norm.sum(-1, keepdims=True)


@measure("batch head query key component", like="weights")
def value_plane(v: np.ndarray, weighted_v: np.ndarray) -> Values:
    """(v_j . e_1, v_j . e_2) for each value, in a plane that belongs to query i.

    e_1 is the direction of the output z_i, and e_2 that part of the value of its second longest term w_ij v_j which is
    orthogonal to it. If two terms make the output, both lie in the plane; other values are projected, and the projected
    terms still add up to z_i. With a single key there is no e_2, and its coordinate is 0.
    """
    z = weighted_v.sum(-2)
    first = z / np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-12)
    lengths = np.linalg.norm(weighted_v, axis=-1)
    np.put_along_axis(lengths, lengths.argmax(-1)[..., None], -1.0, axis=-1)
    term = np.take_along_axis(v, lengths.argmax(-1)[..., None], axis=2)
    rest = term - (term * first).sum(-1, keepdims=True) * first
    second = rest / np.maximum(np.linalg.norm(rest, axis=-1, keepdims=True), 1e-12) * (v.shape[2] > 1)
    return np.stack([np.einsum("bhjd,bhid->bhij", v, axis) for axis in (first, second)], axis=-1)


@measure("batch head query key component", like="weights")
def weighted_value_plane(weights: np.ndarray, value_plane: np.ndarray) -> Values:
    """w_ij (v_j . e_1, v_j . e_2): the terms of output i in the plane of `value_plane`."""
    return weights[..., None] * value_plane


@measure("")
def role_threshold() -> Values:
    """The share of held-out sentences from which a role is named (`transformer_core.studies.focus.EARNED`)."""
    return EARNED


def as_attention_input(trace: Trace, prefix: str, letter: str, projected: np.ndarray) -> np.ndarray:
    """Projected queries, keys or values "batch head position d_head", as the attention at `prefix` multiplies them.

    As they are where nothing comes between; the rows stand at the positions 0, 1, 2, ...
    """
    steps, found = trace.about.get("config", {}), projected
    if f"{prefix}.{letter}_norm.out" in trace:
        gain = next(name for name in trace.parents[f"{prefix}.{letter}_norm.out"] if name.endswith(".gain"))
        found = root_mean_square(found, trace.full(gain).values, steps["norm_eps"])
    if f"{prefix}.{letter}_rotated" in trace:
        found = rotated(found, Rotary(**steps["rotary"]))
    if attention_input(trace, letter, prefix) == f"{letter}_repeated":
        found = found.repeat(trace.full(f"{prefix}.scores").size("head") // found.shape[1], 1)
    return found


def rotated(rows: np.ndarray, rotary: Rotary) -> np.ndarray:
    """x cos(m theta) +- partner(x) sin(m theta) of rows "batch head position d_head": see `Rotary`."""
    width = rows.shape[3]
    frequency, sign = np.array([rotary.turn(width, entry) for entry in range(width)]).T
    angle = np.arange(rows.shape[2])[:, None] * frequency
    cosine, sine = np.cos(angle).astype(rows.dtype), (np.sin(angle) * sign).astype(rows.dtype)
    return np.asarray(rows * cosine + rows[..., rotary.partners(width)] * sine)


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


@measure("batch position d_model")
def turned_row(trace: Trace, prefix: str) -> Values:
    """The row that queries are made of, with the sign of its largest entry turned."""
    entering = trace.full(trace.parents[f"{prefix}.q"][0])
    rows = entering.values.copy()
    largest = np.abs(rows).argmax(-1, keepdims=True)
    np.put_along_axis(rows, largest, -np.take_along_axis(rows, largest, -1), -1)
    return rows, {axis: entering.labels[axis] for axis in entering.axes if axis in entering.labels}


@measure("batch head query d_head", like="q")
def turned_q(trace: Trace, prefix: str, turned_row: np.ndarray) -> Values:
    """q_hi + (x'_i - x_i) W_Q,h: the queries of the turned rows x'."""
    entering = trace.full(trace.parents[f"{prefix}.q"][0]).values
    added = np.einsum("bim,hmd->bhid", turned_row - entering, trace.full(f"parameters.{prefix}.w_q").values)
    return trace.full(f"{prefix}.q").values + added


@measure("")
def heads_per_key(trace: Trace, prefix: str) -> Values:
    """The number of heads that share one key and one value of each token; one, where none do."""
    return trace.full(f"{prefix}.q").shape[1] // trace.full(f"{prefix}.k").shape[1]


@measure("")
def head_parameters(trace: Trace, prefix: str) -> Values:
    """The number of parameters with which one head makes queries, keys and values, biases included."""
    matrices, biases = ([f"parameters.{prefix}.{kind}_{letter}" for letter in "qkv"] for kind in "wb")
    found = [trace.full(name) for name in (*matrices, *(name for name in biases if name in trace))]
    return sum(one.values[0].size for one in found)


@measure("")
def query_count(weights: np.ndarray) -> Values:
    """The number of queries of this attention."""
    return weights.shape[-2]


@measure("")
def key_count(weights: np.ndarray) -> Values:
    """The number of keys of this attention."""
    return weights.shape[-1]


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
