"""Vectors as strips of cells on a plate in the colour of their role: no numbers, one cell an entry."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise
from math import inf

import numpy as np
from manim import LEFT, PI, VGroup, VMobject

from scenes.layout import Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.copies import Copied
from scenes.mobjects.ribbon import Ribbon, gutter
from scenes.mobjects.shapes import Box, stroke
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.trace import NamedTensor

#: Px of the plate around the cells, and how opaque it is.
EDGE, PLATE = 6.0, 0.28
#: Px of the bar of the longest vector, from a vector to its bar, for the number behind that, and for a heading.
LONGEST, BESIDE, DIGITS, HEAD = 520.0, 40.0, 130.0, 84.0
#: A vector beside its token is at most so many px high, and the token.
HIGHEST, TOKEN = 84.0, 56.0


class Vector(Copied, VGroup):
    """A vector as cells in a row, or one below the other if it is `upright`, on a plate.

    Args:
        tensor: one axis.
        wide, high: px of the whole, plate included.
        role: the colour of the plate: "query", "key", "value", "residual", "weight".
        scale: the absolute value that gets the full colour.
        weights: True if the entries are coloured as shares between nothing and one.

    A vector with more entries than it has px for shows, of the entries that share a cell, the largest.

    Example::

        room = Room(360, 190, 1560, 270)
        query = trace["encoder.1.self_attn.q"].pick(batch=0, head=0, query="red")
        figure = Vector(query, room.width, room.height, "query").move_to(room.centre)
    """

    def __init__(
        self,
        tensor: NamedTensor,
        wide: float,
        high: float,
        role: str = "",
        scale: float = 0,
        upright: bool = False,
        weights: bool = False,
    ) -> None:
        along, across = (high, wide) if upright else (wide, high)
        edge = min(EDGE, across / 5)
        self.key: tuple[Hashable, ...] = ("vector", tensor.name, tensor.index(0), tensor.axes)
        colour = palette().role(role) if role else palette().line
        self.plate = Box(wide, high, colour, 8, colour, 2.5)
        self.plate.set_fill(opacity=PLATE).set_stroke(width=stroke(2.5))
        self.cells = Strip(tensor, along - 2 * edge, across - 2 * edge, scale, weights)
        if upright:
            self.cells.rotate(-PI / 2)
        super().__init__(self.plate, self.cells)


class Lengths(VGroup):
    """Vectors one below the other with their tokens, and beside each a bar as long as the vector, with its length.

    Args:
        stages: the same vectors before and after an operation, two axes each, on one scale of colours.
        lengths: of the vectors of each stage, on one scale.
        headings: what is written above each stage.
        room: the rectangle that is filled.

    `stages[i]` are the vectors of a stage, `bars[i]` and `numbers[i]` their lengths; all stages stand in one place.
    `changes` are, from stage to stage, what goes and what comes.
    """

    def __init__(
        self,
        stages: Sequence[NamedTensor],
        lengths: Sequence[NamedTensor],
        headings: Sequence[VMobject],
        room: Room,
    ) -> None:
        head, room = room.split_rows(HEAD)
        scale, most = full_colour(*stages), max(float(tensor.values.max()) for tensor in lengths)
        room, side = room.split_columns(-LONGEST - DIGITS, BESIDE)
        wide = room.width - gutter(stages[0].words(stages[0].axes[0])) - 14
        self.names, rows = named_rows(stages[0], room, wide, "residual", scale=scale)
        self.stages, self.bars, self.numbers = [rows], list[VGroup](), list[VGroup]()
        for tensor in stages[1:]:
            pairs = zip(tensor, rows, strict=True)
            self.stages.append([Vector(v, wide, pixels(r.height), "residual", scale).move_to(r) for v, r in pairs])
        for of in lengths:
            bars, numbers = VGroup(), VGroup()
            for length, row in zip(of.quantities(), rows, strict=True):
                bar = bar_of(length, "width", LONGEST / most, pixels(row.height) / 2, "residual")
                bars.add(bar.set_y(row.get_y()).align_to(at(side.left, 0), LEFT))
                text = number(length, ".1f", "stage number").settle(bar.get_center())
                numbers.add(text.begin_at(bar.get_right()[0] + units(24)))
            self.bars.append(bars)
            self.numbers.append(numbers)
        for heading in headings:
            head.inset(0, 8).fit(heading, most=1.0).align_to(rows[0], LEFT)
        self.title = Words("length", "fact", "ink2").settle(head.centre).begin_at(at(side.left, 0)[0])
        drawn = [[*parts[0], *parts[1], *parts[2]] for parts in zip(self.stages, self.bars, self.numbers, strict=True)]
        self.changes = [*pairwise(drawn)]
        super().__init__(*self.names, *drawn[0], self.title, *headings[:1])


def vector_in(
    room: Room, vector: NamedTensor, role: str, scale: float = 0, most: float = inf, weights: bool = False
) -> Vector:
    """A vector that fills a room, but is at most `most` px high."""
    return Vector(vector, room.width, min(room.height, most), role, scale, weights=weights).move_to(room.centre)


def vectors_in(
    room: Room, tensor: NamedTensor, role: str, most: float = inf, space: float = 6, scale: float = 0
) -> list[Vector]:
    """The vectors of a tensor of two axes, one below the other, filling a room; each at most `most` px high."""
    scale = scale or full_colour(tensor)
    lines = room.rows(len(tensor), space)
    return [vector_in(line, row, role, scale, most) for row, line in zip(tensor, lines, strict=True)]


def named_rows(
    tensor: NamedTensor, room: Room, wide: float, role: str, token_role: str = "", space: float = 6, scale: float = 0
) -> tuple[list[Token], list[Vector]]:
    """The vectors of all positions one below the other, `wide` px each, with their tokens at the left."""
    labels = tensor.words(tensor.axes[0])
    side, body = room.split_columns(gutter(labels), 14)
    tokens = [
        Token(label, token_role, side.width, min(TOKEN, line.height)).move_to(line.centre)
        for label, line in zip(labels, side.rows(len(labels), space), strict=True)
    ]
    return tokens, vectors_in(body.split_columns(wide)[0], tensor, role, HIGHEST, space, scale)


def under(
    ribbon: Ribbon,
    row: Room,
    vectors: Iterable[NamedTensor],
    role: str,
    scale: float,
    wide: float = 0,
    upright: bool = False,
) -> list[Vector]:
    """A vector under each token of a ribbon, as wide as its column, or `wide` px."""
    return [
        Vector(vector, wide or ribbon.wide, row.height, role, scale, upright).move_to(
            np.array([ribbon.centre(i), row.centre[1], 0])
        )
        for i, vector in enumerate(vectors)
    ]


def thin(cell: VMobject) -> VMobject:
    """A cell before anything has arrived in it."""
    thin: VMobject = cell.copy().stretch(0.02, 0)
    return thin
