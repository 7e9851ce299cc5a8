"""The worth of the norm in a deep model: six layers a side, post-norm, pre-norm and none; and in a shallow one.

The lecture's model has two layers a side, where a missing norm may not show. Here the stacks are as deep as the paper's
base model, and narrow. Post-norm needs a warm-up that pre-norm can do without: Xiong et al. 2020, section 3. Two layers
a side are trained for as many steps, also without a warm-up: only the depth differs.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from transformer_core.studies.experiments.comparison import compare
from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.studies.experiments.translation import BRIEF
from transformer_core.training.train import Recipe

PRE: dict[str, Any] = {"norm_order": "pre", "final_norm": True}
POST: dict[str, Any] = {"norm_order": "post", "final_norm": False}
NONE: dict[str, Any] = {"norm_order": "none", "final_norm": False}
SHALLOW: dict[str, Any] = {"encoder_layers": 2, "decoder_layers": 2}
MODELS = {
    "pre-norm, no warm-up": (PRE, False),
    "post-norm, no warm-up": (POST, False),
    "no norm, no warm-up": (NONE, False),
    "post-norm, warm-up": (POST, True),
    "shallow, pre-norm, no warm-up": (PRE | SHALLOW, False),
    "shallow, no norm, no warm-up": (NONE | SHALLOW, False),
}
DEEP = replace(BRIEF, steps=400, warm_up=100, sizes=BRIEF.sizes | {"encoder_layers": 6, "decoder_layers": 6})
CHECKS = (100, 200, 300, 400)


@experiment("Six layers a side: what is lost without a norm, or with the norm in the other place?")
def run(
    bench: Bench,
    recipe: Recipe = DEEP,
    models: tuple[str, ...] = tuple(MODELS),
    trainings: int = 5,
    sentences: int = 500,
    checks: tuple[int, ...] = CHECKS,
) -> Found:
    given = {name: partial(changed, name, recipe) for name in models}
    compared = compare(bench, "model", given, trainings, sentences, checks)
    return compared.found(checks, sentences) | {
        "layers": tensor(recipe.sizes["encoder_layers"]),
        "shallow_layers": tensor(SHALLOW["encoder_layers"]),
    }


def changed(name: str, recipe: Recipe, seed: int) -> Recipe:
    """The recipe with the norm, and with or without the warm-up, that `name` says."""
    sizes, warms_up = MODELS[name]
    return replace(recipe, seed=seed, warm_up=recipe.warm_up if warms_up else 0, sizes=recipe.sizes | sizes)
