"""Trainings from three scales of the initial matrices of all layers: 1/4, 1 and 4.

A score is a product of a query and a key, each made by a matrix: scaling both by s scales the scores by s². So the
first attention is flat, mild or spiky before anything is learned. The usual scale keeps the variance of the signal from
layer to layer: Glorot and Bengio 2010, section 4.2.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.studies.experiments.translation import BRIEF, CHECKS, built, compare, vocabulary
from transformer_core.tracing.tap import record
from transformer_core.training.train import Recipe

#: The first is what the others are compared with.
SCALES = {"as they are": 1.0, "quarter": 0.25, "fourfold": 4.0}
TEXT = "The car is red"


@experiment("How does the scale of the initial weights change the first attention, and what is learned from there?")
def run(
    bench: Bench,
    recipe: Recipe = BRIEF,
    trainings: int = 4,
    sentences: int = 1000,
    checks: tuple[int, ...] = CHECKS,
) -> Found:
    compared = compare(bench, "choice", recipe, {key: {} for key in SCALES}, trainings, sentences, checks, SCALES)
    names = compared.names
    first = np.stack([first_weights(replace(recipe, seed=compared.seeds[0]), scale) for scale in SCALES.values()])
    words = vocabulary().read(TEXT).labels
    return compared.found(checks, sentences) | {
        "scale": tensor(list(SCALES.values()), "choice", choice=names),
        "first_weights": tensor(first, "choice head query key", choice=names, query=words, key=words),
        "first_largest": tensor(first.max(-1).mean((1, 2)), "choice", choice=names),
    }


@torch.no_grad()
def first_weights(recipe: Recipe, scale: float) -> np.ndarray:
    """The attention of the untrained first layer for the sentence: "head query key"."""
    with record(only=["encoder.0.self_attn.weights"]) as tape:
        built(recipe, scale).eval().encode(torch.tensor([vocabulary().read(TEXT).ids]))
    return tape["encoder.0.self_attn.weights"][0].numpy()
