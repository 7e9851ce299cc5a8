"""Named tensors: values that know their name, a word for each axis, and where each entry stands. NumPy alone."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from transformer_core.tracing.notebook import tensor_html
from transformer_core.tracing.provenance import Label, Quantity

#: Every axis that a tensor of the core may have, and what runs along it; those of the lecture are in `studies.axes`.
AXES: dict[str, str] = tomllib.loads(Path(__file__).with_name("axes.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, eq=False)
class NamedTensor:
    """Values with a name, a word for each axis, and labels along the axes that have them.

    Every view (`pick`, slices, `transpose`) remembers where its entries lie in the full array called `name`, so that a
    number on screen can be looked up in a saved trace. `origin` holds one item for each axis of that full array: a
    fixed index, or the name of the axis that is still open; `kept` the indices along each open axis.

    Raises:
        ValueError: axes or labels that do not fit the shape of the values.
    """

    name: str
    values: np.ndarray
    axes: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origin: tuple[int | str, ...] = ()
    kept: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = np.asarray(self.values)
        if values.ndim != len(self.axes) or len(set(self.axes)) != len(self.axes):
            raise ValueError(f"{self.name}: axes {self.axes} do not name the dimensions of shape {values.shape}")
        for axis, names in self.labels.items():
            if axis in self.axes and len(names) != values.shape[self.axes.index(axis)]:
                raise ValueError(f"{self.name}: {len(names)} labels for axis {axis} of shape {values.shape}")
        object.__setattr__(self, "values", values)
        if not self.origin and not self.kept:
            object.__setattr__(self, "origin", tuple(self.axes))
            sizes = zip(self.axes, values.shape, strict=True)
            object.__setattr__(self, "kept", {axis: range(size) for axis, size in sizes})

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of entries along each axis, in the order of `axes`."""
        return self.values.shape

    def size(self, axis: str) -> int:
        """The number of entries along `axis`."""
        return int(self.values.shape[self.axes.index(axis)])

    def __len__(self) -> int:
        return len(self.values)

    def __float__(self) -> float:
        return float(self.values)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self.values)))

    def _repr_html_(self) -> str:
        return tensor_html(self.name, self.values, self.axes, self.labels)

    def label(self, axis: str, position: int) -> Label:
        """The token at `position` of this view along `axis`."""
        names = self.labels.get(axis)
        text = names[position] if names else str(position)
        return Label(text, self.name, axis, self.kept[axis][position])

    def words(self, axis: str) -> tuple[Label, ...]:
        """All labels along `axis`, in order."""
        return tuple(self.label(axis, i) for i in range(self.size(axis)))

    def position(self, axis: str, wanted: int | str) -> int:
        """The place of `wanted` along `axis`: of a label, or else of a number, which may be written as text.

        Raises:
            KeyError: no such label, or no such position, on this axis.
        """
        size = self.size(axis)
        if isinstance(wanted, Label) and wanted.position in self.kept[axis]:
            here = self.kept[axis].index(wanted.position)
            if self.labels.get(axis, ())[here : here + 1] == (str(wanted),):
                return here
        if isinstance(wanted, str):
            names = self.labels.get(axis, ())
            if wanted in names:
                return names.index(wanted)
            if not (wanted.isascii() and wanted.isdecimal()):
                raise KeyError(f"{self.name} has no {wanted!r} along {axis}: it has {', '.join(names) or 'no labels'}")
            wanted = int(wanted[:18])
        if not -size <= wanted < size:
            raise KeyError(f"{self.name} has {size} entries along {axis}, none at {wanted}")
        return int(wanted) % size

    def pick(self, **chosen: int | str | slice | tuple[int, ...]) -> Any:
        """The part at the given position, label or range of each named axis; a `Quantity` if none is left open."""
        view = self
        for axis, wanted in chosen.items():
            view = view._take(axis, wanted)
        return view if view.axes else view.quantity()

    def _take(self, axis: str, wanted: int | str | slice | tuple[int, ...]) -> NamedTensor:
        if axis not in self.axes:
            raise KeyError(f"{self.name} has no axis {axis!r}: it has {', '.join(self.axes) or 'none'}")
        dimension = self.axes.index(axis)
        if isinstance(wanted, (slice, tuple, range, list)):
            span = range(self.size(axis))
            chosen = list(span[wanted]) if isinstance(wanted, slice) else [self.position(axis, i) for i in wanted]
            labels = dict(self.labels)
            if axis in labels:
                labels[axis] = tuple(self.labels[axis][i] for i in chosen)
            kept = {**self.kept, axis: tuple(self.kept[axis][i] for i in chosen)}
            return replace(self, values=self.values.take(chosen, dimension), labels=labels, kept=kept)
        here = self.position(axis, wanted)
        return replace(
            self,
            values=self.values.take(here, dimension),
            axes=tuple(a for a in self.axes if a != axis),
            labels={a: names for a, names in self.labels.items() if a != axis},
            origin=tuple(self.kept[axis][here] if a == axis else a for a in self.origin),
            kept={a: where for a, where in self.kept.items() if a != axis},
        )

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        return self.pick(**dict(zip(self.axes, parts, strict=False)))

    def transpose(self, *axes: str) -> NamedTensor:
        """The same entries with the axes in another order; entries keep their index in the full array."""
        order = axes or self.axes[::-1]
        return replace(self, values=self.values.transpose([self.axes.index(a) for a in order]), axes=tuple(order))

    def index(self, *position: int) -> tuple[int, ...]:
        """The index into the full array of the entry at `position` of this view."""
        at = dict(zip(self.axes, position, strict=True))
        return tuple(self.kept[a][at[a]] if isinstance(a, str) else a for a in self.origin)

    def quantity(self, *position: int) -> Quantity:
        """The entry at `position`, with its source."""
        return Quantity(self.values[position].item(), self.name, self.index(*position))

    def quantities(self) -> list[Quantity]:
        """All entries of this view in reading order, each with its source."""
        return [self.quantity(*position) for position in np.ndindex(self.values.shape)]

    def largest(self) -> tuple[Any, ...]:
        """The label along each axis of the largest entry, and the entry: `top_key, share = row.largest()`."""
        return self._extreme(np.argmax)

    def smallest(self) -> tuple[Any, ...]:
        """The label along each axis of the smallest entry, and the entry."""
        return self._extreme(np.argmin)

    def _extreme(self, choose: Callable[[np.ndarray], Any]) -> tuple[Any, ...]:
        position = tuple(int(i) for i in np.unravel_index(int(choose(self.values)), self.values.shape))
        labels = [self.label(axis, i) for axis, i in zip(self.axes, position, strict=True)]
        return (*labels, self.quantity(*position))


class Tensors(dict[str, NamedTensor]):
    """Named tensors, of which some are computed when they are read; the last few of these are kept."""

    #: So many of those that are computed stay.
    LAST = 8

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._last: dict[str, NamedTensor] = {}

    def later(self, name: str, make: Callable[[], NamedTensor]) -> None:
        """Add a tensor that `make` computes."""
        super().__setitem__(name, make)  # type: ignore[assignment]

    def __getitem__(self, name: str) -> NamedTensor:
        found: Any = super().__getitem__(name)
        if isinstance(found, NamedTensor):
            return found
        if name not in self._last:
            if len(self._last) == self.LAST:
                del self._last[next(iter(self._last))]
            self._last[name] = found()
        return self._last[name]

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def values(self) -> Any:
        return (self[name] for name in self)

    def items(self) -> Any:
        return ((name, self[name]) for name in self)
