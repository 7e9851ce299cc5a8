"""All weighted sums of two vectors as a sheet of lines, and what a part of the model makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from manim import LEFT, RIGHT, UP, Animation, Transform, VGroup, VMobject, rate_functions

from scenes.animations import Travel, appear, draw, leave, reshape
from scenes.layout import STAGE, Room
from scenes.mobjects.formulas import Formula
from scenes.mobjects.marks import Away, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.shapes import Box, arrow, frame, path, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, pace, palette, pixels, units
from transformer_core.studies.focus import Focus
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Every so many points of a sheet there is a line, and every so many lines a strong one.
EVERY, STRONG = 5, 2
#: The size of the names of arrows, and of the two sides.
NAME, SIDE = 44.0, 48.0
#: Px of the headings, of what stands at the foot, and between the planes.
HEAD, FOOT, BETWEEN = 60.0, 76.0, 150.0


def woven(sheet: NamedTensor, point: Callable[[np.ndarray], np.ndarray]) -> VGroup:
    """A sheet, "row column component", as lines both ways through the `point` of each entry."""
    lines = VGroup()
    for values in (sheet.values, sheet.values.transpose(1, 0, 2)):
        for i, line in enumerate(values[::EVERY]):
            thick, opacity = (2.6, 0.95) if i % STRONG == 0 else (1.4, 0.6)
            lines.add(path([point(spot) for spot in line], "residual", thick).set_stroke(opacity=opacity))
    return lines


class LinedSheet(VGroup):
    """A sheet as lines, with the arrows of its two vectors and the two sides of the test.

    Args:
        part: the tensors of a sublayer, with the sheet, the points that have a name, and the factors of their sum.
        name: of the sheet. That of "two_matrices" is folded, too: `folded` are the lines of these sheets.
        room: where it lies.
        names: what the arrows are called, as Typst.
        role: the colour of their sum.
        creases: the lines along which neurons fold a sheet, "fold point component": `creases` has a list of each.

    `sums` are two arrows tip to tail: the first vector and the second one, times its factor each.
    """

    def __init__(
        self, part: Trace, name: str, room: Room, names: tuple[str, str], role: str, creases: Sequence[NamedTensor]
    ) -> None:
        sheet, points = part[f"{name}_sheet"], part[f"{name}_points"]
        folded = [*part["folded_sheets"]] if name == "two_matrices" else []
        spots = [tensor.values.reshape(-1, 2) for tensor in (sheet, points, *folded)]
        plane = Plane(np.concatenate(spots), room, 9, "ink")
        point, self.origin = plane.point, plane.origin
        self.lines, self.folded = woven(sheet, point), [woven(tensor, point) for tensor in folded]
        self.creases = [[path([*map(point, line.values)], "key", 8) for line in tensor] for tensor in creases]
        zero, one, other, before, after = map(point, points.values)
        self.arrows = VGroup(plane.arrow(zero, points[i].quantities(), "ink", 6, 24) for i in (1, 2))
        turn = zero + (one - zero) * part["factors"].values[0]
        self.sums = VGroup(arrow(zero, turn, role, 5, 22), arrow(turn, after, role, 5, 22))
        tips, self.names = (one - zero, other - zero), VGroup()
        for text, tip, aside in zip(names, tips, tips[::-1], strict=True):
            written = self._name(text, zero, tip, aside)
            reach = np.array([written.width / 2, written.height / 2, 0])
            corners = at(room.left, room.bottom) + reach, at(room.right, room.top) - reach
            self.names.add(written.move_to(np.clip(written.get_center(), *corners)))
        self.before, self.after = mark_before().move_to(before), mark_after().move_to(after)
        for mark, place in ((self.before, 3), (self.after, 4)):
            own = pixels(mark.width)
            means(
                mark, *(Away(points.quantity(place, axis), 0.0, axis, plane.px, own, plane.ground) for axis in (0, 1))
            )
        self.between = rule(before, after, "warning", 12)
        for mark in (self.names, self.between, self.before, self.after):
            mark.set_z_index(1)
        super().__init__(self.lines, self.sums, self.arrows, self.origin)

    @staticmethod
    def _name(name: str, zero: np.ndarray, tip: np.ndarray, other: np.ndarray) -> VGroup:
        """Beside its arrow, away from the other one, on a ground that hides the lines there."""
        formula = Formula(name, NAME)
        away = tip * float(other @ tip) / float(tip @ tip) - other
        away = away / (float(np.linalg.norm(away)) or 1.0)
        reach = units(22) + abs(away[0]) * formula.width / 2 + abs(away[1]) * formula.height / 2
        ground = Box(pixels(formula.width) + 10, pixels(formula.height) + 8, palette().background, 6)
        return VGroup(ground, formula).move_to(zero + tip * 0.9 + away * reach)


def mark_before() -> VMobject:
    """The sign of "added up before": a ring."""
    return frame(38, 38, "query", 6, 19)


def mark_after() -> VMobject:
    """The sign of "added up after": a full diamond."""
    return Box(19, 19, palette().key, 2).rotate(np.pi / 4)


class LinearityTrial:
    """Two vectors at the left, what f makes of them at the right, and the two sides of the test below.

    Args:
        part: the tensors of a sublayer, `<name>_sheet` and so on.
        focus: the query token and the top key, x and y, are those whose vectors are added up.
        name: what the sheet is sent through, a name of `transformer_core.studies.measures.sheets`.
        said: the same as it is called above the right plane.
    """

    def __init__(self, part: Trace, focus: Focus, name: str, said: VMobject) -> None:
        head, rest = STAGE.split_rows(HEAD, 10)
        planes, foot = rest.split_rows(-FOOT, 20)
        right, left = planes.golden_columns(BETWEEN, last=True)
        under_right, under_left = foot.golden_columns(BETWEEN, last=True)
        over_right = head.golden_columns(BETWEEN, last=True)[0]
        creases = [*part["fold_lines"]] if name == "two_matrices" else []
        self.enters = LinedSheet(part, "entering", left, ("x", "y"), "query", creases[:1])
        self.leaves = LinedSheet(part, name, right, ("f(x)", "f(y)"), "key", creases[1:])
        self.apart: Quantity = part[f"{name}_apart"]
        self.rows = self._rows(focus, under_left)
        middle = at((left.right + right.left) / 2, planes.top + planes.height / 2)
        half, above = RIGHT * units(58), UP * units(50)
        self.way = VGroup(arrow(middle - half, middle + half, "ink2", 7, 26), Formula("f", 64).move_to(middle + above))
        self.over = over_right
        self.said = self.called(said)
        self.sides = self._sides(part["factors"].quantities(), under_right)
        self.number = self._number(over_right)
        #: What is sent through: a copy of the lines that enter, to become those that leave.
        self.image = self.enters.lines.copy()

    def called(self, said: VMobject) -> VMobject:
        """Put another name of f above the right plane."""
        said.scale(min(1.0, units(self.over.width * 0.66) / said.width, units(self.over.height) / said.height))
        said.move_to(self.over.centre)
        return said.shift(np.array([at(self.over.left, 0)[0] - said.get_left()[0], 0, 0]))

    def sent(self, kind: str = "cell") -> Animation:
        """Send the grid that enters through f: it becomes the grid that leaves."""
        smooth = rate_functions.smooth
        return Transform(self.image, self.leaves.lines, run_time=pace(kind), rate_func=smooth, introducer=True)

    def counted(self, *texts: str) -> list[Words]:
        """Texts that follow the name of f, of which one stands there at a time."""
        made, right = (Words(text, "stage word", "ink2") for text in texts), self.said.get_right()[0] + units(30)
        return [text.settle(self.said.get_center()).begin_at(right) for text in made]

    def crossing(self) -> tuple[Animation, ...]:
        """The two vectors go through."""
        return tuple(Travel(*pair, 0.1, "row") for pair in zip(self.enters.arrows, self.leaves.arrows, strict=True))

    def parting(self, kind: str = "row") -> tuple[Animation, ...]:
        """Show the distance between the two sides, if there is one."""
        return (draw(self.leaves.between, kind=kind), appear(self.number)) if self.apart > ROUNDING else ()

    def turns_into(self, other: LinearityTrial) -> tuple[Animation, ...]:
        """The same vectors through another part: what leaves here takes the shape of what leaves there."""
        mine, theirs = (
            (image, side.arrows, side.origin, side.sums, side.before, side.after)
            for image, side in ((self.image, self.leaves), (other.leaves.lines, other.leaves))
        )
        return *(reshape(*pair, "cell") for pair in zip(mine, theirs, strict=True)), leave(self.leaves.names)

    @staticmethod
    def _rows(focus: Focus, room: Room) -> VGroup:
        """x is the vector of this token, y of that."""
        parts = VGroup(
            VGroup(Formula(f"{letter} =", SIDE), Token(token, height=56)).arrange(RIGHT, buff=units(14))
            for letter, token in (("x", focus.query_token), ("y", focus.top_key))
        )
        return room.fit(parts.arrange(RIGHT, buff=units(48)), most=1.0)

    @staticmethod
    def _sides(factors: Sequence[Quantity], room: Room) -> VGroup:
        """Added up before, and added up after: each with its sign."""
        a, b = factors
        signs = (mark_before(), f"f({a:g}x {b:+.1f}y)"), (mark_after(), f"{a:g}f(x) {b:+.1f}f(y)")
        lines = VGroup(VGroup(sign, Formula(source, SIDE)).arrange(RIGHT, buff=units(18)) for sign, source in signs)
        return room.fit(lines.arrange(RIGHT, buff=units(70)), most=1.0)

    def _number(self, room: Room) -> VGroup:
        value = number(self.apart, ".2f" if self.apart > 0.005 else ".0e", "large number", "warning")
        name = Words("apart", "stage word", "warning")
        value.settle(room.centre).end_at(at(room.right, 0)[0])
        name.next_to(value, LEFT, buff=units(18)).stand_on(value.baseline)
        return VGroup(name, value)
