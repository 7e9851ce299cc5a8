"""Clock hands and tokens that go on together, position by position."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup, VMobject, rate_functions

from scenes.animations.fades import Motion
from scenes.mobjects.marks import hand_over
from scenes.theme import pace


class Roll(Motion):
    """Hands turn clockwise, each around its own centre and by its own angle a position, while chips go along a row.

    In time with a `Through`, a `Shades` or a `Count` over as many stations as there are `places`; it begins where
    everything stands, at the first of them.

    Args:
        hands: groups of shapes that turn; at the end they mean what those of `last` mean.
        centres, angles: of each of them: around which point, and by how many radians a position.
        chips: what goes along the row, `pitch` units a position.
    """

    def __init__(
        self,
        hands: VGroup,
        centres: Sequence[np.ndarray],
        angles: Sequence[float],
        chips: Sequence[VMobject],
        pitch: float,
        places: Sequence[int],
        last: VGroup,
        kind: str = "slow",
    ) -> None:
        self.hands, self.chips, self.last = hands, VGroup(*chips), last
        self.centres, self.angles, self.pitch = list(centres), list(angles), pitch
        self.places = np.array(places, float) - places[0]
        super().__init__(VGroup(hands, self.chips), run_time=pace(kind), rate_func=rate_functions.linear)

    def begin(self) -> None:
        self.starts = [[part.points for part in hand.get_family()] for hand in self.hands]
        self.stood = [(part, part.points) for part in self.chips.get_family()]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        count = len(self.places)
        along = float(np.clip(self.rate_func(alpha) * count - 0.5, 0, count - 1))
        steps = float(np.interp(along, np.arange(count), self.places))
        for hand, centre, angle, starts in zip(self.hands, self.centres, self.angles, self.starts, strict=True):
            cosine, sine = np.cos(angle * steps), np.sin(angle * steps)
            turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
            for part, points in zip(hand.get_family(), starts, strict=True):
                if len(points):
                    part.points = (points - centre) @ turn + centre
        for part, points in self.stood:
            part.points = points + np.array([self.pitch * steps, 0, 0])

    def finish(self) -> None:
        super().finish()
        hand_over(self.hands, self.last)
