"""Accuracy by width and by number of sentences, and what each step to the next is worth."""

from __future__ import annotations

import numpy as np
from manim import VGroup

from scenes.mobjects.marks import Shade, Thickness, means
from scenes.mobjects.shapes import Box, arrow
from scenes.mobjects.text import Words, number
from scenes.theme import at, ink_on, shared
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

WIDE, HIGH, ACROSS, UP = 190.0, 104.0, 150.0, 96.0
MIDDLE = (1010.0, 500.0)


class SizeAndData(VGroup):
    """A grid of accuracies, wider models on top, more sentences to the right.

    An arrow for each step is as thick as its gain; within chance it is thin and grey.

    Args:
        run: the tensors of the experiment.
    """

    def __init__(self, run: Trace) -> None:
        mean = run["exact.over_seeds"]
        widths, amounts = mean.shape
        self.xs = [MIDDLE[0] + (k - (amounts - 1) / 2) * (WIDE + ACROSS) for k in range(amounts)]
        self.ys = [MIDDLE[1] + ((widths - 1) / 2 - k) * (HIGH + UP) for k in range(widths)]
        self.cells = VGroup(*(VGroup(*(self._cell(mean, w, a) for a in range(amounts))) for w in range(widths)))
        self.rows, self.columns = VGroup(), VGroup()
        for k, y in enumerate(self.ys):
            name = VGroup(
                Words("width", "axis", "ink2").settle(at(0, y)), number(run["width"].quantity(k), "", "number")
            )
            name[1].settle(at(0, y)).end_at(at(self.xs[0] - WIDE / 2 - 40, 0)[0])
            name[0].end_at(at(self.xs[0] - WIDE / 2 - 96, 0)[0])
            self.rows.add(name)
        for k, x in enumerate(self.xs):
            told = Words(f"{run['amount'].quantity(k):,.0f} sentences", "fact", "ink2")
            self.columns.add(told.settle(at(x, self.ys[0] + HIGH / 2 + 40)))
        more, wider = (run[f"exact.gain_{name}"] for name in ("amount", "width"))
        sure = [run[f"exact.gain_{name}_counts"] for name in ("amount", "width")]
        most = max(float(more.values.max()), float(wider.values.max()))
        self.more = [
            [self._across(more, a, w, bool(sure[0].values[a, w]), most) for a in range(amounts - 1)]
            for w in range(widths)
        ]
        self.wider = [
            [self._upward(wider, w, a, bool(sure[1].values[w, a]), most) for a in range(amounts)]
            for w in range(widths - 1)
        ]
        ways = (way for some in (*self.more, *self.wider) for way in some)
        super().__init__(self.cells, self.rows, self.columns, *ways)

    def _cell(self, mean: NamedTensor, width: int, amount: int) -> VGroup:
        share = mean.quantity(width, amount)
        fill = shared(share)
        box = Box(WIDE, HIGH, fill, 10).move_to(at(self.xs[amount], self.ys[width]))
        means(box, Shade(share))
        text = number(share, "share", "large number").settle(box.get_center()).set_fill(ink_on(fill))
        text.paper = box
        return VGroup(box, text)

    def _across(self, gain: NamedTensor, amount: int, width: int, sure: bool, most: float) -> VGroup:
        left, right = self.xs[amount] + WIDE / 2 + 12, self.xs[amount + 1] - WIDE / 2 - 12
        y = self.ys[width]
        told = number(gain.quantity(amount, width), "+.0f", "number", "ink" if sure else "ink3")
        way = _way(at(left, y + 14), at(right, y + 14), gain.quantity(amount, width), most, sure)
        return VGroup(way, told.settle(at((left + right) / 2, y - 22)))

    def _upward(self, gain: NamedTensor, width: int, amount: int, sure: bool, most: float) -> VGroup:
        low, top = self.ys[width] - HIGH / 2 - 12, self.ys[width + 1] + HIGH / 2 + 12
        x = self.xs[amount]
        told = number(gain.quantity(width, amount), "+.0f", "number", "ink" if sure else "ink3")
        way = _way(at(x, low), at(x, top), gain.quantity(width, amount), most, sure)
        return VGroup(way, told.settle(at(x + 56, (low + top) / 2)))


def _way(start: np.ndarray, end: np.ndarray, gain: Quantity, most: float, sure: bool) -> VGroup:
    thick = 3 + 13 * max(float(gain) / most, 0.0) if sure else 2.5
    way = arrow(start, end, "residual" if sure else "ink3", thick, 16 + thick)
    if sure and gain > 0:
        means(way[0], Thickness(gain, 13 / most, 3))
    return way
