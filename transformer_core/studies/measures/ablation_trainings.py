"""Measures of trainings that differ in one thing: points lost, what chance explains, and gains of size and data.

`TRIED` is what is drawn of the plan of the models of `parts_removed`; the experiments hold the recipe itself, and a
test holds the two together. And accuracies of the trained model with single heads ablated, by the role of the words
that go wrong; and how often a linear probe is wrong.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.studies.measures.significance import ALPHA, holm, p_of, seeds_last, standard_error
from transformer_core.tracing.trace import NamedTensor, Trace

TRIED = {"encoder_layers": 2, "decoder_layers": 2, "heads": 4}
WHOLE = "nothing"
#: From so many cases on an accuracy is told: its standard error stays below ten points.
CASES = 30
#: By so little an intervention changes next to nothing.
HARDLY = 0.02
#: A guess between two genders hits about half: from here on the gender must have come from somewhere.
MORE_THAN_A_GUESS = 0.75

#: A step through all ways to deal trainings in halves, in no order that can be seen; and the way they were trained.
STRIDE, AS_TRAINED = 101, -1


@measure("")
def trial_layers() -> Values:
    """Layers on each side of the models that were tried."""
    return TRIED["encoder_layers"]


@measure(like="difference")
def points(difference: np.ndarray) -> Values:
    """100 (mean of each entry - mean of the first): in points of a hundred."""
    return 100 * difference


@measure(like="itself", without="seed")
def chance(trace: Trace, prefix: str) -> Values:
    """The difference from the first entry up to which chance may have made it: beyond it, `effect` is 1.

    t √(s₁²/n₁ + s₂²/n₂), t the quantile of Student's distribution at the level that Holm's steps come to for this
    entry. Infinite where there are too few trainings for any difference to count; 0 for the first entry.
    """
    first, *others = seeds_last(trace, prefix)
    p = np.array([p_of(row, first) for row in others])
    rank = np.argsort(np.argsort(p, kind="stable"), kind="stable")
    left = len(p) - np.minimum(rank, (holm(p) <= ALPHA).sum())
    return np.array([0.0, *map(_by_chance, others, [first] * len(p), ALPHA / left)])


def _by_chance(row: np.ndarray, first: np.ndarray, level: float) -> float:
    """The difference of two rows that counts at this level; infinite where none can."""
    from scipy import stats  # late: a second

    if p_of(np.zeros_like(row), np.ones_like(first)) > level:
        return np.inf
    error, freedom = standard_error(row, first)
    return stats.t.isf(level / 2, freedom) * error if error else 0.0


@measure(like="chance")
def chance_points(chance: np.ndarray) -> Values:
    """100 chance: in points of a hundred, as `points`."""
    return 100 * chance


@measure("trainings")
def trainings_of_each(trace: Trace, prefix: str) -> Values:
    """Numbers of trainings that are compared for each part: two, and one more at a time."""
    return _counts(seeds_last(trace, prefix)), {"trainings": _by_trainings(trace, prefix)["trainings"]}


@measure("split seed")
def split_sides(trace: Trace, prefix: str) -> Values:
    """Every way to deal 2n trainings in two halves, those of the first entry before those of another: 1 for the other.

    At `AS_TRAINED`, the last, labels are as they were.
    """
    trainings = 2 * seeds_last(trace, prefix).shape[-1]
    chosen = list(combinations(range(trainings), trainings // 2))
    sides = np.zeros((len(chosen), trainings), dtype=int)
    np.put_along_axis(sides, np.array(chosen), 1, axis=1)
    return sides


@measure("part choice split", choice=("first", "other"))
def split_means(trace: Trace, prefix: str, split_sides: np.ndarray) -> Values:
    """The means of both halves of the trainings of the first entry and of each part, dealt in every way."""
    first, *_ = rows = seeds_last(trace, prefix)
    dealt = np.array([[1 - split_sides, split_sides] @ np.concatenate([first, row]) for row in rows])
    return dealt / len(first), {"part": trace.full(prefix).labels["part"]}


@measure("part split", like="split_means")
def split_points(split_means: np.ndarray) -> Values:
    """100 (mean of the other half - mean of the first): what chance makes of trainings that differ in a label alone."""
    return 100 * (split_means[:, 1] - split_means[:, 0])


@measure(like="split_points")
def far_out(split_points: np.ndarray) -> Values:
    """1 where |points| is as large as that of the trainings as they were, or larger: "part split"."""
    return (abs(split_points) >= abs(split_points[:, [AS_TRAINED]]) - 1e-9).astype(int)


@measure("part", like="split_points")
def splits_beyond(far_out: np.ndarray) -> Values:
    """Σ_split far_out: the ways to deal them that differ as much as the trainings, or more, of a permutation test."""
    return far_out.sum(-1)


@measure("study comparison")
def studies(split_sides: np.ndarray, comparisons: np.ndarray) -> Values:
    """The ways to deal, taken as many at a time as there are comparisons: studies in which nothing has an effect.

    They are taken in steps of `STRIDE`, which come to each of them.
    """
    ways, tries = len(split_sides), int(comparisons)
    return (np.arange(ways // tries * tries) * STRIDE % ways).reshape(-1, tries)


@measure("part", like="split_points")
def studies_beyond(far_out: np.ndarray, studies: np.ndarray) -> Values:
    """The studies with a difference as large as that of the trainings, or larger: alarms by chance alone."""
    return far_out[:, studies].any(-1).sum(-1)


@measure("")
def studies_dealt(studies: np.ndarray) -> Values:
    """Their number."""
    return len(studies)


@measure("")
def ways_to_split(split_sides: np.ndarray) -> Values:
    """The ways to deal the trainings of two entries in halves."""
    return len(split_sides)


@measure("")
def comparisons(itself: np.ndarray) -> Values:
    """The entries that are compared with the first one: the size of the family of tests."""
    return len(itself) - 1


def _counts(rows: np.ndarray) -> list[int]:
    return list(range(2, rows.shape[-1] + 1))


def _by_trainings(trace: Trace, prefix: str) -> dict[str, tuple[str, ...]]:
    counts = _counts(seeds_last(trace, prefix))
    return {"part": trace.full(prefix).labels["part"], "trainings": tuple(map(str, counts))}


@measure(like="itself")
def missing(itself: np.ndarray) -> Values:
    """1 - n / n_first: the share of the parameters that goes with each part."""
    return 1 - itself / itself[0]


def single_parts(points: NamedTensor) -> list[str]:
    """The parts that were taken out one at a time, the largest loss first."""
    parts = [part for part in points.labels["part"] if part != WHOLE and " and " not in part]
    return sorted(parts, key=lambda part: float(points.pick(part=part)))


@measure("model layer head role", model=("all heads", "one off"))
def ablation_accuracy(trace: Trace, prefix: str, before: np.ndarray, encoder: np.ndarray) -> Values:
    """The share of words that are right with all heads and with one head off: "model layer head role"."""
    both = np.stack([np.broadcast_to(before, encoder.shape), encoder])
    return both, {"role": trace.labels(f"{prefix}.before")["choice"]}


@measure("role layer head", like="ablation_accuracy")
def ablation_effect(ablation_accuracy: np.ndarray) -> Values:
    """before - after: what a head's absence takes from the words of each role, "role layer head"."""
    return np.moveaxis(ablation_accuracy[0] - ablation_accuracy[1], -1, 0)


@measure("part", like="genders")
def wrong_side(spots: np.ndarray, genders: np.ndarray, unseen: np.ndarray) -> Values:
    """|{i : sign(reading_i) ≠ gender_i}| of the drawn rows i whose nouns the probe never read, on each plane."""
    return ((np.sign(spots[..., 0]) != genders) & (unseen > 0)).sum(-1)


@measure("part", like="which")
def cost_so_far(right: np.ndarray, alone: np.ndarray, which: np.ndarray) -> Values:
    """Σ (right with all heads - right without head i) over the spare heads i up to each head."""
    return np.cumsum((right[0] - alone) * which)
