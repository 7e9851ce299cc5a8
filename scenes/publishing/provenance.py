"""The provenance of numbers that no model in a page computes: what each was made of, down to what one computes.

Such a number is a measure of the sentence, as a cosine is, or follows from what an experiment recorded. `trace.explain`
knows its inputs; a page has them for the numbers that a film shows, and for the measures among their inputs.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from transformer_core.tracing.explain import Entry
from transformer_core.tracing.trace import NamedTensor, Trace

#: Of more inputs a page has the largest. A row of the model that the film shows is written whole.
MOST_INPUTS = 64
#: Of a number with more inputs, a mean over whole matrices say, a page names the tensors alone; so it does of an input
#: that reads more numbers, of which none is shown.
MOST_FOUND, MOST_READ = 512, 1024


def provenance(shown: Sequence[Entry], computed: Container[str]) -> dict[str, Any]:
    """Return what the entries of `shown` were made of, for a page whose model has `computed` some tensors.

    `tensors` are those that are named: name, axes, origin in words, the tensors `of` which a measure is, whether they
    are computed, and labels by axis and place. An entry of `entries`, and each of its inputs, is the place of its
    tensor among them, its index and its value. An entry has its largest inputs, the factors of a product together, and
    the number of those that are left out.
    """
    tensors: dict[str, dict[str, Any]] = {}
    places: dict[str, int] = {}
    told: dict[tuple[str, tuple[int, ...]], dict[str, Any]] = {}
    known: dict[tuple[str, str, int, int], NamedTensor] = {}

    def cell(entry: Entry) -> list[float]:
        if entry.name not in tensors:
            places[entry.name] = len(tensors)
            asked = entry.name in computed
            made, of = ("", ()) if asked else (entry.made_by, entry.read)
            facts = {"name": entry.name, "axes": entry.tensor.axes, "made": made, "of": of, "computed": asked}
            tensors[entry.name] = facts | {"labels": {}}
        labels = tensors[entry.name]["labels"]
        for axis, at in zip(entry.tensor.axes, entry.index, strict=True):
            if axis in entry.tensor.labels:
                labels.setdefault(axis, {})[at] = entry.labels[axis]
        return [places[entry.name], *entry.index, float(f"{entry.value:.6g}")]

    def goes_on(entry: Entry) -> bool:
        read = tensors[entry.name]["of"]
        return bool(read) and sum(entry.trace.full(one).values.size for one in read) <= MOST_READ

    waiting = [*shown]
    for entry in waiting:  # it grows
        key = entry.name, entry.index
        if key in told or entry.operation is None:
            continue
        own, terms = cell(entry), _terms(entry, known)
        if not terms:
            continue
        kept = _largest(terms)
        told[key] = {"entry": own, "inputs": [[*map(cell, term)] for term in kept], "more": len(terms) - len(kept)}
        waiting += [one for term in kept for one in term if goes_on(one)]
    return {"tensors": [*tensors.values()], "entries": [*told.values()]} if told else {}


def _terms(entry: Entry, known: dict[tuple[str, str, int, int], NamedTensor]) -> Sequence[tuple[Entry, ...]]:
    """The terms of an entry; none where a measure depends on too many numbers."""
    if entry.operation and entry.operation.kind == "measure":
        found = [(one,) for one in islice(entry.moving(known), MOST_FOUND + 1)]
        if found:
            return found if len(found) <= MOST_FOUND else ()
    return entry.terms


def _largest(terms: Sequence[tuple[Entry, ...]]) -> list[tuple[Entry, ...]]:
    """The largest of some terms, in their own order; a hidden key is at minus infinity, and adds nothing."""
    products = [abs(math.prod(cell.value for cell in term)) for term in terms]
    sizes = [size if math.isfinite(size) else 0.0 for size in products]
    largest = sorted(range(len(sizes)), key=lambda at: -sizes[at])[:MOST_INPUTS]
    return [terms[at] for at in sorted(largest)]


def in_order(names: Iterable[str], trace: Trace) -> dict[str, tuple[int, int]]:
    """Return how late each of the tensors called `names` is computed: later than those that it was made of.

    What the pass computes is in the order of execution, and a measure right after the last tensor that it reads. What
    was given, learned or recorded elsewhere comes first.
    """
    pass_order = {name: at for at, name in enumerate(name for name in trace.tensors if name in trace.parents)}
    return {name: _late(name, trace, pass_order) for name in names}


def _late(name: str, trace: Trace, pass_order: Mapping[str, int]) -> tuple[int, int]:
    if name in pass_order:
        return pass_order[name], 0
    read = trace.explain(name, **dict.fromkeys(trace.full(name).axes, 0)).read
    place, measures = max((_late(one, trace, pass_order) for one in read), default=(-1, 0))
    return place, measures + 1 if read else 0
