"""Roles of heads over several seeds of the lecture's recipe, shortened.

A role is held by the head whose largest weight lies most often on the word that the grammar names. Spanish inflects
some adjectives for their noun, and not others: the head of the inflected ones leaves the others alone where the two
scores differ by `APART`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.studies.experiments.translation import (
    corpus,
    held_out,
    one_thread,
    seeds,
    share_exact,
    vocabulary,
)
from transformer_core.studies.translator import roles
from transformer_core.training.train import Recipe, Run

SHORT = replace(Recipe(), steps=3000, sentences=50_000)
APART = 0.5


@experiment("Which heads take which roles, and do inflected and invariant adjectives part, in every training?")
def run(bench: Bench, recipe: Recipe = SHORT, trainings: int = 5, sentences: int = 1000) -> Found:
    tried = seeds(bench, trainings)
    found = bench.each("seed {}", tried, lambda seed: learned(replace(recipe, seed=seed), bench, sentences))
    scores = found["scores"]  # seed role layer head
    flat = scores.reshape(*scores.shape[:2], -1)
    best = flat.argmax(-1)
    inflected, invariant = (roles.ROLES.index(f"adjective({kind})->noun") for kind in ("inflected", "invariant"))
    head = best[:, inflected]
    pair = np.stack([flat[np.arange(trainings), role, head] for role in (inflected, invariant)], 1)
    places = [len({*best[:, role].tolist()}) for role in range(len(roles.ROLES))]
    labels = {"seed": tried, "role": roles.ROLES}
    layers, heads = scores.shape[2:]
    return {
        "score": tensor(scores, "seed role layer head", **labels),
        "best_score": tensor(flat.max(-1), "seed role", **labels),
        "best_layer": tensor(best // heads, "seed role", **labels),
        "best_head": tensor(best % heads, "seed role", **labels),
        "places": tensor(places, "role", role=roles.ROLES),
        "adjectives": tensor(pair, "seed choice", seed=tried, choice=("inflected", "invariant")),
        "apart": tensor((pair[:, 0] - pair[:, 1] >= APART).astype(int), "seed", seed=tried),
        "held": tensor((pair[:, 0] - pair[:, 1] >= APART).sum()),
        "tried": tensor(trainings),
        "heads": tensor(layers * heads),
        "exact": tensor(found["exact"], "seed", seed=tried),
        "steps": tensor(recipe.steps),
        "sentences": tensor(sentences),
    }


def learned(recipe: Recipe, bench: Bench, sentences: int) -> dict[str, Any]:
    """Train by the whole recipe, penalty and dropout included, and score every head."""
    run = Run(recipe, vocabulary(), corpus(recipe.sentences))
    with one_thread():
        run.go_on(progress=bench.training)
        table, _ = roles.score(run.model, vocabulary(), held_out(sentences))
        return {"scores": table.values, "exact": share_exact(run.model, held_out(sentences))}
