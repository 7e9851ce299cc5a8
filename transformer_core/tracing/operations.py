"""The operation by which each trace point is made of its parents, in the words of the papers. NumPy alone.

One table (operations.toml), by the last part of a point's name. An operation names parents as its equation does
("x w_q + b_q"); which entries of them belong to one entry of the result follows from the names of the axes (`explain`),
so that no index map is written by hand.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
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
        axis_aliases: axes of the result that have another name in its parents.
    """

    kind: str
    equation: str
    terms: str
    compute: Compute = total
    along: tuple[str, ...] = ()
    when: Callable[[Place], bool] = lambda _entry: True
    axis_aliases: Mapping[str, str] = field(default_factory=dict)

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


def later(entry: Place) -> bool:
    """True if a word stands before the one of this entry."""
    return entry.at["position"] > 0


_FUNCTIONS = {
    one.__name__: one
    for one in (
        softmax, mask, over_root, times_root, mean, variance, normalize, mean_square, root_mean_square, rotation,
        sinusoid, activation, gathered, scaled_row, sigmoid, tanh, state, in_cache, later,
    )
}  # fmt: skip


def _operations() -> dict[str, tuple[Operation, ...]]:
    """The table of operations; equal ones are one object."""
    known: dict[str, Operation] = {}

    def of(row: dict[str, Any]) -> Operation:
        functions = {name: _FUNCTIONS[row[name]] for name in ("compute", "when") if name in row}
        made = Operation(**row | functions | {"along": tuple(row.get("along", ()))})
        return known.setdefault(repr(row), made)

    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {name: tuple(map(of, rows)) for name, rows in table.items()}


#: By the last part of a point's name; of several, the first whose parents are there made the entry.
OPERATIONS = _operations()
