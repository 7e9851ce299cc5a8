"""Where the norm stands: beside the stream or on it, with what a deep model makes of it."""

from __future__ import annotations

import numpy as np
from manim import DOWN, VGroup

from scenes.mobjects.shapes import Box, arrow, ribbon, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Quantity

ORDERS = {"pre": "pre-norm", "post": "post-norm", "none": "no norm"}
BEGIN, END = 120.0, 1290.0


def _box(name: str, x: float, y: float, wide: float = 210) -> VGroup:
    box = Box(wide, 74, palette().surface, 12, palette().line, 2.5).move_to(at(x, y))
    return VGroup(box, Words(name, "block", paper=box).settle(at(x, y)))


def _plus(x: float, y: float) -> VGroup:
    ring = Box(46, 46, palette().background, 23, palette().residual, 5).move_to(at(x, y))
    bars = [rule(at(x - 11, y), at(x + 11, y), "ink", 4), rule(at(x, y - 11), at(x, y + 11), "ink", 4)]
    return VGroup(ring, *bars)


class Wired(VGroup):
    """One sublayer and its norm on the stream at the height `y`.

    Args:
        order: "pre" puts the norm before the sublayer, on the branch; "post" behind the sum, on the stream; "none".
        y: px of the stream from the top.
    """

    def __init__(self, order: str, y: float) -> None:
        before = order == "pre"
        self.y = y
        self.stream = ribbon(at(BEGIN, y), at(END, y), 34)
        high, fork, join = y - 118, BEGIN + 190, 880.0
        boxes = (("Norm", 500.0), ("Sublayer", 740.0)) if before else (("Sublayer", 620.0),)
        self.boxes = VGroup(*(_box(text, x, high) for text, x in boxes))
        self.norm = self.boxes[0] if before else _box("Norm", 1060, y)
        stops = [self.boxes[0].get_left(), self.boxes[-1].get_right()]
        corners = [np.array([at(x, 0)[0], stops[0][1], 0]) for x in (fork, join)]
        self.ways = VGroup(
            rule(at(fork, y), corners[0], "residual", 5),
            *arrow(corners[0], stops[0], "residual", 5, 18),
            rule(stops[1], corners[1], "residual", 5),
            *arrow(corners[1], at(join, y - 24), "residual", 5, 18),
        )
        if before:
            self.ways.add(*arrow(self.boxes[0].get_right(), self.boxes[1].get_left(), "residual", 5, 18))
        self.plus = _plus(join, y)
        self.title = Words(ORDERS[order], "block").settle(at(0, high)).begin_at(at(BEGIN, 0)[0])
        parts = [self.stream, self.ways, self.boxes, self.plus, self.title]
        super().__init__(*parts, *([self.norm] if order == "post" else []))

    def result(self, quantity: Quantity, text: str) -> VGroup:
        """What a deep model of this kind gets right."""
        value = number(quantity, ".0%", "large number").settle(at(1560, self.y - 70))
        note = Words(text, "note", "ink2").next_to(value, DOWN, buff=units(22))
        return VGroup(value, note)
