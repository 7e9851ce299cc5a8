"""A plane with its numbers: arrows that mean two entries, and chips at their tips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import UP, Mobject, VGroup, VMobject

from scenes.layout import Room
from scenes.mobjects.marks import Entries, Ground, Tip, means
from scenes.mobjects.shapes import arrow, direction, dot
from scenes.mobjects.tokens import Token
from scenes.theme import pixels, units
from transformer_core.tracing.provenance import Quantity

#: The head of a short arrow takes at most so much of it.
HEAD = 0.6


class Plane:
    """A plane of which `spots`, count × 2, just fit into a room, shifted by `lift` px up.

    `px` are those of a one. `foot` is where nothing stands, and `origin` the dot there.
    """

    def __init__(self, spots: np.ndarray, room: Room, radius: float = 9, role: str = "ink2", lift: float = 0) -> None:
        self.px, foot = room.holding(spots)
        self.foot, self.radius, self.ground = foot + UP * units(lift), radius, Ground()
        self.origin = means(dot(self.foot, radius, role), self.ground)

    def point(self, spot: Sequence[float] | np.ndarray) -> np.ndarray:
        """The place of two numbers on the screen."""
        return self.foot + np.array([*spot, 0]) * units(self.px)

    def arrow(
        self,
        start: np.ndarray,
        by: Sequence[Entries],
        role: str,
        thick: float = 8,
        tip: float = 24,
        fixed: bool = False,
    ) -> VGroup:
        """An arrow by two entries or sums of entries, across and up, from a point on, or for good from the origin."""
        across, up = by
        end = start + np.array([*map(np.sum, by), 0]) * units(self.px)
        line = self.line(start, end, role, thick, tip)
        return means(line, Tip(across, up, self.px, 2 * self.radius, self.ground, fixed))

    def arrow_to(self, start: np.ndarray, spot: Sequence[Quantity], role: str) -> VGroup:
        """An arrow from a point to the spot of two entries."""
        across, up = spot
        line = self.line(start, self.point((float(across), float(up))), role, 12, 32)
        return means(line, Tip(across, up, self.px, 2 * self.radius, self.ground, fixed=True))

    @staticmethod
    def line(start: np.ndarray, end: np.ndarray, role: str, thick: float, tip: float) -> VGroup:
        """An arrow that means no entry; where it is short, its head is smaller."""
        return arrow(start, end, role, thick, min(tip, pixels(np.linalg.norm(end - start)) * HEAD))


def add_at_tip(chips: VGroup, chip: Token, lead: VMobject, air: float) -> None:
    """Put a chip beyond the tip of an arrow, and to the others if it is clear of them."""
    start, tip = lead[0].points[0], lead[-1].points[0]
    way, _ = direction(start, tip)
    chip.move_to(tip + way * (np.array([chip.width / 2, chip.height / 2, 0]) + units(air)))
    if all(clear_of(chip, other) for other in chips):
        chips.add(chip)


def put_aside(start: np.ndarray, tip: np.ndarray, chips: Sequence[Mobject], others: Sequence[Mobject]) -> None:
    """Put those of `chips` that an arrow from `start` to `tip` runs through beside it, if no other is there."""
    way, aside = direction(start, tip)
    for chip in chips:
        size, off = np.array([chip.width, chip.height, 0]) / 2, chip.get_center() - start
        need, apart = float(np.abs(aside) @ size) + units(12), float(off @ aside)
        if abs(apart) < need and -float(np.abs(way) @ size) < float(off @ way) < float(np.linalg.norm(tip - start)):
            by = aside * (need * (1 if apart >= 0 else -1) - apart)
            if all(clear_of(chip, other, by) for other in others if other is not chip):
                chip.shift(by)


def clear_of(one: Mobject, other: Mobject, by: float | np.ndarray = 0.0, air: float = 6) -> bool:
    """True if one thing, shifted `by` so much, lies more than `air` px beside another, or above or below it."""
    apart = np.abs(one.get_center() + by - other.get_center())[:2]
    return bool((apart >= np.array([one.width + other.width, one.height + other.height]) / 2 + units(air)).any())
