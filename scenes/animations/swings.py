"""An arrow swings about its foot, and the area over its shadow grows and shrinks: why an angle makes a product."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import RIGHT, Animation, VGroup, rate_functions

from scenes.animations.fades import Motion
from scenes.mobjects.products import PlaneOfTwo, corners, name_area
from scenes.mobjects.shapes import dot, path, rule
from scenes.mobjects.text import Words
from scenes.theme import pace, palette, signed, units
from transformer_core.tracing.provenance import Quantity

#: Px of the shadow, and of the dot that it ends in: all that is left of it at a right angle.
THICK, END = 14, 11
#: Px from the foot to the arc of the angle, where the arrow is long enough.
ARC = 120
#: Px from the axis to the name of the area while the arrow is away from home, and the turn in which it gets there.
BELOW, RELEASED = 84, np.pi / 12
#: A shadow that lies back by less, in units, lies on its foot.
SMALLEST = 1e-6


class Swinging(VGroup):
    """The key of a plane itself turns about its foot, and the area with its score grows and shrinks with its reach.

    `to` gives the turn to an angle from the query, and a turn begins where the one before ended; `back` is the way
    home, where everything means again what it did. What lies back has the colour of negatives.
    `to` an angle, the numbers of `also` follow. `stretch` makes both arrows longer, for good.
    `traces` are the shadow, the line that drops to it and the arc of the angle, which go when the arrow is home.

    Args:
        product: the score, which is the product of both arrows.
        turned: the products at each whole degree between them, from none on.
        also: more numbers that hang on the angle: what each shows at home, at each whole degree, and its format.
        riding: True if the name and the length of the key go along.
    """

    def __init__(
        self,
        plane: PlaneOfTwo,
        product: Quantity,
        turned: Sequence[Quantity],
        also: Sequence[tuple[Words, Quantity, Sequence[Quantity], str]] = (),
        riding: bool = True,
    ) -> None:
        self.plane, self.foot = plane, plane.origin.get_center()
        self.numbers = [(plane.score, product, turned, ".2f"), *also]
        self.colours = palette().role("key"), signed(-1, 1)
        self.traces = VGroup(
            rule(self.foot, self.foot, "key", THICK), rule(self.foot, self.foot, "ink2", 3), dot(self.foot, END, "key"),
            path([self.foot, self.foot], "ink2", 4),
        )  # fmt: skip
        tip, self.base_tip = (one[-1].points[0] - self.foot for one in (plane.key, plane.query))
        self.length, self.start = float(np.linalg.norm(tip)), float(np.arctan2(tip[1], tip[0]))
        self.side = 1.0 if tip[1] >= 0 else -1.0
        self.turned, self.grown = self.start, 1.0
        self.meant = [(one, getattr(one, "meanings", ())) for one in (plane.key, plane.area)]
        self.base_rider, self.rider = (VGroup(*pair) for pair in zip(plane.names, plane.lengths, strict=True))
        self.rider = self.rider if riding else VGroup()
        self.beside = self.rider.get_center() - self.foot - tip
        self.base_beside = self.base_rider.get_center() - self.foot - self.base_tip
        numbers = (one[0] for one in self.numbers)
        super().__init__(plane.area, self.traces, plane.key, self.rider, *numbers, plane.called)
        self.leaves = [(leaf, leaf.points) for leaf in plane.key.family_members_with_points()]
        self.base_leaves = [
            (leaf, leaf.points) for one in (plane.query, plane.wall) for leaf in one.family_members_with_points()
        ]

    def to(self, degrees: float) -> Animation:
        """Turn to so many degrees from the query."""
        return self._turn(self.side * np.radians(degrees))

    def back(self) -> Animation:
        """Turn back to where the arrow stands."""
        return self._turn(self.start)

    def _turn(self, goal: float) -> Animation:
        before, self.turned = self.turned, goal
        return _Turn(self, before, goal)

    def turn_up(self) -> Animation:
        """The query turns upright, as the wall; the query itself stays."""
        return _Upright(self)

    def stretch(self, factor: float, counts: Sequence[tuple[Words, Sequence[Quantity]]]) -> Animation:
        """Make both arrows so many times as long, while numbers run through what is recorded on the way."""
        return _Stretch(self, factor, counts)

    def show(self, angle: float) -> None:
        """Stand at an angle."""
        turn, home = angle - self.start, angle == self.start
        matrix = _turning(turn)
        for leaf, points in self.leaves:
            leaf.points = points if home else (points - self.foot) @ matrix.T * self.grown + self.foot
        for one, meanings in self.meant:
            one.meanings = meanings if home else ()
        off = float(np.degrees(abs(angle)))
        if self.grown > 1:
            for leaf, points in self.base_leaves:
                leaf.points = (points - self.foot) * self.grown + self.foot
            self.base_rider.move_to(self.foot + self.base_tip * self.grown + self.base_beside)
        else:
            for words, here, turned, spec in self.numbers:
                words.rewrite(format(here if home else turned[round(off)], spec))
        tip, reach = self.foot + self.length * self.grown * _way(angle), self.length * self.grown * np.cos(angle)
        self.rider.move_to(tip + self.beside)
        shadow, drop, spot, arc = self.traces
        far = min(units(ARC), self.length / 2)
        arc.set_points_as_corners([self.foot + far * _way(t) for t in np.linspace(0, angle, 24)])
        for line, start in ((shadow, self.foot), (drop, tip)):
            line.points = np.linspace(start, self.foot + reach * RIGHT, 4)
        spot.move_to(self.foot + reach * RIGHT)
        back = bool(reach < -SMALLEST)
        shadow.set_stroke(self.colours[back])
        spot.set_fill(self.colours[back])
        self.plane.area.set_points_as_corners(corners(self.foot, reach * RIGHT, self.plane.wall))
        self.plane.area.set_fill(signed(-1 if back else 1, 1))
        high = float(self.plane.wall[-1].points[0][1] - self.foot[1])
        name_area(self.plane.score, self.plane.called, self.foot, reach, high)
        # Away from home, no arrow crosses the name: it stands below the axis.
        told = VGroup(self.plane.score, self.plane.called)
        below = self.foot + np.array([told.width / 2 + units(END), -self.side * units(BELOW), 0])
        told.shift((below - told.get_center()) * min(1.0, abs(turn) / RELEASED))


def _way(angle: float) -> np.ndarray:
    """The direction at an angle, of length one."""
    return np.array([np.cos(angle), np.sin(angle), 0])


def _turning(angle: float) -> np.ndarray:
    """The matrix of a turn."""
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


class _Upright(Motion):
    """A copy of the query turns until it stands on its foot."""

    def __init__(self, figure: Swinging) -> None:
        self.foot, self.side, wall = figure.foot, figure.side, figure.plane.wall
        self.leaves = [(leaf, leaf.points - self.foot) for leaf in wall.family_members_with_points()]
        super().__init__(wall, run_time=pace("row"), rate_func=rate_functions.smooth, introducer=True)

    def interpolate_mobject(self, alpha: float) -> None:
        matrix = _turning(self.side * np.pi / 2 * (self.rate_func(alpha) - 1))
        for leaf, points in self.leaves:
            leaf.points = points @ matrix.T + self.foot


class _Turn(Motion):
    """A swing from one angle to the next."""

    def __init__(self, figure: Swinging, before: float, goal: float) -> None:
        self.ends = (before, goal)
        super().__init__(figure, run_time=pace("transform"), rate_func=rate_functions.smooth, introducer=True)

    def interpolate_mobject(self, alpha: float) -> None:
        before, goal = self.ends
        along = self.rate_func(alpha)
        self.mobject.show(goal if along == 1 else before + (goal - before) * along)


class _Stretch(Motion):
    """Both arrows grow where they point."""

    def __init__(self, figure: Swinging, factor: float, counts: Sequence[tuple[Words, Sequence[Quantity]]]) -> None:
        self.figure, self.factor, self.counts = figure, factor, counts
        plane = figure.plane
        parts = VGroup(figure, plane.query, plane.wall, figure.base_rider)
        super().__init__(parts, run_time=pace("slow"), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        self.figure.grown = self.factor ** self.rate_func(alpha)
        for words, values in self.counts:
            words.rewrite(f"{values[round(self.rate_func(alpha) * (len(values) - 1))]:.2f}")
        self.figure.show(self.figure.turned)
