"""A column for each head: one vector read by all of them, and what they make put together again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from manim import LEFT, UP, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import Flight, Morph, Travel, follow, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.patterns import HEAD, PANEL, HeadPlate
from scenes.mobjects.shapes import dashes, frame
from scenes.mobjects.tensors import Heatmap, full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector
from scenes.mobjects.wording import entering, strongest
from scenes.theme import at, palette, units
from transformer_core.studies.focus import Focus
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the side with the names of lines, of a vector, between two lines, and around what stands on a plate.
SIDE, HIGH, LINE, AIR = 190.0, 66.0, 20.0, 14.0


class HeadPlates:
    """Plates of heads side by side in a room, the names of lines at their left, and lines across all of them."""

    def __init__(self, heads: int, room: Room) -> None:
        self.side, self.wide = room.split_columns(SIDE)
        self.rooms = self.wide.columns(heads, PANEL)
        self.plates = VGroup(*(HeadPlate(head, place) for head, place in enumerate(self.rooms)))

    def of(self, head: int, line: Room) -> Room:
        """The part of a head's plate that a line crosses."""
        return Room(self.rooms[head].left + AIR, line.top, self.rooms[head].right - AIR, line.bottom)

    def name(self, text: str, line: Room) -> Words:
        """The name of a line."""
        return Words(text, "block", "ink2").settle(line.centre).begin_at(at(self.side.left, 0)[0])

    def symbol(self, source: str, line: Room) -> Formula:
        """The formula that names a line."""
        return Formula(source, LARGE).move_to(line.centre).align_to(at(self.side.left, 0), LEFT)


def _matrix(tensor: NamedTensor, room: Room, scale: float, role: str) -> Heatmap:
    heat = Heatmap(tensor, room.width - 10, room.height - 10, scale).move_to(room.centre)
    heat.backdrop.set_stroke(palette().role(role), 2.5)
    return heat


class SplitHeads(VGroup):
    """A whole vector at the top, and for each head its part of W_Q and the query that it makes of the vector.

    Args:
        x: "d_model".
        token: whose vector it is.
        matrices: "head d_model d_head".
        queries: "head d_head".
        entry: the number of the vector that is changed.
        room: the rectangle that is filled.

    `changes` say what one more of this number adds to each query: the row of each matrix that it meets.
    """

    def __init__(
        self, x: NamedTensor, token: Label, matrices: NamedTensor, queries: NamedTensor, entry: int, room: Room = STAGE
    ) -> None:
        heads = len(matrices)
        top, rest = room.split_rows(HIGH + 14, LINE)
        columns = HeadPlates(heads, rest)
        body, feet = rest.inset(0, AIR).split_rows(-2 * HIGH - LINE, LINE)
        _, middle = body.split_rows(HEAD - AIR)
        lines = feet.rows(2, LINE)
        self.plates, self.entry = columns.plates, entry
        side, wide = top.split_columns(SIDE)
        self.token = Token(token, "query", side.width - PANEL, HIGH, "stage word").move_to(side.centre)
        self.token.align_to(at(room.left, 0), LEFT)
        self.x = Vector(x, wide.width, wide.height, "residual").move_to(wide.centre)
        scale, query_scale = full_colour(matrices), full_colour(queries)
        self.matrices, self.queries, self.changes = VGroup(), VGroup(), VGroup()
        self.slices, self.parts, self.met = VGroup(), VGroup(), VGroup()
        size = len(self.x.cells) // heads
        for head in range(heads):
            place, one, two = (columns.of(head, line) for line in (middle, *lines))
            self.matrices.add(_matrix(matrices[head], place, scale, "query"))
            self.queries.add(Vector(queries[head], one.width, one.height, "query", query_scale).move_to(one.centre))
            change = Vector(matrices[head].pick(d_model=entry), two.width, two.height, "query", scale)
            self.changes.add(change.move_to(two.centre))
            cells = VGroup(*self.x.cells[head * size : (head + 1) * size])
            self.slices.add(frame(cells.width * 135 + 4, HIGH + 14, "query", 5).move_to(cells))
            part = cells.copy().stretch_to_fit_width(units(place.width))
            self.parts.add(part.move_to(place.centre))
            self.met.add(self._row(self.matrices[head], entry, len(x)))
        self.whole = frame(wide.width + 12, wide.height + 12, "query", 6).move_to(self.x)
        cell = self.x.cells.of(entry)
        self.ring = frame(cell.width * 135 + 14, HIGH + 26).move_to(cell)
        self.matrix_name = columns.symbol("{{ W_Q : query }}", middle)
        self.query_name, self.change_name = (
            columns.name(text, line) for text, line in zip(("queries", "change by"), lines, strict=True)
        )
        super().__init__(self.token, self.x, self.plates, self.matrices, self.queries, self.changes)

    @classmethod
    def of(cls, trace: Trace, focus: Focus) -> SplitHeads:
        """The vector of the query token, of which the largest number is changed."""
        x = entering(trace, focus).pick(position=focus.query_token)
        queries = trace[f"{focus.path}.q"].pick(batch=0, query=focus.query_token.position)
        return cls(x, focus.query_token, trace[f"parameters.{focus.path}.w_q"], queries, strongest(x).position)

    @staticmethod
    def _row(matrix: Heatmap, entry: int, entries: int) -> VMobject:
        """An outline of the row that the entry meets."""
        high = matrix.height - units(10)
        ring = frame(matrix.width * 135 + 8, max(14.0, high * 135 / entries + 8), "focus", 4, 5).move_to(matrix)
        ring.set_y(matrix.get_top()[1] - units(5) - high * (entry + 0.5) / entries)
        return ring

    def halve(self) -> VGroup:
        """A line down the middle of each matrix: twice as many heads."""
        over = UP * units(14)
        return VGroup(*(dashes(m.get_top() + over, m.get_bottom() - over, "focus", 6) for m in self.matrices))


