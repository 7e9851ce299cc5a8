"""Ablation of the parts of a Transformer: each is left out, and the model trained from the start without it.

Data, steps, rate and seeds are the same for all. Every model is a translator of the lecture's size with as many
cross-attention heads as self-attention heads, trained briefly (`BRIEF`). Which differences count, `exact.effect` says
(see `transformer_core.studies.measures.significance`); five seeds, since with three the rate of false alarms of the
whole family is not kept where a training either succeeds or fails. Source of the parts: Vaswani et al. 2017, section 3
(table 3 has ablations of their own); warm-up: section 5.3.
"""

from __future__ import annotations

from typing import Any

from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.studies.experiments.translation import BRIEF, CHECKS, compare
from transformer_core.training.train import Recipe

#: What is changed, by the name of what is left out. The first is whole.
PARTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "positions": {"positions": "none"},
    "residual": {"residual": False},
    "norm": {"norm_order": "none", "final_norm": False},
    "all heads but one": {"heads": 1},
    "feed-forward": {"d_ff": 0},
    "root": {"attention_scale": False},
    "warm-up": {"warm_up": 0},
    #: With one head d_k is d_model: the root again, at the larger d_k.
    "all heads but one, and root": {"heads": 1, "attention_scale": False},
}


@experiment("What does it cost to train without positions, residual, norm, heads, feed-forward, root or warm-up?")
def run(
    bench: Bench,
    recipe: Recipe = BRIEF,
    parts: tuple[str, ...] = tuple(PARTS),
    trainings: int = 5,
    sentences: int = 1000,
    checks: tuple[int, ...] = CHECKS,
) -> Found:
    compared = compare(bench, "part", recipe, {part: PARTS[part] for part in parts}, trainings, sentences, checks)
    d_model, heads = recipe.sizes["d_model"], recipe.sizes["heads"]
    return compared.found(checks, sentences) | {
        "parameters": tensor(compared.table("parameters")[:, 0], "part", part=parts),
        "d_k": tensor([d_model // heads, d_model], "choice", choice=("all heads", "one head")),
    }
