"""The operation by which each trace point is made of its parents, in the words of the papers. NumPy alone.

One table, `OPERATIONS`, by the last part of a point's name. An operation names parents as its equation does
("x w_q + b_q"); which entries of them belong to one entry of the result follows from the names of the axes (`explain`),
so that no index map is written by hand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from transformer_core.config import Rotary

#: All parents of a tensor, each of them a term.
ALL = "+"
#: The values of the terms of one entry; the factors of a product belong to one term.
Terms = list[tuple[float, ...]]


class Place(Protocol):
    """The entry that is the result of an operation, as `explain.Entry` has it."""

    @property
    def name(self) -> str: ...
    @property
    def at(self) -> Mapping[str, int]: ...
    @property
    def value(self) -> float: ...
    def size(self, axis: str) -> int: ...
    def config(self, name: str) -> Any: ...
    def parent_size(self, short: str, axis: str) -> int: ...


Compute = Callable[[Place, Terms], float]


def total(_entry: Place, terms: Terms) -> float:
    """Σ of the products of factors, correctly rounded."""
    return math.fsum(math.prod(term) for term in terms)


@dataclass(frozen=True)
class Operation:
    """The computation of one number from entries of the parents of its tensor.

    Args:
        kind: the name of the operation, such as "matrix product" or "softmax".
        equation: what is computed, as the paper writes it.
        terms: parents by the last part of their names, `x` for the first: factors stand side by side, and " + " adds.
            A parent after the first " + " may be missing, as a bias may. `ALL` is all parents, each a term.
        compute: the number, of the entry and the values of its terms.
        along: axes of the result of which the whole row is needed, as a softmax needs it.
        when: whether this operation made this entry, where one name stands for several.
        called: axes of the result that have another name in its parents.
    """

    kind: str
    equation: str
    terms: str
    compute: Compute = total
    along: tuple[str, ...] = ()
    when: Callable[[Place], bool] = lambda _entry: True
    called: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def products(self) -> tuple[tuple[str, ...], ...]:
        """The factors of each product, in order."""
        return tuple(tuple(part.split()) for part in self.terms.split(" + "))

    @cached_property
    def needs(self) -> frozenset[str]:
        """The parents without which this operation cannot have made the entry."""
        return frozenset() if self.terms in {"", ALL} else frozenset(self.products[0])


def softmax(entry: Place, terms: Terms) -> float:
    """exp(x - max) / Σ exp(x_j - max); 0 for a query that may see no key."""
    axis = "key" if "key" in entry.at else "vocab"
    row = [x for (x,) in terms]
    top = max(row)
    if top == -math.inf:
        return 0.0
    return math.exp(row[entry.at[axis]] - top) / math.fsum(math.exp(x - top) for x in row)


def mask(entry: Place, terms: Terms) -> float:
    """-inf where the key is hidden: in a decoder's self-attention if it comes after the query.

    Padding is in no trace: that it hides a key is read off the entry itself.
    """
    earlier = entry.size("key") - entry.size("query")  # keys out of a cache stand before the first query
    if "decoder." in entry.name and ".self_attn." in entry.name:
        ahead = entry.at["key"] - entry.at["query"] - earlier
        layer = int(re.search(r"decoder\.(\d+)\.", entry.name)[1])  # type: ignore[index]
        window = 0 if layer in entry.config("full_attention_layers") else entry.config("sliding_window")
        if ahead > 0 or (window and ahead <= -window):
            return -math.inf
    return -math.inf if entry.value == -math.inf else terms[0][0]


def over_root(entry: Place, terms: Terms) -> float:
    """Score / √d_k, d_k being the width of one head."""
    own = 0 if ".cross_attn." in entry.name else entry.config("head_size")
    d_k = own or entry.config("d_model") // entry.size("head")
    return terms[0][0] / math.sqrt(d_k if entry.config("attention_scale") else 1)


def times_root(entry: Place, terms: Terms) -> float:
    return terms[0][0] * (math.sqrt(entry.config("d_model")) if entry.config("embedding_scale") else 1)


def mean(_entry: Place, terms: Terms) -> float:
    return math.fsum(x for (x,) in terms) / len(terms)


def variance(_entry: Place, terms: Terms) -> float:
    return math.fsum((x - middle) ** 2 for x, middle in terms) / len(terms)


def normalize(entry: Place, terms: Terms) -> float:
    ((x, middle, var),) = terms
    return (x - middle) / math.sqrt(var + entry.config("norm_eps"))


def mean_square(_entry: Place, terms: Terms) -> float:
    return math.fsum(x * x for (x,) in terms) / len(terms)


def root_mean_square(entry: Place, terms: Terms) -> float:
    ((x, square),) = terms
    return x / math.sqrt(square + entry.config("norm_eps"))


def rotation(entry: Place, terms: Terms) -> float:
    """x cos(mθ) ± x' sin(mθ), x' being the other entry of the pair, m the position and θ the angle of the pair."""
    rotary = Rotary(**entry.config("rotary"))
    frequency, sign = rotary.turn(entry.size("d_head"), entry.at["d_head"])
    (x, position), (partner, _) = terms
    return x * math.cos(position * frequency) + sign * partner * math.sin(position * frequency)


def sinusoid(entry: Place, terms: Terms) -> float:
    """sin or cos of position / 10000^(2i / d_model); in halves, the sines stand before the cosines, in float32."""
    d, place, halves = entry.config("d_model"), entry.at["d_model"], entry.config("positions") == "halves"
    odd, pair = divmod(place, (d + 1) // 2) if halves else divmod(place, 2)[::-1]
    angle = terms[0][0] * math.exp(2 * pair / d * -math.log(10000.0))
    value = math.cos(angle) if odd else math.sin(angle)
    return float(np.float32(value)) if halves else value


def activation(entry: Place, terms: Terms) -> float:
    """ReLU, GELU, its approximation by tanh, or SiLU."""
    x = terms[0][0]
    match entry.config("activation"):
        case "relu":
            return max(x, 0.0)
        case "gelu":
            return x * 0.5 * math.erfc(-x / math.sqrt(2))
        case "gelu-tanh":
            return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / (1 + math.exp(-x))


def gathered(_entry: Place, terms: Terms) -> float:
    ((_id, entry),) = terms
    return entry


def scaled_row(entry: Place, terms: Terms) -> float:
    return gathered(entry, terms) * math.sqrt(entry.size("d_model"))


def in_cache(entry: Place) -> bool:
    """True if the key of this entry is older than all tokens that were read in this step."""
    return bool(entry.at["key"] < entry.size("key") - entry.parent_size("x", "position"))


def sigmoid(_entry: Place, terms: Terms) -> float:
    return 1 / (1 + math.exp(-total(_entry, terms)))


def tanh(_entry: Place, terms: Terms) -> float:
    return math.tanh(total(_entry, terms))


def state(_entry: Place, terms: Terms) -> float:
    ((gate, cell),) = terms
    return gate * math.tanh(cell)


def _gate(letter: str, squash: Compute, words: str) -> tuple[Operation, ...]:
    equation = f"{letter} = {words}(x W_{letter} + h U_{letter} + b_{letter})"
    return (Operation("gate", equation, f"x w_{letter} + states_before u_{letter} + b_{letter}", squash),)


def _before(name: str, last: str, called: Mapping[str, str]) -> tuple[Operation, ...]:
    """The same tensor one word earlier; before the first word what a decoder was handed, or zeros."""

    def later(entry: Place) -> bool:
        return entry.at["position"] > 0

    return (
        Operation("step before", f"{name} of the word before", name, when=later, called=called),
        Operation("copy", "handed over by the encoder", last, called=called),
        Operation("constant", "zero before the first word", ""),
    )


def _projection(letter: str) -> Operation:
    return Operation(
        "matrix product", f"{letter} = x W_{letter.upper()} + b_{letter.upper()}", f"x w_{letter} + b_{letter}"
    )


def _kept(letter: str) -> Operation:
    return Operation("copy", f"{letter} of an earlier step, from the cache", "before", when=in_cache)


#: The one head of an LSTM's attention reads states as they are.
STATE = {"d_head": "d_state"}
SUM = Operation("sum", "the sum of its parents", ALL)
COPY = Operation("copy", "x", "x")
#: By the last part of a point's name; of several, the first whose parents are there made the entry.
OPERATIONS: dict[str, tuple[Operation, ...]] = {
    "token": (Operation("gather", "the row of the embedding table that the id names", "ids table", gathered),),
    "token_type": (Operation("gather", "the row of the table that the type names", "type_ids types", gathered),),
    "positional": (
        Operation("gather", "the row of the table that the position names", "position_ids positions", gathered),
        Operation("sinusoid", "sin or cos of position / 10000^(2i / d_model)", "position_ids", sinusoid),
    ),
    "w": (Operation("copy", "the embedding table itself (tied)", "table"),),
    "scaled": (
        Operation("scale", "token · √d_model", "token", times_root),
        Operation("scale", "scores / √d_k", "scores", over_root),
    ),
    "sum": (SUM,),
    "mean": (Operation("mean", "mean of x over d_model", "x", mean),),
    "var": (Operation("variance", "mean of (x - mean)² over d_model", "x mean", variance),),
    "mean_square": (Operation("mean square", "mean of x² over a row", "x", mean_square),),
    "normalized": (
        Operation("norm", "(x - mean) / √(var + ε)", "x mean var", normalize),
        Operation("norm", "x / √(mean_square + ε)", "x mean_square", root_mean_square),
    ),
    "q": (_projection("q"),),
    "k": (_kept("k"), _projection("k"), Operation("copy", "the states of the encoder", "states", called=STATE)),
    "v": (_kept("v"), _projection("v")),
    "q_rotated": (Operation("rotation", "q cos(mθ) ± q' sin(mθ)", "x query_positions", rotation),),
    "k_rotated": (Operation("rotation", "k cos(mθ) ± k' sin(mθ)", "x key_positions", rotation),),
    "k_repeated": (Operation("copy", "the key that this head shares with others", "x"),),
    "v_repeated": (Operation("copy", "the value that this head shares with others", "x"),),
    "scores": (
        Operation("dot product", "q · k, both turned by their positions", "q_rotated k_repeated"),
        Operation("dot product", "q · k, both turned by their positions", "q_rotated k_rotated"),
        Operation("dot product", "q · k, which several heads share", "x k_repeated"),
        Operation("dot product", "q · k", "q k"),
        Operation("dot product", "q · k, both normed", "x y"),
    ),
    "masked": (Operation("mask", "scaled, or -∞ where a key is hidden", "scaled", mask),),
    "weights": (
        Operation("softmax", "softmax over key of masked", "masked", softmax, ("key",)),
        Operation("softmax", "softmax over key of scores", "scores", softmax, ("key",)),
    ),
    "z": (
        Operation("weighted sum", "Σ over key of weights · v", "weights v_repeated"),
        Operation("weighted sum", "Σ over key of weights · v", "weights v"),
        Operation("weighted sum", "Σ over key of weights · k", "weights k"),
    ),
    "concat": (Operation("copy", "z of all heads, beside each other", "z"),),
    "head_out": (Operation("matrix product", "z W_O, for each head", "z w_o"),),
    "gate_pre": (Operation("matrix product", "x W_gate + b_gate", "x w_gate + b_gate"),),
    "gate": (Operation("activation", "activation(gate_pre)", "gate_pre", activation),),
    "pre": (
        Operation("matrix product", "x W_1 + b_1", "x w1 + b1"),
        Operation("matrix product", "x W_t + b_t", "x w_t + b_t"),
        Operation("matrix product", "x_0 W_p + b_p", "x w_p + b_p"),
    ),
    "post": (
        Operation("product", "gate · pre", "gate pre"),
        Operation("activation", "activation(pre)", "pre", activation),
    ),
    "embedded": (Operation("gather", "√d_model · the row of the embedding table", "ids table", scaled_row),),
    "i": _gate("i", sigmoid, "sigmoid"),
    "f": _gate("f", sigmoid, "sigmoid"),
    "g": _gate("g", tanh, "tanh"),
    "o": _gate("o", sigmoid, "sigmoid"),
    "cells": (Operation("sum", "c = f · c of the word before + i · g", "f cells_before + i g"),),
    "states": (Operation("state", "h = o · tanh(c)", "o cells", state),),
    "last_state": (Operation("last word", "the state after the last word", "states"),),
    "last_cell": (Operation("last word", "the cell after the last word", "cells"),),
    "states_before": _before("states", "last_state", {"d_before": "d_state"}),
    "cells_before": _before("cells", "last_cell", {}),
    "out": (
        Operation("matrix product", "tanh(z W_c + h W_h + b)", "z w_c + states w_h + b_c", tanh),
        Operation("matrix product", "tanh(h W_h + b)", "states w_h + b_c", tanh),
        Operation("sum", "Σ over head of head_out + b_O", "head_out + b_o"),
        Operation("scale and shift", "normalized · gain + bias", "normalized gain + bias"),
        Operation("matrix product", "post W_2 + b_2", "post w2 + b2"),
        Operation("activation", "tanh(pre)", "pre", tanh),
        Operation("copy", "out of the layer norm", "out"),
    ),
    "resid_pre": (COPY,),
    "resid_post": (COPY,),
    "resid_attn": (SUM,),
    "resid_cross": (SUM,),
    "resid_ffn": (SUM,),
    "logits": (Operation("matrix product", "x W_E + b", "x w + b"),),
    "probs": (Operation("softmax", "softmax over vocab of logits", "logits", softmax, ("vocab",)),),
}  # fmt: skip
