"""Accuracy by width and by number of training pairs.

Each width is trained on each number of pairs, for the same number of steps: fewer pairs are seen more often. The
feed-forward layer is twice as wide as the stream, and the rate is the same for all.
"""

from __future__ import annotations

import numpy as np

from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.studies.experiments.translation import BRIEF, compare
from transformer_core.training.train import Recipe

WIDTHS = (16, 32, 64)
AMOUNTS = (2000, 4000, 8000)


@experiment("What helps more: twice the width, or twice the sentences?")
def run(
    bench: Bench,
    recipe: Recipe = BRIEF,
    widths: tuple[int, ...] = WIDTHS,
    amounts: tuple[int, ...] = AMOUNTS,
    trainings: int = 5,
    sentences: int = 1000,
) -> Found:
    changes = {
        f"{width} {amount}": {"d_model": width, "d_ff": 2 * width, "sentences": amount}
        for width in widths
        for amount in amounts
    }
    compared = compare(bench, "model", recipe, changes, trainings, sentences, (recipe.steps,))

    def table(name: str) -> np.ndarray:
        return compared.table(name).reshape(len(widths), len(amounts), trainings)

    labels = {"width": widths, "amount": amounts, "seed": compared.seeds}
    return {
        "exact": tensor(table("exact"), "width amount seed", **labels),
        "held_out_loss": tensor(table("loss"), "width amount seed", **labels),
        "width": tensor(widths, "width", width=widths),
        "amount": tensor(amounts, "amount", amount=amounts),
        "parameters": tensor(table("parameters")[:, 0, 0], "width", width=widths),
        "steps": tensor(recipe.steps),
        "sentences": tensor(sentences),
    }
