"""Lengths, areas, counts and thicknesses that mean a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from manim import Mobject, VMobject

from scenes.mobjects.marks.judging import SIDES, SLACK, Ground, Grounded, MarkMeaning, Sight, box_of, extent, named
from scenes.mobjects.shapes import stroke
from scenes.theme import PIXELS_PER_UNIT
from transformer_core.tracing.provenance import Quantity


@dataclass(frozen=True)
class Length(MarkMeaning):
    """The extent along `side` ("width", "height") is |value| × `unit` px + `more`, where the other side is `across`.

    It is at least `least` px. A bar that was scaled is as much thinner as it is shorter.
    """

    quantity: float
    side: str
    unit: float
    across: float
    least: float = 0.0
    more: float = 0.0

    def scales(self) -> Sequence[tuple[int, float]]:
        return ((SIDES[self.side], self.unit),)

    def fault(self, mark: VMobject, sight: Sight) -> str:
        other = "height" if self.side == "width" else "width"
        grown = extent(mark, other) / self.across
        right = max(abs(sight.value(self.quantity)) * self.unit + self.more, self.least)
        drawn = extent(mark, self.side) / (grown or 1.0)
        wrong = abs(drawn - right) > SLACK
        return f"a {self.side} of {drawn:.1f} px is drawn for {named(self.quantity)}: {right:.1f} px" if wrong else ""


@dataclass(frozen=True)
class Stair(Grounded):
    """The bar leads along `axis` from the sum of all terms but the last to the sum of all, × `unit` px from its ground.

    Its other side is `across` px, and it is at least `least` px long.
    """

    terms: tuple[Quantity, ...]
    axis: int
    unit: float
    across: float
    ground: Ground
    least: float = 0.0

    def scales(self) -> Sequence[tuple[int, float]]:
        return ((self.axis, self.unit),)

    def fault_from(self, line: Mobject, mark: VMobject, sight: Sight) -> str:
        sides = np.ptp(mark.points, axis=0) * PIXELS_PER_UNIT
        grown = float(sides[1 - self.axis]) / self.across
        zero = sum(corner[self.axis] for corner in box_of(line)) / 2
        drawn = [float(corner[self.axis] - zero) * PIXELS_PER_UNIT / grown for corner in box_of(mark)]
        values = [sight.value(term) for term in self.terms]
        low, high = sorted((sum(values[:-1]) * self.unit, sum(values) * self.unit))
        spare = max(0.0, self.least - (high - low)) / 2
        off = max(abs(drawn[0] - low + spare), abs(drawn[1] - high - spare))
        return f"a step for {named(self.terms[-1])} is {off:.1f} px off" if off > SLACK else ""


@dataclass(frozen=True)
class Area(MarkMeaning):
    """The area of the mark is its share of the area of all marks of the same `sum`, which are `unit` px² for a one.

    Below each is a slit of `gap` px, or of a fifth of its height if that is less, which belongs to it.
    """

    quantity: Quantity
    sum: Ground
    unit: float
    gap: float

    def fault(self, mark: VMobject, sight: Sight) -> str:
        everywhere = [
            (other, sight.value(meaning.quantity))
            for other in sight.marks
            for meaning in other.meanings
            if isinstance(meaning, Area) and meaning.sum is self.sum
        ]
        root = sight.roots.get(id(mark))
        here = [one for one in everywhere if sight.roots[id(one[0])] is root]
        # Marks that came one after another are figures of their own on stage.
        together = here if len(here) > 1 else everywhere
        whole = sum(value for _, value in together)
        bare = sum(extent(other, "width") * extent(other, "height") for other, _ in together)
        slit = self.gap * (bare / (whole * self.unit)) ** 0.5
        area = sum(extent(other, "width") * self._high(other, slit) for other, _ in together)
        right = sight.value(self.quantity) * area / whole / max(extent(mark, "width"), 1e-9)
        drawn = self._high(mark, slit)
        wrong = abs(drawn - right) > SLACK
        return f"a height of {drawn:.1f} px is drawn for {named(self.quantity)}: {right:.1f} px" if wrong else ""

    @staticmethod
    def _high(mark: VMobject, slit: float) -> float:
        """The height of a mark in px with its slit."""
        return min(extent(mark, "height") + slit, extent(mark, "height") / 0.8)


@dataclass(frozen=True)
class Reach(Grounded):
    """The line along `axis` is value × `share` of its ground’s length, at least `least` px; it has no other side."""

    quantity: float
    axis: int
    share: float
    ground: Ground
    least: float = 0.0

    def fault_from(self, line: Mobject, mark: VMobject, sight: Sight) -> str:
        right = (
            abs(sight.value(self.quantity)) * self.share * float(np.ptp(box_of(line), axis=0).max()) * PIXELS_PER_UNIT
        )
        drawn, right = float(np.ptp(mark.points[:, self.axis])) * PIXELS_PER_UNIT, max(right, self.least)
        wrong = abs(drawn - right) > SLACK
        return f"a line of {drawn:.1f} px is drawn for {named(self.quantity)}: {right:.1f} px" if wrong else ""


@dataclass(frozen=True)
class Filled(MarkMeaning):
    """Share of a group's dots that are filled, rounded to whole dots: the quantity `of` so many."""

    quantity: Quantity
    of: float = 1.0

    def fault(self, mark: Mobject, sight: Sight) -> str:
        filled = sum(1 for part in mark.submobjects if part.get_fill_opacity() > 0)
        right = round(len(mark.submobjects) * sight.value(self.quantity) / sight.value(self.of))
        return f"{filled} filled dots are drawn for {named(self.quantity)}: {right}" if filled != right else ""


@dataclass(frozen=True)
class Thickness(MarkMeaning):
    """The line is `least` + value × `unit` px thick; to scale a figure leaves its lines as they are."""

    quantity: Quantity
    unit: float
    least: float = 0.0

    def fault(self, mark: VMobject, sight: Sight) -> str:
        right = stroke(self.least + sight.value(self.quantity) * self.unit)
        drawn = float(mark.get_stroke_width())
        return (
            f"a line {drawn:.2f} thick is drawn for {named(self.quantity)}: {right:.2f}" if _off(drawn, right) else ""
        )


def _off(drawn: float, right: float) -> bool:
    return abs(drawn - right) > 0.01 * max(1.0, abs(right))
