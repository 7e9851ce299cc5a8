"""The residual stream of one token: what is added to it, and what would become of it otherwise."""

from __future__ import annotations

import math

import numpy as np
from manim import LEFT, VGroup, VMobject

from scenes.mobjects.marks import Length, means
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import full_colour, pooled
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token
from scenes.theme import at, gap, palette, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

BEGIN, END = 470.0, 1490.0
#: Px from one addition to the next from which its length has two decimals, and the px that one decimal needs.
ROOMY, NARROW = 100.0, 76.0


class PlaceOrSum(VGroup):
    """A row, what attention found for it, and the two ways to go on: in its place, or added.

    Args:
        row, found, both: the row, what was found, and their sum.
        left: the cosine with the row, if it is replaced and if it is added to.
        token: whose row it is.
    """

    def __init__(
        self, row: NamedTensor, found: NamedTensor, both: NamedTensor, left: tuple[Quantity, Quantity], token: Label
    ) -> None:
        scale = full_colour(row)
        rows, ys = (row, found, found, both), (270, 372, 590, 718)
        strips = [self._strip(vector, y, scale) for vector, y in zip(rows, ys, strict=True)]
        self.row, self.found, self.placed, self.summed = strips
        self.token = Token(token).next_to(self.row, LEFT, buff=gap("chip"))
        texts = ("attention found", "in its place", "added")
        self.names = VGroup(
            *(Words(text, "fact", "ink2").next_to(strip, LEFT, buff=gap("chip"))
              for text, strip in zip(texts, strips[1:], strict=True))
        )  # fmt: skip
        self.line = rule(at(BEGIN, 470), at(END, 470), "line", 2)
        heading = Words("cosine with the row", "axis", "ink2").settle(at(0, 530))
        self.heading = heading.end_at(at(1790, 0)[0])
        self.left = VGroup(
            *(number(value, ".2f", "large number").settle(at(0, y)).end_at(at(1720, 0)[0])
              for value, y in zip(left, ys[2:], strict=True))
        )  # fmt: skip
        super().__init__(*strips, self.token, self.names, self.line, self.heading, self.left)

    @staticmethod
    def _strip(vector: NamedTensor, y: float, scale: float) -> Strip:
        strip = Strip(vector, END - BEGIN, 62, scale)
        strip.move_to(at((BEGIN + END) / 2, y))
        return strip


class Tributaries(VGroup):
    """The stream as a band as wide as the row is long, and what each sublayer lets flow into it.

    Args:
        lengths: of what it starts with and of each addition, "sublayer".
        widths: of the running sum after each, "sublayer".
        tally: the running sum itself, "sublayer d_model".
        last: the row that leaves.
        token: whose row it is.
    """

    LEFT_END, RIGHT_END, Y, THICK = 330.0, 1760.0, 520.0, 150.0

    def __init__(
        self, lengths: NamedTensor, widths: NamedTensor, tally: NamedTensor, last: NamedTensor, token: Label
    ) -> None:
        count = len(lengths)
        pitch = (self.RIGHT_END - self.LEFT_END) / count
        largest = float(lengths.values.max())
        self.px = min(self.THICK / max(float(widths.values.max()), largest), 0.95 * pitch / largest)
        self.bend = min(50.0, 0.9 * pitch)
        self.xs = [self.LEFT_END + pitch * i for i in range(count + 1)]
        self.token = Token(token).move_to(at(self.LEFT_END - 110, self.Y))
        self.parts = VGroup(*(self._part(i, widths.values) for i in range(count)))
        self.falls, self.names, self.numbers = VGroup(), VGroup(), VGroup()
        most = 1 + int(lengths.values[1:].argmax())
        style, spec = ("number", ".2f") if pitch > ROOMY else ("cell", ".1f")
        told = self._told(count, most, pitch)
        for i, quantity in enumerate(lengths.quantities()):
            if i:  # in a deep stack there is room for one name: that of the sublayer that gives most
                label = lengths.label("sublayer", i) if count <= 7 or i == most else None
                self._fall(i, quantity, float(widths.values[i]), label)
                if i in told:
                    self.numbers.add(number(quantity, spec, style).settle(at(self.xs[i] + self.bend / 2, 296)))
        start = Words(f"length {lengths.quantity(0):.2f}", "number").settle(at(0, self.Y + 116))
        self.first = start.begin_at(at(self.LEFT_END, 0)[0])
        scale = full_colour(tally)
        wide, middle = self.RIGHT_END - self.LEFT_END, (self.RIGHT_END + self.LEFT_END) / 2
        self.sum = Strip(tally[0], wide, 54, scale).move_to(at(middle, 740))
        self.full = Strip(tally[len(tally) - 1], wide, 54, scale)
        self.fills = [[signed(float(value), scale) for value in pooled(row.values, wide)] for row in tally]
        self.leaves = Strip(last, wide, 54, scale).move_to(at(middle, 824))
        self.sum_name = Words("sum so far", "axis", "ink2").next_to(self.sum, LEFT, buff=gap("chip"))
        self.leaves_name = Words("row that leaves", "axis", "ink2").next_to(self.leaves, LEFT, buff=gap("chip"))
        super().__init__(
            self.token, self.parts, self.falls, self.names, self.numbers, self.first, self.sum, self.leaves,
            self.sum_name, self.leaves_name,
        )  # fmt: skip

    @staticmethod
    def _told(count: int, most: int, pitch: float) -> set[int]:
        """The additions whose lengths have room for a number: that of the largest, and others that are not too near."""
        apart = 1 if pitch > ROOMY else math.ceil(NARROW / pitch)
        return {i for i in range(1, count) if (i - most) % apart == 0}

    def _part(self, i: int, widths: np.ndarray) -> VMobject:
        """The band from one addition to the next; it takes its new width where the addition flows in."""
        before, after = (units(float(w) * self.px) / 2 for w in (widths[max(i - 1, 0)], widths[i]))
        left, bend, right = (at(x, self.Y) for x in (self.xs[i], self.xs[i] + self.bend, self.xs[i + 1] + 1))
        up = np.array([0, 1.0, 0])
        edge = [left + up * before, bend + up * after, right + up * after]
        edge += [right - up * after, bend - up * after, left - up * before]
        band = VMobject(fill_color=palette().residual, fill_opacity=1, stroke_width=0)
        band.set_points_as_corners([*edge, edge[0]])
        return band

    def _fall(self, i: int, quantity: Quantity, width: float, label: Label | None) -> None:
        wide, x = max(float(quantity) * self.px, 3), self.xs[i] + self.bend / 2
        foot = self.Y - width * self.px / 2
        fall = Box(wide, foot - 330, palette().weight, 2).move_to(at(x, (foot + 330) / 2)).set_fill(opacity=0.85)
        self.falls.add(means(fall, Length(quantity, "width", self.px, foot - 330, 3)))
        if label is not None:
            self.names.add(word(label, "fact", "ink2").settle(at(x, 248)))
