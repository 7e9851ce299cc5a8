"""The feed-forward layer: which units are awake, and that a row fares the same alone as among its neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace


def _erf(x: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.frompyfunc(math.erf, 1, 1)(x)
    return found.astype(float)


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: x * (1 + _erf(x / math.sqrt(2))) / 2,
    "gelu-tanh": lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
    "silu": lambda x: x / (1 + np.exp(-x)),
}


def weights_of(trace: Trace, prefix: str) -> list[np.ndarray]:
    """W_1, b_1, W_2, b_2 of the feed-forward layer at `prefix`, be it of another sentence."""
    made = (*trace.parents[f"{prefix}.pre"], *trace.parents[f"{prefix}.out"])
    found = {name.rpartition(".")[2]: name for name in made if name.startswith("parameters.")}
    return [trace.full(found[name]).values for name in ("w1", "b1", "w2", "b2")]


def entering(trace: Trace, prefix: str, point: str) -> np.ndarray:
    """The rows that the sublayer at `prefix` reads: what its tensor `point` was made of."""
    return trace.full(trace.parents[f"{prefix}.{point}"][0]).values


@derived("active_units")
def active_units(trace: Trace, prefix: str) -> NamedTensor:
    """The number of units of each row that are above zero after the activation."""
    (post,) = beside(trace, prefix, "post")
    return named(trace, prefix, "active_units", (post > 0).sum(-1), "batch position", ("post",))


@derived("unit_order")
def unit_order(trace: Trace, prefix: str) -> NamedTensor:
    """The units of each row by falling activation: the first are the widest awake."""
    (post,) = beside(trace, prefix, "post")
    order = np.argsort(-post, axis=-1, kind="stable")
    return named(trace, prefix, "unit_order", order, "batch position d_ff", ("post",))


@derived("per_position")
def per_position(trace: Trace, prefix: str) -> NamedTensor:
    """FFN(x_i) = activation(x_i W_1 + b_1) W_2 + b_2, computed for each row by itself, with no other row in sight."""
    w1, b1, w2, b2 = weights_of(trace, prefix)
    bend = ACTIVATIONS[trace.about["config"]["activation"]]
    rows = entering(trace, prefix, "pre")
    values = np.stack([[bend(row @ w1 + b1) @ w2 + b2 for row in sentence] for sentence in rows])
    return named(trace, prefix, "per_position", values, "batch position d_model", ("out",))


@derived("per_position_difference")
def per_position_difference(trace: Trace, prefix: str) -> NamedTensor:
    """max |alone_i - out_i| of each row, over the largest entry of all rows."""
    by_itself, together = beside(trace, prefix, "per_position", "out")
    difference = np.abs(by_itself - together).max(-1) / np.abs(together).max()
    return named(trace, prefix, "per_position_difference", difference, "batch position", ("out",))
