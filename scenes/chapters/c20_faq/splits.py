"""One row of W_Q, cut for as many heads as a width allows: the pieces get shorter, their sum stays."""

from __future__ import annotations

import numpy as np
from manim import LEFT, RIGHT, VGroup

from scenes.animations import ring_around
from scenes.mobjects.marks import Shade, means
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from scenes.theme import at, signed, units
from transformer_core.tracing.trace import NamedTensor

WIDE, LEFT_AT, CUT = 1060.0, 420.0, 14.0


class Splits:
    """The row uncut on top, and below it the same row cut in other numbers of heads.

    Args:
        row: one row of W_Q as the model has it, head × d_head.
        splits: choice × (heads, width).
        own: how many heads the model has.
    """

    def __init__(self, row: NamedTensor, splits: NamedTensor, own: int) -> None:
        values = row.values.reshape(-1)
        scale = float(np.abs(values).max()) or 1.0
        self.entries, self.scale_value = row.quantities(), scale
        pitch = min(112.0, 480.0 / len(splits))
        self.whole = self._line(1, 246.0, 54.0)
        self.whole_name = Words("one row of the query matrix", "aside", "ink2")
        self.whole_name.next_to(self.whole, np.array([0, -1.0, 0]), buff=units(14))
        self.lines, self.lefts, self.rights, self.ring = VGroup(), VGroup(), VGroup(), VGroup()
        for k in range(len(splits)):
            heads, width = splits.quantity(k, 0), splits.quantity(k, 1)
            y = 402.0 + (k + 0.5) * pitch
            line = self._line(int(heads), y, min(54.0, pitch - 30))
            mine = int(heads) == own
            look = ("number", "ink") if mine else ("fact", "ink2")
            self.lines.add(line)
            noun = "head" if int(heads) == 1 else "heads"
            self.lefts.add(Words(f"{heads} {noun}", *look).next_to(line, LEFT, buff=units(34)))
            self.rights.add(Words(f"{heads} × {width}", *look).next_to(line, RIGHT, buff=units(34)))
            if mine:
                self.ring.add(ring_around(line))

    def _line(self, heads: int, y: float, high: float) -> VGroup:
        """All entries of the row in as many pieces, together always as wide."""
        count = len(self.entries)
        space = min(CUT, 0.35 * WIDE / heads)
        cell = (WIDE - (heads - 1) * space) / count
        cells = VGroup()
        for i, entry in enumerate(self.entries):
            fill = signed(entry, self.scale_value)
            x = LEFT_AT + (i + 0.5) * cell + (i * heads // count) * space
            box = Box(cell * 0.9, high, fill, min(4, cell / 5)).move_to(at(x, y))
            cells.add(means(box, Shade(entry, self.scale_value)))
        return cells
