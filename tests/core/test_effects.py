"""A difference is an effect only if it exceeds the spread over the seeds."""

import numpy as np
import pytest

from transformer_core.experiments.laboratory import tensor
from transformer_core.measures.effects import counts
from transformer_core.trace import Trace

PARTS = ("nothing", "clear", "within", "scattered")
EXACT = tensor([[0.9, 0.92, 0.94], [0.2, 0.1, 0.3], [0.9, 0.91, 0.92], [0.1, 0.9, 0.5]], "part seed", part=PARTS)


@pytest.fixture
def trace():
    return Trace({"experiment.x.exact": EXACT}).under("experiment.x.exact")


def test_mean_spread_and_difference_are_over_the_seeds(trace):
    assert np.allclose(trace["over_seeds"].values, [0.92, 0.2, 0.91, 0.5])
    assert np.allclose(trace["spread"].values, [0.04, 0.2, 0.02, 0.8])
    assert trace["difference"].pick(part="clear") == pytest.approx(-0.72)
    assert trace["difference"].pick(part="clear").source.name == "experiment.x.exact.difference"


def test_only_a_difference_larger_than_both_spreads_is_an_effect(trace):
    assert trace["effect"].values.tolist() == [0, 1, 0, 0]


def test_two_entries_can_be_compared_with_each_other():
    assert counts(EXACT.pick(part="clear"), EXACT.pick(part="within"))
    assert not counts(EXACT.pick(part="clear"), EXACT.pick(part="scattered"))
    with pytest.raises(ValueError, match="along seed"):
        counts(EXACT, EXACT)


def test_with_one_seed_a_difference_has_to_exceed_three_points():
    once = Trace({"x": tensor([[0.9], [0.88], [0.8]], "part seed")})
    assert once["x.effect"].values.tolist() == [0, 0, 1]
