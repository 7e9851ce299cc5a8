"""A shape is uncovered from one side to the other, as water fills a bed."""

from __future__ import annotations

import numpy as np
from manim import RIGHT, Mobject, VGroup, rate_functions

from scenes.animations.fades import Joined, Motion
from scenes.theme import pace


class Wipe(Motion):
    """Shapes run from their beginning to their end, `towards` which they are uncovered; together they are one shape."""

    def __init__(self, *mobjects: Mobject, towards: np.ndarray = RIGHT, kind: str = "row") -> None:
        self.axis = int(np.abs(towards).argmax())
        self.ahead = float(towards[self.axis]) > 0
        super().__init__(
            VGroup(*mobjects), run_time=pace(kind), rate_func=rate_functions.ease_in_out_sine, introducer=True
        )

    def begin(self) -> None:
        self.points = Joined(self.mobject.family_members_with_points(), "points")
        along = self.points.whole[:, self.axis]
        self.ends = (along.min(), along.max()) if self.ahead else (along.max(), along.min())
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        share = self.rate_func(alpha)
        if share == 1:
            self.points.restore()
            return
        front = self.ends[0] + (self.ends[1] - self.ends[0]) * share
        points = self.points.whole.copy()
        points[:, self.axis] = (np.minimum if self.ahead else np.maximum)(points[:, self.axis], front)
        self.points.show(points)
