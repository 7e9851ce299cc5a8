"""A sentence folded into a grid: the same words down its side and along its top, and every pair at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import UP, VGroup, VMobject

from scenes.mobjects.chain import Dial
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.shapes import Box, curve, stroke
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import in_line
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: px from the left: the dials, and the middle of the grid.
DIALS, GRID = 300.0, 1230.0


class Folding(VGroup):
    """A grid of attention at the right; at the left the dial of the chain, with all its ticks, and that of the grid."""

    def __init__(self, weights: NamedTensor, ticks: Sequence[Quantity], size: str) -> None:
        self.pattern = Pattern(weights, min(112.0, 500 / len(weights)))
        self.pattern.shift(at(GRID, 560) - self.pattern.cells.get_center())
        self.rows, self.columns = self.pattern.row_words("token"), self._columns()
        self.size = Words(size, "number", "ink2")
        self.size.settle(self.pattern.cells.get_bottom() - UP * units(36))
        self.chain = Dial(ticks, "steps: the LSTM" if len(ticks) > 1 else "step: the LSTM", at(DIALS, 400))
        self.chain.count.rewrite(f"{ticks[-1]}")
        self.grid = Dial(ticks[:1], "step: attention", at(DIALS, 690))
        super().__init__(self.pattern, self.rows, self.columns, self.size, self.chain, self.grid)

    def _columns(self) -> VGroup:
        crowded = self.pattern.crowded(self.pattern.weights.words("key"), "token")
        return self.pattern.column_words("map" if crowded else "token")


class Path(VGroup):
    """A sentence, the links of the chain from one word to another below it, and one arc of attention above.

    Args:
        words: the sentence.
        hops: query × key, how many links lie between two words.
        start, end: where the news comes from, and where it is wanted.
    """

    def __init__(self, words: Sequence[Label], hops: NamedTensor, start: int, end: int) -> None:
        self.words = in_line(words, 1660).move_to(at(960, 560))
        self.hops = [hops.quantity(k, start) for k in range(start + 1, end + 1)]
        self.links = VGroup(*(self._link(k) for k in range(start, end)))
        first, last = self.words[start], self.words[end]
        middle = (first.get_x() + last.get_x()) / 2
        rise = units(270)
        self.arc = VMobject(stroke_color=palette().weight, stroke_width=stroke(9))
        a, b = (word.get_top() + UP * units(10) for word in (last, first))
        self.arc.points = np.array([a, a + UP * rise, b + UP * rise, b])
        top = self.words.get_top()[1] + units(10) + rise * 0.75
        self.arc_name = Words("attention: one layer", "block", "weight").settle(np.array([middle, top + units(36), 0]))
        foot = self.words.get_bottom()[1] - units(126)
        self.chain_name = Words("the LSTM: state updates", "block", "residual")
        self.count = number(self.hops[-1], "", "large number")
        line = VGroup(self.chain_name, self.count).arrange(buff=units(26)).move_to(np.array([middle, foot, 0]))
        self.chain_name.stand_on(self.count.baseline)
        line.set_x(middle)
        self.count.rewrite(f"{self.hops[0]}")
        self.ends = VGroup(*(self._ring(word) for word in (first, last)))
        super().__init__(self.words, self.links, self.arc, self.arc_name, self.chain_name, self.count, self.ends)

    def _link(self, k: int) -> VMobject:
        """From one word to the next, below the line."""
        a, b = (self.words[i].get_bottom() - UP * units(8) for i in (k, k + 1))
        low = min(a[1], b[1])
        a[1] = b[1] = low
        line = curve(a, b, "residual", 7)
        drop = UP * units(54)
        line.points = np.array([a, a - drop, b - drop, b])
        return line

    @staticmethod
    def _ring(word: VMobject) -> VMobject:
        box = Box(word.width * 135 + 12, word.height * 135 + 12, palette().background, 12, palette().focus, 4)
        return box.set_fill(opacity=0).move_to(word)
