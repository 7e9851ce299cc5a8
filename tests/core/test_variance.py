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


def test_a_single_draw_is_a_typical_one() -> None:
    rng = np.random.default_rng(1)
    query, keys = rng.normal(size=(2000, 1, 1024)), rng.normal(size=(2000, 8, 1024))
    scores = (query * keys).sum(-1)
    for choice, divisor in (("raw", 1), ("root", 32)):
        raised = np.exp((scores - scores.max(-1, keepdims=True)) / divisor)
        others = 1 - raised.max(-1) / raised.sum(-1)
        found = 1 - float(SAVED["one_weights"].pick(choice=choice, step=0, key=0))
        assert np.quantile(others, 0.45) < found < np.quantile(others, 0.55)


def test_over_the_root_of_their_number_running_sums_keep_their_size() -> None:
    walks, roots = SAVED["walks"].values, SAVED["walk_roots"].values
    assert np.allclose(roots[1], [-np.ones(64), np.ones(64)])
    assert np.allclose(walks[1] * roots[0, 1], walks[0])
    assert np.allclose(walks[2] * np.arange(1, 65), walks[0])


def test_the_weights_of_a_nudge_are_one_softmax_whose_best_key_gets_one_less() -> None:
    for weights in SAVED["one_weights"].values:
        assert np.allclose(weights.sum(-1), 1)
        others = weights[:, 1:] / weights[:, 1:].sum(-1, keepdims=True)
        assert np.allclose(others, others[0])
        odds = weights[:, 0] / (1 - weights[:, 0])
        assert np.allclose(odds, odds[0] * np.exp(-np.linspace(0, 1, len(odds))))


def test_the_curve_goes_through_every_weight_and_its_tangents_have_its_slope() -> None:
    leads, curve = SAVED["curve_leads"].values, SAVED["curve_weights"].values
    for choice in ("raw", "root"):
        one = {name: SAVED[name].pick(choice=choice).values for name in ("one_leads", "one_weights")}
        slope = float(SAVED["one_slopes"].pick(choice=choice))
        assert np.allclose(np.interp(one["one_leads"], leads, curve), one["one_weights"][:, 0], atol=1e-3)
        assert np.interp(one["one_leads"][0], leads, np.gradient(curve, leads)) == pytest.approx(slope, abs=2e-3)
        across, up = (SAVED[f"tangent_{name}"].pick(choice=choice).values for name in ("leads", "weights"))
        assert np.diff(up) / np.diff(across) == pytest.approx(slope)
        assert up.mean() == pytest.approx(one["one_weights"][0, 0])


def test_undivided_the_slope_at_the_best_key_is_a_small_part_of_that_over_the_root() -> None:
    assert SAVED["one_slopes"].pick(choice="raw") < SAVED["one_slopes"].pick(choice="root") / 5
