"""An arrow swings about its foot, and its shadow on another one grows and shrinks: why an angle makes a product."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import Animation, Mobject, VGroup, rate_functions

from scenes.animations.fades import Motion
from scenes.mobjects.shapes import dot, path, rule
from scenes.mobjects.text import Words
from scenes.theme import pace, palette, signed, units
from transformer_core.tracing.provenance import Quantity

#: Px of the shadow, and of the dot that it ends in: all that is left of it at a right angle.
THICK, END = 14, 11
#: Px of a ghost, and how opaque it is.
BAND, FAINT = 34, 0.35
#: Px from the foot to the arc of the angle, where the arrow is long enough.
ARC = 120
#: A shadow that lies back by less, in units, lies on its foot.
SMALLEST = 1e-6


class Swinging(VGroup):
    """`arrow` itself turns about its foot, with its shadow on `base`, and `number` tells the product at each angle.

    `to` gives the turn to an angle from `base`, and a turn begins where the one before ended; `back` is the way home,
    where the arrow and the number mean again what they did. A shadow that lies back has the colour of negatives.
    `to` an angle, the numbers of `also` follow. `stretch` makes both arrows longer, for good.
    `traces` are the shadow, the line that drops to it and the arc of the angle, which go when the arrow is home.

    Args:
        number: the product of arrow and base, as it is written.
        product: the entry that it shows.
        turned: the products at each whole degree between them, from none on.
        also: more numbers that hang on the angle: what each shows at home, at each whole degree, and its format.
        rider, base_rider: what goes along at the tip of the arrow, and of the base.
    """

    def __init__(
        self,
        arrow: Mobject,
        base: Mobject,
        foot: Mobject,
        number: Words,
        product: Quantity,
        turned: Sequence[Quantity],
        role: str = "key",
        base_role: str = "query",
        also: Sequence[tuple[Words, Quantity, Sequence[Quantity], str]] = (),
        rider: Mobject | None = None,
        base_rider: Mobject | None = None,
    ) -> None:
        self.arrow, self.numbers = arrow, [(number, product, turned, ".2f"), *also]
        self.foot, self.colours = foot.get_center(), (palette().role(role), signed(-1, 1))
        self.roles = role, base_role
        self.traces = VGroup(
            rule(self.foot, self.foot, role, THICK), rule(self.foot, self.foot, "ink2", 3), dot(self.foot, END, role),
            path([self.foot, self.foot], "ink2", 4),
        )  # fmt: skip
        tips = [one[-1].points[0] - self.foot for one in (arrow, base)]
        self.length, self.start = float(np.linalg.norm(tips[0])), float(np.arctan2(tips[0][1], tips[0][0]))
        self.base = float(np.arctan2(tips[1][1], tips[1][0]))
        self.side = 1.0 if np.sin(self.start - self.base) >= 0 else -1.0
        self.turned, self.meant = self.start, getattr(arrow, "meanings", ())
        self.rider, self.base_arrow, self.grown = rider or VGroup(), base, 1.0
        self.base_rider, self.base_tip = base_rider or VGroup(), tips[1]
        self.base_beside = self.base_rider.get_center() - self.foot - tips[1]
        self.beside = self.rider.get_center() - self.foot - tips[0]
        super().__init__(self.traces, arrow, self.rider, *(one[0] for one in self.numbers))
        self.leaves = [(leaf, leaf.points) for leaf in arrow.family_members_with_points()]
        self.base_leaves = [(leaf, leaf.points) for leaf in base.family_members_with_points()]

    def to(self, degrees: float) -> Animation:
        """Turn to so many degrees from the base."""
        return self._turn(self.base + self.side * np.radians(degrees))

    def back(self) -> Animation:
        """Turn back to where the arrow stands."""
        return self._turn(self.start)

    def _turn(self, goal: float) -> Animation:
        before, self.turned = self.turned, goal
        return _Turn(self, before, goal)

    def stretch(self, factor: float) -> Animation:
        """Make both arrows so many times as long; the numbers stay as they are."""
        return _Stretch(self, factor)

    def ghosts(self, degrees: float) -> VGroup:
        """Faint bands as long as both arrows are now, where the arrow stands at so many degrees from the base."""
        angle = self.base + self.side * np.radians(degrees)
        tip = self.foot + self.length * _way(angle)
        bands = VGroup(
            rule(self.foot, self.base_arrow[-1].points[0], self.roles[1], BAND),
            rule(self.foot, tip, self.roles[0], BAND),
        )
        return bands.set_stroke(opacity=FAINT)

    def show(self, angle: float) -> None:
        """Stand at an angle."""
        turn, home = angle - self.start, angle == self.start
        matrix = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        for leaf, points in self.leaves:
            leaf.points = points if home else (points - self.foot) @ matrix.T * self.grown + self.foot
        if self.grown > 1:
            for leaf, points in self.base_leaves:
                leaf.points = (points - self.foot) * self.grown + self.foot
            self.base_rider.move_to(self.foot + self.base_tip * self.grown + self.base_beside)
        self.arrow.meanings = self.meant if home else ()
        off = float(np.degrees(abs(angle - self.base)))
        if self.grown == 1:
            for words, here, turned, spec in self.numbers:
                words.rewrite(format(here if home else turned[round(off)], spec))
        tip, way = self.foot + self.length * self.grown * _way(angle), _way(self.base)
        self.rider.move_to(tip + self.beside)
        reach = self.length * self.grown * float(np.cos(angle - self.base))
        shadow, drop, spot, arc = self.traces
        far = min(units(ARC), self.length / 2)
        arc.set_points_as_corners([self.foot + far * _way(t) for t in np.linspace(self.base, angle, 24)])
        for line, start in ((shadow, self.foot), (drop, tip)):
            line.points = np.linspace(start, self.foot + reach * way, 4)
        spot.move_to(self.foot + reach * way)
        colour = self.colours[int(reach < -SMALLEST)]
        shadow.set_stroke(colour)
        spot.set_fill(colour)


def _way(angle: float) -> np.ndarray:
    """The direction at an angle, of length one."""
    return np.array([np.cos(angle), np.sin(angle), 0])


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

    def __init__(self, figure: Swinging, factor: float) -> None:
        self.figure, self.factor = figure, factor
        parts = VGroup(figure.traces, figure.arrow, figure.base_arrow, figure.rider, figure.base_rider)
        super().__init__(parts, run_time=pace("slow"), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        self.figure.grown = self.factor ** self.rate_func(alpha)
        self.figure.show(self.figure.turned)
