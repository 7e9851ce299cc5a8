"""Next words of two models side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import LEFT, RIGHT, VGroup

from scenes.mobjects.apart import HEADS, finely
from scenes.mobjects.bars import bar_of
from scenes.mobjects.beside import chip_line
from scenes.mobjects.marks import Ground, Hue, Length, Rises, means
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, signed, units
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
        beyond = text.width * 135 / 2 + 18
        return line.add(bar, text.settle(at(1540 + long + (beyond if long >= 0 else -beyond), y)))
