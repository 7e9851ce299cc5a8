"""Backpropagation: one score followed to the loss and back, and then all ways of the model."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import Count, Play, Through, Travel, appear
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_on
from scenes.mobjects.marks import Away, Ground, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, arrow, dot, rule
from scenes.mobjects.tensors import Heatmap
from scenes.mobjects.text import Words, number
from scenes.mobjects.vectors import vector_in
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: So many links, px between two, of their names, and of what is left free below their lines.
LINKS, GAP, HIGH, UNDER = 4, 150.0, 104.0, 50.0
#: So many nudges of the score, and the part of their reach to which a tangent goes; px of a point, of the bar of a
#: slope, of a strip, and of the name above it.
NUDGED, TANGENT, SPOT, BAR, STRIP, ABOVE = 7, 0.35, 12.0, 40.0, 62.0, 56.0
#: The parts of the model in the order of a pass, and the boxes between which it leads.
LAYERS = "embedding", "first layer", "second layer"
PARTS = *((half, part) for half in ("encoder", "decoder") for part in LAYERS), ("logits",), ("loss",)
WAYS = ((0, 1), (1, 2), (2, 4), (2, 5), (3, 4), (4, 5), (5, 6), (6, 7))
#: The part in which the matrix lies.
MATRIX = 5
#: Px between two parts of the model, and of a way from the middle between the way forward and that back.
BETWEEN, ASIDE, NEAR = 110.0, 20.0, 24.0


class SlopeChain:
    """Links from a score to the loss as upright lines, on which each moves from where it is now, and the way back.

    A change of one is as long on all lines, and along both axes of a graph between two: how the next follows the one
    before, with a tangent where the model is.

    Args:
        room: the rectangle that is filled.
        links: four of them, by their names: the values of each as the score is nudged, in the middle by nothing.
        local: the slope of each link along the one before, where the model is.
        upstream: the slope of the loss along each link but the loss itself.
    """

    def __init__(
        self, room: Room, links: Mapping[str, list[Quantity]], local: list[Quantity], upstream: list[Quantity]
    ) -> None:
        columns = room.columns(len(links), GAP)
        above, rest = room.split_rows(HIGH, SPOT)
        rest, self.nudged = rest.split_rows(-UNDER)[0], [*links.values()]
        middle = len(self.nudged[0]) // 2
        top, low = middle + NUDGED, middle - NUDGED
        #: The score goes up, down and back.
        self.way = [*range(middle, top), *range(top, low, -1), *range(low, middle + 1)]
        moved = [nudged[n] - nudged[middle] for nudged in self.nudged for n in self.way]
        most = max(1.0, *upstream, *moved)
        px, ground = rest.height / (most - min(*upstream, *moved)), Ground()
        level = rest.top + most * px
        #: Where all links are now.
        self.now = means(rule(at(room.left, level), at(room.right, level), "line", 3), ground)
        feet = [np.array([column.centre[0], self.now.get_y(), 0]) for column in columns]
        self.heads, self.values, self.lines, self.slopes, self.numbers = (VGroup() for _ in range(5))
        points = []
        for (name, nudged), column, foot in zip(links.items(), columns, feet, strict=True):
            value = nudged[middle]
            upper, lower = column.cross(above).rows(2, 0)
            self.heads.add(Words(name, "fact", "ink2").settle(upper.centre))
            self.values.add(number(value, ".2f", "large number").settle(lower.centre))
            top_end, low_end = (foot * RIGHT + at(0, edge) * UP for edge in (rest.top, rest.bottom))
            self.lines.add(rule(top_end, low_end, "ink3", 3))
            moves = (
                (foot + UP * units(px) * (one - value), Away(one, value, 1, px, 2 * SPOT, ground)) for one in nudged
            )
            points.append([means(dot(spot, SPOT, "focus"), move) for spot, move in moves])
        self.graphs, self.tangents, self.signs = VGroup(), VGroup(), VGroup()
        for (nudged, follows), slope, ends in zip(pairwise(self.nudged), local, pairwise(feet), strict=True):
            value, then, x, y = nudged[middle], follows[middle], nudged[low + 1 : top], follows[low + 1 : top]
            plot = Plot(value, then, (x, y), px * float(np.ptp(x)), px * float(np.ptp(y)))
            plot.shift(sum(ends) / 2 - plot.point(value, then))
            points.append(plot.dots(nudged, follows, "focus", SPOT))
            self.graphs.add(VGroup(plot.axes, plot.curve(x, y, "ink2")))
            self.tangents.add(plot.tangent(value, then, slope, TANGENT * float(np.ptp(x)), 8))
            told = VGroup(Words("slope", "fact", "warning"), number(slope, ".4f", "large number", "warning"))
            told.arrange(DOWN, buff=units(14)).move_to(sum(ends) / 2)
            self.slopes.add(told.set_y(at(0, rest.top)[1], UP))
            sign = Words("×", "large number", "warning").next_to(told[1], LEFT, buff=units(16))
            self.signs.add(sign.stand_on(told[1].baseline))
        self.spots = [VGroup(*places) for places in zip(*points, strict=True)]
        self.dots = self.spots[middle].copy().set_z_index(1)
        #: The slope of the loss along each link; along itself it is one.
        found = zip(feet, upstream, strict=False)
        self.bars = [bar_on(foot, ground, one, "height", px, BAR, role="warning") for foot, one in found]
        for bar, one in zip(self.bars, upstream, strict=True):
            told = number(one, ".4f", "large number", "warning")
            told.next_to(bar, DOWN if one < 0 else UP, units(16), LEFT)
            self.numbers.add(told.shift(RIGHT * units(BAR / 2 + SPOT)))  # beside the line of its link
        one = Box(BAR, px, palette().warning, 5).move_to(feet[-1], DOWN)
        told = VGroup(Words("slope", "fact", "warning"), Words("one", "large number", "warning"))
        self.start = VGroup(one, told.arrange(DOWN, units(14)).next_to(one, RIGHT, buff=units(16)).align_to(one, UP))
        self.marks = VGroup(self.graphs, self.tangents, self.slopes, self.signs, self.start)
        self.bars.append(one)

    def nudge(self) -> tuple[Animation, ...]:
        """The score goes up, down and back, and all that follows goes along, with its numbers."""
        rows = zip(self.values, self.nudged, strict=True)
        return (
            Through(self.dots, [self.spots[n] for n in self.way]),
            *(Count(text, [row[n] for n in self.way], ".2f", "slow") for text, row in rows),
        )

    def go_back(self) -> list[list[Play]]:
        """The bar goes back from the loss, line by line; each slope on its way stretches it, shrinks it or turns it."""
        turns = [*zip(self.bars, self.bars[1:], self.numbers, self.signs, strict=False)][::-1]
        return [[(Travel(after, bar, 0.0, "row"), appear(sign)), appear(told)] for bar, after, told, sign in turns]


class QueryGradient:
    """Beside the line of a score its query, with the push on each entry, and that on each entry of its matrix.

    Args:
        query, push: of the query, "d_head".
        pushes: on the matrix that makes it, "d_model d_head".
        word: whose query it is.
    """

    def __init__(self, query: NamedTensor, push: NamedTensor, pushes: NamedTensor, word: Label) -> None:
        room = STAGE.split_columns(STAGE.columns(LINKS, GAP)[0].width, GAP)[1]
        above, field = room.split_rows(3 * ABOVE + 2 * STRIP)
        first, second = (row.split_rows(ABOVE)[1] for row in above.split_rows(-ABOVE)[0].rows(2, 0))
        self.query, self.push = vector_in(first, query, "query"), vector_in(second, push, "warning")
        self.pushes = Heatmap(pushes, field.width, field.height).move_to(field.centre)
        texts = f"query of “{word}”", "push on it: − slope", "push on each entry of its matrix, W_Q"
        self.names = [
            Words(text, "fact", "ink2").next_to(part, UP, buff=units(12)).align_to(part, LEFT)
            for text, part in zip(texts, (self.query, self.push, self.pushes), strict=True)
        ]


class ModelParts:
    """The parts of the model up to the loss, the ways forward and back, and how many slopes a pass back gives."""

    def __init__(self, slopes: Quantity, found: Quantity, loss: Quantity) -> None:
        # Two rows of five, with what the encoder leaves free.
        places = [column.cross(row) for row in STAGE.rows(2, BETWEEN) for column in STAGE.columns(5, BETWEEN)]
        corner = Room(places[3].left, places[3].top, places[4].right, places[4].bottom)
        rooms = [*places[:3], *places[5:]]
        self.boxes = VGroup(self._box(room, *lines) for room, lines in zip(rooms, PARTS, strict=True))
        ways = [self._ways(self.boxes[a][0], self.boxes[b][0]) for a, b in WAYS]
        self.forward, self.back = (VGroup(way[k] for way in ways) for k in (0, 1))
        lines = Words(f"{slopes:,.0f} slopes", "large number"), Words("in one pass", "large number", "warning")
        self.count = VGroup(*lines).arrange(DOWN, buff=units(30)).move_to(corner.centre)
        #: What the chain ended with, and what it began with, where they belong.
        self.kept = VGroup(number(found, ".3f", "stage number", "warning"), number(loss, ".2f", "stage number"))
        for told, box in zip(self.kept, (self.boxes[MATRIX], self.boxes[-1]), strict=True):
            told.settle(box[0].get_bottom() + UP * units(46))

    def take(self, pushes: VMobject) -> tuple[Animation, Animation]:
        """The matrix goes to the part in which it lies; the others come."""
        lies = Travel(pushes, self.boxes[MATRIX], kind="row", leaving=True)
        return lies, appear(*self.boxes[:MATRIX], *self.boxes[MATRIX + 1 :], self.kept)

    @staticmethod
    def _box(room: Room, *lines: str) -> VGroup:
        """A part in the middle of a room, with its name."""
        box = Box.of(room, palette().surface, 14, palette().line, 2.5)
        roles = ("ink2", "ink")[-len(lines) :]
        texts = enumerate(zip(lines, roles, strict=False))
        return VGroup(
            box,
            (
                Words(line, "block", role, box).settle(box.get_center() + DOWN * units(54 * k - 27 * (len(lines) - 1)))
                for k, (line, role) in texts
            ),
        )

    @staticmethod
    def _ways(one: Box, other: Box) -> tuple[VGroup, VGroup]:
        """The way forward from one box to the next, and the way back beside it."""
        level = abs(one.get_y() - other.get_y()) < units(NEAR)
        (a, b), air = (one.get_right(), other.get_left()) if level else (one.get_bottom(), other.get_top()), units(6)
        a = a if level else a + RIGHT * np.sign(b - a)[0] * one.width / 4
        way = (b - a) / np.linalg.norm(b - a)
        a, b, shift = a + air * way, b - air * way, (UP if level else 2 * RIGHT) * units(ASIDE)
        return arrow(a + shift, b + shift, "ink2", 6, 20), arrow(b - shift, a - shift, "warning", 8, 24)
