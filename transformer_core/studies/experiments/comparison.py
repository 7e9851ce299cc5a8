"""Trainings that differ in one thing, each by several seeds, and what is measured of all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

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


def compare(
    bench: Bench,
    axis: str,
    recipes: Mapping[str, Callable[[int], Recipe]],
    trainings: int,
    sentences: int,
    checks: Sequence[int],
    scales: Mapping[str, float] | None = None,
) -> Comparison:
    """Train by the recipe that each name has for each of `trainings` seeds, and judge on `sentences` held-out ones.

    All names of one seed come first, so that an interrupted run has whole comparisons. `scales` multiplies the initial
    matrices of the layers.
    """
    bench.expect(len(recipes) * trainings)
    given = {(name, seed): recipe(seed) for seed in seeds(bench, trainings) for name, recipe in recipes.items()}
    pieces = {
        (name, seed): judged(bench, recipe, sentences, checks, (scales or {}).get(name, 1.0))
        for (name, seed), recipe in given.items()
    }
    return Comparison(axis, tuple(recipes), seeds(bench, trainings), given, pieces)
