"""Position encodings beyond this sentence, their hands and turns, and the word inside the sum of word and place."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, joined, measure
from transformer_core.tracing.trace import Trace

#: As many places as a picture has room for.
MOST_PLACES = 24


@measure("position d_model")
def position_table(trace: Trace, prefix: str) -> Values:
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
        return trace.full(learned).values[:count]
    width = config["d_model"]
    speed = 10000.0 ** (-np.arange(0, width, 2) / width)
    angle = np.arange(count)[:, None] * speed
    waves = np.sin(angle), np.cos(angle)
    return np.concatenate(waves, -1) if config["positions"] == "halves" else np.stack(waves, -1).reshape(count, width)


@measure("position")
def position_numbers(position_table: np.ndarray) -> Values:
    """0, 1, 2, ...: the bare number of each place."""
    return np.arange(len(position_table))


@measure("position pair component")
def table_sin_cos(trace: Trace, position_table: np.ndarray) -> Values:
    """(sin, cos) of each pair of entries of `position_table`: the tip of a clock hand, "position pair component"."""
    if trace.about["config"]["positions"] == "halves":
        return np.stack(np.split(position_table, 2, axis=-1), axis=-1)
    return position_table.reshape(len(position_table), -1, 2)


@measure("pair")
def table_degrees_per_position(table_sin_cos: np.ndarray) -> Values:
    """The turn of each hand from place 0 to place 1, in degrees, "pair"."""
    sine, cosine = np.moveaxis(table_sin_cos[:2], -1, 0)
    return np.degrees(np.diff(np.arctan2(sine, cosine), axis=0))[0] % 360


@measure("")
def sin_cos_pairs(table_degrees_per_position: np.ndarray) -> Values:
    """The number of hands of a place: one for two entries."""
    return len(table_degrees_per_position)


@measure("query key")
def position_products(position_table: np.ndarray) -> Values:
    """p_i . p_j of `position_table`, "query key"."""
    return position_table @ position_table.T


@measure("")
def position_products_spread(position_products: np.ndarray) -> Values:
    """The largest difference between p_i . p_j of two pairs that lie equally far apart."""
    return max(np.ptp(np.diagonal(position_products, at)) for at in range(len(position_products)))


@measure("batch position", like="scaled")
def largest_entry(scaled: np.ndarray) -> Values:
    """max |e_im|: the largest entry of each word's embedding, as it goes into the sum, "batch position"."""
    return np.abs(scaled).max(-1)


@measure("batch position part component", like="scaled", part=("word", "place"))
def sum_plane(scaled: np.ndarray, positional: np.ndarray) -> Values:
    """Word and place in the plane that they span, "batch position part component", the word along the first axis.

    Lengths and the angle between the two are kept: e = (|e|, 0), p = (p . e / |e|, the rest of |p|).
    """
    length = np.linalg.norm(scaled, axis=-1)
    along = (scaled * positional).sum(-1) / length
    across = np.sqrt(np.maximum((positional**2).sum(-1) - along**2, 0))
    return np.stack([np.stack([length, np.zeros_like(length)], -1), np.stack([along, across], -1)], -2)


@measure("batch position", like="scaled")
def sum_angle(sum_plane: np.ndarray) -> Values:
    """The angle between word and place, in degrees, "batch position"."""
    along, across = np.moveaxis(sum_plane[:, :, 1], -1, 0)
    return np.degrees(np.arctan2(across, along))


@measure("batch position vocab", like="sum")
def cosine_with_words(trace: Trace, prefix: str) -> Values:
    """cos(e_i + p_i, e_w) for every word w of the vocabulary, "batch position vocab"."""
    total = trace.full(joined(prefix, "sum")).values
    table = trace.full(joined("parameters", prefix, "table"))
    lengths = np.linalg.norm(table.values, axis=-1)
    unit = table.values / np.where(lengths > 0, lengths, 1.0)[:, None]
    values = np.einsum("bpm,vm->bpv", total / np.linalg.norm(total, axis=-1, keepdims=True), unit)
    return values, {"vocab": table.labels["vocab"]} if "vocab" in table.labels else {}
