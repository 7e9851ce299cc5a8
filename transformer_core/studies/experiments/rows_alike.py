"""Collapse of a sentence's vectors without residual connections: their differences by depth, before any training.

The share of a sentence's rows that is not their common mean: sqrt(sum |x_i - mean|^2 / sum |x_i|^2), 0 if all rows are
the same, averaged over training sentences. Attention averages, and whatever averages again and again forgets what it
averaged; what Add carries past it does not (Dong, Cordonnier and Loukas 2021, theorem 2.2).
"""

from __future__ import annotations

import numpy as np
import torch

from transformer_core.studies.experiments.deep import KINDS, batch, untrained
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.translation import one_thread
from transformer_core.text.vocabulary import PAD
from transformer_core.tracing.tap import record


@torch.no_grad()
def own_share(kind: str, layers: int, seed: int, sentences: int) -> np.ndarray:
    """|X - mean X| / |X| of a sentence's vectors, averaged, before the first layer and after each: "layer"."""
    model = untrained(kind, layers, seed).double()
    source, _ = batch(sentences, 0)
    points = ["encoder.0.resid_pre", *(f"encoder.{layer}.resid_post" for layer in range(layers))]
    with record(only=points) as tape:
        model.encode(source, source == PAD)
    found = []
    for point in points:
        shares = []
        for rows, ids in zip(tape[point], source, strict=True):
            real = rows[ids != PAD]
            shares.append(float((real - real.mean(0)).norm() / real.norm()))
        found.append(np.mean(shares))
    return np.array(found)


def of_kind(kind: str, layers: int, seeds: range, sentences: int) -> Piece:
    return {"share": np.array([own_share(kind, layers, seed, sentences) for seed in seeds])}


@experiment("Without Add, do all rows of a sentence become one?")
def run(bench: Bench, layers: int = 16, seeds: int = 5, sentences: int = 32) -> Found:
    tried = range(bench.seed, bench.seed + seeds)
    with one_thread():
        share = bench.each("{}", KINDS, lambda kind: of_kind(kind, layers, tried, sentences))["share"]
    words = {"choice": tuple(KINDS), "layer": range(layers + 1)}
    return {
        "share": tensor(np.median(share, 1), "choice layer", **words),
        "share_by_seed": tensor(share, "choice seed layer", **words),
        "last": tensor(np.median(share[..., -1], 1), "choice", choice=tuple(KINDS)),
    }
