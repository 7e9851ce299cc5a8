"""Sinusoidal, learned or no positions: each trained alike.

Without positions the encoder cannot tell the order of its words. The decoder can still tell a little: its mask lets the
first row see one word, the second two, and so on. So a reader is fitted to the rows of one word that is written again
and again after another: a straight line from the row to its place. In the encoder, where nothing is masked, all copies
have one and the same row, and no reader can tell them apart. Haviv et al. 2022.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.studies.experiments.translation import BRIEF, CHECKS, compare, rebuilt, vocabulary
from transformer_core.text.vocabulary import SPECIAL, START
from transformer_core.tracing.tap import record
from transformer_core.training.train import Recipe

KINDS: dict[str, dict[str, Any]] = {"waves": {}, "learned": {"positions": "learned"}, "none": {"positions": "none"}}
COPIES = 11


@experiment("What do positions add: waves, learned rows, or none; and what does the decoder's mask tell without them?")
def run(
    bench: Bench,
    recipe: Recipe = BRIEF,
    trainings: int = 3,
    sentences: int = 1000,
    checks: tuple[int, ...] = CHECKS,
) -> Found:
    compared = compare(bench, "choice", recipe, KINDS, trainings, sentences, checks)
    blind = [rebuilt(compared.recipes["none", seed], compared.pieces["none", seed]) for seed in compared.seeds]
    return compared.found(checks, sentences) | {
        "place_read": tensor(
            np.transpose([places_read(model) for model in blind]),
            "model seed",
            model=("encoder", "decoder"),
            seed=compared.seeds,
        ),
    }


@torch.no_grad()
def places_read(model: Transformer) -> tuple[float, float]:
    """R² of the place of a copy, read from its last row by a straight line: in the encoder, and in the decoder."""
    source = torch.arange(len(SPECIAL), len(vocabulary().source))
    target = torch.arange(len(SPECIAL), len(vocabulary().target))
    the = torch.tensor(vocabulary().read("the").ids)
    copies = torch.cat([the.expand(len(source), 1), source[:, None].expand(-1, COPIES)], 1)
    written = torch.cat([torch.full((len(target), 1), START), target[:, None].expand(-1, COPIES)], 1)
    last = f"decoder.{model.config.decoder_layers - 1}.resid_post"
    with record(only=[last]) as tape:
        memory = model.encode(torch.tensor([vocabulary().read("The car is red").ids]))
        model.decode(written, memory.expand(len(target), -1, -1))
    return read(model.encode(copies)[:, 1:]), read(tape[last][:, 1:])


def read(rows: torch.Tensor) -> float:
    """1 - Σ(place - line(row))² / Σ(place - mean)² on every second word; the line is fitted on the others, and its
    coefficients are kept small (ridge). Shape of rows: "word position d_model"."""
    x = torch.cat([rows.double(), torch.ones(*rows.shape[:2], 1, dtype=torch.float64)], -1)
    places = torch.arange(rows.shape[1], dtype=torch.float64).expand(rows.shape[:2])
    fitted, known = x[::2].flatten(0, 1), places[::2].flatten()
    ridge = 1e-3 * torch.eye(fitted.shape[1], dtype=torch.float64)
    line = torch.linalg.solve(fitted.T @ fitted + ridge, fitted.T @ known)
    error = places[1::2] - x[1::2] @ line
    return float(1 - error.square().sum() / (places[1::2] - places[1::2].mean()).square().sum())
