"""What follows from a trace by arithmetic: terms of a sum, lengths, angles, shares. NumPy alone.

Each function is registered under the name that it adds beside the tensors it reads, so that
`trace["encoder.0.self_attn.terms"]` is computed when it is first read, and saved with the rest. Indices: i is the
query, j the key, d an entry of a head, m an entry of the stream.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from transformer_core.cast import EARNED
from transformer_core.trace import NamedTensor, Trace, derived

#: Temperatures at which `by_temperature` recomputes the shares.
TEMPERATURES = (0.125, 0.25, 0.5, 0.71, 1.0, 1.41, 2.0, 2.83, 4.0, 8.0, 16.0)
ROTATION_SEED = 0


def softmax(scores: np.ndarray) -> np.ndarray:
    """softmax(s)_j = exp(s_j - max s) / sum_k exp(s_k - max s), along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: np.ndarray = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def _labels(trace: Trace, *names: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        found.update(trace.full(name).labels)
    return found


def _beside(trace: Trace, prefix: str, *names: str) -> list[np.ndarray]:
    return [trace.full(f"{prefix}.{name}").values for name in names]


def _named(trace: Trace, prefix: str, name: str, values: Any, axes: str, like: tuple[str, ...] = ()) -> NamedTensor:
    """A derived tensor with the labels of the tensors it was made from."""
    words = tuple(axes.split())
    labels = {a: v for a, v in _labels(trace, *(f"{prefix}.{other}" for other in like)).items() if a in words}
    return NamedTensor(f"{prefix}.{name}", np.asarray(values), words, labels)


def _projection_terms(trace: Trace, prefix: str, letter: str, axis: str) -> NamedTensor:
    entering = trace.full(trace.parents[f"{prefix}.{letter}"][0])
    matrix = trace.full(f"parameters.{prefix}.w_{letter}").values
    values = np.einsum("bim,hmd->bhidm", entering.values, matrix)
    return _named(trace, prefix, f"{letter}_terms", values, f"batch head {axis} d_head d_model", (letter,))


@derived("q_terms")
def q_terms(trace: Trace, prefix: str) -> NamedTensor:
    """x_im W_md: the products whose sum, plus the bias, is entry d of query i."""
    return _projection_terms(trace, prefix, "q", "query")


@derived("q_sums")
def q_sums(trace: Trace, prefix: str) -> NamedTensor:
    """sum_{m' <= m} x_im' W_m'd: the query entry as its sum grows; the bias comes last."""
    terms = trace.full(f"{prefix}.q_terms").values
    return _named(trace, prefix, "q_sums", terms.cumsum(-1), "batch head query d_head d_model", ("q",))


@derived("terms")
def terms(trace: Trace, prefix: str) -> NamedTensor:
    """q_id k_jd: the products whose sum is the score of i and j."""
    q, k = _beside(trace, prefix, "q", "k")
    values = q[:, :, :, None, :] * k[:, :, None, :, :]
    return _named(trace, prefix, "terms", values, "batch head query key d_head", ("q", "k"))


@derived("sums")
def sums(trace: Trace, prefix: str) -> NamedTensor:
    """sum_{d' <= d} q_id' k_jd': the score as its sum grows."""
    values = trace.full(f"{prefix}.terms").values.cumsum(-1)
    return _named(trace, prefix, "sums", values, "batch head query key d_head", ("q", "k"))


@derived("positive_terms")
def positive_terms(trace: Trace, prefix: str) -> NamedTensor:
    """How many of the products q_id k_jd are above zero."""
    count = (trace.full(f"{prefix}.terms").values > 0).sum(-1)
    return _named(trace, prefix, "positive_terms", count, "batch head query key", ("q", "k"))


@derived("negative_terms")
def negative_terms(trace: Trace, prefix: str) -> NamedTensor:
    """How many of the products q_id k_jd are below zero."""
    count = (trace.full(f"{prefix}.terms").values < 0).sum(-1)
    return _named(trace, prefix, "negative_terms", count, "batch head query key", ("q", "k"))


@derived("q_length")
def q_length(trace: Trace, prefix: str) -> NamedTensor:
    """|q_i|, the Euclidean norm."""
    length = np.linalg.norm(trace.full(f"{prefix}.q").values, axis=-1)
    return _named(trace, prefix, "q_length", length, "batch head query", ("q",))


@derived("k_length")
def k_length(trace: Trace, prefix: str) -> NamedTensor:
    """|k_j|, the Euclidean norm."""
    length = np.linalg.norm(trace.full(f"{prefix}.k").values, axis=-1)
    return _named(trace, prefix, "k_length", length, "batch head key", ("k",))


@derived("cosine")
def cosine(trace: Trace, prefix: str) -> NamedTensor:
    """cos(q_i, k_j) = q_i . k_j / (|q_i| |k_j|)."""
    scores, q, k = _beside(trace, prefix, "scores", "q_length", "k_length")
    return _named(trace, prefix, "cosine", scores / (q[..., None] * k[:, :, None]), "batch head query key", ("q", "k"))


@derived("angle")
def angle(trace: Trace, prefix: str) -> NamedTensor:
    """The angle between q_i and k_j, in degrees."""
    degrees = np.degrees(np.arccos(np.clip(trace.full(f"{prefix}.cosine").values, -1, 1)))
    return _named(trace, prefix, "angle", degrees, "batch head query key", ("q", "k"))


@derived("plane")
def plane(trace: Trace, prefix: str) -> NamedTensor:
    """Every key in the plane through q_i and k_j: along q_i, and at right angles to it on the side of k_j.

    In this plane q_i and k_j keep their lengths and their angle; the other keys are projections.
    """
    q, k, q_length = _beside(trace, prefix, "q", "k", "q_length")
    along = q / q_length[..., None]
    reach = np.einsum("bhid,bhjd->bhij", along, k)
    rest = k[:, :, None] - reach[..., None] * along[:, :, :, None]
    across = rest / np.maximum(np.linalg.norm(rest, axis=-1, keepdims=True), 1e-12)
    first = np.broadcast_to(reach[:, :, :, None], (*reach.shape, reach.shape[-1]))
    second = np.einsum("bhijd,bhod->bhijo", across, k)
    values = np.stack([first, second], axis=-1)
    tensor = _named(trace, prefix, "plane", values, "batch head query key other component", ("q", "k"))
    others = {"other": trace.full(f"{prefix}.k").labels.get("key", ())}
    return NamedTensor(tensor.name, values, tensor.axes, {**tensor.labels, **others})


@derived("scores_if_keys_were_queries")
def scores_if_keys_were_queries(trace: Trace, prefix: str) -> NamedTensor:
    """q_i . q_j: what the scores would be if the key matrix were the query matrix."""
    (q,) = _beside(trace, prefix, "q")
    values = np.einsum("bhid,bhjd->bhij", q, q)
    return _named(trace, prefix, "scores_if_keys_were_queries", values, "batch head query key", ("q", "k"))


def rotation(size: int) -> np.ndarray:
    """An orthogonal matrix: the Q factor of a seeded normal matrix, so that (qR) . (kR) = q . k."""
    factor, upper = np.linalg.qr(np.random.default_rng(ROTATION_SEED).normal(size=(size, size)))
    return factor * np.sign(np.diag(upper))


@derived("turned_q")
def turned_q(trace: Trace, prefix: str) -> NamedTensor:
    """q_i R: the queries, turned by one rotation."""
    (q,) = _beside(trace, prefix, "q")
    return _named(trace, prefix, "turned_q", q @ rotation(q.shape[-1]), "batch head query d_head", ("q",))


@derived("turned_k")
def turned_k(trace: Trace, prefix: str) -> NamedTensor:
    """k_j R: the keys, turned by the same rotation as the queries."""
    (k,) = _beside(trace, prefix, "k")
    return _named(trace, prefix, "turned_k", k @ rotation(k.shape[-1]), "batch head key d_head", ("k",))


@derived("turned_scores")
def turned_scores(trace: Trace, prefix: str) -> NamedTensor:
    """(q_i R) . (k_j R) = q_i . k_j: the scores after turning queries and keys alike."""
    q, k = _beside(trace, prefix, "turned_q", "turned_k")
    values = np.einsum("bhid,bhjd->bhij", q, k)
    return _named(trace, prefix, "turned_scores", values, "batch head query key", ("q", "k"))


@derived("turned_change")
def turned_change(trace: Trace, prefix: str) -> NamedTensor:
    """The largest change of any score by the rotation, relative to the largest score."""
    turned, scores = _beside(trace, prefix, "turned_scores", "scores")
    return _named(trace, prefix, "turned_change", np.abs(turned - scores).max() / np.abs(scores).max(), "")


def _scale(trace: Trace, prefix: str) -> float:
    """scaled / scores: one over the root of d_k, or one where the config leaves the scale out."""
    scores, scaled = _beside(trace, prefix, "scores", "scaled")
    at = np.unravel_index(np.abs(scores).argmax(), scores.shape)
    return float(scaled[at] / scores[at])


@derived("score_leads")
def score_leads(trace: Trace, prefix: str) -> NamedTensor:
    """q_i . k_j - max_k q_i . k_k: a whole row of scores, moved so that its best stands at zero."""
    (scores,) = _beside(trace, prefix, "scores")
    values = scores - scores.max(-1, keepdims=True)
    return _named(trace, prefix, "score_leads", values, "batch head query key", ("scores",))


@derived("score_lead_change")
def score_lead_change(trace: Trace, prefix: str) -> NamedTensor:
    """The largest change of any share when each row of scores is moved like that: none, but for rounding."""
    moved, weights = _beside(trace, prefix, "score_leads", "weights")
    difference = np.abs(softmax(moved * _scale(trace, prefix)) - weights).max()
    return _named(trace, prefix, "score_lead_change", difference, "")


@derived("root_d_head")
def root_d_head(trace: Trace, prefix: str) -> NamedTensor:
    """The divisor sqrt(d_k) of the scores, read off the trace."""
    return _named(trace, prefix, "root_d_head", 1 / _scale(trace, prefix), "")


@derived("leads")
def leads(trace: Trace, prefix: str) -> NamedTensor:
    """s_ij - max_j s_ij: how far each scaled score lies behind the best of its row."""
    (masked,) = _beside(trace, prefix, "masked")
    return _named(trace, prefix, "leads", masked - masked.max(-1, keepdims=True), "batch head query key", ("scores",))


@derived("exponentials")
def exponentials(trace: Trace, prefix: str) -> NamedTensor:
    """exp(s_ij - max_j s_ij): one for the best of the row, less for the others."""
    (behind,) = _beside(trace, prefix, "leads")
    return _named(trace, prefix, "exponentials", np.exp(behind), "batch head query key", ("scores",))


@derived("exponential_sums")
def exponential_sums(trace: Trace, prefix: str) -> NamedTensor:
    """The divisor of the softmax: the sum of a row's exponentials."""
    total = trace.full(f"{prefix}.exponentials").values.sum(-1)
    return _named(trace, prefix, "exponential_sums", total, "batch head query", ("q",))


@derived("weight_sums")
def weight_sums(trace: Trace, prefix: str) -> NamedTensor:
    """The sum of a row of shares: one."""
    total = trace.full(f"{prefix}.weights").values.sum(-1)
    return _named(trace, prefix, "weight_sums", total, "batch head query", ("q",))


@derived("by_temperature")
def by_temperature(trace: Trace, prefix: str) -> NamedTensor:
    """softmax(s_i / T)_j for each temperature T of `TEMPERATURES`."""
    (masked,) = _beside(trace, prefix, "masked")
    values = np.stack([softmax(masked / t) for t in TEMPERATURES], axis=-2)
    tensor = _named(trace, prefix, "by_temperature", values, "batch head query temperature key", ("scores",))
    labels = {**tensor.labels, "temperature": tuple(map(str, TEMPERATURES))}
    return NamedTensor(tensor.name, values, tensor.axes, labels)


@derived("temperatures")
def temperatures(trace: Trace, prefix: str) -> NamedTensor:
    """The temperatures of `by_temperature`."""
    return _named(trace, prefix, "temperatures", np.array(TEMPERATURES), "temperature")


@derived("weighted_v")
def weighted_v(trace: Trace, prefix: str) -> NamedTensor:
    """w_ij v_j: what each value row gives to output i; their sum over j is z_i."""
    weights, v = _beside(trace, prefix, "weights", "v")
    values = weights[..., None] * v[:, :, None]
    return _named(trace, prefix, "weighted_v", values, "batch head query key d_head", ("weights",))


@derived("pull")
def pull(trace: Trace, prefix: str) -> NamedTensor:
    """|w_ij v_j| / sum_k |w_ik v_k|: the part that value j has in the lengths of what row i adds up."""
    length = np.linalg.norm(trace.full(f"{prefix}.weighted_v").values, axis=-1)
    values = length / length.sum(-1, keepdims=True)
    return _named(trace, prefix, "pull", values, "batch head query key", ("weights",))


@derived("earned")
def earned(_: Trace, prefix: str) -> NamedTensor:
    """The share of held-out sentences from which a role is named (`transformer_core.cast.EARNED`)."""
    return NamedTensor(f"{prefix}.earned", np.array(EARNED), ())
