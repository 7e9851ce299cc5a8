"""Hands that turn: from place to place, in time with a ring that visits as many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup, rate_functions

from scenes.animations.fades import Motion
from scenes.mobjects.marks import hand_over
from scenes.theme import pace


class Turn(Motion):
    """Each hand turns clockwise around its own centre, by its own angle a place, and rests at each of the `places`.

    It begins where it stands, at the first of them. It keeps the schedule of `Visit` over as many stations, and means
    at the end what `last` does.
    """

    def __init__(
        self,
        hands: VGroup,
        centres: Sequence[np.ndarray],
        angles: Sequence[float],
        places: Sequence[int],
        last: VGroup,
        kind: str = "slow",
    ) -> None:
        self.centres, self.angles, self.last = list(centres), list(angles), last
        self.places = np.array(places) - places[0]
        super().__init__(hands, run_time=pace(kind), rate_func=rate_functions.linear)

    def begin(self) -> None:
        self.starts = [[part.points for part in hand.get_family()] for hand in self.mobject]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        count = len(self.places)
        along = min(self.rate_func(alpha) * count, count - 1e-6)
        here = int(along)
        share = float(rate_functions.smooth(np.clip((along - here) * 2.5 - 1.5, 0, 1)))
        before, after = self.places[here], self.places[min(here + 1, count - 1)]
        self.show(before + (after - before) * share)

    def show(self, steps: float) -> None:
        """Stand so many places further on."""
        for hand, centre, angle, starts in zip(self.mobject, self.centres, self.angles, self.starts, strict=True):
            cosine, sine = np.cos(angle * steps), np.sin(angle * steps)
            turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
            for part, points in zip(hand.get_family(), starts, strict=True):
                if len(points):
                    part.points = (points - centre) @ turn + centre

    def finish(self) -> None:
        super().finish()
        hand_over(self.mobject, self.last)
