"""A difference between trainings counts by a stated test, with a stated rate of false alarms."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from transformer_core.studies.experiments.laboratory import tensor
from transformer_core.studies.measures.significance import ALPHA, counts, holm, p_of, p_values, tallies_count
from transformer_core.tracing.trace import Trace

PARTS = ("nothing", "clear", "within", "scattered")
EXACT = tensor(
    [[0.9, 0.92, 0.94, 0.91], [0.2, 0.1, 0.3, 0.2], [0.9, 0.91, 0.92, 0.93], [0.1, 0.9, 0.5, 0.9]],
    "part seed",
    part=PARTS,
)
NEVER = np.inf


@pytest.fixture
def trace():
    return Trace({"experiment.x.exact": EXACT}).under("experiment.x.exact")


def density(t, freedom):
    """Of Student's distribution, up to a factor."""
    return (1 + t * t / freedom) ** (-(freedom + 1) / 2)


def welch_by_hand(one, other):
    """p of Welch's test from its definition: Student's density, summed outside of -t and t."""
    n, m = len(one), len(other)
    a = sum((x - sum(one) / n) ** 2 for x in one) / (n - 1) / n
    b = sum((x - sum(other) / m) ** 2 for x in other) / (m - 1) / m
    t = abs(sum(one) / n - sum(other) / m) / (a + b) ** 0.5
    freedom = (a + b) ** 2 / (a * a / (n - 1) + b * b / (m - 1))
    angle = (np.arange(400_000) + 0.5) / 400_000 * np.pi / 2  # the whole line from 0 on, as a tangent
    mass = density(np.tan(angle), freedom) / np.cos(angle) ** 2
    return float(mass[np.tan(angle) > t].sum() / mass.sum())


def test_mean_and_difference_are_over_the_seeds(trace):
    assert np.allclose(trace["over_seeds"].values, [0.9175, 0.2, 0.915, 0.6])
    assert trace["difference"].pick(part="clear") == pytest.approx(-0.7175)
    assert trace["difference"].pick(part="clear").source.name == "experiment.x.exact.difference"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([0.86, 0.84, 0.85, 0.87], [0.85, 0.8, 0.82, 0.79]),
        ([0.9, 0.5, 0.7], [0.2, 0.3, 0.1, 0.4, 0.2]),
        ([0, 0, 0, 0], [0.2, 0.1, 0.15, 0.3]),
    ],
)
def test_p_is_that_of_welchs_test(one, other):
    by_hand = welch_by_hand(one, other)
    assert by_hand > 2 / 4 ** min(len(one), len(other))
    assert p_of(np.array(one), np.array(other)) == pytest.approx(by_hand, rel=1e-3)


def test_the_level_that_a_chapter_tells_is_five_in_a_hundred():
    assert float(Trace({"x": EXACT})["x.level"]) == ALPHA == 5 / 100


def holm_by_hand(p):
    """From the smallest on, each as often as there are others left, and never smaller than the one before."""
    found, so_far = [0.0] * len(p), 0.0
    for place, k in enumerate(sorted(range(len(p)), key=lambda k: p[k])):
        so_far = found[k] = min(1.0, max(so_far, p[k] * (len(p) - place)))
    return found


def p_by_hand(one, other):
    """By Welch where rows vary; never below what trainings give that either succeed or fail."""
    fewest = min(len(one), len(other))
    if max(one) == min(one) and max(other) == min(other):
        return max(float(one[0] == other[0]), 2 / 4**fewest)
    return max(welch_by_hand(one, other), 2 / 4**fewest)


