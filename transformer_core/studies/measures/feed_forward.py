"""Measures of the feed-forward layer: active units, kinds of words that wake them, and its output for each position."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.studies.translator.grammar.lexicon import kinds
from transformer_core.tracing.trace import Trace

#: The model that experiments look into: its units (`neurons`), its heads (`heads_off`), its training (`emergence`).
OURS = "english-spanish"


def _erf(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), float)


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: x * (1 + _erf(x / math.sqrt(2))) / 2,
    "gelu-tanh": lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
    "silu": lambda x: x / (1 + np.exp(-x)),
}


def made_with(trace: Trace, prefix: str, *points: str) -> dict[str, str]:
    """The parameters that the tensors `points` at `prefix` were computed with: full names, by their last parts."""
    parents = [name for point in points for name in trace.parents[f"{prefix}.{point}"]]
    return {name.rpartition(".")[2]: name for name in parents if name.startswith("parameters.")}


def weights_of(trace: Trace, prefix: str) -> list[np.ndarray]:
    """W_1, b_1, W_2, b_2 of the feed-forward layer at `prefix`, be it of another sentence; zeros where it has no b."""
    made = made_with(trace, prefix, "pre", "out")
    w1, w2 = (trace.full(made[name]).values for name in ("w1", "w2"))
    b1, b2 = (
        trace.full(made[name]).values if name in made else np.zeros(w.shape[1], w.dtype)
        for name, w in (("b1", w1), ("b2", w2))
    )
    return [w1, b1, w2, b2]


def gate_of(trace: Trace, prefix: str) -> tuple[np.ndarray, np.ndarray] | None:
    """W_gate and b_gate of the feed-forward layer at `prefix`, zeros where it has no b; None without a gate."""
    if f"{prefix}.gate_pre" not in trace:
        return None
    made = made_with(trace, prefix, "gate_pre")
    w = trace.full(made["w_gate"]).values
    return w, trace.full(made["b_gate"]).values if "b_gate" in made else np.zeros(w.shape[1], w.dtype)


def entering(trace: Trace, prefix: str, point: str) -> np.ndarray:
    """The rows that the sublayer at `prefix` reads: what its tensor `point` was made of."""
    return trace.full(trace.parents[f"{prefix}.{point}"][0]).values


@measure("batch position", like="post")
def active_units(post: np.ndarray) -> Values:
    """The number of units of each row that are above zero after the activation."""
    return (post > 0).sum(-1)


@measure("batch position d_ff component", like="pre", component=("across", "along"))
def key_plane(trace: Trace, prefix: str) -> Values:
    """Each row in the plane that it spans with the key of each unit: how far it lies from the key, and along it."""
    x, w1 = entering(trace, prefix, "pre"), weights_of(trace, prefix)[0]
    along = x @ w1 / np.linalg.norm(w1, axis=0)
    return np.stack([np.sqrt(np.maximum((x**2).sum(-1, keepdims=True) - along**2, 0)), along], -1)


@measure("batch position d_model", like="out")
def per_position(trace: Trace, prefix: str) -> Values:
    """FFN(x_i) = activation(x_i W_1 + b_1) W_2 + b_2, computed for each row by itself, with no other row in sight.

    With a gate, (activation(x_i W_gate + b_gate) (x_i W_1 + b_1)) W_2 + b_2.
    """
    w1, b1, w2, b2 = weights_of(trace, prefix)
    activation, gate = ACTIVATIONS[trace.about["config"]["activation"]], gate_of(trace, prefix)
    rows = entering(trace, prefix, "pre")

    def units(row: np.ndarray) -> np.ndarray:
        pre: np.ndarray = row @ w1 + b1
        return activation(pre) if gate is None else activation(row @ gate[0] + gate[1]) * pre

    return np.stack([[units(row) @ w2 + b2 for row in sentence] for sentence in rows])


@measure("batch position", like="out")
def per_position_difference(per_position: np.ndarray, out: np.ndarray) -> Values:
    """max |alone_i - out_i| of each row, over the largest entry of all rows."""
    return np.abs(per_position - out).max(-1) / np.abs(out).max()


@measure("position kind", like="post")
def of_kind(trace: Trace, prefix: str) -> Values:
    """1 where the word at a position is of a kind, else 0: "position kind"."""
    words = trace.full(f"{prefix}.post").labels["position"]
    return [[int(word.lower() in kind) for kind in kinds().values()] for word in words], {"kind": tuple(kinds())}


@measure("position d_ff", like="post")
def named_after(trace: Trace, prefix: str, of_kind: np.ndarray, post: np.ndarray) -> Values:
    """The activation of each unit at each word, where the word is of the kind that the unit tells best; else zero.

    "position d_ff". The kinds are those of the experiment `neurons`; prefix is `encoder.<layer>.ffn`.
    """
    return post[0] * of_kind[:, trace.full("experiment.neurons.best_kind").values[int(prefix.split(".")[1])]]
