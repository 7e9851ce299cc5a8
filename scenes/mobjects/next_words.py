"""Next words of two models side by side, and the distances that sum a comparison up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import LEFT, RIGHT, VGroup

from scenes.layout import RIGHT_EDGE
from scenes.mobjects.apart import HEADS, finely
from scenes.mobjects.beside import chip_line
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, palette, signed, units
from transformer_core.provenance import Label, Quantity
from transformer_core.trace import NamedTensor

#: So many of the tokens read are shown.
LAST = 8


class NextWords(VGroup):
    """What both have read, and the likeliest next words: a bar for each of the two, and their difference from a line.

    Args:
        first, second, apart: "vocab".
        read: the tokens that both have read so far.
    """

    MOST, TOP = 5, 350.0

    def __init__(self, first: NamedTensor, second: NamedTensor, apart: NamedTensor, read: Sequence[Label]) -> None:
        top, last = self.TOP, tuple(read[-LAST:])
        self.context = chip_line(last, 236)
        order = [np.argsort(-side.values, kind="stable")[: self.MOST] for side in (first, second)]
        entries = list(dict.fromkeys(int(entry) for both in zip(*order, strict=True) for entry in both))
        chosen = sorted(entries, key=lambda entry: -max(first.values[entry], second.values[entry]))
        pitch = min(66.0, 490 / len(chosen))
        reach = float(np.abs(apart.values[chosen]).max()) or 1.0
        self.lines = VGroup()
        for place, entry in enumerate(chosen):
            self.lines.add(self._line(first, second, apart, entry, top + 40 + place * pitch, reach))
        self.heads = VGroup(
            *(Words(name, "block").settle(at(x, top - 32)) for name, x in zip(HEADS, (560, 1000, 1540), strict=True))
        )
        foot = top + 40 + pitch * len(chosen) - pitch * 0.4
        self.zero = rule(at(1540, top), at(1540, foot), "ink3", 2)
        super().__init__(self.context, self.zero, self.lines, self.heads)

    @staticmethod
    def _line(
        first: NamedTensor, second: NamedTensor, apart: NamedTensor, entry: int, y: float, reach: float
    ) -> VGroup:
        name = word(apart.label("vocab", entry), "token").settle(at(400, y)).end_at(at(386, y)[0])
        line = VGroup(name)
        for side, x in ((first, 410.0), (second, 850.0)):
            quantity = side.quantity(entry)
            top = entry == int(side.values.argmax())
            bar = Box(max(250 * float(quantity), 3), 34, palette().weight if top else palette().ink3, 5)
            bar.move_to(at(x, y), aligned_edge=LEFT)
            line.add(
                bar, number(quantity, "share", "cell").next_to(bar, RIGHT, buff=units(14)).stand_on(at(0, y + 9)[1])
            )
        change = apart.quantity(entry)
        long = 170 * float(change) / reach
        bar = Box(max(abs(long), 2), 34, signed(float(np.sign(change)), 1.0), 4).move_to(at(1540 + long / 2, y))
        text = number(change, finely(reach), "cell").settle(at(1540 + long + (64 if long >= 0 else -64), y))
        return line.add(bar, text)


class Verdicts(VGroup):
    """The distances that sum a comparison up, each as a share in its track; `alone` where nothing stands above them."""

    def __init__(self, told: Sequence[tuple[str, Quantity]], alone: bool) -> None:
        self.lines = VGroup()
        top = 450.0 if alone else 640.0
        for place, (name, quantity) in enumerate(told):
            y = top + 74 * place
            text = Words(name, "fact", "ink2").settle(at(960, y)).end_at(at(1010, y)[0])
            track = Box(480, 38, palette().surface, 5).move_to(at(1040, y), aligned_edge=LEFT)
            bar = Box(max(480 * float(quantity), 2), 38, palette().weight, 5).move_to(at(1040, y), aligned_edge=LEFT)
            share = number(quantity, "share", "number").settle(at(1660, y)).end_at(at(RIGHT_EDGE - 30, y)[0])
            self.lines.add(VGroup(text, track, bar, share))
        super().__init__(self.lines)
