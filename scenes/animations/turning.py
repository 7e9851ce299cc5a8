"""Clock hands that turn together, position by position."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup, VMobject, rate_functions

from scenes.animations.fades import Motion
from scenes.animations.motions import passing, resting
from scenes.mobjects.marks import hand_over
from scenes.theme import pace


class Turn(Motion):
    """Each hand turns clockwise around its own centre, by its own angle a place, and rests at each of the `places`.

    It begins where it stands, at the first of them, and keeps the schedule of `Visit` over as many stations.

    Args:
        hands: groups of shapes that turn; at the end they mean what those of `last` mean.
        centres, angles: of each of them: around which point, and by how many radians a place.
        chips: what goes along a row meanwhile, `pitch` units a place.
    """

    schedule = staticmethod(resting)

    def __init__(
        self,
        hands: VGroup,
        centres: Sequence[np.ndarray],
        angles: Sequence[float],
        places: Sequence[int],
        last: VGroup,
        kind: str = "slow",
        chips: Sequence[VMobject] = (),
        pitch: float = 0.0,
    ) -> None:
        self.hands, self.chips, self.pitch, self.last = hands, VGroup(*chips), pitch, last
        self.centres, self.angles = list(centres), list(angles)
        self.places = np.array(places, float) - places[0]
        super().__init__(VGroup(hands, self.chips), run_time=pace(kind), rate_func=rate_functions.linear)

    def begin(self) -> None:
        self.starts = [[part.points for part in hand.get_family()] for hand in self.hands]
        self.stood = [(part, part.points) for part in self.chips.get_family()]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        here, after, share = self.schedule(self.rate_func(alpha), len(self.places))
        steps = float(self.places[here] + (self.places[after] - self.places[here]) * share)
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


class Roll(Turn):
    """Hands turn without a rest: in time with a `Through`, a `Shades` or a `Count` over as many stations."""

    schedule = staticmethod(passing)
