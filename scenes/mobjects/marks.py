"""Graphical truth: a length, an area, a thickness, a shade or a place that means a number, and which number.

A figure writes on each of its marks what the mark means, as a caption's digits carry their source. `misdrawn` reads
the drawing back and compares it with the trace, so that a bar that is too long is found like a wrong digit.

    bar = means(Box(...), Length(share, "width", px_per_unit))
    misdrawn([bar], trace)        # [] or ["a width of 120.0 px is drawn for 0.41 of encoder.1...: 164.0 px"]
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from manim import Mobject, VMobject

from scenes.mobjects.shapes import stroke
from scenes.theme import PIXELS_PER_UNIT, shared, signed
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

#: How many px a length, and how much of a thickness, may differ from what it means; shades are equal.
SLACK = 0.75
Drawn = TypeVar("Drawn", bound=Mobject)


class Meaning(ABC):
    """What a property of a drawing means; a copy of the drawing means the same."""

    @abstractmethod
    def fault(self, mobject: VMobject, trace: Trace) -> str:
        """What is drawn wrongly, or "" if the drawing is true."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def means(mobject: Drawn, *meanings: Meaning) -> Drawn:
    """Write on `mobject` what its lengths, shades or places mean."""
    mobject.meanings = (*getattr(mobject, "meanings", ()), *meanings)
    return mobject


def value_at(quantity: Quantity, trace: Trace) -> float:
    """The entry at the source of a quantity, read from the trace again."""
    return float(trace.full(quantity.name).values[quantity.index])


def named(quantity: Quantity) -> str:
    return f"{float(quantity):.4g} of {quantity.name}{list(quantity.index)}"


@dataclass(frozen=True)
class Length(Meaning):
    """The extent along `side` ("width", "height") is |value| × `unit` px, and at least `least` px.

    With `power` 0.5 it is the root of the value that is drawn: the side of a square whose area means the number.
    """

    quantity: Quantity
    side: str
    unit: float
    least: float = 0.0
    power: float = 1.0

    def fault(self, mobject: VMobject, trace: Trace) -> str:
        right = max(abs(value_at(self.quantity, trace)) ** self.power * self.unit, self.least)
        drawn = float(getattr(mobject, self.side)) * PIXELS_PER_UNIT
        wrong = abs(drawn - right) > SLACK
        return f"a {self.side} of {drawn:.1f} px is drawn for {named(self.quantity)}: {right:.1f} px" if wrong else ""


@dataclass(frozen=True)
class Side(Meaning):
    """The mark lies on the side of `zero` that the sign says: up or right for a positive number."""

    quantity: Quantity
    axis: int
    zero: Mobject

    def fault(self, mobject: VMobject, trace: Trace) -> str:
        away = float((mobject.get_center() - self.zero.get_center())[self.axis]) * PIXELS_PER_UNIT
        value = value_at(self.quantity, trace)
        wrong = abs(away) > SLACK and np.sign(away) != np.sign(value)
        return f"{named(self.quantity)} is drawn on the other side of zero" if wrong else ""


@dataclass(frozen=True)
class Place(Meaning):
    """The mark's `edge` along `axis` (0 across, 1 up) lies value × `unit` px from the same edge of `zero`."""

    quantity: Quantity
    axis: int
    unit: float
    zero: Mobject
    edge: float = 0.0

    def fault(self, mobject: VMobject, trace: Trace) -> str:
        side = np.zeros(3)
        side[self.axis] = self.edge
        start = self.zero.get_center()[self.axis]
        drawn = float(mobject.get_critical_point(side)[self.axis] - start) * PIXELS_PER_UNIT
        right = value_at(self.quantity, trace) * self.unit
        wrong = abs(drawn - right) > SLACK
        return f"{named(self.quantity)} is drawn {drawn:.1f} px from zero: {right:.1f} px" if wrong else ""


@dataclass(frozen=True)
class Thickness(Meaning):
    """The line is `least` + value × `unit` px thick."""

    quantity: Quantity
    unit: float
    least: float = 0.0

    def fault(self, mobject: VMobject, trace: Trace) -> str:
        right = stroke(self.least + value_at(self.quantity, trace) * self.unit)
        drawn = float(mobject.get_stroke_width())
        return (
            f"a line {drawn:.2f} thick is drawn for {named(self.quantity)}: {right:.2f}" if _off(drawn, right) else ""
        )


@dataclass(frozen=True)
class Shade(Meaning):
    """The fill is that of a signed number against `scale`, or of a weight between nothing and one if that is 0."""

    quantity: Quantity
    scale: float = 0.0

    def fault(self, mobject: VMobject, trace: Trace) -> str:
        value = value_at(self.quantity, trace)
        right = signed(value, self.scale) if self.scale else shared(value)
        drawn = mobject.get_fill_color().to_hex()
        return f"a fill of {drawn} is drawn for {named(self.quantity)}: {right}" if drawn != right else ""


