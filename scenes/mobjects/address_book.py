"""From words to rows: each token is a number, and the number is the address of a row in the embedding table."""

from __future__ import annotations

from manim import DOWN, VGroup

from scenes.layout import RIGHT_EDGE
from scenes.mobjects.passage import Lanes, footing, heading
from scenes.mobjects.shapes import arrow, ellipsis
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import abridged
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, units
from transformer_core.tracing.trace import NamedTensor


class AddressBook(VGroup):
    """Tokens and their ids at the left, the table in the middle, the rows that were fetched at the right.

    Of the table, the rows of this sentence are shown, the first one and the last one; the others are left out.
    """

    def __init__(self, lanes: Lanes, ids: NamedTensor, table: NamedTensor, rows: NamedTensor, size: str) -> None:
        self.lanes = lanes
        self.ids, self.arrows = VGroup(), VGroup()
        x = lanes.left + 44
        for i, y in lanes.y.items():
            self.arrows.add(arrow(at(lanes.left - 12, y), at(x - 12, y), "ink3", 3))
            self.ids.add(number(ids.quantity(i), "", "number").settle(at(x + 40, y)))
        wide, left = 470.0, 690.0
        wanted = {int(ids.values[i]) for i in lanes.y}
        order = abridged(len(table), 1, 1, keep=sorted(wanted))
        pitch = min(48.0, 430 / sum(1 if entry is not None else 0.6 for entry in order))
        self.lines: dict[int, VGroup] = {}
        self.dots = VGroup()
        y = 448.0
        for entry in order:
            step = pitch * (1 if entry is not None else 0.6)
            if entry is None:
                self.dots.add(ellipsis(vertical=True).scale(0.7).move_to(at(left + wide / 2, y + step / 2)))
            else:
                self.lines[entry] = self._line(table, entry, left, wide, y + step / 2, pitch, entry in wanted)
            y += step
        start = RIGHT_EDGE - 6 - wide
        self.rows = lanes.place(rows, start, wide)
        self.row_name = heading("one row a token", self.rows)
        self.size = footing(size, self.rows)
        self.table = VGroup(*self.lines.values(), self.dots)
        self.sources = {i: self.lines[int(ids.values[i])][0] for i in lanes.y}
        super().__init__(self.arrows, self.ids, self.table, self.rows, self.row_name, self.size)

    @staticmethod
    def _line(table: NamedTensor, entry: int, left: float, wide: float, y: float, pitch: float, wanted: bool) -> VGroup:
        strip = Strip(table.pick(vocab=entry), wide, pitch - 9).move_to(at(left + wide / 2, y))
        name = word(table.label("vocab", entry), "note", "ink" if wanted else "ink3")
        name.move_to(at(left - 20, y)).end_at(at(left - 20, y)[0]).stand_on(at(0, y + 8)[1])
        return VGroup(strip, name)

    def table_size(self, text: str) -> Words:
        """The true size of the table, under it."""
        return Words(text, "note", "ink2").next_to(self.table, DOWN, buff=units(16))
