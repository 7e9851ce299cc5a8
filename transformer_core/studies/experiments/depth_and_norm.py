"""The worth of the norm in a deep model: six layers a side, post-norm, pre-norm and none; and in a shallow one.

The lecture's model has two layers a side, where a missing norm may not show. Here the stacks are as deep as the paper's
base model, and narrow. Post-norm needs a warm-up that pre-norm can do without: Xiong et al. 2020, section 3. Two layers
a side are trained for as many steps, also without a warm-up: only the depth differs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.studies.experiments.translation import BRIEF, compare
from transformer_core.training.train import Recipe

PRE: dict[str, Any] = {"norm_order": "pre", "final_norm": True}
POST: dict[str, Any] = {"norm_order": "post", "final_norm": False}
NONE: dict[str, Any] = {"norm_order": "none", "final_norm": False}
SHALLOW: dict[str, Any] = {"encoder_layers": 2, "decoder_layers": 2}
AT_ONCE = {"warm_up": 0}
MODELS = {
    "pre-norm, no warm-up": PRE | AT_ONCE,
    "post-norm, no warm-up": POST | AT_ONCE,
    "no norm, no warm-up": NONE | AT_ONCE,
    "post-norm, warm-up": POST,
    "shallow, pre-norm, no warm-up": PRE | SHALLOW | AT_ONCE,
    "shallow, no norm, no warm-up": NONE | SHALLOW | AT_ONCE,
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
    compared = compare(bench, "model", recipe, {name: MODELS[name] for name in models}, trainings, sentences, checks)
    return compared.found(checks, sentences) | {
        "layers": tensor(recipe.sizes["encoder_layers"]),
        "shallow_layers": tensor(SHALLOW["encoder_layers"]),
    }
