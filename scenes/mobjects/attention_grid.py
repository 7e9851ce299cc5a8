"""The grid of attention: queries down the left, keys under the tokens, and a cell where each pair meets."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from manim import Mobject, VGroup, VMobject

from scenes.layout import STAGE, Room
from scenes.mobjects.cells import Cell, MaskedCell, beside_a_disc, fitting, number_room
from scenes.mobjects.ribbon import Ribbon, gutter
from scenes.mobjects.shapes import Box
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.tokens import Tag
from scenes.mobjects.vectors import Vector, named_rows, under
from scenes.theme import palette
from transformer_core.studies.focus import Focus
from transformer_core.studies.measures.naming import attention_input
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: A row is at most so many px high; a cell with a number in it at least.
HIGHEST, LOWEST = 116.0, 26.0
#: Up to so many cells say what a mask puts into them; of more, only the row in focus does.
NUMBERED = 25
SPACE = 14.0
#: Px that are left at least for the keys, and for those of more than six.
KEYS, KEYS_OF_MANY = 110.0, 76.0


def rooms(labels: tuple[Label, ...], room: Room = STAGE) -> tuple[Room, Room]:
    """The side of the queries, and the room of the keys with their tokens on top."""
    side = gutter(labels) + (380 if len(labels) <= 6 else 230)
    return room.split_columns(side, 30)


class AttentionGrid(VGroup):
    """Each query at the left of its row, each key on top of its column, and a cell for each pair.

    Args:
        q, k: "query d_head" and "key d_head".
        pairs: "query key": the scores, or the attention weights if `weights`.
        ribbon: the sentence; the keys stand below its tokens.
        focus: the query whose row always shows its numbers.
        room: the rectangle that ribbon and grid share; see `rooms`.
        masked: minus infinity where a key is hidden from a query: such cells are `closed`, a weight's with its zero.
        full: scores whose largest fills its cell; `pairs` if none are given.

    `hollow` are the empty cells, `cells` those with their entries, a disc each; both by (query, key). The row of the
    focus has its numbers, too: `discs` are all cells without them.

    Example::

        head = trace.under("encoder.1.self_attn", batch=0, head=0)
        room, weights = Room(280, 190, 1640, 760), head["weights"]
        side, columns = room.split_columns(480, 30)
        ribbon = Ribbon(weights.words("key"), columns)
        grid = AttentionGrid(head["q"], head["k"], weights, ribbon, weights.label("query", 3), room, weights=True)
        figure = VGroup(ribbon, grid, *grid.tags())
    """

    def __init__(
        self,
        q: NamedTensor,
        k: NamedTensor,
        pairs: NamedTensor,
        ribbon: Ribbon,
        focus: Label,
        room: Room = STAGE,
        masked: NamedTensor | None = None,
        weights: bool = False,
        full: NamedTensor | None = None,
    ) -> None:
        self.pairs, self.ribbon, self.focus, self.weights = pairs, ribbon, focus, weights
        labels = pairs.words("query")
        count = len(labels)
        below = ribbon.below(room)
        self.pitch = min(HIGHEST, (below.height - (KEYS if count <= 6 else KEYS_OF_MANY) - SPACE) / count)
        keys_room, rows_room = below.split_rows(below.height - count * self.pitch - SPACE, SPACE)
        side, _ = rooms(labels, room)
        space = 8 if self.pitch > 44 else 5
        high, scale = self.pitch - space, full_colour(q, k)
        left, _ = rows_room.split_columns(side.width)
        wide = side.width - gutter(labels) - 14
        self.query_names, self.queries = named_rows(q, left.inset(0, space / 2), wide, "query", "query", space, scale)
        self.keys = under(ribbon, keys_room, k, "key", scale, min(ribbon.wide, 220), upright=True)
        #: The keys as rows, one for each token, as the matrix of keys has them.
        self.key_rows = VGroup(
            Vector(row, wide, line.height, "key", scale).move_to(line.centre)
            for row, line in zip(k, keys_room.rows(count, space), strict=True)
        )
        first, final = ribbon.columns[0].left, ribbon.columns[-1].right
        #: The rectangle of the cells of each row.
        self.lines = Room(first, rows_room.top, final, rows_room.bottom).rows(count, 0)
        self._fill(high, masked, 0.0 if weights else full_colour(pairs if full is None else full))
        self.corner = Room(side.left, keys_room.top, side.right, keys_room.bottom)
        super().__init__(*self.query_names, *self.queries, *self.keys, *self.hollow.values(), *self.cells.values())

    def _fill(self, high: float, masked: NamedTensor | None, scale: float) -> None:
        """Make the empty cells, those with their entries, and those that a mask closes."""
        count, columns = self.pairs.shape
        wide = self.ribbon.wide - 4
        size, style = (wide, high), "stage number" if high >= 56 and wide >= 130 else "cell" if high >= LOWEST else ""
        entries = {(i, j): self.pairs.quantity(i, j) for i in range(count) for j in range(columns)}
        spec = "weight" if self.weights else ".2f" if wide >= 130 else ".1f"
        pairs_row = self.pairs.position("query", self.focus)
        row = [entries[pairs_row, j] for j in range(columns)]
        spec = fitting(row, number_room(size), spec, style)
        beside = beside_a_disc(row, size, spec, style)
        colours = palette()
        self.hollow: dict[tuple[int, int], VMobject] = {}
        self.cells: dict[tuple[int, int], Cell] = {}
        self.discs: dict[tuple[int, int], Cell] = {}
        self.closed: dict[tuple[int, int], Cell] = {}
        for (i, j), entry in entries.items():
            place = self.ribbon.columns[j].cross(self.lines[i]).centre
            self.hollow[i, j] = Box(*size, colours.surface, 6, colours.line, 2).move_to(place)
            self.discs[i, j] = self.cells[i, j] = Cell(entry, size, spec, "", scale, disc=True).shift(place)
            if masked is not None and np.isneginf(masked.values[i, j]):
                hidden, how = (entry, spec) if self.weights else (masked.quantity(i, j), "")
                told = style if len(entries) <= NUMBERED or i == pairs_row else ""
                self.closed[i, j] = MaskedCell(hidden, size, how, told).shift(place)
            elif i == pairs_row and beside:
                self.cells[i, j] = Cell(entry, size, spec, beside, scale, disc=True).shift(place)

    def tags(self) -> tuple[Tag, Tag]:
        """The signs of queries and keys: in the free corner, beside what they name."""
        left, right = self.corner.columns(2)
        return Tag("query").scale(1.6).move_to(left.centre), Tag("key").scale(1.6).move_to(right.centre)

    def factors(self, place: tuple[int, int]) -> tuple[Vector, Vector]:
        """The query and the key whose dot product is the score of a pair."""
        return self.queries[place[0]], self.keys[place[1]]

    def row(self, query: Label) -> VGroup:
        """The cells of one query, from left to right."""
        return VGroup(self.cells[place] for place in self.own(query))

    def seen(self, places: Iterable[tuple[int, int]], numbered: bool = False) -> list[Cell]:
        """The cells of pairs as a mask leaves them; with the numbers of the row in focus if `numbered`."""
        return [self.closed.get(place, (self.cells if numbered else self.discs)[place]) for place in places]

    @property
    def sides(self) -> list[Mobject]:
        """The queries with their names, and the keys."""
        return [*self.query_names, *self.queries, *self.keys]

    def own(self, query: Label) -> list[tuple[int, int]]:
        """The pairs of one query, from left to right."""
        here = self.pairs.position("query", query)
        return [place for place in self.cells if place[0] == here]

    def others(self, query: Label) -> list[tuple[int, int]]:
        """The pairs of all other queries, in reading order."""
        here = self.pairs.position("query", query)
        return [place for place in self.cells if place[0] != here]

    @property
    def empty(self) -> VGroup:
        """The cells before anything is in them."""
        return VGroup(*self.hollow.values())


def board_of(trace: Trace, focus: Focus, tensor: str = "scores", room: Room = STAGE) -> AttentionGrid:
    """The grid of the followed head, with the sentence as its ribbon."""
    head = focus.seen(trace)
    pairs = head[tensor]
    _, columns = rooms(pairs.words("query"), room)
    return AttentionGrid(
        head[attention_input(head, "q")],
        head[attention_input(head, "k")],
        pairs,
        Ribbon(pairs.words("key"), columns),
        focus.query_token,
        room,
        masked=head["masked"],
        weights=tensor == "weights",
        full=head["scores"],
    )
