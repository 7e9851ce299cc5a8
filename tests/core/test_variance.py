"""Statements of chapter 7 about random vectors, held against the committed experiment and a new run of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from transformer_core.studies.experiments.costs import variance as run
from transformer_core.studies.experiments.laboratory import Bench
from transformer_core.tracing.trace import Trace

SAVED = Trace.load(Path(__file__).parents[2] / "assets/experiments/variance.npz").under("experiment.variance")
WIDTHS = SAVED["width"].values


def test_the_committed_figures_are_those_of_a_rerun() -> None:
    again = run(Bench())
    assert {*again} == {*SAVED}
    for name in SAVED:
        assert np.allclose(again[name].values, SAVED.full(f"experiment.variance.{name}").values), name


def test_the_variance_of_a_dot_product_is_the_width() -> None:
    assert np.allclose(SAVED["variance"].values / WIDTHS, 1, atol=0.05)


def test_over_the_root_the_best_key_takes_much_the_same_at_every_width_above_one() -> None:
    assert np.ptp(SAVED["largest_weight"].pick(choice="root").values[1:]) < 0.02


def test_undivided_the_best_key_takes_almost_all_and_over_the_width_almost_an_equal_share() -> None:
    assert SAVED["largest_weight"].pick(choice="raw").values[-1] > 0.9
    assert SAVED["largest_weight"].pick(choice="full").values[-1] == pytest.approx(1 / float(SAVED["keys"]), abs=0.01)


def test_a_lower_score_of_the_best_key_hardly_tells_undivided_and_does_over_the_root() -> None:
    before, after = (SAVED[name].pick(key=0) for name in ("sorted_weights", "lowered_weights"))
    raw, root = ((before.pick(choice=one).values - after.pick(choice=one).values)[2:] for one in ("raw", "root"))
    assert (np.diff(raw) < 0).all()
    assert raw[-1] < 0.05
    assert np.ptp(root) < 0.02
    assert root[-1] > 0.15
