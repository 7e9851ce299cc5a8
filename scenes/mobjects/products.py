"""The plane of a query and a key, and named numbers in a line."""

from __future__ import annotations

from typing import Any

import numpy as np
from manim import RIGHT, UP, VGroup

from scenes.layout import Room
from scenes.mobjects.marks import Ground, Reach, Tip, means
from scenes.mobjects.shapes import arrow, dashes, dot, path, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import gap, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Angles in degrees between two arrows: the same way, at a right angle, apart.
SAME_WAY, RIGHT_ANGLE, APART = 0.0, 90.0, 120.0


class PlaneOfTwo(VGroup):
    """The plane through a query and a key, where both keep their lengths and their angle.

    `drop` falls from the tip of the key onto the query, `reach` is how far the key goes along it, and `length` that of
    the query.
    """

    def __init__(self, head: Trace, query_token: Label, top_key: Label, room: Room) -> None:
        points: NamedTensor = head["plane"].pick(query=query_token, key=top_key)
        tip: NamedTensor = points.pick(other=top_key.position)
        length: Quantity = head["q_norm"].pick(query=query_token)
        far, side = float(np.linalg.norm(tip.values)), 1.0 if tip.values[1] >= 0 else -1.0
        swung = [[far * np.cos(t), side * far * np.sin(t)] for t in np.radians([SAME_WAY, RIGHT_ANGLE, APART])]
        spots: np.ndarray = np.vstack([tip.values, np.array([[float(length), 0], [0, 0], *swung])])
        spread = np.ptp(spots, axis=0)
        unit = min((room.width - 160) / max(spread[0], 1e-9), (room.height - 220) / max(spread[1], 1e-9))
        self.unit = units(unit)
        ground = Ground()
        self.origin = means(dot(np.zeros(3), 9, "ink2"), ground)
        self.query = arrow(np.zeros(3), self._point(float(length), 0), "query", 9, 30)
        self.key = arrow(np.zeros(3), self._point(*tip.values), "key", 9, 30)
        foot = self._point(tip.values[0], 0)
        self.drop = dashes(self._point(*tip.values), foot, "ink2", 4)
        below = -1 if tip.values[1] >= 0 else 1
        self.reach = VGroup(
            rule(self._point(0, 0), foot, "key", 14),
            number(tip.quantity(0), ".2f", "stage number").settle(foot / 2 + UP * below * units(46)),
        )
        self.length = number(length, ".2f", "stage number", "query").settle(self._point(float(length), 0))
        self.length.next_to(self.query, RIGHT, buff=units(18))
        means(self.reach[0], Reach(tip.quantity(0), 0, unit / 18, ground))
        means(self.key, Tip(tip.quantity(0), tip.quantity(1), unit, 18, ground))
        turn = float(np.arctan2(tip.values[1], tip.values[0]))
        bend = [np.array([np.cos(t), np.sin(t), 0]) * units(120) for t in np.linspace(0, turn, 24)]
        middle = np.array([np.cos(turn / 2), np.sin(turn / 2), 0]) * units(160)
        self.angle = VGroup(path(bend, "ink2", 4), Words("θ", "block").settle(middle))
        away = UP * (1 if tip.values[1] >= 0 else -1)
        self.names = VGroup(
            Token(query_token, "query").next_to(self.query, -away, buff=units(18)).align_to(self.query, RIGHT),
            Token(top_key, "key").next_to(self._point(*tip.values), away, buff=units(14)),
        )
        super().__init__(self.drop, self.angle, self.origin, self.reach, self.query, self.key, self.names, self.length)
        self.move_to(room.centre)

    def _point(self, x: float, y: float) -> np.ndarray:
        return np.array([x, y, 0]) * self.unit


def value_line(name: str, quantity: Any, spec: str, role: str = "ink", unit: str = "", space: str = "chip") -> VGroup:
    """A name and a number on one baseline: "length of the query  3.21"; with `space` for a sign, if it may turn."""
    label = Words(name, "fact", "ink2")
    value = number(quantity, spec, "large number", role)
    parts = [label, value]
    value.next_to(label, RIGHT, buff=gap(space)).stand_on(label.baseline)
    if unit:
        parts.append(Words(unit, "fact", "ink2"))
        parts[-1].next_to(value, RIGHT, buff=gap("word")).stand_on(label.baseline)
    return VGroup(*parts)
