"""Backpropagation: one score followed to the loss and back, and then all ways of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from manim import DOWN, RIGHT, UP, Animation, VGroup

from scenes.animations import Count, Through, Travel, appear, draw
from scenes.layout import STAGE, Room
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, arrow
from scenes.mobjects.tensors import Heatmap
from scenes.mobjects.text import Words, number
from scenes.mobjects.vectors import Vector
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px between two links, of the box of one, of the row of products, of a plot, and above and below it.
GAP, HIGH, PRODUCTS, ACROSS, ABOVE, UNDER = 150.0, 130.0, 140.0, 350.0, 70.0, 96.0
#: How far a tangent reaches from its point, as a share of its axis; how many nudges the score is moved.
REACH, NUDGED = 0.28, 10
#: The parts of the model in the order of a pass, and the boxes between which it leads.
PARTS = (
    ("encoder", "embedding"),
    ("encoder", "first layer"),
    ("encoder", "second layer"),
    ("decoder", "embedding"),
    ("decoder", "first layer"),
    ("decoder", "second layer"),
    ("logits",),
    ("loss",),
)
WAYS = ((0, 1), (1, 2), (2, 4), (2, 5), (3, 4), (4, 5), (5, 6), (6, 7))
#: The part in which the matrix lies.
MATRIX = 5
#: Px between two parts of the model, and of a way from the middle between the way forward and that back.
BETWEEN, ASIDE, NEAR = 110.0, 20.0, 24.0


@dataclass(frozen=True)
class Link:
    """A quantity in a chain: a name, its value, and its values as the score is nudged."""

    name: str
    value: Quantity
    nudged: Sequence[float]


class Chain:
    """Links from a score to the loss, between two of them a plot of the one over the other, and below the way back.

    Args:
        links: four of them.
        local: the slope of each plot, where the model is, and of the loss along the last link.
        upstream: the slope of the loss along each link but the loss itself.
    """

    def __init__(self, links: Sequence[Link], local: Sequence[Quantity], upstream: Sequence[Quantity]) -> None:
        columns = STAGE.columns(len(links), GAP)
        above, rest = STAGE.split_rows(HIGH)
        between, below = rest.split_rows(-PRODUCTS)
        self.boxes, self.ways, self.back, self.rows = VGroup(), VGroup(), VGroup(), []
        self.plots, self.curves, self.tangents, self.slopes, self.dots = (VGroup() for _ in range(5))
        self.spots: list[list[VGroup]] = []
        self.nudged = [link.nudged for link in links]
        for link, column in zip(links, columns, strict=True):
            box = Box(column.width, HIGH, palette().surface, 14, palette().line, 2.5).move_to(
                column.cross(above).centre
            )
            name = Words(link.name, "fact", "ink2", box).settle(box.get_center() + UP * units(30))
            told = number(link.value, ".2f", "large number").settle(box.get_center() + DOWN * units(26))
            self.boxes.add(VGroup(box, name, told))
        for k, slope in enumerate(local):
            self._plot(links[k], links[k + 1], slope, between, (columns[k].centre[0] + columns[k + 1].centre[0]) / 2)
            a, b = (self.boxes[n][0] for n in (k, k + 1))
            self.ways.add(arrow(a.get_right() + RIGHT * units(8), b.get_left() - RIGHT * units(8), "ink2", 6, 20))
            y = at(0, (below.top + below.bottom) / 2)[1]
            start, end = (np.array([x, y, 0]) for x in (b.get_left()[0], a.get_right()[0]))
            self.back.add(arrow(start, end, "warning", 8, 24))
            self.rows.append(self._row(slope, upstream[k], upstream[k + 1 : k + 2], columns[k].cross(below)))
        lines = VGroup(Words(text, "fact", "warning") for text in ("slope", "of the loss")).arrange(
            DOWN, buff=units(12)
        )
        self.row_name = lines.move_to(columns[-1].cross(below).centre)
        for part in (*self.back, *(row[-1] for row in self.rows), self.row_name):
            part.set_y(self.rows[0][-1].get_y())

    def _plot(self, one: Link, other: Link, slope: Quantity, room: Room, middle: float) -> None:
        """The one link over the other, with the point where the model is, and the tangent there."""
        x, y = one.nudged, other.nudged
        plot = Plot(one.value, other.value, (x, y), ACROSS, room.height - ABOVE - UNDER)
        centre = at(0, (room.top + ABOVE + room.bottom - UNDER) / 2)
        plot.shift(np.array([middle, centre[1], 0]) - plot.axes.get_center())
        plot.add(plot.ticks([one.value], ".2f", "fact"), plot.heights([other.value], ".2f"))
        rest = len(x) // 2
        far = min(REACH * (max(x) - min(x)), REACH * (max(y) - min(y)) / abs(slope))
        self.tangents.add(plot.tangent(x[rest], y[rest], slope, far, 7))
        self.plots.add(plot)
        self.curves.add(plot.curve(x, y, "ink2", 6))
        self.spots.append([plot.dots([a], [b], "focus", 13).set_z_index(1) for a, b in zip(x, y, strict=True)])
        self.dots.add(self.spots[-1][rest].copy())
        inward = (UP if slope > 0 else DOWN) * units(46)
        corner = plot.axes.get_corner(RIGHT - inward / units(46)) + inward * 0.6
        told, name = number(slope, ".3f", "large number", "warning"), Words("slope", "fact", "warning")
        low, high = sorted((corner, corner + inward), key=lambda spot: float(spot[1]))
        self.slopes.add(VGroup(name.settle(high).end_at(corner[0]), told.settle(low).end_at(corner[0])))

    @staticmethod
    def _row(local: Quantity, found: Quantity, upstream: Sequence[Quantity], room: Room) -> VGroup:
        """The local slope times the upstream one, and their product; the last link has no upstream one."""
        last = number(found, ".3f", "large number", "warning")
        if not upstream:
            return VGroup(last.move_to(room.centre))
        # One more digit of the factors: else the product would not seem to be theirs.
        factors = [number(one, ".4f", "stage number") for one in (local, *upstream)]
        signs = [Words(sign, "stage number", "ink2") for sign in "×="]
        line = VGroup(factors[0], signs[0], factors[1], signs[1]).arrange(RIGHT, buff=units(14))
        for part in line:
            part.stand_on(line[0].baseline)
        return room.fit(VGroup(line, last).arrange(DOWN, buff=units(40)), most=1.0)

    @property
    def links(self) -> list[VGroup]:
        """All but the boxes, and what is found in the end."""
        drawn = self.plots, self.curves, self.tangents, self.slopes, self.dots
        return [*drawn, self.ways, self.back, self.rows[0][0], *self.rows[1:], self.row_name]

    def nudge(self) -> tuple[Animation, ...]:
        """The score goes up, down and back, and all that follows goes along, with its numbers."""
        rest = len(self.spots[0]) // 2
        way = [*range(rest, rest + NUDGED), *range(rest + NUDGED, rest - NUDGED, -1), *range(rest - NUDGED, rest + 1)]
        dots = (Through(one, [row[n] for n in way]) for one, row in zip(self.dots, self.spots, strict=True))
        rows = zip(self.boxes, self.nudged, strict=True)
        return *dots, *(Count(box[-1], [row[n] for n in way], ".2f", "slow") for box, row in rows)

    def go_back(self) -> list[tuple[Animation, ...]]:
        """Go back from the loss, link by link: the local slope times the upstream one, and the product."""
        *products, last = zip(self.rows, self.back, strict=True)
        plays: list[tuple[Animation, ...]] = [(appear(*last),)]
        for ((*factors, equals), result), way in reversed(products):
            plays += [(draw(way), appear(*factors)), (appear(equals, result),)]
        return plays


class Deeper:
    """From a score to what it is made of: the query with the push on each entry, and its matrix with those on its own.

    Args:
        query, push: of the query, "d_head".
        matrix, pushes: of the matrix that makes it, "d_model d_head".
        word: whose query it is.
    """

    def __init__(
        self, query: NamedTensor, push: NamedTensor, matrix: NamedTensor, pushes: NamedTensor, word: Label
    ) -> None:
        columns = STAGE.columns(2, GAP)
        tops = [column.split_rows(HIGH, UNDER)[0] for column in columns]
        self.query, self.push = (
            Vector(vector, room.width, HIGH / 2, role).move_to(room.centre)
            for vector, room, role in zip((query, push), tops, ("query", "warning"), strict=True)
        )
        fields = [column.split_rows(HIGH + ABOVE)[1] for column in columns]
        self.matrix, self.pushes = (
            Heatmap(field, room.width, room.height).move_to(room.centre)
            for field, room in zip((matrix, pushes), fields, strict=True)
        )
        heads = zip(
            (self.query, self.push, self.matrix, self.pushes),
            (f"query of “{word}”", "push on it: − slope", "the matrix that makes it, W_Q", "push on each entry"),
            strict=True,
        )
        self.names = [Words(text, "block", "ink2").next_to(part, UP, buff=units(12)) for part, text in heads]


class Parts:
    """The parts of the model up to the loss, the ways forward and back, and how many slopes a pass back gives."""

    def __init__(self, slopes: Quantity, found: Quantity, loss: Quantity) -> None:
        encoder, decoder = STAGE.rows(2, 120)
        columns = STAGE.columns(5, BETWEEN)
        rooms = [column.cross(row) for row in (encoder, decoder) for column in columns]
        rooms = [*rooms[:3], *rooms[5:]]
        self.boxes = VGroup(self._box(room, *lines) for room, lines in zip(rooms, PARTS, strict=True))
        ways = [self._ways(self.boxes[a][0], self.boxes[b][0]) for a, b in WAYS]
        self.forward, self.back = (VGroup(way[k] for way in ways) for k in (0, 1))
        corner = Room(columns[3].left, encoder.top, columns[4].right, encoder.bottom)
        lines = Words(f"{slopes:,.0f} slopes", "large number"), Words("in one pass", "large number", "warning")
        self.count = VGroup(*lines).arrange(DOWN, buff=units(30)).move_to(corner.centre)
        #: What the chain ended with, and what it began with, where they belong.
        self.kept = VGroup(number(found, ".3f", "stage number", "warning"), number(loss, ".2f", "stage number"))
        for told, box in zip(self.kept, (self.boxes[MATRIX], self.boxes[-1]), strict=True):
            told.settle(box[0].get_bottom() + UP * units(46))

    def take(self, deeper: Deeper) -> tuple[Animation, ...]:
        """The matrix goes to the part in which it lies; the others come."""
        lies = Travel(deeper.matrix, self.boxes[MATRIX], kind="row", leaving=True)
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
