"""The terms of a sum: what each of them adds, and the columns in which a picture shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from transformer_core.tracing.explain import Entry
from transformer_core.tracing.operations import mean, mean_square, total, variance
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

SUMS = (total, mean, variance, mean_square)
#: Kinds that may be a function of a sum, such as a sigmoid.
SQUASHED = frozenset({"gate", "matrix product"})


def steps_of(entry: Entry) -> np.ndarray:
    """The number that each term adds: a product, or for a mean its part of it."""
    compute = entry.operation.compute if entry.operation else total
    terms = [tuple(float(cell.value) for cell in term) for term in entry.terms]
    if compute is variance:
        return np.array([(x - middle) ** 2 / len(terms) for x, middle in terms])
    if compute is mean_square:
        return np.array([x * x / len(terms) for (x,) in terms])
    return np.array([math.prod(term) / (len(terms) if compute is mean else 1) for term in terms])


def place_of(term: Sequence[Entry]) -> dict[str, int]:
    """The places of the factors of a term, along the axes of all of them."""
    return {axis: i for cell in term for axis, i in cell.at.items()}


def open_axes(terms: Sequence[tuple[Entry, ...]]) -> list[str]:
    """The axes along which the terms of a sum lie."""
    spots = [place_of(term) for term in terms]
    axes = dict.fromkeys(axis for spot in spots for axis in spot)
    return [axis for axis in axes if len({spot.get(axis) for spot in spots}) > 1]


def is_sum(entry: Entry) -> bool:
    """True if an entry is the sum of more terms than have a plate each, or a function of such a sum."""
    if entry.operation is None or len(entry.terms) < 3:
        return False
    if entry.operation.kind == "measure" or not open_axes(entry.terms[:-1]):
        return False
    return entry.operation.compute in SUMS or entry.operation.kind in SQUASHED


def _main(entry: Entry) -> list[int]:
    """The terms that are summed over an axis; a bias is added to them and is none."""
    most = max(len(term) for term in entry.terms)
    main = [i for i, term in enumerate(entry.terms) if len(term) == most]
    names = [{cell.name for cell in entry.terms[i]} for i in (main[0], main[-1])]
    return main[:-1] if most == 1 and len(main) > 1 and names[0] != names[1] else main


class TermColumns:
    """The terms of a sum in at most `most` columns: one for each, or for a few, of which the largest shows.

    Args:
        entry: the sum.
        most: how many columns there is room for.
        products, sums: the traced products, and the traced sums up to each of them, if there are any.

    `terms` has the term that each column shows, `adding` what the column adds, `rest` the terms that are added last.
    """

    def __init__(self, entry: Entry, most: int, products: NamedTensor | None, sums: NamedTensor | None) -> None:
        steps, main = steps_of(entry), _main(entry)
        others = [i for i in range(len(steps)) if i not in set(main)]
        groups = np.array_split(np.array(main), min(len(main), most))
        chosen = [int(group[np.argmax(np.abs(steps[group]))]) for group in groups]
        self.entry, self.whole = entry, len(chosen) == len(main)
        self.terms = [entry.terms[i] for i in chosen]
        self.adding = [float(steps[group].sum()) for group in groups]
        self.rest = [entry.terms[i] for i in others]
        self.added_last = [float(steps[i]) for i in others]
        self.factors = list(zip(*self.terms, strict=True))
        self.axes = open_axes(self.terms)
        self.strongest = int(np.argmax([abs(steps[i]) for i in chosen]))
        self.products, self.sums = self._traced(products), self._traced(sums)

    def __len__(self) -> int:
        return len(self.terms)

    def _traced(self, tensor: NamedTensor | None) -> list[Quantity] | None:
        """The entries of a traced tensor that has one for each column."""
        fits = tensor is not None and self.whole and len(tensor) == len(self.terms)
        return tensor.quantities() if fits and tensor is not None else None

    @property
    def squared(self) -> bool:
        """True if squares are added."""
        return self.entry.operation is not None and self.entry.operation.compute in {variance, mean_square}

    @property
    def multiplied(self) -> bool:
        """True if a step is more than one entry: a product, or a square."""
        return len(self.factors) > 1 or self.squared

    @property
    def worded(self) -> bool:
        """True if the columns have words."""
        return any(self.axes[0] in cell.tensor.labels for cell in self.terms[0])

    def label(self, term: Sequence[Entry]) -> Label:
        """The place of a term along the axis that is summed over."""
        axis = next(axis for axis in self.axes if axis in place_of(term))
        cell = next(cell for cell in term if axis in cell.at)
        return cell.tensor.label(axis, cell.at[axis])

    def exact(self, i: int) -> Quantity | None:
        """The entry of the trace that column i adds, if it is one."""
        if self.products is not None:
            return self.products[i]
        cell = self.terms[i][0]
        alone = len(self.factors) == 1 and self.whole and bool(np.isclose(self.adding[i], cell.value))
        return cell.quantity if alone else None
