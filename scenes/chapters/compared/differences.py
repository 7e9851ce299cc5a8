"""Differences of two models: their next words side by side, and distances head by head and row by row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.layout import STAGE
from scenes.mobjects.apart import HEADS, NUMBERED, finely, styled
from scenes.mobjects.bars import bar_of
from scenes.mobjects.beside import chip_line
from scenes.mobjects.marks import Beside, Ground, Hue, Length, Rises, means
from scenes.mobjects.patterns import on_columns
from scenes.mobjects.ramps import Ramp
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.tensors import TensorGrid, abridged
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, gap, pixels, signed, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: So many of the tokens read are shown.
LAST = 8
#: The line from which differences lead.
ZERO = Ground()


class NextWords(VGroup):
    """Tokens that both models have read, and the likeliest next words: a bar for each model, and the difference.

    Args:
        first, second, apart: "vocab", the probabilities in A and in B, and B − A.
        read: the tokens that both models have read.
    """

    #: Words at most, unless the likeliest ones are more; a word under `LEAST` in both says nothing.
    MOST, LEAST, TOP = 6, 0.01, 350.0

    def __init__(self, first: NamedTensor, second: NamedTensor, apart: NamedTensor, read: Sequence[Label]) -> None:
        self.context = chip_line(tuple(read[-LAST:]), 236)
        chosen = self.chosen(first.values, second.values)
        pitch = min(140.0, 500 / len(chosen))
        top = self.TOP + (500 - pitch * len(chosen)) / 4
        reach = float(np.abs(apart.values[chosen]).max()) or 1.0
        high = min(80.0, pitch * 0.6)
        self.lines = VGroup()
        for place, entry in enumerate(chosen):
            self.lines.add(self._line(first, second, apart, entry, top + pitch * (place + 0.6), reach, high))
        self.heads = VGroup(
            (Words(name, "block").settle(at(x, top - 32)) for name, x in zip(HEADS, (560, 1000, 1540), strict=True)),
            Words("next word", "fact", "ink2").settle(at(300, top - 32)).end_at(at(386, 0)[0]),
        )
        foot = top + pitch * (len(chosen) + 0.2)
        self.zero = means(rule(at(1540, top), at(1540, foot), "ink3", 2), ZERO)
        super().__init__(self.context, self.zero, self.lines, self.heads)

    @classmethod
    def chosen(cls, first: np.ndarray, second: np.ndarray) -> list[int]:
        """The likeliest words of either, the likeliest first; that of each of the two is always among them."""
        best = np.maximum(first, second)
        tops = {int(first.argmax()), int(second.argmax())}
        order = [int(entry) for entry in np.argsort(-best, kind="stable")]
        room = cls.MOST - len(tops.difference(order[: cls.MOST]))
        return [
            entry for place, entry in enumerate(order) if entry in tops or (place < room and best[entry] >= cls.LEAST)
        ]

    @staticmethod
    def _line(
        first: NamedTensor, second: NamedTensor, apart: NamedTensor, entry: int, y: float, reach: float, high: float
    ) -> VGroup:
        name = word(apart.label("vocab", entry), "token").settle(at(400, y)).end_at(at(386, y)[0])
        line = VGroup(name)
        for side, x in ((first, 410.0), (second, 850.0)):
            quantity, role = side.quantity(entry), "weight" if entry == int(side.values.argmax()) else "ink3"
            bar = bar_of(quantity, "width", 250, high, role, least=3).move_to(at(x, y), aligned_edge=LEFT)
            share = number(quantity, "share", "number").next_to(bar, RIGHT, buff=units(14))
            line.add(bar, share.stand_on(at(0, y + 11)[1]))
        change = apart.quantity(entry)
        long = 140 * float(change) / reach
        bar = Box(max(abs(long), 2), high, signed(float(np.sign(change)), 1.0), 4).move_to(at(1540 + long / 2, y))
        means(bar, Length(change, "width", 140 / reach, high, 2), Hue(change), Rises(change, 0, ZERO))
        text = number(change, finely(reach), "number")
        beyond = pixels(text.width) / 2 + 18
        return line.add(bar, text.settle(at(1540 + long + (beyond if long >= 0 else -beyond), y)))


#: Px between the top of the first row and the foot of the last, at most; and of the widest and the tallest cell.
ROOM, WIDEST, TALLEST = 440.0, 320.0, 150.0
#: What the ends of the scale mean.
ENDS = "the same", "as far as can be"


def before_row(text: Words, row: VGroup, edge: float) -> Words:
    """A text as high as a row of a table, up to `edge`."""
    return text.settle(np.array([edge, row.get_y(), 0])).end_at(edge)


class HeadTable(VGroup):
    """Distance of each head from its partner, from 0 to 1: layers run down, heads to the right."""

    def __init__(self, distance: NamedTensor, numbers: NamedTensor, keep: int) -> None:
        layers, heads = distance.shape
        shown = abridged(layers, 5, 3, keep=(keep,)) if layers > 9 else list(range(layers))
        pitch = min(WIDEST, (STAGE.width - 260) / heads)
        tall = min(TALLEST, ROOM / len(shown))
        self.grid = TensorGrid(
            distance, styled(pitch, tall), ".0%", weights=True, rows=shown, wide=pitch - 4, high=tall - 4
        )
        self.letters = VGroup(self._head(head, numbers) for head in range(heads))
        self.names = VGroup(self._name(layer, numbers) for layer in shown if layer is not None)
        self.ramp = Ramp("share of a head’s attention that lies elsewhere in B", *ENDS)
        self.ramp.next_to(self.grid, DOWN, buff=gap("grid"))
        super().__init__(self.grid, self.letters, self.names, self.ramp)
        self.move_to(at(960, 545))

    def _head(self, head: int, numbers: NamedTensor) -> Words:
        column = self.grid.column(head)
        narrow = column.width < units(NUMBERED)
        name = f"{numbers.quantity(head + 1)}" if narrow else f"head {numbers.quantity(head + 1)}"
        return Words(name, "fact", "ink2").next_to(column, UP, buff=units(16)).set_x(column.get_x())

    def _name(self, layer: int, numbers: NamedTensor) -> Words:
        line = self.grid.row(layer)
        text = Words(f"layer {numbers.quantity(layer + 1)}", "fact", "ink2")
        return before_row(text, line, line.get_left()[0] - units(24))


class MovedTable(VGroup):
    """Distance of the two rows of each token, layer by layer, and the mean over all tokens at the right.

    If both have the same number of layers, `numbers` numbers them; else only input and output are compared.
    `measure` is the text that says what a cell means.
    """

    def __init__(self, moved: NamedTensor, distance: NamedTensor, numbers: NamedTensor | None, measure: str) -> None:
        layers, tokens = moved.shape
        shown = abridged(layers, 5, 3) if layers > 9 else list(range(layers))
        kept = [layer for layer in shown if layer is not None]
        calls = {layer: self._name(layer, numbers) for layer in kept}
        self.words = VGroup(word(label, "token", "ink2") for label in moved.words("position"))
        left = pixels(max(text.width for text in calls.values())) + 24
        pitch, tall = min(WIDEST, (STAGE.width - left - 190) / tokens), min(TALLEST, ROOM / len(shown))
        if max(text.width for text in self.words) > units(pitch - 8):
            self.words = VGroup(word(label, "map", "ink2") for label in moved.words("position"))
        spec = ".0%" if moved.values.max() >= 0.1 or not moved.values.any() else ".1%"
        self.grid = TensorGrid(
            moved, styled(pitch, tall), spec, weights=True, rows=shown, wide=pitch - 4, high=tall - 4
        )
        for text, label in zip(self.words, moved.words("position"), strict=True):
            means(text, Beside(label))
        upright = max(text.width for text in self.words) > units(pitch - 8)
        top, xs = self.grid.get_top()[1], [column.get_x() for column in self.grid.columns]
        on_columns([*self.words], xs, top + units(6 if upright else 2), upright)
        edge = self.grid.get_left()[0] - units(24)
        self.names = VGroup(before_row(text, self.grid.row(layer), edge) for layer, text in calls.items())
        edge = self.grid.get_right()[0] + units(140)
        averages = {layer: number(distance.quantity(layer), spec, "number") for layer in kept}
        self.means = VGroup(before_row(text, self.grid.row(layer), edge) for layer, text in averages.items())
        self.mean = Words("mean", "fact", "ink2").settle(np.array([edge, 0, 0])).end_at(edge)
        self.mean.stand_on(self.grid.get_top()[1] + units(18))
        self.ramp = Ramp(measure, *ENDS).next_to(self.grid, DOWN, buff=gap("grid"))
        super().__init__(self.grid, self.words, self.names, self.means, self.mean, self.ramp)
        self.move_to(at(960, 545))

    @staticmethod
    def _name(layer: int, numbers: NamedTensor | None) -> Words:
        after = "after the last layer" if numbers is None else f"after layer {numbers.quantity(layer)}"
        return Words("at the input" if layer == 0 else after, "fact", "ink2")