class JoinedHeads(VGroup):
    """The outputs of the heads for one token, W_O, what each head writes through its rows of it, and the sum.

    Args:
        z: "head d_head".
        matrix: W_O, "head d_head d_model".
        written: "head d_model".
        sums: the sum so far after each head, "head d_model".
        lengths: of what each head writes, "head".
        bias: True if the sums begin with one.
        room: the rectangle that is filled.

    `concat` and `whole` are outputs and rows as they make one vector and one matrix; `pieces` and `blocks` the same
    apart, on the plate of each head.
    """

    def __init__(
        self,
        z: NamedTensor,
        matrix: NamedTensor,
        written: NamedTensor,
        sums: NamedTensor,
        lengths: NamedTensor,
        bias: bool,
        room: Room = STAGE,
    ) -> None:
        heads, self.norms = len(z), lengths
        rest, foot = room.split_rows(-HIGH, LINE)
        columns = HeadPlates(heads, rest)
        self.plates, wide = columns.plates, columns.wide
        top, rest = rest.inset(0, AIR).split_rows(HEAD - AIR)[1].split_rows(HIGH, LINE)
        middle, lines = rest.split_rows(-HIGH - HEAD, LINE)
        outputs, numbers = lines.split_rows(HIGH)
        scales = full_colour(z), full_colour(matrix), full_colour(sums)
        self.pieces, self.concat, self.lengths = VGroup(), VGroup(), VGroup()
        self.blocks, self.whole, self.written = VGroup(), VGroup(), VGroup()
        together = Room(wide.left, middle.top, wide.right, middle.bottom).inset(wide.width / 6, 0)
        for head, line in enumerate(together.rows(heads, 4)):
            one, body, two, number = (columns.of(head, part) for part in (top, middle, outputs, numbers))
            piece = Vector(z[head], one.width, one.height, "weight", scales[0]).move_to(one.centre)
            self.pieces.add(piece)
            aside = np.array([units((head - (heads - 1) / 2) * one.width), 0, 0])
            centre = Room(wide.left, top.top, wide.right, top.bottom).centre
            self.concat.add(piece.copy().move_to(centre + aside))
            block = _matrix(matrix[head], body, scales[1], "weight")
            self.blocks.add(block)
            whole = block.copy().stretch_to_fit_width(units(line.width)).stretch_to_fit_height(units(line.height))
            self.whole.add(whole.move_to(line.centre))
            self.written.add(Vector(written[head], two.width, two.height, "residual", scales[2]).move_to(two.centre))
            text = Words(f"{lengths.quantity(head):.2f}", "stage number", paper=self.plates[head].paper)
            self.lengths.add(text.settle(number.centre))
        end = Room(wide.left, foot.top, wide.right, foot.bottom)
        self.states = [Vector(row, end.width, end.height, "residual", scales[2]).move_to(end.centre) for row in sums]
        self.z_name, self.concat_name = columns.name("outputs", top), columns.name("concat", top)
        self.written_name, self.length_name = columns.name("writes", outputs), columns.name("length", numbers)
        self.sum_name = columns.name("sum + bias" if bias else "sum", foot)
        self.matrix_name = columns.symbol("{{ W_O : weight }}", middle)
        super().__init__(self.plates, self.pieces, self.blocks, self.written, self.states[-1])

    @classmethod
    def of(cls, trace: Trace, focus: Focus) -> JoinedHeads:
        """The outputs of the heads for the query token."""
        part = trace.under(focus.path, batch=0, query=focus.query_token.position)
        made = part["z"], trace[f"parameters.{focus.path}.w_o"], part["head_out"], part["head_sums"], part["head_norms"]
        return cls(*made, bias=f"parameters.{focus.path}.b_o" in trace)

    def join(self) -> tuple[Animation, ...]:
        """The outputs move together into one vector."""
        pairs = zip(self.pieces, self.concat, strict=True)
        moves = (Travel(old, new, 0.0, "row", leaving=True) for old, new in pairs)
        return (*moves, leave(self.z_name), follow(self.concat_name))

    def split(self) -> tuple[Animation, ...]:
        """The vector and the matrix come apart, each head's part onto its own plate."""
        parts = zip((*self.concat, *self.whole), (*self.pieces, *self.blocks), strict=True)
        return tuple(Travel(old, new, 0.0, "row", leaving=True) for old, new in parts)

    def add_up(self) -> list[Animation]:
        """Add up what the heads write, one after another."""
        turns: list[Animation] = [Travel(self.written[0], self.states[0], 0.0, "rest")]
        for part, (before, after) in zip(self.written[1:], pairwise(self.states), strict=True):
            turns.append(AnimationGroup(Flight(part, after, 0.0, "rest"), Morph([(before, after)], "rest")))
        return turns
