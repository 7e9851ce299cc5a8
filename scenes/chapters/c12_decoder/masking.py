"""A causal mask on the grid of attention, before the softmax and after it: weights as bars, and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from manim import LEFT, VGroup, VMobject, rate_functions

from scenes.animations import Come, Flight, Travel, appear, exchange, leave, ring_around
from scenes.layout import STAGE, Room
from scenes.mobjects.attention_grid import AttentionGrid, rooms
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.rounding import all_in_sight
from scenes.mobjects.shapes import Box, frame, hatching
from scenes.mobjects.stacked import StackedRows
from scenes.mobjects.text import Words, number
from scenes.theme import at, ink_on, pace, palette, units
from transformer_core.studies.decoder_rows import FIRST, argmax_leak
from transformer_core.studies.focus import DECODER, Focus
from transformer_core.studies.measures.naming import attention_input
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the column of sums, of a row that has room for large type, and of a part that has room for a number in it.
SUMS, TALL, WIDE = 170.0, 60.0, 110.0
#: From this sum on a row of attention weights is as good as whole, to two decimals.
ALL = 0.995
#: Px that the lid comes from, beside the frame.
AWAY = 1100.0


class Budgets:
    """The attention weights of each query as a bar in a frame that has room for one, and their sum at the right.

    Args:
        weights: "query key".
        sums: the sum of each row.
        rooms: the frame of each row.
        margin: where the sums stand.
        told: the row that is told of, which has a ring.

    What is missing from one is hatched.
    """

    def __init__(self, weights: NamedTensor, sums: NamedTensor, rooms: list[Room], margin: Room, told: int) -> None:
        self.rows = StackedRows(weights, rooms)
        self.rows.remove(self.rows.numbers)
        self.lost, self.told, self.sums = VGroup(), VGroup(), VGroup()
        tall = rooms[0].height >= TALL
        self.frames = VGroup(
            frame(room.width + 6, room.height - 16, "line", 2.5).move_to(room.centre) for room in rooms
        )
        self.ring = ring_around(self.frames[told])
        for i, (room, total) in enumerate(zip(rooms, sums.quantities(), strict=True)):
            missing = (1 - float(total)) * room.width
            if missing > 14:
                lines = hatching(missing - 8, room.height - 26, 17)
                self.lost.add(lines.move_to(at(room.right - missing / 2, (room.top + room.bottom) / 2)))
            text = number(total, ".2f", "large number" if tall else "cell")
            self.sums.add(text.settle(at((margin.left + margin.right) / 2, (room.top + room.bottom) / 2)))
            if tall:
                self.told.add(*(one for j in range(weights.shape[1]) for one in self._told(weights, i, j)))
        #: The parts of all bars.
        self.segments: list[VMobject] = [*self.rows.segments.values()]

    def _told(self, weights: NamedTensor, i: int, j: int) -> list[Words]:
        """The token and the weight inside of a part that has room for both, or for the weight."""
        part, weight = self.rows.segments[i, j], weights.quantity(i, j)
        for text in (f"{weights.label('key', j)}  {weight:weight}", f"{weight:weight}"):
            words = Words(text, "stage number")
            if part.width > units(WIDE) and words.width < part.width - units(16):
                words.settle(part.get_center()).set_fill(ink_on(part.fill)).paper = part
                return [words]
        return []

    def turn_into(self, other: Budgets) -> list[Any]:
        """Each part turns into that of another such figure, and the sums are told anew."""
        slides = exchange(self.segments, other.segments, "row")
        gone, come = ((*one.told, *one.sums, *one.lost, one.ring) for one in (self, other))
        return [(leave(*gone), *slides), appear(*come, rise=False)]


class MaskBoard:
    """Queries and keys of a decoder's head in a grid: their scores, a lid over later keys, and the weights that follow.

    Args:
        part: the tensors of the head, in the first layer.
        changed: the same where the last word is another.
        head: its number.
        focus: the query whose row is told.
    """

    def __init__(self, part: Trace, changed: Trace, head: int, focus: Label) -> None:
        self.part, self.changed, self.layer, self.head = part, changed, 0, head
        room, margin = STAGE.split_columns(-SUMS)
        self.grid = self._grid(part, focus, room)
        self.other = self._grid(changed, focus, room)
        self.ribbon, self.focus = self.grid.ribbon, focus
        #: The place of the query whose row is told.
        self.row: int = self.grid.pairs.position("query", focus)
        before, after = ("weights", "weight_sums"), ("post_softmax_mask", "post_softmax_mask_sums")
        self.masked, self.late, self.leaked, self.divided = (
            Budgets(run[weights], run[sums], self.grid.lines, margin, self.row)
            for run, (weights, sums) in ((part, before), (part, after), (changed, after), (changed, before))
        )
        whole = all_in_sight(part["weights"].values.T, part["weight_sums"].values)
        self.sum_name = Words("sum" if whole else "sum of all", "block", "ink2")
        self.sum_name.settle(at((margin.left + margin.right) / 2, self.grid.corner.bottom - 24))
        self.lid = VGroup(self._shut(place) for place in self.grid.closed)

    @classmethod
    def of(cls, trace: Trace) -> MaskBoard:
        """The head of the first layer, and the query, that a change of the last word would move most."""
        head, token = argmax_leak(trace)
        part = Focus(0, head, token, token, stack=DECODER).seen(trace)
        return cls(part, trace.under(f"other.later.{FIRST}", batch=0, head=head), head, token)

    @staticmethod
    def _grid(part: Trace, focus: Label, room: Room) -> AttentionGrid:
        pairs = part["scaled"]
        columns = rooms(pairs.words("query"), room)[1]
        q, k = (part[attention_input(part, letter)] for letter in "qk")
        return AttentionGrid(q, k, pairs, Ribbon(pairs.words("key"), columns), focus, room, part["masked"])

    def _shut(self, place: tuple[int, int]) -> VGroup:
        """A piece of the lid: the size of a cell."""
        cell = self.grid.hollow[place]
        wide, high = float(cell.width) * 135, float(cell.height) * 135
        back = Box(wide, high, palette().background, 5, palette().line, 2)
        return VGroup(back, hatching(wide - 4, high - 4)).move_to(cell)

    def shut(self) -> list[Any]:
        """The lid comes from the side, and falls shut over the later keys: their scores become minus infinity."""
        if not len(self.lid):
            return []
        come = Come(self.lid, shift=LEFT * units(AWAY), run_time=pace("pour"), rate_func=rate_functions.ease_out_bounce)
        hidden, closed = ([of[place] for place in self.grid.closed] for of in (self.grid.cells, self.grid.closed))
        return [come, leave(*hidden), appear(*closed, rise=False), leave(self.lid)]

    def soften(self) -> tuple[Any, ...]:
        """Each row of scores becomes its weights, which fill a frame."""
        cells, segments = {**self.grid.cells, **self.grid.closed}, self.masked.rows.segments
        turned = [Travel(cell, segments[place], 0.0, "row", leaving=True) for place, cell in cells.items()]
        return (leave(self.grid.empty), appear(self.masked.frames, rise=False), *turned)

    def gives(self, top_key: Label) -> list[Any]:
        """The key with the largest weight of the followed query goes into its part of the bar, if it is in sight."""
        places = [j for j, chip in enumerate(self.ribbon.chips) if chip.label.position == top_key.position]
        return [Flight(self.grid.keys[j], self.masked.rows.segments[self.row, j], 0.1, "row") for j in places]

    def leak(self) -> tuple[Any, ...]:
        """The hidden key has a part in every sum."""
        key = self.other.keys[-1]
        return tuple(Flight(key, total, 0.1, "slow") for total in self.leaked.sums[:-1])

    def swap(self) -> tuple[Any, ...]:
        """The last word makes room for another one, with a query and a key of its own."""
        old, new = ([part[-1] for part in _sides(grid)] for grid in (self.grid, self.other))
        return exchange(old, new, "row")

    def standing(self, shown: Budgets) -> list[VMobject]:
        """Everything that is on stage once the weights have become bars."""
        both = zip(_sides(self.grid), _sides(self.other), strict=True)
        sides = [part for had, has in both for part in (*had[:-1], has[-1])]
        marks = [self.masked.frames, shown.ring, self.sum_name]
        return [*sides, *marks, *shown.segments, *shown.told, *shown.sums, *shown.lost]


def _sides(grid: AttentionGrid) -> tuple[Sequence[VMobject], ...]:
    """What stands along the sides of a grid: of each token the chip, the name of its query, the query and the key."""
    return grid.ribbon.chips, grid.query_names, grid.queries, grid.keys
