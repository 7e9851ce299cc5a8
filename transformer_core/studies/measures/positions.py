"""The parts of a score due to word and place."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, attention_input, joined, measure
from transformer_core.tracing.trace import Trace

#: A score is the sum of these five: query first, key second; in "biases" at least one side is a bias.
PARTS = ("word with word", "word with place", "place with word", "place with place", "biases")


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


@measure("batch head part", part=PARTS)
def part_sizes(score_parts: np.ndarray) -> Values:
    """The mean of |part| over all pairs of this sentence: which part of the scores weighs most."""
    return np.abs(score_parts).mean((2, 3))
