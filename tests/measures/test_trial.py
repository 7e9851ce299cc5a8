"""Points, chance and gains of trainings that differ in one thing, against arithmetic by hand."""

import numpy as np
import pytest

from transformer_core.experiments.parts_removed import PARTS, without
from transformer_core.experiments.translation import BRIEF, vocabulary
from transformer_core.measures.trial import TRIED, WARM_UP, single_parts
from transformer_core.trace import NamedTensor, Trace

SHARES = np.array([[0.80, 0.84], [0.60, 0.62], [0.81, 0.81]])
PARTS_LABELS = {"part": ("nothing", "root", "norm"), "seed": ("1", "2")}
TRACE = Trace({"x": NamedTensor("x", SHARES, ("part", "seed"), PARTS_LABELS)})
GROWN = np.array([[[0.1, 0.1], [0.2, 0.2]], [[0.5, 0.5], [0.5, 0.9]]])
GRID = {"width": ("8", "16"), "amount": ("10", "20"), "seed": ("1", "2")}
GROWING = Trace({"x": NamedTensor("x", GROWN, ("width", "amount", "seed"), GRID)})


def test_the_plan_that_is_drawn_is_the_plan_that_was_trained():
    config = BRIEF.config(vocabulary()).as_dict()
    assert {name: config[name] for name in TRIED} == TRIED
    assert BRIEF.warm_up == WARM_UP


def test_the_rates_that_are_drawn_are_those_of_the_recipe():
    run = Trace({}).under("experiment.parts_removed")
    assert run["steps"] == BRIEF.steps
    assert np.allclose(run["rates"].values * BRIEF.peak_rate, [BRIEF.rate(k) for k in range(BRIEF.steps)])


@pytest.mark.parametrize("part", PARTS)
def test_every_part_that_was_taken_out_makes_another_recipe(part):
    assert (without(part, BRIEF, BRIEF.seed) == BRIEF) == (part == "nothing")


def test_points_are_differences_of_means_and_chance_is_the_larger_spread():
    assert np.allclose(TRACE["x.points"].values, [0, -21, -1])
    assert np.allclose(TRACE["x.chance"].values, [0.04, 0.04, 0.04])
    assert TRACE["x.effect"].values.tolist() == [0, 1, 0]


def test_parts_that_were_taken_out_alone_stand_from_the_largest_loss_on():
    points = Trace({}).under("experiment.parts_removed")["exact.points"]
    parts = single_parts(points)
    assert "nothing" not in parts
    assert len(parts) == len(PARTS) - 2
    assert sorted(float(points.pick(part=part)) for part in parts) == [float(points.pick(part=p)) for p in parts]


def test_a_gain_goes_from_one_size_to_the_next_and_counts_above_the_spread():
    assert np.allclose(GROWING["x.gain_width"].values, [[40, 50]])
    assert np.allclose(GROWING["x.gain_amount"].values, [[10, 20]])
    assert GROWING["x.gain_amount"].axes == ("amount", "width")
    assert GROWING["x.gain_width_counts"].values.tolist() == [[1, 1]]
    assert GROWING["x.gain_amount_counts"].values.tolist() == [[1, 0]]