RECORDED = ["parts_removed", "depth_and_norm", "initial_scales", "positions_compared", "against_lstm", "sampling"]


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_read_off_recorded_trainings_is_what_own_arithmetic_makes_of_them(name):
    trace = Trace({})
    exact = trace[f"experiment.{name}.exact"]
    rows = [[float(value) for value in row] for row in exact.values]
    means = [sum(row) / len(row) for row in rows]
    assert trace[f"experiment.{name}.exact.over_seeds"].values == pytest.approx(means)
    assert trace[f"experiment.{name}.exact.difference"].values == pytest.approx([mean - means[0] for mean in means])
    p = [1.0, *holm_by_hand([p_by_hand(row, rows[0]) for row in rows[1:]])]
    assert trace[f"experiment.{name}.exact.p_value"].values == pytest.approx(p, rel=2e-3, abs=1e-6)
    assert trace[f"experiment.{name}.exact.effect"].values.tolist() == [int(one <= 0.05) for one in p]
    names = exact.labels[exact.axes[0]]
    assert trace[f"experiment.{name}.exact.effect"].labels == {exact.axes[0]: names}


def test_p_values_of_a_family_are_holms():
    # Sorted .01 .02 .03 .04: times 4, 3, 2, 1, and never smaller than the one before.
    assert np.allclose(holm(np.array([0.03, 0.01, 0.04, 0.02])), [0.06, 0.04, 0.06, 0.06])
    assert np.allclose(holm(np.array([0.5, 0.9])), [1, 1])


def test_an_effect_has_a_p_of_at_most_five_in_a_hundred_after_holm(trace):
    rows = EXACT.values
    by_holm = holm_by_hand([p_by_hand(row, rows[0]) for row in rows[1:]])
    assert np.allclose(trace["p_value"].values, [1, *by_holm], rtol=1e-3)
    assert trace["effect"].values.tolist() == [0, 1, 0, 0]


def test_two_entries_can_be_compared_with_each_other():
    assert counts(EXACT.pick(part="clear"), EXACT.pick(part="within"))
    assert not counts(EXACT.pick(part="clear"), EXACT.pick(part="scattered"))
    with pytest.raises(ValueError, match="along seed"):
        counts(EXACT, EXACT)


def test_one_training_each_or_two_can_tell_nothing_however_far_apart():
    for trainings in (1, 2):
        apart = Trace({"x": tensor([[0.9] * trainings, [0.0] * trainings], "part seed")})
        assert apart["x.effect"].values.tolist() == [0, 0]
        assert apart["x.p_value"].values[1] > ALPHA


def test_rows_that_do_not_vary_count_if_they_differ_and_there_are_three_of_each():
    assert p_of(np.zeros(3), np.ones(3)) == 2 / 4**3
    assert p_of(np.zeros(5), np.ones(5)) == 2 / 4**5
    assert p_of(np.full(3, 0.997), np.full(3, 0.997)) == 1
    assert p_of(np.zeros(5), np.array([0.2, 0.1, 0.15, 0.3, 0.2])) < ALPHA


def ranks_by_hand(one, other):
    """The share of all splits of the values in which one half wins as many duels, or more, or as few."""
    values, n = [*one, *other], len(one)

    def won(mine):
        rest = [k for k in range(len(values)) if k not in mine]
        return sum((values[i] > values[j]) + (values[i] == values[j]) / 2 for i in mine for j in rest)

    even = n * len(other) / 2
    splits = [abs(won(mine) - even) for mine in combinations(range(len(values)), n)]
    return np.mean([apart >= splits[0] for apart in splits])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([NEVER, NEVER, 1800], [1200, 1050, 900]),
        ([NEVER, NEVER, NEVER, 1500, 1700], [100, 200, 50, 1600, 300]),
        ([NEVER] * 5, [100, 200, 50, 60, 70]),
        ([NEVER] * 4, [NEVER] * 4),
    ],
)
def test_a_training_that_never_came_there_ranks_behind_all_others(one, other):
    p = max(ranks_by_hand(one, other), 2 / 4 ** min(len(one), len(other)))
    assert p_of(np.array(one), np.array(other)) == pytest.approx(p)


def fisher_by_hand(right, tried, other_right, other_tried):
    """Of all ways to deal the right ones to the two rows, the share of those that are as rare as this one, or rarer."""
    all_right, everything = right + other_right, comb(tried + other_tried, right + other_right)

    def rare(k):
        return comb(tried, k) * comb(other_tried, all_right - k) / everything

    possible = range(max(0, all_right - other_tried), min(tried, all_right) + 1)
    return sum(rare(k) for k in possible if rare(k) <= rare(right) * (1 + 1e-9))


