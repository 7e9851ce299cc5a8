"""Gradient norms of each encoder layer by depth, with and without residual connections, with and without norm.

Before any training, on one batch of training sentences: the norm of the gradient on all weights of an encoder layer,
for translators of 2 to 16 layers on each side. The slope of x + f(x) is one plus the slope of f (He et al. 2016); where
the norm stands decides what becomes of the one (Xiong et al. 2020).
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from transformer_core.studies.experiments.deep import KINDS, batch, untrained
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.translation import one_thread
from transformer_core.training.train import loss_of

DEPTHS = (2, 4, 8, 16)


def gradients(kind: str, layers: int, seed: int, sentences: int) -> np.ndarray:
    """|dL/dW| over all weights W of each encoder layer: "layer"."""
    model = untrained(kind, layers, seed).double()
    loss_of(model, *batch(sentences, 0), smoothing=0.0).backward()  # type: ignore[no-untyped-call]
    assert model.encoder is not None
    slopes = [[p.grad for p in layer.parameters() if p.grad is not None] for layer in model.encoder.layers]
    return np.array([float(torch.cat([slope.flatten() for slope in of_layer]).norm()) for of_layer in slopes])


def at_depth(layers: int, seeds: range, sentences: int) -> Piece:
    found = [[gradients(kind, layers, seed, sentences) for seed in seeds] for kind in KINDS]
    return {"gradient": np.array(found)}


@experiment("How much gradient reaches the first layer, with and without Add, with and without norm?")
def run(bench: Bench, depths: tuple[int, ...] = DEPTHS, seeds: int = 5, sentences: int = 16) -> Found:
    bench.expect(len(depths))
    tried = range(bench.seed, bench.seed + seeds)
    with one_thread():
        found = [
            bench.once(f"{layers} layers", partial(at_depth, layers, tried, sentences))["gradient"] for layers in depths
        ]
    first, last = (np.array([by_depth[..., at] for by_depth in found]) for at in (0, -1))
    words = {"depth": depths, "choice": tuple(KINDS)}
    return {
        f"layers_{layers}": tensor(by_depth, "choice seed layer", choice=tuple(KINDS))
        for layers, by_depth in zip(depths, found, strict=True)
    } | {
        "depths": tensor(depths, "depth", depth=depths),
        "first": tensor(np.median(first, -1), "depth choice", **words),
        "first_smallest": tensor(first.min(-1), "depth choice", **words),
        "first_largest": tensor(first.max(-1), "depth choice", **words),
        "last": tensor(np.median(last, -1), "depth choice", **words),
        "first_over_last": tensor(np.median(first / last, -1), "depth choice", **words),
    }
