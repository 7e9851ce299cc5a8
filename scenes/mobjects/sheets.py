"""All weighted sums of two vectors as a sheet of lines, and what a part of the model makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import LEFT, RIGHT, Animation, Transform, VGroup, VMobject, rate_functions

from scenes.animations import leave
from scenes.animations.branching import reshape
from scenes.mobjects.formulas import Formula
from scenes.mobjects.shapes import Box, arrow, dot, path, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, pace, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Every so many points of a sheet there is a line, and every so many lines a strong one.
EVERY, STRONG = 5, 2
#: The middle and the room of the sheet that enters, and of what becomes of it, in px.
ENTERS, LEAVES = (370.0, 480.0, 500.0, 480.0), (1370.0, 490.0, 820.0, 520.0)


#: From this on the two sides of the test are not the same but for rounding.
VISIBLE = 1e-6


class Sheet(VGroup):
    """A sheet as lines, with the arrows of its two vectors and the two sides of the test.

    Args:
        sheet: "row column component".
        points: the points that have a name, "choice component".
        place: the middle and the room, in px.
        names: what the arrows are called, as Typst.
    """

    def __init__(
        self, sheet: NamedTensor, points: NamedTensor, place: tuple[float, float, float, float], names: tuple[str, str]
    ) -> None:
        x, y, wide, high = place
        spots = np.concatenate([sheet.values.reshape(-1, 2), points.values])
        low, top = spots.min(0), spots.max(0)
        self.unit = min(units(wide) / (top - low)[0], units(high) / (top - low)[1])
        self.shift_by = at(x, y) - np.array([*((low + top) / 2 * self.unit), 0])
        self.lines = VGroup()
        for values in (sheet.values, sheet.values.transpose(1, 0, 2)):
            for i, line in enumerate(values[::EVERY]):
                drawn = path([self.point(spot) for spot in line], "residual", 2.6 if i % STRONG == 0 else 1.4)
                self.lines.add(drawn.set_stroke(opacity=0.95 if i % STRONG == 0 else 0.6))
        zero, one, other, before, after = (self.point(spot) for spot in points.values)
        self.origin = dot(zero, 7, "ink")
        self.arrows = VGroup(arrow(zero, one, "ink", 5, 20), arrow(zero, other, "ink", 5, 20))
        tips = (one - zero, other - zero)
        self.names = VGroup(
            *(self._name(name, zero, tip, aside) for name, tip, aside in zip(names, tips, tips[::-1], strict=True))
        )
        self.before, self.after = mark_before().move_to(before), mark_after().move_to(after)
        self.between = rule(before, after, "warning", 5)
        for mark in (self.between, self.before, self.after):
            mark.set_z_index(1)
        super().__init__(self.lines, self.arrows, self.origin)

    @staticmethod
    def _name(name: str, zero: np.ndarray, tip: np.ndarray, other: np.ndarray) -> VGroup:
        """What an arrow is called, beside it and away from the other one, on a ground that hides the lines there."""
        formula = Formula(name, 36)
        away = tip * float(other @ tip) / float(tip @ tip) - other
        away = away / (float(np.linalg.norm(away)) or 1.0)
        reach = units(20) + abs(away[0]) * formula.width / 2 + abs(away[1]) * formula.height / 2
        ground = Box(formula.width * 135 + 10, formula.height * 135 + 8, palette().background, 6)
        return VGroup(ground, formula).move_to(zero + tip * 0.6 + away * reach)

    def point(self, spot: np.ndarray) -> np.ndarray:
        """Where a point of the sheet lies on screen."""
        return self.shift_by + np.array([spot[0], spot[1], 0]) * self.unit


def mark_before() -> VMobject:
    """The sign of "added up before": a ring."""
    ring = Box(34, 34, palette().background, 17, palette().query, 5)
    return ring.set_fill(opacity=0)


def mark_after() -> VMobject:
    """The sign of "added up after": a full diamond."""
    diamond = Box(17, 17, palette().key, 2)
    return diamond.rotate(np.pi / 4)


class Trial(VGroup):
    """What enters at the left, what leaves at the right, and the two sides of the test below.

    Args:
        part: the tensors of a sublayer, `<name>_sheet` and so on.
        x, y: whose vectors are added up.
        name: what the sheet is sent through, a name of `transformer_core.studies.measures.sheets`.
        said: the same in words, a line each.
    """

    def __init__(self, part: Trace, x: Label, y: Label, name: str, said: Sequence[str]) -> None:
        self.enters = Sheet(part["entering_sheet"], part["entering_points"], ENTERS, ("x", "y"))
        names = ("f(x)", "f(y)")
        self.leaves = Sheet(part[f"{name}_sheet"], part[f"{name}_points"], LEAVES, names)
        self.apart: Quantity = part[f"{name}_apart"]
        factors = part["factors"].quantities()
        self.rows = self._rows(x, y)
        self.way = arrow(at(700, 500), at(890, 500), "ink2", 4, 20)
        self.said = VGroup(*(Words(line, "aside").settle(at(795, 460 - 40 * i)) for i, line in enumerate(said[::-1])))
        self.sides = self._sides(*factors)
        self.number = self._number()
        #: What is sent through: a copy of the lines that enter, to become those that leave.
        self.image = self.enters.lines.copy()
        super().__init__(self.enters, self.leaves, self.rows, self.way, self.said, self.sides, self.number)

    def sent(self) -> Animation:
        """What enters goes through, and becomes what leaves."""
        return Transform(
            self.image, self.leaves.lines, run_time=pace("cell"), rate_func=rate_functions.smooth, introducer=True
        )

    def difference(self) -> VGroup:
        """The names of what has arrived, and how far its two sides are apart."""
        parted = [self.leaves.between] if self.apart > VISIBLE else []
        return VGroup(self.leaves.names, self.number, *parted)

    def turns_into(self, other: Trial) -> tuple[Animation, ...]:
        """The same vectors through another part: what leaves here takes the shape of what leaves there."""
        mine, theirs = self.leaves, other.leaves
        pairs = [(self.image, theirs.lines), (mine.arrows, theirs.arrows), (mine.origin, theirs.origin)]
        pairs += [(mine.before, theirs.before), (mine.after, theirs.after)]
        changes = [reshape(old, new, "cell") for old, new in pairs]
        return (*changes, leave(mine.names, self.number))

    @staticmethod
    def _rows(x: Label, y: Label) -> VGroup:
        """x is the vector of this token, y of that."""
        parts = VGroup()
        for letter, token in (("x", x), ("y", y)):
            chip = Token(token, height=46)
            parts.add(VGroup(Formula(f"{letter} =", 36), chip).arrange(RIGHT, buff=units(14)))
        parts.arrange(RIGHT, buff=units(48))
        return parts.move_to(at(ENTERS[0], 792))

    @staticmethod
    def _sides(a: Quantity, b: Quantity) -> VGroup:
        """Added up before, and added up after: each with its sign."""
        before = Formula(f"f({a:g} x {b:+.1f} y)", 34)
        after = Formula(f"{a:g} f(x) {b:+.1f} f(y)", 34)
        lines = VGroup(
            *(
                VGroup(sign, formula).arrange(RIGHT, buff=units(18))
                for sign, formula in ((mark_before(), before), (mark_after(), after))
            )
        )
        lines.arrange(RIGHT, buff=units(56))
        return lines.move_to(at(1150, 826))

    def _number(self) -> VGroup:
        value = number(self.apart, ".2f" if self.apart > 0.005 else ".0e", "large number")
        name = Words("apart", "axis", "ink2")
        value.settle(at(1740, 826))
        name.next_to(value, LEFT, buff=units(18)).stand_on(value.baseline)
        return VGroup(name, value)
