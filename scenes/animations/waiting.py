"""A pause for thought that can be seen: a bar that runs out."""

from __future__ import annotations

from manim import LEFT, VMobject, rate_functions

from scenes.animations.fades import Motion
from scenes.theme import pace


class RunOut(Motion):
    """A bar gets shorter towards its left end, evenly, until nothing of it is left."""

    def __init__(self, bar: VMobject, kind: str = "slow") -> None:
        self.start, self.edge = bar.points.copy(), bar.get_edge_center(LEFT)[0]
        super().__init__(bar, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        share = 1 - self.rate_func(alpha)
        self.mobject.points = self.start.copy()
        self.mobject.points[:, 0] = self.edge + (self.start[:, 0] - self.edge) * share
