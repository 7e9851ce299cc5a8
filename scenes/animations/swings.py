"""An arrow swings about its foot, and its shadow on another one grows and shrinks: why an angle makes a product."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import Mobject, VGroup, rate_functions

from scenes.animations.fades import COLOURS, Motion
from scenes.mobjects.shapes import rule
from scenes.theme import pace


class Swing(Motion):
    """A copy of `arrow` turns to angles from `base`, one after another, and its shadow on `base` turns with it.

    The picture shows no number: it says what holds for any two arrows. At both ends the copy stands in the dark.

    Args:
        arrow, base: both begin at `foot`.
        degrees: the angles to `base` that the copy comes by; it begins and ends at that of `arrow`.
    """

    def __init__(
        self, arrow: Mobject, base: Mobject, foot: Mobject, degrees: Sequence[float], role: str = "key"
    ) -> None:
        self.ghost = arrow.copy()
        self.foot = foot.get_center()
        tips = [m[-1].points[0] - self.foot for m in (arrow, base)]
        (self.length, start), (_, self.base) = (
            (float(np.linalg.norm(tip)), float(np.arctan2(tip[1], tip[0]))) for tip in tips
        )
        self.start = start
        side = 1.0 if np.sin(start - self.base) >= 0 else -1.0
        self.angles = [start, *(self.base + side * np.radians(d) for d in degrees), start]
        self.shadow = rule(self.foot, self.foot + np.array([0.01, 0, 0]), role, 14)
        super().__init__(
            VGroup(self.shadow, self.ghost), run_time=pace("tour"), rate_func=rate_functions.linear, introducer=True,
            remover=True,
        )  # fmt: skip

    def begin(self) -> None:
        leaves = self.ghost.family_members_with_points()
        self.leaves = [(leaf, leaf.points - self.foot, [getattr(leaf, n) for n in COLOURS]) for leaf in leaves]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        place = self.rate_func(alpha) * (len(self.angles) - 1)
        here = min(int(place), len(self.angles) - 2)
        along = float(rate_functions.smooth(place - here))
        angle = self.angles[here] + (self.angles[here + 1] - self.angles[here]) * along
        light = 0.6 * min(1.0, alpha / 0.08, (1 - alpha) / 0.08)
        turn = angle - self.start
        matrix = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        for leaf, points, colours in self.leaves:
            leaf.points = points @ matrix.T + self.foot
            for name, rgbas in zip(COLOURS, colours, strict=True):
                setattr(leaf, name, rgbas * (1, 1, 1, light))
        reach = self.length * np.cos(angle - self.base)
        end = self.foot + reach * np.array([np.cos(self.base), np.sin(self.base), 0])
        self.shadow.points = np.array([self.foot + (end - self.foot) * t for t in (0, 1 / 3, 2 / 3, 1)])
        self.shadow.set_stroke(opacity=light)
