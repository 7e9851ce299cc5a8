"""Many cells change their fills through recorded states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup, rate_functions

from scenes.animations.fades import Motion
from scenes.mobjects.marks import hand_over
from scenes.theme import pace, rgb


class Shades(Motion):
    """Cells pass through lists of fills, one for each state: in time with a `Through` over as many states.

    In the end they mean what the cells of `last` mean.
    """

    def __init__(
        self, cells: VGroup, fills: Sequence[Sequence[str]], last: VGroup | None = None, kind: str = "slow"
    ) -> None:
        self.last = last
        self.fills = np.array([[rgb(colour) for colour in state] for state in fills])
        super().__init__(cells, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        place = float(np.clip(self.rate_func(alpha) * len(self.fills) - 0.5, 0, len(self.fills) - 1))
        here = min(int(place), max(len(self.fills) - 2, 0))
        share = place - here
        now = self.fills[here] * (1 - share) + self.fills[min(here + 1, len(self.fills) - 1)] * share
        for cell, colour in zip(self.mobject, now, strict=True):
            cell.fill_rgbas = np.array([[*colour, 1.0]])

    def finish(self) -> None:
        super().finish()
        if self.last is not None:
            hand_over(self.mobject, self.last)
