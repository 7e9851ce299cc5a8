"""Vectors as arrows in a plane: one with what is added to it and their sum, and a stream's additions end to end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import Travel
from scenes.layout import Room
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.planes import Plane, clear_of
from scenes.mobjects.river import River, role_of
from scenes.mobjects.shapes import around, curve, path
from scenes.mobjects.text import Words, number
from scenes.mobjects.vectors import vectors_in
from scenes.theme import pixels, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px above and below the arrows, and beside them, for their names.
AIR, ASIDE = 110.0, 180.0
#: Px of the name of a vector, and above and below two vectors.
NAME, STRIPS = 200.0, 80.0
#: Degrees from which there is room for a name at the left of an arrow's tip.
STEEP = 60
#: The radii of the two angles, as shares of the length of the shortest arrow, and the px by which they differ at least.
NEAR, FAR, APART = 0.42, 0.8, 120.0
#: Px for a number at the right of a stream's additions, above and below these, of an arrow and its head; and between
#: both ways, as a share of the longer one.
NUMBER, AROUND, THICK, HEAD, BETWEEN = 210.0, 66.0, 16.0, 46.0, 0.05


class SumOfTwo:
    """x, f(x) and x + f(x) from one point, in the plane of the first two, with the angles that they make with x.

    Args:
        part: the tensors of an attention at one position.
        rows: x and f(x), each as a matrix of one row.
        room: the rectangle that is filled.

    `moved` is f(x) with its foot at the tip of x. `vectors` are both as cells, in the same room, with their `symbols`.
    """

    def __init__(self, part: Trace, rows: Sequence[NamedTensor], room: Room) -> None:
        vectors, replaced, added = part["added_plane"], part["turned_if_replaced"], part["turned_if_added"]
        room = room.split_rows(32)[1]
        plane = Plane(np.vstack([vectors.values, np.zeros(2)]), room.inset(ASIDE, AIR))
        self.origin, foot = plane.origin, plane.foot
        x, f, both = (row.quantities() for row in vectors)
        self.before = plane.arrow(foot, x, "residual", 10, 34)
        self.found, self.moved = (plane.arrow(start, f, "value", 10, 34) for start in (foot, self.before[-1].points[0]))
        self.sum = plane.arrow(foot, both, "weight", 10, 34)
        short = float(np.linalg.norm(vectors.values, axis=-1).min()) * plane.px
        near = max(short * NEAR, APART)
        self.turns = [
            self._turn(foot, vectors.values[1], replaced, near, "value"),
            self._turn(foot, vectors.values[2], added, max(short * FAR, near + APART), "weight"),
        ]
        sources = ("{{ x : residual }}", "{{ f(x) : value }}", "{{ x + f(x) : weight }}")
        self.names = VGroup(Formula(source, LARGE) for source in sources)
        there = [turn[1] for turn in self.turns]
        sides = ((DOWN, RIGHT), (LEFT, UP) if replaced > STEEP else (UP, LEFT), (UP, RIGHT, DOWN))
        for name, line, wanted in zip(self.names, (self.before, self.found, self.sum), sides, strict=True):
            self._name(name, line[-1].points[0], wanted, there, room)
            there.append(name)
        lines = room.inset(0, STRIPS).rows(2, 60)[::-1]
        self.vectors, self.symbols = [], self.names[:2].copy()
        for line, row, role, symbol in zip(lines, rows, ("residual", "value"), self.symbols, strict=True):
            side, cells = line.split_columns(NAME, 24)
            side.fit(symbol, most=1.0)
            self.vectors += vectors_in(cells, row, role)

    @staticmethod
    def _name(name: Formula, tip: np.ndarray, sides: Sequence[np.ndarray], there: list[VMobject], room: Room) -> None:
        """Put a name beside the tip of its arrow, on the first side that is clear of what stands there."""
        reach = (units(room.width) - name.width) / 2
        for side in sides:
            name.next_to(tip, side, buff=units(24))
            name.set_x(float(np.clip(name.get_x(), room.centre[0] - reach, room.centre[0] + reach)))
            if all(clear_of(name, other, air=10) for other in there):
                return

    @staticmethod
    def _turn(foot: np.ndarray, tip: np.ndarray, degrees: Quantity, radius: float, role: str) -> VGroup:
        turn = float(np.arctan2(tip[1], tip[0]))
        words = Words(f"{degrees:.0f}°", "large number", role)
        (beside,) = around(foot, radius + 34 + pixels(words.width) / 2, turn / 2, turn / 2, 1)
        return VGroup(path(around(foot, radius, 0, turn), role, 5), words.settle(beside))

    def threads(self, chips: Sequence[VMobject]) -> list[VMobject]:
        """Lines from the tokens that f(x) is made of."""
        return [curve(chip.get_bottom(), self.vectors[1].get_top(), "value") for chip in chips]


class StreamSum:
    """The vector that the stream begins with and all additions: `straight` in one line, `bent` as they point.

    Args:
        part: the tensors of a stack at one position.
        room: the rectangle that is filled.

    `sum` leads from the `origin` to where the bent ones end. `lengths` are those of both ways, and `totals` their
    numbers.
    """

    def __init__(self, part: Trace, room: Room) -> None:
        lengths, steps, whole = part["contribution_norms"], part["stream_steps"], part["contribution_norms_in_all"]
        ends = np.vstack([np.zeros(2), steps.values.cumsum(0)])
        high = ends[:, 1].max() + BETWEEN * float(whole)
        line = np.column_stack([np.append(0, lengths.values.cumsum()), np.full(len(ends), high)])
        self.plane = Plane(np.vstack([ends, line]), room.inset(0, AROUND).split_columns(-NUMBER)[0], 11)
        self.origin = self.plane.origin
        roles = [role_of(label) for label in lengths.words("sublayer")]
        self.straight, self.bent = (
            VGroup(
                self.plane.arrow(self.plane.point(foot), by, role, THICK, HEAD)
                for foot, by, role in zip(feet[:-1], ways, roles, strict=True)
            )
            for feet, ways in (
                (line, [(length, ()) for length in lengths.quantities()]),
                (ends, [row.quantities() for row in steps]),
            )
        )
        whole_way = [tuple(steps[:, side].quantities()) for side in (0, 1)]
        self.sum = self.plane.arrow(self.origin.get_center(), whole_way, "weight", THICK, HEAD)
        self.lengths = whole, part["residual_norms"].quantity(len(roles) - 1)
        self.totals = VGroup(
            number(length, ".1f", "large number").next_to(lead[-1].points[0], RIGHT, buff=units(30))
            for length, lead in zip(self.lengths, (self.straight[-1], self.sum), strict=True)
        )

    def laid(self, river: River) -> list[Animation]:
        """Lay down what was as wide in a river as it is long now."""
        sources = [river.stretches[0][0], *(fall for fall, _ in river.falls)]
        return [Travel(*pair, kind="slow", leaving=True) for pair in zip(sources, self.straight, strict=True)]

    def bend(self) -> list[Animation]:
        """Copies of the arrows in one line turn to where they point."""
        return [Travel(*pair, 0.0, "slow") for pair in zip(self.straight, self.bent, strict=True)]

    def lead(self) -> Animation:
        """The sum grows straight out of the origin."""
        return Travel(self.origin, self.sum, 0.0, "row")
