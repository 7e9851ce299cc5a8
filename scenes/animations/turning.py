"""Hands that turn: a step at a time, in time with a ring that visits as many places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup, rate_functions

from scenes.animations.fades import Motion
from scenes.theme import pace


class Turn(Motion):
    """Each part of `sin_cos` turns clockwise around its own centre, by its own angle a step, resting after each step.

    It keeps the schedule of `Visit` over `places` stations: what it shows at a station is the state of that place.
    """

    def __init__(
        self, hands: VGroup, centres: Sequence[np.ndarray], angles: Sequence[float], places: int, kind: str = "slow"
    ) -> None:
        self.centres, self.angles, self.places = list(centres), list(angles), places
        self.starts = [[part.points.copy() for part in hand.get_family()] for hand in hands]
        super().__init__(hands, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        place = min(self.rate_func(alpha) * self.places, self.places - 1e-6)
        here = int(place)
        share = float(rate_functions.smooth(np.clip((place - here) * 2.5 - 1.5, 0, 1)))
        steps = min(here + share, self.places - 1)
        for hand, centre, angle, starts in zip(self.mobject, self.centres, self.angles, self.starts, strict=True):
            cosine, sine = np.cos(angle * steps), np.sin(angle * steps)
            turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
            for part, points in zip(hand.get_family(), starts, strict=True):
                if len(points):
                    part.points = (points - centre) @ turn + centre
