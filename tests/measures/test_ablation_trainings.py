"""Points, chance and gains of trainings that differ in one thing, against arithmetic by hand."""

import numpy as np
from scipy import stats

from transformer_core.studies.experiments.trainings import PARTS
from transformer_core.studies.experiments.translation import BRIEF, vocabulary
from transformer_core.studies.measures.ablation_trainings import TRIED, single_parts
from transformer_core.tracing.trace import NamedTensor, Trace

SHARES = np.array(
    [[0.80, 0.84, 0.82, 0.81, 0.83], [0.60, 0.62, 0.63, 0.60, 0.61], [0.81, 0.81, 0.82, 0.80, 0.83], [0.0] * 5]
)
PARTS_LABELS = {"part": ("nothing", "root", "norm", "residual"), "seed": tuple("12345")}
TRACE = Trace({"x": NamedTensor("x", SHARES, ("part", "seed"), PARTS_LABELS)})
#: Student's t for 8 degrees of freedom, two-sided 5%, from a printed table.
T_8 = 2.306


def test_the_plan_that_is_drawn_is_the_plan_that_was_trained():
    config = BRIEF.config(vocabulary()).as_dict()
    assert {name: config[name] for name in TRIED} == TRIED


def test_points_are_differences_of_means():
    assert np.allclose(TRACE["x.points"].values, [0, -20.8, -0.6, -82])


def test_chance_reaches_as_far_as_a_difference_that_does_not_count():
    """The last of a family is held against 5%: here the norm, whose p is .53 by hand (t = .65)."""
    error = (np.var(SHARES[0], ddof=1) / 5 + np.var(SHARES[2], ddof=1) / 5) ** 0.5
    freedom = error**4 / ((np.var(SHARES[0], ddof=1) / 5) ** 2 / 4 + (np.var(SHARES[2], ddof=1) / 5) ** 2 / 4)
    assert 7 < freedom < 8
    chance = TRACE["x.chance"].values
    assert chance[0] == 0
    assert TRACE["x.chance"].pick(part="norm") == chance[2]
    assert np.allclose(TRACE["x.chance_points"].values, [100 * share for share in chance])
    assert T_8 * error < chance[2] < 2.365 * error  # between 8 and 7 degrees of freedom, by the same table
    assert TRACE["x.effect"].values.tolist() == [0, 1, 0, 1]
    assert ((abs(TRACE["x.points"].values) / 100 > chance) == (TRACE["x.effect"].values == 1)).all()


def test_trainings_of_each_are_counted_from_two_on():
    assert TRACE["x.trainings_of_each"].values.tolist() == [2, 3, 4, 5]
    assert float(TRACE["x.comparisons"]) == 3


def test_all_ways_to_deal_the_trainings_are_those_of_a_permutation_test():
    """SciPy's, with every way counted; its share of those as far out is the p."""
    points, beyond, splits = TRACE["x.split_points"], TRACE["x.splits_beyond"], TRACE["x.ways_to_split"]
    for part, row in zip(PARTS_LABELS["part"], SHARES, strict=True):
        tried = stats.permutation_test(
            (100 * row, 100 * SHARES[0]), lambda a, b: a.mean() - b.mean(), n_resamples=np.inf, vectorized=False
        )
        assert np.allclose(np.sort(points.pick(part=part).values), np.sort(tried.null_distribution))
        assert float(beyond.pick(part=part)) / float(splits) == tried.pvalue
    assert np.allclose(points.values[:, -1], TRACE["x.points"].values), "the last way is how they were trained"


def test_means_of_a_split_are_those_of_its_sides():
    sides, means = TRACE["x.split_sides"].values, TRACE["x.split_means"].pick(part="norm").values
    assert len({tuple(row) for row in sides}) == len(sides) == 252
    both = np.concatenate([SHARES[0], SHARES[2]])
    assert np.allclose(means, [[both[row == side].mean() for row in sides] for side in (0, 1)])


def test_studies_are_ways_to_deal_that_are_taken_once_as_many_at_a_time_as_there_are_comparisons():
    studies, dealt = TRACE["x.studies"].values, float(TRACE["x.studies_dealt"])
    assert studies.shape == (252 // 3, 3) == (dealt, 3)
    assert len({*studies.flat}) == studies.size
    points = 100 * (np.mean(SHARES[2]) - np.mean(SHARES[0]))
    far = {k for k, one in enumerate(TRACE["x.split_points"].pick(part="norm").values) if abs(one) > abs(points) - 1e-9}
    assert {*np.flatnonzero(TRACE["x.far_out"].pick(part="norm").values)} == far
    alarms = sum(any(k in far for k in study) for study in studies.tolist())
    assert float(TRACE["x.studies_beyond"].pick(part="norm")) == alarms


def test_with_too_few_trainings_chance_reaches_everywhere():
    few = Trace({"x": NamedTensor("x", SHARES[:, :2], ("part", "seed"), PARTS_LABELS | {"seed": ("1", "2")})})
    assert few["x.chance"].values.tolist() == [0, np.inf, np.inf, np.inf]
    assert few["x.effect"].values.tolist() == [0, 0, 0, 0]


def test_parts_that_were_taken_out_alone_stand_from_the_largest_loss_on():
    points = Trace({}).under("experiment.parts_removed")["exact.points"]
    parts = single_parts(points)
    assert "nothing" not in parts
    assert len(parts) == len(PARTS) - 2
    assert sorted(float(points.pick(part=part)) for part in parts) == [float(points.pick(part=p)) for p in parts]
