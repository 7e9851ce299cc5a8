"""A causal mask on the grid of attention, before the softmax and after it: weights in their cells, and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from manim import LEFT, VGroup, VMobject, rate_functions

from scenes.animations import Come, Flight, appear, exchange, lagged, leave, recast, ring_around, sink
from scenes.layout import STAGE, Room
from scenes.mobjects.attention_grid import AttentionGrid, rooms
from scenes.mobjects.cells import Cell, MaskedCell, beside_a_disc
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.rounding import all_in_sight
from scenes.mobjects.text import Words, number
from scenes.mobjects.wording import named_head
from scenes.theme import PIXELS_PER_UNIT, at, pace, units
from transformer_core.studies.decoder_rows import FIRST, argmax_leak
from transformer_core.studies.focus import DECODER, Focus
from transformer_core.studies.measures.naming import attention_input
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the column of sums, and of a row that has room for large type.
SUMS, TALL = 170.0, 60.0
#: From this sum on a row of attention weights is as good as whole, to two decimals.
ALL = 0.995
#: Px that the lid comes from, beside the frame.
AWAY = 1100.0


class WeightCells(VGroup):
    """The attention weights of a head in the cells of its grid, each in its own column, and the sum of each row.

    Args:
        weights: "query key".
        sums: the sum of each row; None where they are not told.
        grid: the grid whose cells are taken.
        margin: where the sums stand.
        masked: False where no key is hidden.

    What is hidden stays hatched, with its weight of zero.
    """

    def __init__(
        self, weights: NamedTensor, sums: NamedTensor | None, grid: AttentionGrid, margin: Room, masked: bool = True
    ) -> None:
        self.cells: dict[tuple[int, int], Cell] = {}
        for place, box in grid.hollow.items():
            weight, size = weights.quantity(*place), (box.width * PIXELS_PER_UNIT, box.height * PIXELS_PER_UNIT)
            shut = masked and place in grid.closed
            text = (grid.closed if shut else grid.cells)[place].number
            style = text.style if text else ""
            if not shut:
                style = beside_a_disc(weights[place[0]].quantities(), size, "weight", style)
            cell = MaskedCell(weight, size, "weight", style) if shut else Cell(weight, size, "weight", style, disc=True)
            self.cells[place] = cell.shift(box.get_center())
        self.sums = VGroup()
        for room, total in zip(grid.lines, sums.quantities() if sums is not None else (), strict=sums is not None):
            style, role = "large number" if room.height >= TALL else "cell", "warning" if total < ALL else "ink"
            text = number(total, ".2f", style, role)
            self.sums.add(text.settle(at((margin.left + margin.right) / 2, (room.top + room.bottom) / 2)))
        super().__init__(*self.cells.values(), self.sums)

    def turn_into(self, other: WeightCells) -> list[Any]:
        """Each cell takes the shade of that in another such figure, and the numbers are told anew."""
        cells = recast([*self.cells.values()], [*other.cells.values()], "row")
        return [(leave(*self.sums), *cells, appear(*other.sums, rise=False))]


class MaskBoard:
    """Queries and keys of a decoder's head in a grid: their scores, a lid over later keys, and the weights that follow.

    The head of the first layer, and the query, the `focus`, are those that a change of the last word would move most.
    `part` are the tensors of the head, and `changed` the same where the last word is another.
    """

    def __init__(self, trace: Trace) -> None:
        self.head, self.focus = head, focus = argmax_leak(trace)
        self.part = part = Focus(0, head, focus, focus, stack=DECODER).seen(trace)
        self.changed = changed = trace.under(f"other.later.{FIRST}", batch=0, head=head)
        room, margin = STAGE.split_columns(-SUMS)
        self.grid = grid = self._grid(part, room)
        self.other = self._grid(changed, room)
        self.ring = ring_around(grid.row(self.focus))
        self.masked = WeightCells(part["weights"], part["weight_sums"], grid, margin)
        self.all_seen = WeightCells(part["unmasked_weights"], None, grid, margin, masked=False)
        self.late = WeightCells(part["post_softmax_mask"], part["post_softmax_mask_sums"], grid, margin)
        self.leaked = WeightCells(changed["post_softmax_mask"], changed["post_softmax_mask_sums"], grid, margin)
        self.divided = WeightCells(changed["weights"], changed["weight_sums"], grid, margin)
        whole = all_in_sight(part["weights"].values.T, part["weight_sums"].values)
        self.called = grid.corner.fit(Words(named_head(0, head), "fact", "ink2"), most=1.0)
        self.sum_name = Words("sum" if whole else "sum of all", "block", "ink2")
        self.sum_name.settle(at((margin.left + margin.right) / 2, grid.corner.bottom - 24))

    def _grid(self, part: Trace, room: Room) -> AttentionGrid:
        pairs = part["scaled"]
        columns = rooms(pairs.words("query"), room)[1]
        q, k = (part[attention_input(part, letter)] for letter in "qk")
        return AttentionGrid(q, k, pairs, Ribbon(pairs.words("key"), columns), self.focus, room, part["masked"])

    @property
    def row(self) -> int:
        """The place of the query whose row is told."""
        return self.grid.pairs.position("query", self.focus)

    @property
    def scored(self) -> list[VMobject]:
        """Everything that is on stage with the scores."""
        sides = [part for side in _sides(self.grid) for part in side]
        return [*sides, self.grid.empty, *self.grid.cells.values(), self.called]

    def shut(self) -> list[Any]:
        """A lid comes from the side, and falls shut over the later keys: their scores become minus infinity."""
        grid, ease = self.grid, rate_functions.ease_out_bounce
        if not grid.closed:
            return []
        lids = [cell.ground for cell in grid.closed.values()]
        come = Come(VGroup(*lids), shift=LEFT * units(AWAY), run_time=pace("flow"), rate_func=ease)
        signs = [part for cell in grid.closed.values() for part in cell.written]
        gone = sink(*(grid.cells[place] for place in grid.closed))
        return [come, gone, appear(*signs, rise=False)] if signs else [come, gone]

    def soften(self) -> tuple[Any, ...]:
        """All scores become weights, and minus infinity becomes zero."""
        before = [self.grid.closed.get(place, cell) for place, cell in self.grid.cells.items()]
        return recast(before, [*self.masked.cells.values()], "row")

    def top(self, top_key: Label) -> VMobject:
        """The cell of the key with the largest weight of the followed query; its row if that key is out of sight."""
        places = [j for j, chip in enumerate(self.grid.ribbon.chips) if chip.label.position == top_key.position]
        return self.masked.cells[self.row, places[0]] if places else self.grid.row(self.focus)

    @property
    def hidden(self) -> VGroup:
        """The cells of the followed query that are hidden from it."""
        return VGroup(*(self.masked.cells[place] for place in self.grid.closed if place[0] == self.row))

    @property
    def moved(self) -> tuple[VMobject, Quantity, Quantity]:
        """The cell of the followed query whose weight, masked too late, moves most; this weight before and after."""
        ours, theirs = (part["post_softmax_mask"][self.row] for part in (self.part, self.changed))
        key = int(np.abs(ours.values - theirs.values).argmax())
        return self.leaked.cells[self.row, key], ours.quantity(key), theirs.quantity(key)

    def added_up(self) -> Any:
        """The weights of the followed query go into their sum."""
        cells = [cell for place, cell in self.late.cells.items() if place[0] == self.row]
        return lagged((Flight(cell, self.late.sums[self.row], 0.0) for cell in cells), 0.4)

    def leaking(self) -> Any:
        """The key of the last word goes into the sum that all weights of that query were divided by."""
        return Flight(self.other.keys[-1], self.leaked.sums[self.row], 0.0, "slow")

    def swap(self) -> tuple[Any, ...]:
        """The last word makes room for another one, with a query and a key of its own."""
        old, new = ([part[-1] for part in _sides(grid)] for grid in (self.grid, self.other))
        return exchange(old, new, "row")

    def standing(self, shown: WeightCells) -> list[VMobject]:
        """Everything that is on stage once the scores have become weights."""
        both = zip(_sides(self.grid), _sides(self.other), strict=True)
        sides = [part for had, has in both for part in (*had[:-1], has[-1])]
        return [*self.grid.empty, *sides, *shown.cells.values(), *shown.sums, self.sum_name, self.called]


def _sides(grid: AttentionGrid) -> tuple[Sequence[VMobject], ...]:
    """The parts along the sides of a grid: of each token the chip, the name of its query, the query and the key."""
    return grid.ribbon.chips, grid.query_names, grid.queries, grid.keys
