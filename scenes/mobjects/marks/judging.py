"""A drawing is compared with the trace: what a mark means, and what is seen of it on stage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

import numpy as np
from manim import Mobject, VMobject

from scenes.theme import PIXELS_PER_UNIT
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

#: How many px a length or a place may differ from what it means; shades are equal.
SLACK = 0.75
#: A line ends at a token, and a chip names a row, up to so many px away from it.
NEAR = 28.0
#: A shape with less of a fill is dimmed, coming or going.
THERE = 0.5
#: The sides of a mark by their names.
SIDES = {"width": 0, "height": 1}
Drawn = TypeVar("Drawn", bound=Mobject)


class MarkMeaning(ABC):
    """The meaning of a property of a drawing, such as a length; a copy of the drawing means the same."""

    #: False of those that mean no number: they name a token, or are what others are measured from.
    numeric: ClassVar[bool] = True

    @abstractmethod
    def fault(self, mark: VMobject, sight: Sight) -> str:
        """Say what is drawn wrongly, or "" if the drawing is true."""

    def entries(self, mark: Mobject) -> Iterator[ShownEntry]:  # noqa: ARG002 - for those that show entries
        """The boxes in which entries of a tensor are shown."""
        yield from ()

    def scales(self) -> Sequence[tuple[int, float]]:
        """The axes along which it is measured, 0 across and 1 up, each with the px of a one."""
        return ()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


@dataclass(frozen=True, eq=False)
class Ground(MarkMeaning):
    """A place that marks are measured from, such as a zero line: its carrier on stage is found by this object."""

    numeric = False

    def fault(self, mark: VMobject, sight: Sight) -> str:  # noqa: ARG002 - nothing is measured of a ground
        return ""


class Grounded(MarkMeaning):
    """A meaning that is measured from a ground; not judged where that is not on stage, or on its way."""

    ground: Ground

    def fault(self, mark: VMobject, sight: Sight) -> str:
        carrier = sight.carrier(self.ground, mark)
        return "" if carrier is None else self.fault_from(carrier, mark, sight)

    @abstractmethod
    def fault_from(self, line: Mobject, mark: VMobject, sight: Sight) -> str:
        """Say what is drawn wrongly, as seen from the carrier of the ground."""


@dataclass(frozen=True)
class Stands(MarkMeaning):
    """The mark stands for a token or another entry of an axis: lines that mean it end here."""

    numeric = False
    label: Label

    def fault(self, mark: VMobject, sight: Sight) -> str:  # noqa: ARG002 - lines are judged, not what they lead to
        return ""


def means(mobject: Drawn, *meanings: MarkMeaning) -> Drawn:
    """Write on `mobject` what its lengths, shades or places mean."""
    mobject.meanings = (*vars(mobject).get("meanings", ()), *meanings)
    return mobject


def hand_over(old: Mobject, new: Mobject) -> None:
    """Let the parts of `old` mean what those of `new` mean, whose look they have taken on."""
    for part, other in zip(old.get_family(), new.get_family(), strict=False):
        part.meanings = getattr(other, "meanings", ())


class ShownEntry(NamedTuple):
    """A box on stage, in units, that shows an entry of a tensor."""

    low: np.ndarray
    high: np.ndarray
    quantity: Quantity
    part: Mobject


class Sight:
    """A picture as it is judged: what stands on stage, the trace, and which parts are on their way."""

    def __init__(self, stage: Sequence[Mobject], trace: Trace, moving: Container[int] = ()) -> None:
        self.trace, self.moving = trace, moving
        self.roots = {id(part): root for root in stage for part in root.get_family()}
        #: In the order in which they are drawn.
        drawn = sorted((part for root in stage for part in root.get_family()), key=lambda part: part.z_index)
        self.parts = {id(part): part for part in drawn}
        self.marks = [part for part in self.parts.values() if vars(part).get("meanings", ())]
        self._carriers: dict[int, list[Mobject]] = {}
        for part in self.marks:
            for meaning in part.meanings:
                if isinstance(meaning, Ground):
                    self._carriers.setdefault(id(meaning), []).append(part)
        self._read: dict[str, NamedTensor] = {}

    def tensor(self, name: str) -> NamedTensor:
        """The full tensor of a source, read from the trace again."""
        if name not in self._read:
            self._read[name] = self.trace.full(name)
        return self._read[name]

    def value(self, quantity: float) -> float:
        """The entry at the source of a quantity; a plain number, such as a place on an axis, is itself."""
        if not isinstance(quantity, Quantity):
            return float(quantity)
        return float(self.tensor(quantity.name).values[quantity.index])

    def values(self, view: NamedTensor) -> np.ndarray:
        """The entries at the sources of a whole view, in float64."""
        places = np.ix_(*(view.kept[at] if isinstance(at, str) else (at,) for at in view.origin))
        read = self.tensor(view.name).values[places].astype(float)
        open_axes = [at for at in view.origin if isinstance(at, str)]
        order = [open_axes.index(axis) for axis in view.axes]
        return read.reshape([len(view.kept[at]) for at in open_axes]).transpose(order)

    def stands_still(self, part: Mobject) -> bool:
        return id(part) not in self.moving and not vars(part).get("dived", False)

    def carrier(self, ground: Ground, mark: Mobject) -> Mobject | None:
        """The part that carries `ground` in the figure of `mark`, or elsewhere on stage; None if there is none."""
        found = self._carriers.get(id(ground), [])
        root = self.roots.get(id(mark))
        near = [part for part in found if self.roots[id(part)] is root] or found
        if not near or not all(map(self.stands_still, near)):
            return None
        return min(near, key=lambda part: between(box_of(part), box_of(mark)))

    def entries(self, name: str) -> list[ShownEntry]:
        """All boxes on stage that show entries of the tensor called `name`."""
        return self._entries.get(name, [])

    @cached_property
    def _entries(self) -> dict[str, list[ShownEntry]]:
        found: dict[str, list[ShownEntry]] = {}
        for entry in self._shown():
            found.setdefault(entry.quantity.name, []).append(entry)
        return found

    def _shown(self) -> Iterator[ShownEntry]:
        for part in self.parts.values():
            quantity = vars(part).get("quantity")
            if isinstance(quantity, Quantity) and self.stands_still(part) and part.get_family()[-1].has_points():
                yield ShownEntry(*box_of(part), quantity, part)
            for meaning in vars(part).get("meanings", ()):
                if self.stands_still(part):
                    yield from meaning.entries(part)

    @cached_property
    def filled(self) -> list[tuple[VMobject, np.ndarray]]:
        """Shapes that are there and have a fill, in the order in which they are drawn, each with its box."""
        return [
            (part, np.concatenate([part.points[:, :2].min(0), part.points[:, :2].max(0)]))
            for part in self.parts.values()
            if isinstance(part, VMobject) and len(part.points) and part.get_fill_opacity() >= THERE
        ]

    @cached_property
    def stands(self) -> list[tuple[Mobject, Label]]:
        """All parts that stand for tokens, each with its label."""
        found = []
        for part in self.parts.values():
            label = vars(part).get("label")
            labels = [m.label for m in vars(part).get("meanings", ()) if isinstance(m, Stands)]
            found += [(part, one) for one in (label, *labels) if isinstance(one, Label)]
        return found


def marks_on(stage: Sequence[Mobject]) -> list[VMobject]:
    """Every part of a picture that means a number: a ground, a token and a name mean none."""
    return [
        part
        for mobject in stage
        for part in mobject.get_family()
        if any(meaning.numeric for meaning in vars(part).get("meanings", ()))
    ]


def named(quantity: float) -> str:
    if isinstance(quantity, Quantity):
        return f"{float(quantity):.4g} of {quantity.name}{list(quantity.index)}"
    return f"{float(quantity):.4g}"


def box_of(mobject: Mobject) -> tuple[np.ndarray, np.ndarray]:
    """The lower left and the upper right corner."""
    family = mobject.get_family() if mobject.submobjects else [mobject]
    points = np.concatenate([part.points for part in family if len(part.points)] or [np.zeros((1, 3))])
    return points.min(0), points.max(0)


def between(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    """The distance of two boxes."""
    return float(np.linalg.norm(np.maximum(0, np.maximum(one[0] - other[1], other[0] - one[1]))))


def extent(mark: VMobject, side: str) -> float:
    """The px of a mark along a side: of a group, from the first of its parts to the last."""
    low, high = box_of(mark)
    return float((high - low)[SIDES[side]]) * PIXELS_PER_UNIT
