"""What the norm is worth in a deep model: six layers a side, post-norm, pre-norm and none.

The lecture's model has two layers a side, where a missing norm may not show. Here the stacks are as deep as the paper's
base model, and narrow. Post-norm needs a warm-up that pre-norm can do without: Xiong et al. 2020, section 3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from transformer_core.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.experiments.translation import BRIEF, judged, seeds
from transformer_core.training import Recipe

PRE: dict[str, Any] = {"norm_order": "pre", "final_norm": True}
POST: dict[str, Any] = {"norm_order": "post", "final_norm": False}
NONE: dict[str, Any] = {"norm_order": "none", "final_norm": False}
MODELS = {
    "pre-norm, no warm-up": (PRE, False),
    "post-norm, no warm-up": (POST, False),
    "no norm, no warm-up": (NONE, False),
    "post-norm, warm-up": (POST, True),
}
DEEP = replace(BRIEF, steps=400, warm_up=100, sizes=BRIEF.sizes | {"encoder_layers": 6, "decoder_layers": 6})
CHECKS = (100, 200, 300, 400)


@experiment("Six layers a side: what is lost without a norm, or with the norm in the other place?")
def run(
    bench: Bench,
    recipe: Recipe = DEEP,
    models: tuple[str, ...] = tuple(MODELS),
    trainings: int = 3,
    sentences: int = 500,
    checks: tuple[int, ...] = CHECKS,
) -> Found:
    bench.expect(len(models) * trainings)
    pieces = {
        (name, seed): judged(bench, changed(name, recipe, seed), sentences, checks)
        for seed in seeds(bench, trainings)
        for name in models
    }

    def table(name: str) -> np.ndarray:
        return np.array([[pieces[one, seed][name] for seed in seeds(bench, trainings)] for one in models])

    labels = {"model": models, "seed": seeds(bench, trainings)}
    return {
        "exact": tensor(table("exact"), "model seed", **labels),
        "held_out_loss": tensor(table("loss"), "model seed", **labels),
        "step": tensor(checks, "step"),
        "curve": tensor(table("curve"), "model seed step", **labels),
        "loss_curve": tensor(table("losses"), "model seed step", **labels),
        "layers": tensor(recipe.sizes["encoder_layers"]),
        "steps": tensor(recipe.steps),
        "sentences": tensor(sentences),
    }


def changed(name: str, recipe: Recipe, seed: int) -> Recipe:
    """The recipe with the norm, and with or without the warm-up, that `name` says."""
    sizes, warms_up = MODELS[name]
    return replace(recipe, seed=seed, warm_up=recipe.warm_up if warms_up else 0, sizes=recipe.sizes | sizes)
