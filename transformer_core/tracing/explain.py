"""Explain a number of a trace: its operation, the entries that went into it, and the number computed again.

    >>> cell = explain(trace, "encoder.1.self_attn.weights", head=1, query="red", key="car")
    >>> cell.operation.kind, cell.value, cell.recomputed
    ('softmax', 0.9923..., 0.9923...)
    >>> [entry.labels["key"] for (entry,) in cell.terms]
    ['The', 'car', 'is', 'red']
    >>> cell.terms[1][0].operation.equation          # and so on, down to ids and parameters
    'scaled, or -∞ where a key is hidden'

Nothing of this is recorded while the model runs: the operation follows from the name of the point (`operations`), the
parents from the trace, and the entries from the names of the axes. An axis that parent and result share has the same
place in both; over an axis that only the parent has, terms are run through.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import product
from typing import Any, Protocol

import numpy as np

from transformer_core.config import Config, Rotary
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.operations import ALL, OPERATIONS, Operation, total
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.window import TraceView, behind_window

#: The embeddings call `position` what attention calls `query` or `key`.
PLACES = ("position", "query", "key")
STEP = re.compile(r"^step\.(\d+)\.")
#: The settings that a trace of an earlier version does not name.
DEFAULTS = {field.name: field.default for field in fields(Config)}
#: The last parts of the names of what a model is told.
GIVEN = {"ids", "type_ids", "position_ids", "query_positions", "key_positions"}


class ExplainedTrace(TraceView, Protocol):
    """The part of a `Trace` that is read here."""

    parents: dict[str, tuple[str, ...]]

    def equation(self, name: str) -> str: ...
    def computed(
        self, name: str, instead: Mapping[str, NamedTensor] = ...
    ) -> tuple[NamedTensor | None, tuple[str, ...]]: ...


@dataclass(frozen=True, eq=False)
class Entry:
    """An entry of the tensor `name`, `at` a place along each of its axes.

    `terms` are the entries that it was made of, found when they are asked for: `cell.terms[3][0].terms` goes on down.
    """

    trace: ExplainedTrace
    name: str
    at: Mapping[str, int]

    @cached_property
    def tensor(self) -> NamedTensor:
        """The full tensor that the entry stands in."""
        return self.trace.full(self.name)

    def size(self, axis: str) -> int:
        """The number of entries of the tensor along `axis`."""
        return self.tensor.size(axis)

    def parent_size(self, short: str, axis: str) -> int:
        """The number of entries of the parent called `short` along `axis`."""
        return self.trace.full(self.parents[short]).size(axis)

    def config(self, name: str) -> Any:
        """A setting of the model that was traced.

        Raises:
            ValueError: the trace does not say how its model was built.
        """
        try:
            config = self.trace.about["config"]
            return config[name] if name in config else DEFAULTS[name]
        except KeyError:
            raise ValueError(
                f'this trace does not name the {name} of its model: trace.about["config"] has it in a lecture'
            ) from None

    @property
    def index(self) -> tuple[int, ...]:
        """The index into the full array; a tensor that was made once for a whole batch has one place along it."""
        sizes = zip(self.tensor.axes, self.tensor.shape, strict=True)
        return tuple(self.at[axis] if size > 1 else 0 for axis, size in sizes)

    @cached_property
    def value(self) -> float:
        """The number in the trace."""
        return float(self.tensor.values[self.index])

    @property
    def quantity(self) -> Quantity:
        """The number with its source."""
        return Quantity(self.value, self.name, self.index)

    @property
    def labels(self) -> dict[str, str]:
        """The token, or the place, along each axis."""
        return {axis: str(self.tensor.label(axis, i)) for axis, i in zip(self.tensor.axes, self.index, strict=True)}

    @cached_property
    def parents(self) -> dict[str, str]:
        """The tensors that this one was made of, by the last part of their names; the first two also as `x` and `y`.

        `before` is the same tensor one step of decoding earlier, where there is one.
        """
        names = self.trace.parents.get(self.name) or self.read
        found = dict(zip("xy", names, strict=False))
        found |= {name.rpartition(".")[2]: name for name in names}
        before = STEP.sub(lambda step: f"step.{int(step[1]) - 1}.", self.name)
        return found | {"before": before} if before != self.name and before in self.trace.tensors else found

    @cached_property
    def measured(self) -> tuple[NamedTensor | None, tuple[str, ...]]:
        """The tensor as a measure computes it, and the tensors that it reads; None and none for what was recorded."""
        known = self.name not in self.trace.parents and self.trace.equation(self.name)
        return self.trace.computed(self.name) if known else (None, ())

    @property
    def read(self) -> tuple[str, ...]:
        """The tensors that a measure reads; none for what the pass recorded."""
        return self.measured[1]

    @cached_property
    def operation(self) -> Operation | None:
        """The operation that made this entry; None for what was given or learned."""
        if self.measured[0] is not None:
            return Operation("measure", self.trace.equation(self.name), ALL)
        known = OPERATIONS.get(self.name.rpartition(".")[2], ()) if self.name in self.trace.parents else ()
        return next((one for one in known if one.needs <= self.parents.keys() and one.when(self)), None)

    @property
    def made_by(self) -> str:
        """The operation in words: its kind and its equation, or where the number came from instead."""
        if self.operation:
            return f"{self.operation.kind}: {self.operation.equation}"
        if is_learned(self.name):
            return "learned"
        given = self.name.rpartition(".")[2] in GIVEN or self.name.startswith("config.")
        return "given" if given else "not explained"

    @cached_property
    def terms(self) -> tuple[tuple[Entry, ...], ...]:
        """The entries that this one was made of, in order; the factors of one product belong together."""
        if self.operation is None:
            return ()
        moving = tuple((entry,) for entry in self.moving()) if self.operation.kind == "measure" else ()
        if moving:
            return moving
        return tuple(term for names in self.factors for term in self._products(names, self.operation))

    @property
    def factors(self) -> list[list[str]]:
        """The tensors whose entries are multiplied, for each of the products that the operation adds up or reads."""
        if self.operation is None:
            return []
        if self.operation.terms == ALL:
            return [[name] for name in self.trace.parents.get(self.name, self.read) if not is_learned(name)]
        known = self.parents
        return [[known[w] for w in words] for words in self.operation.products if words and known.keys() >= {*words}]

    def moving(self, known: dict[tuple[str, str, int, int], NamedTensor] | None = None) -> Iterator[Entry]:
        """Yield the entries of the tensors that a measure reads whose small change changes this number.

        The measure is computed some times for each: of a number that depends on whole matrices, take the first few.
        What was computed is kept in `known`, and serves other entries of the same tensor.
        """
        known = {} if known is None else known
        for tensor in map(self.trace.full, self.read):
            if tensor.values.dtype.kind == "f":
                flat = np.flatnonzero(np.isfinite(tensor.values))
                step = 1e-3 * (np.abs(tensor.values.flat[flat]).max(initial=0) or 1.0)
                steps = step * np.random.default_rng(0).uniform(0.5, 1, tensor.values.size)
                for place in self._among(tensor, flat, steps, known):
                    index = map(int, np.unravel_index(place, tensor.shape))
                    yield Entry(self.trace, tensor.name, dict(zip(tensor.axes, index, strict=True)))

    def _among(
        self,
        tensor: NamedTensor,
        flat: np.ndarray,
        steps: np.ndarray,
        known: dict[tuple[str, str, int, int], NamedTensor],
    ) -> Iterator[int]:
        """Yield those of the places `flat` of a tensor on which the number depends, by bisection.

        All places of a half are moved at once, each by a step of its own, so that they do not cancel; a half that
        leaves the number as it was is searched no further.
        """
        if not len(flat):
            return
        key = (self.name, tensor.name, int(flat[0]), int(flat[-1]))
        if key not in known:
            moved = tensor.values.copy()
            moved.flat[flat] += steps[flat]
            again = self.trace.computed(self.name, {tensor.name: replace(tensor, values=moved)})[0]
            known[key] = self.tensor if again is None else again
        if float(known[key].values[self.index]) != self.afresh:
            if len(flat) == 1:
                yield int(flat[0])
            else:
                for half in np.array_split(flat, 2):
                    yield from self._among(tensor, half, steps, known)

    def _products(self, names: list[str], operation: Operation) -> Iterator[tuple[Entry, ...]]:
        """Yield a product for each place along the axes that the parents have and the entry has not."""
        tensors = [self.trace.full(name) for name in names]
        sizes = {axis: size for tensor in tensors for axis, size in zip(tensor.axes, tensor.shape, strict=True)}
        at = self._places(sizes, operation)
        if operation.kind == "gather":
            yield self._gathered(at, operation)
            return
        if operation.kind == "rotation":
            partners = Rotary(**self.config("rotary")).partners(sizes["d_head"])
            summed = [{"d_head": place} for place in (at["d_head"], partners[at["d_head"]])]
        else:
            open_axes = [axis for axis in sizes if axis not in at]
            places = product(*(range(sizes[axis]) for axis in open_axes))
            summed = [dict(zip(open_axes, place, strict=True)) for place in places]
        for here in (at | places for places in summed):
            yield tuple(Entry(self.trace, t.name, {axis: here[axis] for axis in t.axes}) for t in tensors)

    def _places(self, sizes: Mapping[str, int], operation: Operation) -> dict[str, int]:
        """Return where this entry stands along the axes of its parents, whose `sizes` are given.

        Each line is for one kind of operation: measures, steps one before, caches, heads that are joined or share keys,
        and the pooler of an encoder.
        """
        at = {operation.axis_aliases.get(axis, axis): i for axis, i in self.at.items() if axis not in operation.along}
        if operation.kind == "measure":  # an index that a small change does not move: all that stands at its places
            at = {axis: i for axis, i in at.items() if sizes.get(axis) == self.size(axis)}
        if operation.kind in {"step before", "last word"}:
            at["position"] = at.get("position", sizes.get("position", 0)) - 1
        gone = [axis for axis in PLACES if axis in at and axis not in sizes]
        new = [axis for axis in PLACES if axis in sizes and axis not in self.at]
        for mine, theirs in zip(gone, new, strict=False):
            at[theirs] = at[mine] - (self.size(mine) - sizes[theirs])  # what stands before came out of a cache
        beside = next((axis for axis in ("d_concat", "d_model") if axis in at and axis not in sizes), "")
        if "d_head" in sizes and beside:  # heads beside each other
            at["head"], at["d_head"] = divmod(at[beside], sizes["d_head"])
        if "kv_head" in sizes and "head" in at and "kv_head" not in at:  # which several heads share
            at["kv_head"] = at["head"] // (self.size("head") // sizes["kv_head"])
        if "d_out" in sizes and "d_model" in at:  # a square matrix whose result is again as wide as the stream
            at["d_out"] = at.pop("d_model")
            at.setdefault("position", 0)  # BERT's pooler reads the first token
        return at

    def _gathered(self, at: Mapping[str, int], operation: Operation) -> tuple[Entry, Entry]:
        """Return the id that stands where this entry does, and the entry of the table in the row that it names."""
        row, table = (self.parents[word] for word in operation.terms.split())
        (axis,) = {*self.trace.full(table).axes} - {"d_model"}
        named = Entry(self.trace, row, at)
        return named, Entry(self.trace, table, {axis: int(named.value), "d_model": at["d_model"]})

    @cached_property
    def recomputed(self) -> float:
        """The number computed again, in double precision, from the traced numbers that it was made of."""
        if self.operation and self.operation.kind == "measure":
            return self.afresh
        values = [tuple(entry.value for entry in term) for term in self.terms]
        return self.operation.compute(self, values) if self.operation else self.value

    @cached_property
    def afresh(self) -> float:
        """The number of a measure, computed from the trace once more."""
        again = self.measured[0]
        return self.value if again is None else float(again.values[self.index])

    @property
    def edited(self) -> bool:
        """True if the trace holds another number than its parents give: an edit was made here."""
        near = 1000 * float(np.finfo(self.tensor.values.dtype).eps) if self.tensor.values.dtype.kind == "f" else 0.0
        return self.operation is not None and not np.isclose(self.recomputed, self.value, rtol=near, atol=near)

    def as_dict(self, depth: int = 1) -> dict[str, Any]:
        """For programs: name, index, labels, value, operation, and the terms down to `depth`."""
        found: dict[str, Any] = {
            "name": self.name,
            "index": list(self.index),
            "labels": self.labels,
            "value": self.value,
            "made_by": self.made_by,
        }
        if self.operation:
            found |= {
                "operation": self.operation.kind,
                "equation": self.operation.equation,
                "recomputed": self.recomputed,
            }
        if self.operation and depth > 0:
            found["terms"] = [[cell.as_dict(depth - 1) for cell in term] for term in self.terms]
        return found

    def tree(self, depth: int = 1, most: int = 8) -> str:
        """The entry and what it was made of, line by line; of many terms, the `most` largest, in their own order."""
        return "\n".join(lines(self, depth, most))

    def __str__(self) -> str:
        return self.tree()


def is_learned(name: str) -> bool:
    """True for the name of a parameter."""
    return "parameters." in name


def lines(entry: Entry, depth: int, most: int, indent: str = "") -> Iterator[str]:
    """The lines of `Entry.tree`."""
    words = ", ".join(f"{axis}={label}" for axis, label in entry.labels.items() if axis != "batch")
    edited = f"  (edited: {entry.recomputed:.6g} without the edit)" if entry.edited else ""
    yield f"{indent}{entry.name}[{words}] = {entry.value:.6g}   {entry.made_by}{edited}"
    if depth <= 0 or not entry.terms:
        return
    products = [math.prod(cell.value for cell in term) for term in entry.terms]
    # A key that is hidden is at minus infinity: it adds nothing.
    sizes = [abs(product) if math.isfinite(product) else 0.0 for product in products]
    largest = sorted(range(len(products)), key=lambda i: -sizes[i])[:most]
    for i in sorted(largest):
        if len(entry.terms[i]) > 1 and entry.operation and entry.operation.compute is total:
            factors = " · ".join(f"{cell.value:.6g}" for cell in entry.terms[i])
            yield f"{indent}  {factors} = {products[i]:.6g}"
        for cell in entry.terms[i]:
            yield from lines(cell, depth - 1, most, indent + "    ")
    if len(products) > most:
        yield f"{indent}  and {len(products) - most} smaller of {len(products)} terms"


def explain(trace: ExplainedTrace, name: str, **picks: int | str) -> Entry:
    """The entry of `name` at a label or a place along each axis, with all that it was made of.

    An axis with one place need not be named. Of a window on a long sentence, the places are those in the window, and
    the entry is that of the whole sentence.

    Raises:
        KeyError: no such tensor, label or place.
        ValueError: an axis is not named, a label stands at several places, or the trace is partial: where tensors in
            between were not kept, its parents are not those that an operation has.
    """
    if trace.about.get("only"):
        raise ValueError(
            f"this trace kept only {', '.join(trace.about['only'])}: to explain a number, record() without only="
        )
    fixed = {axis: at for axis, at in trace.picks.items() if not isinstance(at, slice)}
    tensor = trace.full(trace.prefix + name)
    asked = {axis: at for axis, at in fixed.items() if axis in tensor.axes} | picks
    if unknown := [axis for axis in asked if axis not in tensor.axes]:
        raise ValueError(f"{tensor.name} has no axis {unknown[0]!r}: it has {', '.join(tensor.axes)}")
    at = {axis: _place(tensor, axis, asked.get(axis)) for axis in tensor.axes}
    full_name, places = behind_window(
        trace, tensor.name, dict(zip(tensor.axes, tensor.index(*at.values()), strict=True))
    )
    return Entry(trace, full_name, places)


def places_of(text: str) -> dict[str, str]:
    """Read the place along each axis from a text such as "head=1, query=red".

    Raises:
        ValueError: a part is not of this form.
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    for axis, sign, place in pairs:
        if not (sign and axis.strip() and place.strip()):
            raise ValueError(f"{axis.strip()!r} names no place: write an axis and a place along it, such as query=red")
    return {axis.strip(): place.strip() for axis, _, place in pairs}


def _place(tensor: NamedTensor, axis: str, wanted: int | str | None) -> int:
    labels = tensor.labels.get(axis, ())
    if wanted is None:
        if tensor.size(axis) == 1:
            return 0
        known = ", ".join(labels) if labels and len(labels) <= 20 else f"0 to {tensor.size(axis) - 1}"
        raise ValueError(f"{tensor.name} has {tensor.size(axis)} places along {axis}: say which, of {known}")
    if isinstance(wanted, str) and type(wanted) is str and labels.count(wanted) > 1:
        places = [str(i) for i, label in enumerate(labels) if label == wanted]
        raise ValueError(f"{wanted!r} stands at {', '.join(places)} along {axis} of {tensor.name}: give the number")
    return tensor.position(axis, wanted)
