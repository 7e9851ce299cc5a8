"""What is read off trainings that differ in one thing: points lost, what chance explains, and gains of size and data.

`TRIED` is the plan of the models of `parts_removed` and the field of their recipe that is no part of a model; the
experiments hold the recipe itself, and a test holds the two together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from transformer_core.measures.effects import compared
from transformer_core.measures.naming import named
from transformer_core.trace import NamedTensor, Trace, derived

TRIED: dict[str, Any] = {
    "encoder_layers": 2,
    "decoder_layers": 2,
    "heads": 4,
    "d_ff": 128,
    "norm_order": "pre",
    "final_norm": True,
    "positions": "interleaved",
    "residual": True,
    "attention_scale": True,
}
WARM_UP = 200
WHOLE = "nothing"


@derived("trial_layers")
def trial_layers(trace: Trace, prefix: str) -> NamedTensor:
    """Layers on each side of the models that were tried."""
    return named(trace, prefix, "trial_layers", TRIED["encoder_layers"], "")


@derived("rates")
def rates(trace: Trace, prefix: str) -> NamedTensor:
    """The learning rate of every step as a share of its peak: a linear warm-up, then half a cosine."""
    steps = int(trace.full(f"{prefix}.steps").values)
    step = np.arange(steps)
    falling = 0.5 * (1 + np.cos(np.pi * (step - WARM_UP) / max(1, steps - WARM_UP)))
    return named(trace, prefix, "rates", np.where(step < WARM_UP, (step + 1) / WARM_UP, falling), "step")


@derived("points")
def points(trace: Trace, prefix: str) -> NamedTensor:
    """100 (mean of each entry - mean of the first): in points of a hundred."""
    found = trace.full(f"{prefix}.difference")
    return NamedTensor(f"{prefix}.points", 100 * found.values, found.axes, found.labels)


@derived("chance")
def chance(trace: Trace, prefix: str) -> NamedTensor:
    """The larger spread of each entry and the first: what a difference has to exceed."""
    found = trace.full(f"{prefix}.spread")
    return NamedTensor(f"{prefix}.chance", np.maximum(found.values, found.values[:1]), found.axes, found.labels)


@derived("missing")
def missing(trace: Trace, prefix: str) -> NamedTensor:
    """1 - n / n_first: which share of the parameters goes with each part."""
    found = trace.full(prefix)
    return NamedTensor(f"{prefix}.missing", 1 - found.values / found.values[0], found.axes, found.labels)


def _gain(trace: Trace, prefix: str, axis: str, name: str) -> tuple[NamedTensor, np.ndarray]:
    """From one entry along `axis` to the next: the difference of means, and whether it is an effect.

    Means are taken in whole per cent, as they are shown: what is written on both ends and between them adds up.
    """
    tensor = trace.full(prefix)
    others = tuple(a for a in tensor.axes if a not in (axis, "seed"))
    rows = np.moveaxis(tensor.values.astype(float), [tensor.axes.index(a) for a in (axis, *others, "seed")], range(3))
    labels = {axis: tensor.labels[axis][1:]} | {other: tensor.labels[other] for other in others}
    gains = np.diff(np.round(100 * rows.mean(-1)), axis=0)
    return NamedTensor(f"{prefix}.{name}", gains, (axis, *others), labels), compared(rows[1:], rows[:-1])


@derived("gain_width")
def gain_width(trace: Trace, prefix: str) -> NamedTensor:
    """Points gained by each step to the next width, "width amount"."""
    return _gain(trace, prefix, "width", "gain_width")[0]


@derived("gain_amount")
def gain_amount(trace: Trace, prefix: str) -> NamedTensor:
    """Points gained by each step to the next number of sentences, "amount width"."""
    return _gain(trace, prefix, "amount", "gain_amount")[0]


@derived("gain_width_counts")
def gain_width_counts(trace: Trace, prefix: str) -> NamedTensor:
    """1 where the gain exceeds the larger spread of the two, else 0."""
    gain, effect = _gain(trace, prefix, "width", "gain_width_counts")
    return NamedTensor(gain.name, effect.astype(int), gain.axes, gain.labels)


@derived("gain_amount_counts")
def gain_amount_counts(trace: Trace, prefix: str) -> NamedTensor:
    """1 where the gain exceeds the larger spread of the two, else 0."""
    gain, effect = _gain(trace, prefix, "amount", "gain_amount_counts")
    return NamedTensor(gain.name, effect.astype(int), gain.axes, gain.labels)


def single_parts(points: NamedTensor) -> list[str]:
    """The parts that were taken out one at a time, the largest loss first."""
    parts = [part for part in points.labels["part"] if part != WHOLE and " and " not in part]
    return sorted(parts, key=lambda part: float(points.pick(part=part)))
