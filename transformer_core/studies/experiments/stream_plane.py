"""The plane in which the stream's rows are drawn: the two directions in which held-out rows differ most.

Rows of all words of held-out sentences, at the input of the first encoder layer, between its sublayers and after each
layer, are taken together, so that one plane shows a word's whole way. Kept are the mean, the first components, the
share of the variance that each explains, and the mean distance of two rows by chance at every point of the stream.
Source: Pearson 1901 (principal components).
"""

from __future__ import annotations

import numpy as np

from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import passes, source_rows, translator
from transformer_core.studies.experiments.translation import held_out

COMPONENTS = 2


def points_of(model: Transformer) -> list[str]:
    layers = range(model.config.encoder_layers)
    after = [f"encoder.{layer}.{point}" for layer in layers for point in ("resid_attn", "resid_post")]
    return ["encoder.0.resid_pre", *after]


def principal(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, axes "component d_model" and the share of variance of each, largest first.

    The sign is chosen so that the largest entry of each axis is positive: else two runs could mirror the picture.
    """
    mean = rows.mean(0)
    values, vectors = np.linalg.eigh(np.cov((rows - mean).T))
    order = values.argsort()[::-1]
    axes = vectors.T[order]
    signs = np.sign(np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1))
    return mean, axes * signs, values[order] / values.sum()


def mean_distance(rows: np.ndarray, random: np.random.Generator, pairs: int = 20_000) -> float:
    """The mean of |x - y| over so many pairs of rows by chance."""
    first, second = random.integers(len(rows), size=(2, pairs))
    differ = first != second
    return float(np.linalg.norm(rows[first[differ]] - rows[second[differ]], axis=-1).mean())


def rows_at(model: Transformer, sentences: int) -> dict[str, np.ndarray]:
    """The rows of all words at each point of the stream."""
    points = points_of(model)
    found: dict[str, list[np.ndarray]] = {point: [] for point in points}
    for some, _, tape in passes(model, held_out(sentences), points):
        for point in points:
            found[point].append(source_rows(tape[point], some))
    return {point: np.concatenate(parts).astype(np.float64) for point, parts in found.items()}


def mean_distances(model: Transformer, sentences: int, seed: int) -> np.ndarray:
    """`mean_distance` at each point of the stream."""
    random = np.random.default_rng(seed)
    return np.array([mean_distance(rows, random) for rows in rows_at(model, sentences).values()])


def measured(model: Transformer, sentences: int, seed: int) -> Piece:
    mean, axes, shares = principal(np.concatenate([*rows_at(model, sentences).values()]))
    return {"mean": mean, "axes": axes, "shares": shares, "distances": mean_distances(model, sentences, seed)}


@experiment("In which plane do the stream's rows differ most?")
def run(bench: Bench, sentences: int = 500) -> Found:
    model = translator()
    piece = bench.once("held-out rows", lambda: measured(model, sentences, bench.seed))
    return {
        "mean": tensor(piece["mean"], "d_model"),
        "axes": tensor(piece["axes"][:COMPONENTS], "component d_model"),
        "explained": tensor(piece["shares"][:COMPONENTS], "component"),
        "explained_by_plane": tensor(piece["shares"][:COMPONENTS].sum()),
        "spectrum": tensor(piece["shares"], "component"),
        "mean_distance": tensor(piece["distances"], "layer", layer=points_of(model)),
        "sentences": tensor(sentences),
    }
