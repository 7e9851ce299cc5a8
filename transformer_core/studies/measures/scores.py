"""Dot products of queries and keys: projections, terms, lengths and angles, and the parts due to word and place."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.feed_forward import entering
from transformer_core.studies.measures.naming import Values, attention_input, joined, measure
from transformer_core.tracing.trace import Trace

#: A score is the sum of these five: query first, key second; in "biases" at least one side is a bias.
PARTS = ("word with word", "word with place", "place with word", "place with place", "biases")

#: What `stretched` has of each frame, and its frames.
STRETCHED, FRAMES = ("query", "key", "score"), 31


@measure("batch head query key d_head", like="q k")
def terms(q: np.ndarray, k: np.ndarray) -> Values:
    """q_id k_jd: the products whose sum is the score of i and j."""
    return q[:, :, :, None, :] * k[:, :, None, :, :]


@measure("batch head query key d_head", like="q k")
def partial_dot(terms: np.ndarray) -> Values:
    """sum_{d' <= d} q_id' k_jd': the score as its sum grows."""
    return terms.cumsum(-1)


@measure("batch head query", like="q")
def q_norm(q: np.ndarray) -> Values:
    """|q_i|, the Euclidean norm."""
    return np.linalg.norm(q, axis=-1)


@measure("batch head key", like="k")
def k_norm(k: np.ndarray) -> Values:
    """|k_j|, the Euclidean norm."""
    return np.linalg.norm(k, axis=-1)


@measure("batch head key", like="v")
def v_norm(v: np.ndarray) -> Values:
    """|v_j|, the Euclidean norm."""
    return np.linalg.norm(v, axis=-1)


@measure("batch head query key", like="q k")
def cosine(scores: np.ndarray, q_norm: np.ndarray, k_norm: np.ndarray) -> Values:
    """cos(q_i, k_j) = q_i . k_j / (|q_i| |k_j|)."""
    return scores / (q_norm[..., None] * k_norm[:, :, None])


@measure("batch head query key", like="q k")
def angle(cosine: np.ndarray) -> Values:
    """The angle between q_i and k_j, in degrees."""
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@measure("... degree", like="scores")
def turned_scores(scores: np.ndarray, q_norm: np.ndarray, k_norm: np.ndarray) -> Values:
    """|q_i| |k_j| cos t: what the score would be, were there t degrees between q_i and k_j, from 0 to 180."""
    lengths = q_norm[..., None] * (k_norm if k_norm.ndim == scores.ndim else k_norm[..., None, :])
    return lengths[..., None] * np.cos(np.radians(np.arange(181)))


@measure("degree")
def turned_cosines() -> Values:
    """cos t of the same angles."""
    return np.cos(np.radians(np.arange(181)))


@measure("batch head query key", like="scores")
def flat_angle(angle: np.ndarray) -> Values:
    """Half way from the angle to a right one, in whole degrees: there a score is about half as large, or less."""
    return np.round((angle + 90) / 2)


@measure("batch head query key frame part", like="scores", part=STRETCHED)
def stretched(
    scores: np.ndarray, q_norm: np.ndarray, k_norm: np.ndarray, flat_angle: np.ndarray, turned_scores: np.ndarray
) -> Values:
    """Both lengths as they grow alike at the flat angle, and the score that they would make, until it is as it was."""
    flat = np.take_along_axis(turned_scores, flat_angle[..., None].astype(int), -1)
    ratio = np.maximum(np.divide(scores[..., None], flat, out=np.ones_like(flat), where=np.abs(flat) > 1e-9), 1.0)
    grown = ratio ** (np.linspace(0, 1, FRAMES) / 2)
    keys = k_norm if k_norm.ndim == scores.ndim else k_norm[..., None, :]
    return np.stack([grown * q_norm[..., None, None], grown * keys[..., None], grown**2 * flat], -1)


@measure("batch head query key other component", like="q k")
def plane(trace: Trace, prefix: str, q: np.ndarray, k: np.ndarray, q_norm: np.ndarray) -> Values:
    """Every key in the plane through q_i and k_j: along q_i, and at right angles to it on the side of k_j.

    In this plane q_i and k_j keep their lengths and their angle; the other keys are projections.
    """
    keys = trace.labels(f"{prefix}.k").get("key")
    return planes(q, k, q_norm), {"other": keys} if keys else {}


def planes(q: np.ndarray, k: np.ndarray, q_norm: np.ndarray) -> np.ndarray:
    """The coordinates of `plane`, "batch head query key other component"."""
    along = q / q_norm[..., None]
    reach = np.einsum("bhid,bhjd->bhij", along, k)
    rest = k[:, :, None] - reach[..., None] * along[:, :, :, None]
    across = rest / np.maximum(np.linalg.norm(rest, axis=-1, keepdims=True), 1e-12)
    first = np.broadcast_to(reach[:, :, :, None], (*reach.shape, reach.shape[-1]))
    return np.stack([first, np.einsum("bhijd,bhod->bhijo", across, k)], axis=-1)


@measure("batch head query key", like="q k")
def scores_if_keys_were_queries(q: np.ndarray) -> Values:
    """q_i . q_j: what the scores would be if the key matrix were the query matrix."""
    return np.einsum("bhid,bhjd->bhij", q, q)


@measure("batch head query d_head d_model", like="q")
def q_terms(trace: Trace, prefix: str) -> Values:
    """x_im W_md: the products whose sum, plus the bias, is entry d of query i."""
    return np.einsum("bim,hmd->bhidm", entering(trace, prefix, "q"), trace.full(f"parameters.{prefix}.w_q").values)


@measure("batch head query d_head d_model", like="q")
def q_partial_sums(q_terms: np.ndarray) -> Values:
    """sum_{m' <= m} x_im' W_m'd: the query entry as its sum grows; the bias comes last."""
    return q_terms.cumsum(-1)


def rows_of_parts(trace: Trace, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    """The parts of word and place in the vectors that the first attention of a stack reads, each norm held fixed.

    With a norm, (x - mean x) / sigma is linear in x once sigma is held: gain (e - mean e) / sigma of the word, the
    same of the place; the norm's own bias belongs to neither.

    Raises:
        ValueError: an attention whose stream holds more than word and place.
    """
    root, stack, rest = _address(prefix)
    if rest != "0.self_attn":
        raise ValueError(f"{prefix} reads more than word and place: only the first self-attention of a stack does not")
    embedding = f"{root}embed_{'src' if stack == 'encoder' else 'tgt'}"
    word = trace.full(f"{embedding}.scaled").values
    place = trace.full(f"{embedding}.positional").values if f"{embedding}.positional" in trace else np.zeros_like(word)
    norm = trace.parents[f"{prefix}.q"][0].removesuffix(".out")
    if f"{norm}.normalized" not in trace:
        return word, np.broadcast_to(place, word.shape)
    stream = trace.full(f"{root}{stack}.0.resid_pre").values
    centred = stream - stream.mean(-1, keepdims=True)
    at = np.abs(centred).argmax(-1)[..., None]
    held = np.take_along_axis(trace.full(f"{norm}.normalized").values, at, -1) / np.take_along_axis(centred, at, -1)
    gain = trace.full(f"parameters.{norm.removeprefix(root)}.gain").values
    first, second = (held * gain * (part - part.mean(-1, keepdims=True)) for part in (word, place))
    return first, second


def _address(prefix: str) -> tuple[str, str, str]:
    """`other.swap.encoder.0.self_attn` is ("other.swap.", "encoder", "0.self_attn")."""
    stack = "encoder" if "encoder." in prefix else "decoder"
    root, _, rest = prefix.partition(f"{stack}.")
    return root, stack, rest


@measure("batch head query key part", like="scores", part=PARTS)
def score_parts(trace: Trace, prefix: str) -> Values:
    """q_i . k_j = e_i A e_j + e_i A p_j + p_i A e_j + p_i A p_j + what the biases give, with A = W_Q W_K^T.

    The norm of each row is held fixed as measured. Source: Dai et al. 2019 (Transformer-XL), section 3.3.

    Raises:
        ValueError: an attention whose queries and keys are normed or turned by their positions, or shared.
    """
    if attention_input(trace, "k", prefix) != "k":
        raise ValueError(f"{prefix} does not compare keys as they are projected: its scores are no sum of these parts")
    root, _, _ = _address(prefix)
    word, place = rows_of_parts(trace, prefix)
    w_q, w_k = (trace.full(joined("parameters", prefix.removeprefix(root), f"w_{side}")).values for side in "qk")
    asked = [np.einsum("bim,hmd->bhid", rows, w_q) for rows in (word, place)]
    met = [np.einsum("bjm,hmd->bhjd", rows, w_k) for rows in (word, place)]
    parts = [np.einsum("bhid,bhjd->bhij", query, key) for query in asked for key in met]
    q, k = (trace.full(f"{prefix}.{side}").values for side in "qk")
    bias_k, bias_q = k - sum(met), q - sum(asked)
    rest = np.einsum("bhid,bhjd->bhij", bias_q, k) + np.einsum("bhid,bhjd->bhij", sum(asked), bias_k)
    return np.stack([*parts, rest], axis=-1)