@dataclass(frozen=True)
class Opacity(Meaning):
    """The fill is `least` + value × `unit` opaque, and at most wholly."""

    quantity: Quantity
    unit: float
    least: float = 0.0

    def fault(self, mobject: VMobject, trace: Trace) -> str:
        right = min(1.0, self.least + value_at(self.quantity, trace) * self.unit)
        drawn = float(mobject.get_fill_opacity())
        wrong = _off(drawn, right)
        return f"an opacity of {drawn:.2f} is drawn for {named(self.quantity)}: {right:.2f}" if wrong else ""


@dataclass(frozen=True)
class End(Meaning):
    """The line begins (`first`) or ends at the mark of `label` and at none of the `others`, which stand for tokens."""

    label: Label
    marks: Sequence[Mobject]
    first: bool

    def fault(self, mobject: VMobject, trace: Trace) -> str:  # noqa: ARG002 - the label says which mark it is
        lines = [part for part in mobject.get_family() if len(part.points)]
        end = lines[0].points[0] if self.first else lines[-1].points[-1] if len(lines) == 1 else _tip(lines)
        nearest = min(self.marks, key=lambda mark: float(np.linalg.norm(_nearest(mark, end) - end)))
        found = getattr(nearest, "label", None)
        right = found is not None and found == self.label and found.position == self.label.position
        return "" if right else f"a line that means {self.label!r} ends at {found!r}"


def _tip(lines: list[VMobject]) -> np.ndarray:
    """The point of an arrow: its head is a shape of its own, and begins there."""
    return lines[-1].points[0]


def _nearest(mark: Mobject, point: np.ndarray) -> np.ndarray:
    """The point of a mark's box that is nearest to `point`."""
    low, high = mark.get_corner(np.array([-1.0, -1, 0])), mark.get_corner(np.array([1.0, 1, 0]))
    return np.clip(point, low, high)


@dataclass(frozen=True)
class Tip(Meaning):
    """The arrow leads from where it begins by `across` and `up`, each times `unit` px."""

    across: Quantity
    up: Quantity
    unit: float

    def fault(self, mobject: VMobject, trace: Trace) -> str:
        lines = [part for part in mobject.get_family() if len(part.points)]
        drawn = (_tip(lines) - lines[0].points[0])[:2] * PIXELS_PER_UNIT
        right = np.array([value_at(one, trace) for one in (self.across, self.up)]) * self.unit
        wrong = float(np.abs(drawn - right).max()) > SLACK
        return f"an arrow by {drawn.round(1)} px is drawn for {named(self.across)}: {right.round(1)}" if wrong else ""


@dataclass(frozen=True)
class Spot(Meaning):
    """The line ends `across` and `up`, each times `unit` px, from the centre of `origin`."""

    across: Quantity
    up: Quantity
    unit: float
    origin: Mobject

    def fault(self, mobject: VMobject, trace: Trace) -> str:
        lines = [part for part in mobject.get_family() if len(part.points)]
        drawn = (_tip(lines) - self.origin.get_center())[:2] * PIXELS_PER_UNIT
        right = np.array([value_at(one, trace) for one in (self.across, self.up)]) * self.unit
        wrong = float(np.abs(drawn - right).max()) > SLACK
        return f"a line ends {drawn.round(1)} px from its origin, for {named(self.across)}: {right}" if wrong else ""


@dataclass(frozen=True)
class Beside(Meaning):
    """The word stands at the place `position` of an axis: level with `cells[position]` along `axis` (0 or 1)."""

    label: Label
    cells: Sequence[Mobject]
    axis: int

    def fault(self, mobject: VMobject, trace: Trace) -> str:  # noqa: ARG002 - the cells know which entries they are
        here = mobject.get_center()[self.axis]
        level = min(range(len(self.cells)), key=lambda i: abs(float(self.cells[i].get_center()[self.axis] - here)))
        entry = next((part.quantity for part in self.cells[level].get_family() if hasattr(part, "quantity")), None)
        right = entry is not None and self.label.position in entry.index
        return "" if right else f"{self.label!r} names a row or column of {entry and entry.name}{entry and entry.index}"


def _off(drawn: float, right: float) -> bool:
    return abs(drawn - right) > 0.01 * max(1.0, abs(right))


def marks_on(stage: Sequence[Mobject]) -> Iterator[VMobject]:
    """Every part of a picture that means a number."""
    for mobject in stage:
        yield from (part for part in mobject.get_family() if getattr(part, "meanings", ()))


def misdrawn(stage: Sequence[Mobject], trace: Trace, moving: Container[int] = ()) -> list[str]:
    """What is drawn otherwise than the trace says; parts whose ids are among the `moving` are on their way."""
    return [
        fault
        for part in marks_on(stage)
        if id(part) not in moving and not getattr(part, "dived", False)
        for meaning in part.meanings
        if (fault := meaning.fault(part, trace))
    ]
