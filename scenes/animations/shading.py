"""Many cells change their fills through recorded states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup, rate_functions

from scenes.animations.fades import Motion
from scenes.theme import pace, rgb


class Shades(Motion):
    """Cells pass through lists of fills, one for each state: in time with a `Through` over as many states."""

    def __init__(self, cells: VGroup, fills: Sequence[Sequence[str]], kind: str = "slow") -> None:
        self.fills = np.array([[rgb(colour) for colour in state] for state in fills])
        super().__init__(cells, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        place = float(np.clip(self.rate_func(alpha) * len(self.fills) - 0.5, 0, len(self.fills) - 1))
        here = min(int(place), max(len(self.fills) - 2, 0))
        share = place - here
        now = self.fills[here] * (1 - share) + self.fills[min(here + 1, len(self.fills) - 1)] * share
        for cell, colour in zip(self.mobject, now, strict=True):
            cell.fill_rgbas = np.array([[*colour, 1.0]])
