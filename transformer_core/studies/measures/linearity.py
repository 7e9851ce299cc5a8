"""Tests of linearity: f(a x + b y) against a f(x) + b f(y), with the rows of this sentence, biases off.

x are the rows that a sublayer reads, y the same rows in the opposite order: every row meets another real row. With its
biases a layer would be affine at best, for f(0) is not 0. Each gap is the largest difference of the two sides over the
largest entry of the second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from transformer_core.studies.measures.attention_weights import as_attention_input, scale_of, softmax
from transformer_core.studies.measures.feed_forward import ACTIVATIONS, entering, gate_of, made_with, weights_of
from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace

#: The factors a and b. Their sum is not one, or a constant would pass unnoticed.
FACTORS = (2.0, -0.5)


def gap(f: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> float:
    """max |f(ax + by) - (a f(x) + b f(y))| / max |a f(x) + b f(y)|, for rows "batch position ..." and their mirror."""
    a, b = FACTORS
    other = rows[:, ::-1]
    after = a * f(rows) + b * f(other)
    return float(np.abs(f(a * rows + b * other) - after).max() / np.abs(after).max())


@dataclass(frozen=True)
class Split:
    """f = rest after linear: what a sublayer computes, cut where it stops being linear.

    A mix of two rows is the same mix behind the linear part, so many mixes cost little. `cut` leaves of what `linear`
    made the rows that those at the places asked for need, and `rest` makes these of them.
    """

    linear: Callable[[np.ndarray], tuple[np.ndarray, ...]]
    rest: Callable[[Sequence[np.ndarray], slice], np.ndarray]
    cut: Callable[[Sequence[np.ndarray], slice], Sequence[np.ndarray]] = lambda parts, at: [p[:, at] for p in parts]

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        every = slice(None)
        return self.rest(self.cut(self.linear(rows), every), every)


def attending(trace: Trace, prefix: str, frozen: bool = False) -> Split:
    """f(X) = sum over heads of softmax(X W_Q (X W_K)^T / sqrt(d_k)) X W_V W_O, biases off.

    For rows "batch position d_model". `frozen`: with the weights of this sentence instead, whatever X is. Queries and
    keys are normed and turned by their positions, and keys and values shared, where this attention does so.

    Raises:
        ValueError: an attention that reads two sequences.
    """
    made = made_with(trace, prefix, "q", "k", "v")
    if len({trace.parents[f"{prefix}.{point}"][0] for point in ("q", "k")}) > 1:
        raise ValueError(f"{prefix} reads two sequences: the test mixes rows of one")
    matrices = [trace.full(made[f"w_{letter}"]).values for letter in "qkv"]
    w_o = trace.full(f"{made['w_q'].rpartition('.')[0]}.w_o").values
    scale, hidden = scale_of(trace, prefix), np.isneginf(trace.full(f"{prefix}.masked").values)
    kept = trace.full(f"{prefix}.weights").values

    normed = f"{prefix}.q_norm.out" in trace  # what a norm makes of a mix is no mix

    def meet(projected: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        return tuple(
            as_attention_input(trace, prefix, letter, rows) for letter, rows in zip("qkv", projected, strict=True)
        )

    def project(rows: np.ndarray) -> tuple[np.ndarray, ...]:
        projected = tuple(rows[:, None] @ matrix for matrix in matrices)
        return projected if normed else meet(projected)

    def cut(projected: Sequence[np.ndarray], at: slice) -> Sequence[np.ndarray]:
        q, k, v = projected
        return [v] if frozen else [q if normed else q[:, :, at], k, v]

    def blend(projected: Sequence[np.ndarray], at: slice) -> np.ndarray:
        if frozen:
            (v,) = projected if not normed else (as_attention_input(trace, prefix, "v", projected[0]),)
            weights = kept[:, :, at]
        else:
            q, k, v = meet(projected) if normed else projected
            scores = (q[:, :, at] if normed else q) @ k.swapaxes(-1, -2) * scale
            weights = softmax(np.where(hidden[:, :, at], -np.inf, scores))
        return ((weights @ v) @ w_o).sum(1)

    return Split(project, blend, cut)


def feeding(trace: Trace, prefix: str, nonlinear: bool = True, biases: bool = False) -> Split:
    """f(x) = activation(x W_1 + b_1) W_2 + b_2, for rows "batch position d_model"; no b unless `biases`.

    With a gate, f(x) = (activation(x W_gate + b_gate) * (x W_1 + b_1)) W_2 + b_2. If not `nonlinear`, neither
    activation nor gate: f(x) = (x W_1 + b_1) W_2 + b_2.
    """
    w1, b1, w2, b2 = weights_of(trace, prefix)
    activation, gate = ACTIVATIONS[trace.about["config"]["activation"]], gate_of(trace, prefix) if nonlinear else None
    first, second = (b1, b2) if biases else (0.0, 0.0)

    def narrow(widened: Sequence[np.ndarray], _at: slice) -> np.ndarray:
        units = widened[0] + first
        if gate is not None:
            units = activation(widened[1] + (gate[1] if biases else 0.0)) * units
        elif nonlinear:
            units = activation(units)
        return units @ w2 + second

    def widen(rows: np.ndarray) -> tuple[np.ndarray, ...]:
        return (rows @ w1,) if gate is None else (rows @ w1, rows @ gate[0])

    return Split(widen, narrow)


@measure("choice", choice=("a", "b"))
def factors() -> Values:
    """The factors a and b of the test."""
    return np.array(FACTORS)


@measure("")
def fixed_weights_gap(weights: np.ndarray, v: np.ndarray) -> Values:
    """Attention with its weights frozen: f(V) = weights V. Linear."""

    def blend(rows: np.ndarray) -> np.ndarray:
        return np.einsum("bhij,bjhd->bihd", weights, rows)

    return gap(blend, v.transpose(0, 2, 1, 3))


@measure("")
def attention_gap(trace: Trace, prefix: str) -> Values:
    """Self-attention as a whole, its weights computed from what it reads: see `attending`. Not linear."""
    return gap(attending(trace, prefix), entering(trace, prefix, "q"))


@measure("")
def feed_forward_gap(trace: Trace, prefix: str) -> Values:
    """f(x) = activation(x W_1) W_2, or with a gate (see `feeding`). Not linear: that is what the activation is for."""
    return gap(feeding(trace, prefix), entering(trace, prefix, "pre"))


@measure("")
def two_matrices_gap(trace: Trace, prefix: str) -> Values:
    """f(x) = x W_1 W_2, the activation left out, and a gate with it: two matrices are one. Linear."""
    return gap(feeding(trace, prefix, nonlinear=False), entering(trace, prefix, "pre"))


@measure("choice d_model", choice=("zero", "where it goes"))
def zero_through_biases(from_zeros: np.ndarray) -> Values:
    """0 and b_1 W_2 + b_2: where zero goes through both matrices with their biases, without the activation."""
    return np.stack([np.zeros_like(from_zeros), from_zeros])


@measure("")
def biases_gap(trace: Trace, prefix: str) -> Values:
    """f(x) = (x W_1 + b_1) W_2 + b_2: without the activation, but with the biases. Affine, so not linear."""
    return gap(feeding(trace, prefix, nonlinear=False, biases=True), entering(trace, prefix, "pre"))


@measure("")
def norm_gap(trace: Trace, prefix: str) -> Values:
    """f(x) = (x - mean x) / sqrt(var x), of RMSNorm x / sqrt(mean x^2): it divides by what it reads. Not linear."""
    first = "mean_square" if f"{prefix}.mean_square" in trace else "mean"

    def normalized(x: np.ndarray) -> np.ndarray:
        if first == "mean_square":
            return np.asarray(x / np.sqrt(np.square(x).mean(-1, keepdims=True)))
        centred = x - x.mean(-1, keepdims=True)
        return centred / centred.std(-1, keepdims=True)

    return gap(normalized, entering(trace, prefix, first))
