"""Distances of two models: head by head, and row by row from the input up."""

from __future__ import annotations

import numpy as np
from manim import DOWN, UP, VGroup

from scenes.layout import STAGE
from scenes.mobjects.apart import NUMBERED, styled
from scenes.mobjects.marks import Beside, means
from scenes.mobjects.patterns import on_columns
from scenes.mobjects.ramps import Ramp
from scenes.mobjects.tensors import TensorGrid, abridged
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, gap, units
from transformer_core.tracing.trace import NamedTensor

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
        left = max(text.width for text in calls.values()) * 135 + 24
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
