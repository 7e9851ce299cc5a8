"""The plane of a query and a key, and named numbers in a line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import RIGHT, UP, VGroup

from scenes.layout import Room
from scenes.mobjects.marks import Reach, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.shapes import arrow, dashes, path, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.wording import entry_name
from scenes.theme import gap, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Angles in degrees between two arrows: the same way, at a right angle, apart, opposite.
SAME_WAY, RIGHT_ANGLE, APART, HALF_TURN = 0.0, 90.0, 120.0, 180.0
#: Px around a plane, across and down: at the sides of a card, and where arrows are as long as a stage allows.
USUAL, WIDE = (80.0, 110.0), (120.0, 76.0)


class PlaneOfTwo(VGroup):
    """The plane through a query and a key, where both keep their lengths and their angle.

    There is room for the key at all angles of `swings`, and for both when they are `grown` so many times as long.
    `drop` falls from the tip of the key onto the query, `reach` is how far the key goes along it, and `length` that of
    the query.
    """

    def __init__(
        self,
        head: Trace,
        query_token: Label,
        top_key: Label,
        room: Room,
        swings: Sequence[float] = (SAME_WAY, RIGHT_ANGLE, APART),
        grown: float = 1.0,
        spec: str = ".2f",
        margin: tuple[float, float] = USUAL,
    ) -> None:
        points: NamedTensor = head["plane"].pick(query=query_token, key=top_key)
        tip: NamedTensor = points.pick(other=top_key.position)
        length: Quantity = head["q_norm"].pick(query=query_token)
        far, side = float(np.linalg.norm(tip.values)), 1.0 if tip.values[1] >= 0 else -1.0
        swung = [[grown * far * np.cos(t), side * grown * far * np.sin(t)] for t in np.radians(swings)]
        spots = np.array([tip.values, [grown * float(length), 0], [0, 0], *swung])
        plane = Plane(spots, room.inset(*margin))
        self.origin, start = plane.origin, plane.foot
        end, foot = plane.point(tip.values), plane.point((tip.values[0], 0))
        self.query = arrow(start, plane.point((float(length), 0)), "query", 9, 30)
        self.key = plane.arrow(start, tip.quantities(), "key", 9, 30)
        self.drop = dashes(end, foot, "ink2", 4)
        away = UP * side
        self.reach = VGroup(
            means(rule(start, foot, "key", 14), Reach(tip.quantity(0), 0, plane.px / 18, plane.ground)),
            number(tip.quantity(0), spec, "stage number").settle((start + foot) / 2 - away * units(46)),
        )
        self.length = number(length, spec, "stage number", "query").settle(plane.point((float(length), 0)))
        self.length.next_to(self.query, RIGHT, buff=units(18))
        turn = float(np.arctan2(tip.values[1], tip.values[0]))
        bend = [start + np.array([np.cos(t), np.sin(t), 0]) * units(120) for t in np.linspace(0, turn, 24)]
        middle = start + np.array([np.cos(turn / 2), np.sin(turn / 2), 0]) * units(160)
        self.angle = VGroup(path(bend, "ink2", 4), Words("θ", "block").settle(middle))
        self.names = VGroup(
            Token(query_token, "query").next_to(self.query, -away, buff=units(18)).align_to(self.query, RIGHT),
            Token(top_key, "key").next_to(end, away, buff=units(14)),
        )
        super().__init__(self.drop, self.angle, self.origin, self.reach, self.query, self.key, self.names, self.length)


def value_line(quantity: Quantity, spec: str, role: str = "ink", space: str = "chip") -> VGroup:
    """A number and its name on one baseline: "length of the query  3.21"; with `space` for a sign, if it may turn."""
    label = Words(entry_name(quantity), "fact", "ink2")
    value = number(quantity, spec, "large number", role)
    value.next_to(label, RIGHT, buff=gap(space)).stand_on(label.baseline)
    return VGroup(label, value)
