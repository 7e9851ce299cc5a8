"""Vectors as strips of cells on a plate in the colour of their role: no numbers, one cell an entry."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from math import inf
from typing import Self

import numpy as np
from manim import PI, VGroup, VMobject

from scenes.layout import Room
from scenes.mobjects.copies import Copied
from scenes.mobjects.ribbon import Ribbon, gutter
from scenes.mobjects.shapes import Box, stroke
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.tokens import Token
from scenes.theme import between, palette
from transformer_core.tracing.trace import NamedTensor

#: Px of the plate around the cells, and how opaque it is.
EDGE, PLATE = 6.0, 0.28
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

    def opaque(self) -> Self:
        """Fill the plate, so that no line shows between the cells."""
        self.plate.set_fill(between(palette().surface, self.plate.get_fill_color().to_hex(), PLATE), 1)
        return self


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
