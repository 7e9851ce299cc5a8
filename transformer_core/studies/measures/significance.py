"""Tell an effect from chance where trainings differ in one thing.

The rule: a difference between two means over seeds counts if Welch's t-test, two-sided, has p ≤ 5%; where several
are compared, by the p of Holm (1979), so that at most 5% of such families have one false alarm or more. Source of the
test: Welch 1947.

Two things are made sure of besides. A training may either succeed or fail: then n of one kind may face n of the other
by chance, with a probability of at most 2/4ⁿ, whatever the share of successes. p is never taken to be smaller; so a
single training, or two, can tell nothing, and three can in a single comparison. And a step that never came is infinite
("never"): such rows have no mean, and are compared by their ranks (Mann and Whitney 1947, exactly, all splits counted).

Beside every tensor with an axis "seed" there are, read like any tensor of the trace:

    X.over_seeds   its mean over the seeds; infinite where one of them never came
    X.difference   over_seeds minus the over_seeds of the first entry along the first axis: the whole model
    X.p_value      of each entry against the first along the first axis, by Holm
    X.effect       1 where the difference counts, else 0
    X.level        the 5% of the rule

Two entries of which none is the first: `counts(trace["X"].pick(part="norm"), trace["X"].pick(part="root"))`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsFloat

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import NamedTensor, Trace

#: How often chance alone may pass for an effect, in one comparison or in one family of them.
ALPHA = 0.05


def counts(one: NamedTensor, other: NamedTensor) -> bool:
    """Decide whether the means of two rows along "seed" differ by more than chance: one comparison, planned before.

    Raises:
        ValueError: a row with another axis, or with none.
    """
    if one.axes != ("seed",) or other.axes != ("seed",):
        raise ValueError(f"two rows along seed are compared, not {one.axes} and {other.axes}")
    return p_of(one.values, other.values) <= ALPHA


def tallies_count(one: Sequence[SupportsFloat], other: Sequence[SupportsFloat]) -> bool:
    """Decide whether two shares, each (right, tried), differ by more than the choice of what was tried: Fisher's exact
    test, two-sided. This tells of one model on two sets of sentences, or of two models; nothing of other trainings."""
    from scipy import stats

    rows = [[round(float(value)) for value in row] for row in (one, other)]
    return bool(stats.fisher_exact([[right, tried - right] for right, tried in rows]).pvalue <= ALPHA)


def p_of(one: np.ndarray, other: np.ndarray) -> float:
    """p of two rows of trainings, of one comparison alone; 1 where either is a single training."""
    fewest = min(len(one), len(other))
    if fewest < 2:
        return 1.0
    return max(_by_test(np.asarray(one, float), np.asarray(other, float)), 2.0 * 4.0**-fewest)


def _by_test(one: np.ndarray, other: np.ndarray) -> float:
    from scipy import stats  # late: a second

    if not np.isfinite([*one, *other]).all():
        return float(stats.mannwhitneyu(one, other, method=stats.PermutationMethod(n_resamples=np.inf)).pvalue)
    if np.ptp(one) == np.ptp(other) == 0:
        return float(one[0] == other[0])
    error, freedom = standard_error(one, other)
    return float(2 * stats.t.sf(abs(one.mean() - other.mean()) / error, freedom))


def standard_error(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Of the difference of two means: √(s₁²/n₁ + s₂²/n₂), and its degrees of freedom by Welch and Satterthwaite."""
    parts = np.array([row.var(ddof=1) / len(row) for row in (one, other)])
    freedom = parts.sum() ** 2 / (parts**2 / [len(one) - 1, len(other) - 1]).sum()
    return float(np.sqrt(parts.sum())), float(freedom)


def holm(p: np.ndarray) -> np.ndarray:
    """The p-values of a family, each made larger so that p ≤ α keeps the whole family's error rate at α."""
    flat = np.ravel(p)
    order = np.argsort(flat, kind="stable")
    found = np.empty(len(flat))
    found[order] = np.minimum(1, np.maximum.accumulate(flat[order] * np.arange(len(flat), 0, -1)))
    return found.reshape(np.shape(p))


def p_values(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """By Holm, p of every row against its other; the last axis is that of the seeds, and all are one family."""
    others = np.broadcast_to(others, (*rows.shape[:-1], others.shape[-1]))
    found = [p_of(rows[index], others[index]) for index in np.ndindex(rows.shape[:-1])]
    return holm(np.array(found).reshape(rows.shape[:-1]))


def seeds_last(trace: Trace, prefix: str) -> np.ndarray:
    """The values of the tensor at `prefix` with the axis "seed" at the end."""
    tensor = trace.full(prefix)
    return np.moveaxis(tensor.values.astype(float), tensor.axes.index("seed"), -1)


@measure("")
def level() -> Values:
    """α: how often chance alone may pass for an effect."""
    return ALPHA


@measure(like="itself", without="seed")
def over_seeds(trace: Trace, prefix: str) -> Values:
    """1/S Σ_s x_s over the S seeds."""
    return seeds_last(trace, prefix).mean(-1)


@measure(like="itself", without="seed")
def difference(trace: Trace, prefix: str) -> Values:
    """The mean of each entry minus the mean of the first: of what was left out, minus of the whole."""
    values = seeds_last(trace, prefix)
    return values.mean(-1) - values[:1].mean(-1)


@measure(like="itself", without="seed")
def p_value(trace: Trace, prefix: str) -> Values:
    """p of each entry against the first, by Holm; 1 for the first itself."""
    values = seeds_last(trace, prefix)
    return np.concatenate([np.ones((1, *values.shape[1:-1])), p_values(values[1:], values[:1])])


@measure(like="p_value")
def effect(p_value: np.ndarray) -> Values:
    """1 where p ≤ α, by Holm: the difference from the first entry counts; else 0."""
    return (p_value <= ALPHA).astype(int)
