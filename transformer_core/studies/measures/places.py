"""The places that a model knows beyond this sentence, and the word inside the sum of word and place."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, joined, named
from transformer_core.studies.measures.positions import hands_of
from transformer_core.tracing.trace import NamedTensor, Trace

#: As many places as a picture has room for.
MOST_PLACES = 24


@derived("position_table")
def position_table(trace: Trace, prefix: str) -> NamedTensor:
    """PE(pos, 2i) = sin(pos / 10000^(2i/d_model)), PE(pos, 2i+1) = cos(...), or the learned rows: "position d_model".

    The first `MOST_PLACES` rows, whatever the length of the sentence; its own are `positional`. With "halves", all
    sines come first. Source: Vaswani et al. 2017, section 3.5.

    Raises:
        KeyError: a model that adds no positions.
    """
    config = trace.about["config"]
    if config["positions"] == "none":
        raise KeyError(f"{prefix}: this model adds no positions")
    count = min(MOST_PLACES, config["max_positions"])
    learned = joined("parameters", prefix, "positions")
    if learned in trace:
        return named(trace, prefix, "position_table", trace.full(learned).values[:count], "position d_model")
    width = config["d_model"]
    speed = 10000.0 ** (-np.arange(0, width, 2) / width)
    angle = np.arange(count)[:, None] * speed
    halves = config["positions"] == "halves"
    values = np.concatenate([np.sin(angle), np.cos(angle)], -1) if halves else np.empty((count, width))
    if not halves:
        values[:, ::2], values[:, 1::2] = np.sin(angle), np.cos(angle)
    return named(trace, prefix, "position_table", values, "position d_model")


@derived("position_numbers")
def position_numbers(trace: Trace, prefix: str) -> NamedTensor:
    """0, 1, 2, ...: the bare number of each place."""
    (rows,) = beside(trace, prefix, "position_table")
    return named(trace, prefix, "position_numbers", np.arange(len(rows)), "position")


@derived("table_sin_cos")
def table_sin_cos(trace: Trace, prefix: str) -> NamedTensor:
    """(sin, cos) of each pair of entries of `position_table`: the tip of a clock hand, "position pair component"."""
    (rows,) = beside(trace, prefix, "position_table")
    return named(trace, prefix, "table_sin_cos", hands_of(trace, rows), "position pair component")


@derived("table_degrees_per_position")
def table_degrees_per_position(trace: Trace, prefix: str) -> NamedTensor:
    """The turn of each hand from place 0 to place 1, in degrees, "pair"."""
    sine, cosine = np.moveaxis(trace.full(f"{prefix}.table_sin_cos").values[:2], -1, 0)
    turn = np.degrees(np.diff(np.arctan2(sine, cosine), axis=0))[0] % 360
    return named(trace, prefix, "table_degrees_per_position", turn, "pair")


@derived("sin_cos_pairs")
def sin_cos_pairs(trace: Trace, prefix: str) -> NamedTensor:
    """The number of hands of a place: one for two entries."""
    return named(trace, prefix, "sin_cos_pairs", len(trace.full(f"{prefix}.table_degrees_per_position")), "")


@derived("position_products")
def position_products(trace: Trace, prefix: str) -> NamedTensor:
    """p_i . p_j of `position_table`, "query key"."""
    (rows,) = beside(trace, prefix, "position_table")
    return named(trace, prefix, "position_products", rows @ rows.T, "query key")


@derived("position_products_spread")
def position_products_spread(trace: Trace, prefix: str) -> NamedTensor:
    """The largest difference between p_i . p_j of two pairs that lie equally far apart."""
    (products,) = beside(trace, prefix, "position_products")
    spread = max(np.ptp(np.diagonal(products, at)) for at in range(len(products)))
    return named(trace, prefix, "position_products_spread", spread, "")


@derived("largest_entry")
def largest_entry(trace: Trace, prefix: str) -> NamedTensor:
    """max |e_im|: the largest entry of each word's embedding, as it goes into the sum, "batch position"."""
    (words,) = beside(trace, prefix, "scaled")
    return named(trace, prefix, "largest_entry", np.abs(words).max(-1), "batch position", ("scaled",))


@derived("sum_plane")
def sum_plane(trace: Trace, prefix: str) -> NamedTensor:
    """Word and place in the plane that they span, "batch position part component", the word along the first axis.

    Lengths and the angle between the two are kept: e = (|e|, 0), p = (p . e / |e|, the rest of |p|).
    """
    word, place = beside(trace, prefix, "scaled", "positional")
    length = np.linalg.norm(word, axis=-1)
    along = (word * place).sum(-1) / length
    across = np.sqrt(np.maximum((place**2).sum(-1) - along**2, 0))
    values = np.stack([np.stack([length, np.zeros_like(length)], -1), np.stack([along, across], -1)], -2)
    tensor = named(trace, prefix, "sum_plane", values, "batch position part component", ("scaled",))
    return NamedTensor(tensor.name, values, tensor.axes, {**tensor.labels, "part": ("word", "place")})


@derived("sum_angle")
def sum_angle(trace: Trace, prefix: str) -> NamedTensor:
    """The angle between word and place, in degrees, "batch position"."""
    along, across = np.moveaxis(trace.full(f"{prefix}.sum_plane").values[:, :, 1], -1, 0)
    return named(trace, prefix, "sum_angle", np.degrees(np.arctan2(across, along)), "batch position", ("scaled",))


@derived("cosine_with_words")
def cosine_with_words(trace: Trace, prefix: str) -> NamedTensor:
    """cos(e_i + p_i, e_w) for every word w of the vocabulary: what does the sum look like? "batch position vocab"."""
    (total,) = beside(trace, prefix, "sum")
    table = trace.full(joined("parameters", prefix, "table"))
    lengths = np.linalg.norm(table.values, axis=-1)
    unit = table.values / np.where(lengths > 0, lengths, 1.0)[:, None]
    values = np.einsum("bpm,vm->bpv", total / np.linalg.norm(total, axis=-1, keepdims=True), unit)
    tensor = named(trace, prefix, "cosine_with_words", values, "batch position vocab", ("sum",))
    vocab = {"vocab": table.labels["vocab"]} if "vocab" in table.labels else {}
    return NamedTensor(tensor.name, values, tensor.axes, {**tensor.labels, **vocab})


@derived("score_part_sums")
def score_part_sums(trace: Trace, prefix: str) -> NamedTensor:
    """The running sums of `score_parts`, part by part; the last is the score itself."""
    parts = trace.full(f"{prefix}.score_parts")
    return NamedTensor(f"{prefix}.score_part_sums", parts.values.cumsum(-1), parts.axes, parts.labels)
