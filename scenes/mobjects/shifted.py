"""The inputs and the targets of a decoder: the same words, one position apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup, VMobject

from scenes.layout import RIGHT_EDGE
from scenes.mobjects.shapes import Box, arrow
from scenes.mobjects.text import Words, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label

#: Where the names of the lines end, and the heights of what is written, of the decoder and of what is read, in px.
NAMES, WRITES, MACHINE, READS = 216.0, 300.0, 500.0, 706.0


def on_places(labels: Sequence[Label], xs: Sequence[float], y: float, pitch: float, width: float) -> VGroup:
    """A chip at each position, or bare words where chips of this width have no room."""
    if width <= pitch - 10:
        return VGroup(*(Token(label, "", width, 52).move_to(at(x, y)) for label, x in zip(labels, xs, strict=True)))
    return VGroup(*(word(label, "map").settle(at(x, y)) for label, x in zip(labels, xs, strict=True)))


class Shifted(VGroup):
    """Words to write above, words to read below, a position to the right; the decoder stands between.

    Args:
        reads, writes: the word that each position reads, and the one that it writes.
    """

    def __init__(self, reads: Sequence[Label], writes: Sequence[Label]) -> None:
        count = len(reads)
        room = RIGHT_EDGE - NAMES - 24
        pitch = min(290.0, room / count)
        width = max(chip_width(label) for label in (*reads, *writes))
        left = NAMES + 24 + (room - pitch * count) / 2
        xs = [left + (i + 0.5) * pitch for i in range(count)]
        self.writes = on_places(writes, xs, WRITES, pitch, width)
        self.reads = on_places(reads, xs, READS, pitch, width)
        self.sources = on_places(writes[:-1], xs[:-1], WRITES, pitch, width)
        colours = palette()
        self.box = Box(pitch * count - 16, 120, colours.surface, 14, colours.line, 2.5)
        self.box.move_to(at((xs[0] + xs[-1]) / 2, MACHINE))
        self.title = Words("decoder", "block", paper=self.box).settle(self.box.get_center())
        self.ways = VGroup(*(self._way(x) for x in xs))
        self.names = VGroup(
            Words("it writes", "axis", "ink2").settle(at(0, WRITES)),
            Words("it reads", "axis", "ink2").settle(at(0, READS)),
        )
        edge = self.box.get_left()[0] - units(36)
        for name in self.names:
            name.end_at(edge)
        super().__init__(self.writes, self.reads, self.box, self.title, self.ways, self.names)

    def _way(self, x: float) -> VGroup:
        """Up from what is read into the decoder, and from it to what is written."""
        low, high = self.box.get_bottom()[1], self.box.get_top()[1]
        column = at(x, 0)[0]
        foot, tip = at(0, READS - 36)[1], at(0, WRITES + 38)[1]
        ends = [(foot, low), (high, tip)]
        return VGroup(*(arrow(np.array([column, a, 0]), np.array([column, b, 0]), "residual", 5, 16) for a, b in ends))

    def column(self, row: int) -> VMobject:
        """The column of a position, from what it reads to what it writes."""
        parts = VGroup(self.reads[row], self.writes[row])
        width = max(float(self.reads[row].width), float(self.writes[row].width)) * 135 - 8
        box = Box(width, parts.height * 135 + 8, palette().background, 4)
        return box.move_to(parts)
