"""An arrow swings about its foot, and its shadow on another one grows and shrinks: why an angle makes a product."""

from __future__ import annotations

import numpy as np
from manim import Animation, Mobject, VGroup, rate_functions

from scenes.animations.fades import COLOURS, Motion
from scenes.mobjects.shapes import rule
from scenes.theme import pace

#: How much of its colour the swinging copy has.
FAINT = 0.6


class Swinging(VGroup):
    """A faint copy of `arrow` that turns about its foot, with its shadow on `base`; it shows no number.

    It says what holds for any two arrows: `to` gives the turn to an angle from `base`, and a turn begins where the one
    before ended.
    """

    def __init__(self, arrow: Mobject, base: Mobject, foot: Mobject, role: str = "key") -> None:
        self.ghost = arrow.copy()
        self.shadow = rule(foot.get_center(), foot.get_center() + np.array([0.01, 0, 0]), role, 14)
        self.foot = foot.get_center()
        tips = [one[-1].points[0] - self.foot for one in (arrow, base)]
        self.length, self.start = float(np.linalg.norm(tips[0])), float(np.arctan2(tips[0][1], tips[0][0]))
        self.base = float(np.arctan2(tips[1][1], tips[1][0]))
        self.side = 1.0 if np.sin(self.start - self.base) >= 0 else -1.0
        self.turned = self.start
        super().__init__(self.shadow, self.ghost)
        self.leaves = [
            (leaf, leaf.points - self.foot, [getattr(leaf, name) for name in COLOURS])
            for leaf in self.ghost.family_members_with_points()
        ]
        self.show(self.start, 0.0)

    def to(self, degrees: float) -> Animation:
        """Turn to so many degrees from the base."""
        return self._turn(self.base + self.side * np.radians(degrees))

    def back(self) -> Animation:
        """Turn back to where the arrow stands, and go."""
        return self._turn(self.start, gone=True)

    def _turn(self, goal: float, gone: bool = False) -> Animation:
        before, self.turned = self.turned, goal
        return _Turn(self, before, goal, gone)

    def show(self, angle: float, light: float) -> None:
        """Stand at an angle, so bright."""
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


class _Turn(Motion):
    """A swing from one angle to the next; it lights up on its way from the arrow, and goes out on its way back."""

    def __init__(self, figure: Swinging, before: float, goal: float, gone: bool) -> None:
        self.ends, self.gone, self.first = (before, goal), gone, before == figure.start
        super().__init__(
            figure, run_time=pace("camera"), rate_func=rate_functions.smooth, introducer=True, remover=gone
        )

    def interpolate_mobject(self, alpha: float) -> None:
        along = self.rate_func(alpha)
        light = min(1.0, along / 0.3) if self.first else min(1.0, (1 - along) / 0.3) if self.gone else 1.0
        self.mobject.show(self.ends[0] + (self.ends[1] - self.ends[0]) * along, FAINT * light)
