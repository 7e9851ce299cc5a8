"""Vectors times a matrix: rows at the left, columns on top, and a cell for each row and column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup, VMobject

from scenes.layout import Room
from scenes.mobjects.cells import Cell
from scenes.mobjects.formulas import Formula
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.shapes import Box
from scenes.mobjects.tensors import full_colour, matrix_in
from scenes.mobjects.vectors import Vector, named_rows
from scenes.theme import palette, pixels
from transformer_core.tracing.trace import NamedTensor

#: Px of the rows' vectors, of the gaps, and of the highest row; the share of the height that the columns take, and the
#: one that more than six rows take.
ROWS, SPACE, HIGHEST, COLUMNS, ROWS_OF_MANY = 430.0, 20.0, 92.0, 0.46, 0.8
#: Px for the symbol of a matrix, above it: how high, and how wide.
SYMBOL, NAME = 96.0, 130.0
#: How many times as wide a column is when it is taken out.
LIFTED = 1.8


class MatrixProduct(VGroup):
    """Y = X W, plus a bias if the model has one, with an entry of Y where a row of X crosses a column of W.

    Args:
        x: "position d_model".
        w: "d_model d_head".
        y: "position d_head", or with another name for the position.
        role: the colour of the matrix and of what it makes.
        room: the rectangle that is filled.

    `rows` are the vectors of X with their `names`, `columns` those of W; `hollow` are the empty cells and `cells` those
    with their entries, by (row, column), as in an `AttentionGrid`: the same motions fill both.

    Example::

        x = trace["encoder.1.ln1.out"].pick(batch=0)
        w = trace["parameters.encoder.1.self_attn.w_q"].pick(head=0)
        y = trace["encoder.1.self_attn.q"].pick(batch=0, head=0)
        figure = MatrixProduct(x, w, y, "query", Room(280, 190, 1640, 800))
    """

    def __init__(self, x: NamedTensor, w: NamedTensor, y: NamedTensor, role: str, room: Room) -> None:
        count, columns = len(x), w.shape[1]
        pitch = min(HIGHEST, room.height * (1 - COLUMNS if count <= 6 else ROWS_OF_MANY) / count)
        above, below = room.split_rows(room.height - count * pitch - SPACE, SPACE)
        self.names, self.rows = named_rows(x, below, ROWS, "residual", space=8 if count <= 6 else 4)
        left = room.left + gutter(x.words(x.axes[0])) + 14 + ROWS + 30
        self.corner = Room(room.left, above.top, left - 30, above.bottom)
        places = above.split_columns(left - room.left)[1].columns(columns, 4 if columns <= 24 else 2)
        scale, full, colours = full_colour(w), full_colour(y), palette()
        self.columns = [
            Vector(w[:, j], column.width, above.height, role, scale, upright=True).move_to(column.centre)
            for j, column in enumerate(places)
        ]
        self.hollow: dict[tuple[int, int], VMobject] = {}
        self.cells: dict[tuple[int, int], Cell] = {}
        for i, j in np.ndindex(count, columns):
            size = pixels(self.columns[j].plate.width), pixels(self.rows[i].plate.height)
            place = np.array([self.columns[j].get_x(), self.rows[i].get_y(), 0])
            self.hollow[i, j] = Box(*size, colours.surface, 4, colours.line, 1.5).move_to(place)
            self.cells[i, j] = Cell(y.quantity(i, j), size, "", "", full).shift(place)
        super().__init__(*self.names, *self.rows, *self.columns, *self.hollow.values(), *self.cells.values())

    def factors(self, place: tuple[int, int]) -> tuple[Vector, Vector]:
        """The row and the column whose dot product is the entry at `place`."""
        return self.rows[place[0]], self.columns[place[1]]

    def lifted(self, column: Vector) -> Vector:
        """A column taken out of the matrix: larger, in the free corner beside it."""
        out = column.copy().stretch(LIFTED, 0)
        return out.move_to(self.corner.split_columns(-pixels(out.width))[1].centre)

    @property
    def empty(self) -> VGroup:
        """The cells before anything is in them."""
        return VGroup(*self.hollow.values())

    def row(self, position: int) -> list[tuple[int, int]]:
        """The places of one row."""
        return [place for place in self.cells if place[0] == position]

    def others(self, position: int) -> list[tuple[int, int]]:
        """The places of all other rows."""
        return [place for place in self.cells if place[0] != position]


class ThreeProjections(VGroup):
    """The same vectors times three matrices: queries, keys and values.

    Args:
        x: "position d_model".
        parts: for each role the matrix "d_model d_head" and what it makes, "position d_head".
        room: the rectangle that is filled.
    """

    def __init__(self, x: NamedTensor, parts: Sequence[tuple[str, NamedTensor, NamedTensor]], room: Room) -> None:
        count = len(x)
        pitch = min(HIGHEST, room.height * (0.52 if count <= 6 else ROWS_OF_MANY) / count)
        above, below = room.split_rows(room.height - count * pitch - SPACE, SPACE)
        self.names, self.x = named_rows(x, below, 330, "residual", space=8 if count <= 6 else 4)
        side = gutter(x.words(x.axes[0])) + 14 + 330
        tops, feet = (part.split_columns(side, 50)[1].columns(len(parts), 44) for part in (above, below))
        self.corner = Room(room.left, above.top, room.left + side, above.bottom)
        #: The room right of the vectors, that right of the queries, and how high the rows are together.
        self.right, self.rest = (Room(top.left, room.top, room.right, room.bottom) for top in tops[:2])
        self.tall = below.height
        self.matrices, self.symbols, self.made = {}, {}, {}
        for (role, matrix, made), top, foot in zip(parts, tops, feet, strict=True):
            name_room, body = top.split_rows(min(SYMBOL, 0.6 * top.height), 6)
            symbol = Formula(f"{{{{ W_{role[0].upper()} : {role} }}}}", 48)
            self.symbols[role] = name_room.split_columns(NAME)[0].fit(symbol, most=1.0)
            self.matrices[role] = matrix_in(body, matrix, role)
            scale = full_colour(made)
            self.made[role] = [
                Vector(made[i], foot.width, pixels(row.plate.height), role, scale)
                .move_to(foot.centre)
                .set_y(row.get_y())
                for i, row in enumerate(self.x)
            ]
        #: The vectors, the query matrix and its symbol, and the queries.
        self.queries = [*self.names, *self.x, self.matrices["query"], self.symbols["query"], *self.made["query"]]
        super().__init__(*self.names, *self.x, *self.matrices.values(), *self.symbols.values())
        self.add(*(vector for made in self.made.values() for vector in made))