TALLIES = [(0, 6, 3, 3), (1, 6, 2, 3), (1994, 2000, 1996, 2000), (10, 40, 25, 40), (3, 3, 3, 3)]


@pytest.mark.parametrize("tally", TALLIES)
def test_two_tallies_differ_by_fishers_test(tally):
    assert tallies_count(tally[:2], tally[2:]) == (fisher_by_hand(*tally) <= ALPHA)


def test_never_has_no_mean():
    steps = Trace({"x": tensor([[NEVER, NEVER, 1800.0], [200.0, 100.0, 50.0]], "model seed")})
    assert steps["x.over_seeds"].values.tolist() == [NEVER, pytest.approx(350 / 3)]


def successes(random, size):
    """Trainings that either fail or succeed, and then differ a little."""
    return np.where(random.random(size) < 0.5, 0.9, 0.1) + random.normal(0, 0.01, size)


#: How the results of trainings may be spread about one and the same mean.
SHAPES = {
    "normal": lambda random, size: random.normal(0.85, 0.01, size),
    "bounded": lambda random, size: np.minimum(random.normal(0.99, 0.02, size), 1),
    "skewed": lambda random, size: random.exponential(0.1, size),
    "bounded and skewed": lambda random, size: random.beta(8, 0.5, size),
    "shares of sentences": lambda random, size: random.binomial(1000, 0.998, size) / 1000,
    "few sentences": lambda random, size: random.binomial(20, 0.05, size) / 20,
    "either fails or succeeds": successes,
    "steps, a third of them never": lambda random, size: np.where(
        random.random(size) < 1 / 3, NEVER, random.integers(1, 40, size) * 50.0
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 4, 5])
@pytest.mark.parametrize("shape", SHAPES)
def test_chance_alone_counts_in_at_most_five_of_a_hundred_comparisons(shape, seeds):
    tries = 200 if shape.startswith("steps") else 1000
    drawn = SHAPES[shape](np.random.default_rng(15), (tries, 2, seeds))
    alarms = np.mean([p_of(one, other) <= ALPHA for one, other in drawn])
    assert alarms <= ALPHA + 1.65 * (ALPHA * (1 - ALPHA) / tries) ** 0.5  # what chance makes of 5% in so many tries


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 4, 5])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if not shape.startswith("steps")])
def test_chance_alone_counts_anywhere_in_at_most_five_of_a_hundred_families_of_eight(shape, seeds):
    tries = 250
    drawn = SHAPES[shape](np.random.default_rng(31), (tries, 9, seeds))
    alarms = np.mean([(p_values(rows[1:], rows[0]) <= ALPHA).any() for rows in drawn])
    assert alarms <= ALPHA + 1.65 * (ALPHA * (1 - ALPHA) / tries) ** 0.5


@pytest.mark.parametrize(("seeds", "rate"), [(2, 0.2), (3, 0.04)])
def test_the_larger_spread_was_a_rule_that_raised_more_false_alarms(seeds, rate):
    """Decide by the spread alone, to compare with: the difference exceeds the larger of the two ranges."""
    one, other = np.random.default_rng(7).normal(size=(2, 20_000, seeds))
    beyond = abs(one.mean(-1) - other.mean(-1)) > np.maximum(np.ptp(one, axis=-1), np.ptp(other, axis=-1))
    assert beyond.mean() > rate


def test_five_trainings_find_a_difference_of_three_and_a_half_standard_deviations_in_a_family_of_eight():
    random = np.random.default_rng(3)
    rows = random.normal(0, 1, (200, 9, 5)) - 3.5 * np.eye(9)[4][None, :, None]
    found = np.mean([p_values(one[1:], one[0])[3] <= ALPHA for one in rows])
    assert found > 0.8
