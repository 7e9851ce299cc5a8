"""Trainings that differ in one thing, each by several seeds, and what is measured of all of them alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, tensor
from transformer_core.studies.experiments.translation import judged, seeds
from transformer_core.training.train import Recipe


@dataclass(frozen=True)
class Comparison:
    """Results of `judged` for the training of each name by each seed; the names stand along `axis`."""

    axis: str
    names: tuple[str, ...]
    seeds: range
    recipes: Mapping[tuple[str, int], Recipe]
    pieces: Mapping[tuple[str, int], Piece]

    def table(self, name: str) -> np.ndarray:
        """One measure of all trainings, "`axis` seed ..."."""
        return np.array([[self.pieces[one, seed][name] for seed in self.seeds] for one in self.names])

    def found(self, checks: Sequence[int], sentences: int) -> Found:
        """`exact` and `held_out_loss` "`axis` seed", their curves "`axis` seed step", and by how much was trained."""
        axes, labels = f"{self.axis} seed", {self.axis: self.names, "seed": self.seeds}
        return {
            "exact": tensor(self.table("exact"), axes, **labels),
            "held_out_loss": tensor(self.table("loss"), axes, **labels),
            "step": tensor(checks, "step"),
            "curve": tensor(self.table("curve"), f"{axes} step", **labels),
            "loss_curve": tensor(self.table("losses"), f"{axes} step", **labels),
            "steps": tensor(next(iter(self.recipes.values())).steps),
            "sentences": tensor(sentences),
        }


def changed(recipe: Recipe, changes: Mapping[str, Any], seed: int) -> Recipe:
    """The recipe for a seed with `changes`: some are fields of the recipe, the others sizes of the model."""
    own = {field.name for field in fields(recipe)} & changes.keys()
    sizes = {name: value for name, value in changes.items() if name not in own}
    return replace(recipe, seed=seed, sizes=recipe.sizes | sizes, **{name: changes[name] for name in own})


def compare(
    bench: Bench,
    axis: str,
    recipe: Recipe,
    changes: Mapping[str, Mapping[str, Any]],
    trainings: int,
    sentences: int,
    checks: Sequence[int],
    scales: Mapping[str, float] | None = None,
) -> Comparison:
    """Train with the changes of each name by each of `trainings` seeds, and judge on `sentences` held-out ones.

    All names of one seed come first, so that an interrupted run has whole comparisons. `scales` multiplies the initial
    matrices of the layers.
    """
    bench.expect(len(changes) * trainings)
    tried = seeds(bench, trainings)
    given = {(name, seed): changed(recipe, some, seed) for seed in tried for name, some in changes.items()}
    pieces = {
        (name, seed): judged(bench, one, sentences, checks, (scales or {}).get(name, 1.0))
        for (name, seed), one in given.items()
    }
    return Comparison(axis, tuple(changes), tried, given, pieces)
