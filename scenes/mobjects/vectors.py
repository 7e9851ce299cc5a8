"""Vectors as strips of cells on a plate in the colour of their role: no numbers, one cell an entry."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from math import inf

import numpy as np
from manim import PI, Mobject, VGroup, VMobject

from scenes.layout import Room
from scenes.mobjects.bars import bar_in
from scenes.mobjects.copies import Copied
from scenes.mobjects.ribbon import Ribbon, gutter
from scenes.mobjects.shapes import Box, stroke
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, palette
from transformer_core.tracing.trace import NamedTensor

#: Px of the plate around the cells, and how opaque it is.
EDGE, PLATE = 6.0, 0.28
#: Px of bars beside vectors with their numbers, of the numbers, and of the highest bar.
BARS, DIGITS, BAR = 240.0, 112.0, 36.0
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


class BeforeAndAfter(VGroup):
    """The same vectors before and after an operation, side by side under their headings; `after` may be None.

    Args:
        before, after: two axes; without `after`, the vectors fill the room, under the second heading.
        first, second: what is written above.
        room: the rectangle that is filled.
        lengths: of the vectors of both, as bars at their right, on one scale.

    Both have one scale of colours; what stands `instead` of the second has its own.
    """

    def __init__(
        self,
        before: NamedTensor,
        after: NamedTensor | None,
        first: Mobject,
        second: Mobject,
        room: Room,
        lengths: Sequence[NamedTensor] = (),
    ) -> None:
        heads, body = room.split_rows(96)
        side = gutter(before.words(before.axes[0]))
        count = 1 if after is None else 2
        tops, bodies = (part.split_columns(side, 14)[1].columns(count, 120) for part in (heads, body))
        self.lengths: list[VGroup] = []
        scale = full_colour(before, *([] if after is None else [after]))
        if lengths:
            sides = [part.split_columns(-BARS, 24)[1] for part in bodies]
            bodies = [part.split_columns(-BARS, 24)[0] for part in bodies]
            unit = (BARS - DIGITS) / max(float(tensor.values.max()) for tensor in lengths)
            self.lengths = [_lengths(side, tensor, unit) for side, tensor in zip(sides, lengths, strict=True)]
        self.body = bodies[-1]
        self.names, self.before = named_rows(before, body, bodies[0].width, "residual", scale=scale)
        self.after = [] if after is None else vectors_in(self.body, after, "residual", HIGHEST, scale=scale)
        self.headings = [second] if after is None else [first, second]
        for bars, place in zip(self.lengths, tops, strict=False):
            name = Words("length", "fact", "ink2").settle(place.centre)
            bars.add(name.begin_at(bars.get_left()[0]))
        if lengths:
            tops = [part.split_columns(-BARS, 24)[0] for part in tops]
        for heading, place in zip(self.headings, tops, strict=True):
            place.inset(30, 18).fit(heading, most=1.0)
        super().__init__(*self.names, *self.before, *self.after, *self.lengths, *self.headings)

    def instead(self, tensor: NamedTensor) -> list[Vector]:
        """Other vectors in the place of the second ones, on a scale of colours of their own."""
        return vectors_in(self.body, tensor, "residual", HIGHEST)


def _lengths(room: Room, lengths: NamedTensor, unit: float) -> VGroup:
    """A bar of `unit` px for one and its number for each vector, one below the other."""
    lines = VGroup()
    for line, length in zip(room.rows(len(lengths), 6), lengths.quantities(), strict=True):
        bar = bar_in(line, length, unit, BAR, "residual")
        text = number(length, ".1f", "number").settle(line.centre).end_at(at(room.right, 0)[0])
        lines.add(VGroup(bar, text))
    return lines


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
