"""Vectors as strips of cells on a plate in the colour of their role: no numbers, one cell an entry."""

from __future__ import annotations

import numpy as np
from manim import Mobject, VGroup

from scenes.layout import Room
from scenes.mobjects.copies import Copied
from scenes.mobjects.marks import Shade, means
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.shapes import Box, stroke
from scenes.mobjects.tensors import full_colour, pooled
from scenes.mobjects.tokens import Token
from scenes.theme import palette, signed, units
from transformer_core.tracing.trace import NamedTensor

#: Px of the plate around the cells, and how opaque it is.
EDGE, PLATE = 6.0, 0.28
ROLES = {"query", "key", "value"}


class Vector(Copied, VGroup):
    """A vector as cells in a row, or one below the other if it is `upright`, on a plate.

    Args:
        tensor: one axis.
        wide, high: px of the whole, plate included.
        role: the colour of the plate: "query", "key", "value", "residual", "weight".
        scale: the absolute value that gets the full colour.

    A vector with more entries than it has px for shows, of the entries that share a cell, the largest.

    Example::

        room = Room(360, 190, 1560, 270)
        query = trace["encoder.1.self_attn.q"].pick(batch=0, head=0, query="red")
        figure = Vector(query, room.width, room.height, "query").move_to(room.centre)
    """

    def __init__(
        self, tensor: NamedTensor, wide: float, high: float, role: str = "", scale: float = 0, upright: bool = False
    ) -> None:
        scale = scale or full_colour(tensor)
        along, across = (high, wide) if upright else (wide, high)
        edge = min(EDGE, across / 5)
        values = pooled(tensor.values, along - 2 * edge)
        exact = len(values) == len(tensor)
        pitch = (along - 2 * edge) / len(values)
        gap = min(3.0, pitch * 0.16)
        self.key = ("vector", tensor.name, tensor.index(0), tensor.axes)
        colour = palette().role(role) if role else palette().line
        self.plate = Box(wide, high, colour, 8, colour, 2.5)
        self.plate.set_fill(opacity=PLATE).set_stroke(width=stroke(2.5))
        cells = []
        for i, value in enumerate(values):
            size = (across - 2 * edge, pitch - gap) if upright else (pitch - gap, across - 2 * edge)
            cell = Box(*size, signed(float(value), scale), min(4.0, pitch / 5))
            place = units((i + 0.5) * pitch - (along - 2 * edge) / 2)
            cell.shift(np.array([0, -place, 0]) if upright else np.array([place, 0, 0]))
            cells.append(means(cell, Shade(tensor.quantity(i), scale)) if exact else cell)
        self.cells = VGroup(*cells)
        super().__init__(self.plate, self.cells)


class BeforeAndAfter(VGroup):
    """The same vectors before and after an operation, side by side under their headings; `after` may be None.

    Args:
        before, after: two axes; without `after`, the vectors fill the room, under the second heading.
        first, second: what is written above.
        room: the rectangle that is filled.
    """

    def __init__(
        self, before: NamedTensor, after: NamedTensor | None, first: Mobject, second: Mobject, room: Room
    ) -> None:
        heads, body = room.split_rows(96)
        labels = before.words(before.axes[0])
        side, body = body.split_columns(gutter(labels), 14)
        heads = heads.split_columns(gutter(labels), 14)[1]
        self.names = [
            Token(label, "", side.width, min(56.0, line.height)).move_to(line.centre)
            for label, line in zip(labels, side.rows(len(labels), 6), strict=True)
        ]
        bodies, tops = ([body], [heads]) if after is None else (body.columns(2, 120), heads.columns(2, 120))
        self.before = vectors_in(bodies[0], before, "residual")
        self.after = [] if after is None else vectors_in(bodies[-1], after, "residual")
        self.headings = [second] if after is None else [first, second]
        for heading, place in zip(self.headings, tops, strict=True):
            place.inset(30, 18).fit(heading, most=1.0)
        super().__init__(*self.names, *self.before, *self.after, *self.headings)


def vectors_in(room: Room, tensor: NamedTensor, role: str) -> list[Vector]:
    """The vectors of a tensor of two axes, one below the other, filling a room."""
    scale = full_colour(tensor)
    lines = room.rows(len(tensor), 6)
    return [
        Vector(row, line.width, line.height, role, scale).move_to(line.centre)
        for row, line in zip(tensor, lines, strict=True)
    ]
