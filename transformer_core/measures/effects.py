"""Whether a difference between trainings is an effect, or chance: NumPy alone.

Beside every tensor with an axis "seed" there are, read like any tensor of the trace:

    X.over_seeds   its mean over the seeds
    X.spread       the largest minus the smallest over the seeds
    X.difference   over_seeds minus the over_seeds of the first entry along the first axis: the whole model
    X.effect       1 where the difference counts, else 0

A difference counts if it exceeds the larger spread of the two that are compared; with one seed, if it exceeds
`ONE_SEED`, three points of a share. Two entries that are not the first: `counts(trace["X"], "norm", "root")`.
"""

from __future__ import annotations

import numpy as np

from transformer_core.trace import NamedTensor, Trace, derived

#: What a difference has to exceed where a single seed was trained.
ONE_SEED = 0.03


def counts(one: NamedTensor, other: NamedTensor) -> bool:
    """Whether the means of two rows along "seed" differ by more than their spread: more than chance.

    Raises:
        ValueError: a row with another axis, or with none.
    """
    if one.axes != ("seed",) or other.axes != ("seed",):
        raise ValueError(f"two rows along seed are compared, not {one.axes} and {other.axes}")
    return bool(compared(one.values, other.values))


def compared(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where |mean_s one - mean_s other| exceeds the larger spread of the two; the last axis is that of the seeds."""
    spread = np.full(np.broadcast_shapes(one.shape, other.shape)[:-1], ONE_SEED)
    if one.shape[-1] > 1 and other.shape[-1] > 1:
        spread = np.maximum(np.ptp(one, axis=-1), np.ptp(other, axis=-1))
    exceeds: np.ndarray = np.abs(one.mean(-1) - other.mean(-1)) > spread
    return exceeds


def _seeds_last(trace: Trace, prefix: str) -> tuple[np.ndarray, str]:
    """The values with the axis "seed" at the end, and the other axes."""
    tensor = trace.full(prefix)
    values = np.moveaxis(tensor.values.astype(float), tensor.axes.index("seed"), -1)
    return values, " ".join(axis for axis in tensor.axes if axis != "seed")


def _named(trace: Trace, prefix: str, name: str, values: np.ndarray, axes: str) -> NamedTensor:
    words = tuple(axes.split())
    labels = {axis: names for axis, names in trace.full(prefix).labels.items() if axis in words}
    return NamedTensor(f"{prefix}.{name}", np.asarray(values), words, labels)


@derived("over_seeds")
def over_seeds(trace: Trace, prefix: str) -> NamedTensor:
    """1/S Σ_s x_s over the S seeds."""
    values, axes = _seeds_last(trace, prefix)
    return _named(trace, prefix, "over_seeds", values.mean(-1), axes)


@derived("spread")
def spread(trace: Trace, prefix: str) -> NamedTensor:
    """max_s x_s - min_s x_s."""
    values, axes = _seeds_last(trace, prefix)
    return _named(trace, prefix, "spread", np.ptp(values, axis=-1), axes)


@derived("difference")
def difference(trace: Trace, prefix: str) -> NamedTensor:
    """The mean of each entry minus the mean of the first: of what was left out, minus of the whole."""
    values, axes = _seeds_last(trace, prefix)
    return _named(trace, prefix, "difference", values.mean(-1) - values[:1].mean(-1), axes)


@derived("effect")
def effect(trace: Trace, prefix: str) -> NamedTensor:
    """1 where the difference from the first entry exceeds the larger spread of the two, else 0."""
    values, axes = _seeds_last(trace, prefix)
    return _named(trace, prefix, "effect", compared(values, values[:1]).astype(int), axes)
