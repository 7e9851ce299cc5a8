"""What a translator made of two LSTMs hands over: one state, or all of them; and what it writes from there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, RIGHT, UP, VGroup, VMobject

from scenes.layout import LEFT_EDGE
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.chain import Chain
from scenes.mobjects.shapes import Box, curve, frame, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, in_line
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Names of the three translators, and the role that each is drawn in.
ROLES = {"LSTM": "residual", "LSTM with attention": "key", "Transformer": "weight"}


class Handover(VGroup):
    """A chain on top; below it what is written from its last state alone, and what is written from all of them.

    Args:
        words, states: of the source.
        alone, attending: the words that are written.
        wrong: for each of both, the positions of words that are not right.
    """

    def __init__(
        self,
        words: Sequence[Label],
        states: NamedTensor,
        alone: Sequence[Label],
        attending: Sequence[Label],
        wrong: tuple[Sequence[int], Sequence[int]],
    ) -> None:
        self.chain = Chain(words, states, 280, columns=14, widest=150)
        self.outputs = [self._line(line, y) for line, y in ((alone, 612), (attending, 806))]
        self.names = VGroup(
            Words("written from the last state alone", "aside", "residual").settle(at(960, 544)),
            Words("written with attention to all states", "aside", "key").settle(at(960, 738)),
        )
        self.rings = [
            VGroup(*(self._ring(line[i]) for i in places)) for line, places in zip(self.outputs, wrong, strict=True)
        ]
        foot = self.chain.words.get_bottom()[1] - units(10)
        last = self.chain.words[-1]
        start = np.array([last.get_x(), foot, 0])
        goal = self.names[0].get_right() + RIGHT * units(26)
        self.last = VMobject(stroke_color=palette().residual, stroke_width=curve(start, goal).get_stroke_width() * 2)
        self.last.points = np.array(
            [start, np.array([start[0], goal[1], 0]), goal + RIGHT * max(units(40), (start - goal)[0] * 0.4), goal]
        )
        self.handed = VGroup(self._frame(self.chain.cells[-1], "residual"))
        self.seen = VGroup(*(self._frame(cell, "key") for cell in self.chain.cells))
        super().__init__(self.chain, *self.outputs, self.names, *self.rings, self.last, self.handed, self.seen)

    @staticmethod
    def _line(words: Sequence[Label], y: float) -> VGroup:
        return in_line(words, 1700).move_to(at(960, y))

    @staticmethod
    def _ring(word: VMobject) -> VMobject:
        air = 8 if isinstance(word, Token) else 16
        box = Box(word.width * 135 + air, word.height * 135 + air, palette().background, 12, palette().warning, 4)
        return box.set_fill(opacity=0).move_to(word)

    @staticmethod
    def _frame(cell: VMobject, role: str) -> VMobject:
        return frame(cell.width * 135 + 6, cell.height * 135 + 6, role, 4, 11).move_to(cell)

    @property
    def forgotten(self) -> list[VMobject]:
        """What is inside of all cells but the last."""
        return [*self.chain.states[:-1]]


class Bought(VGroup):
    """What each translator has right, as bars, a mark for each training; below each its number of parameters."""

    def __init__(self, exact: NamedTensor, means: NamedTensor, parameters: NamedTensor, steps: Quantity) -> None:
        self.lines = VGroup()
        wide, left = 800.0, 700.0
        for k, (name, role) in enumerate(ROLES.items()):
            y = 330 + 180 * k
            bar = ShareBar(means.pick(model=name), wide, "", 64, role).move_to(at(left + wide / 2, y))
            call = Words(name, "block", role).settle(at(0, y - 14)).end_at(at(left - 40, 0)[0])
            size = Words(f"{parameters.pick(model=name):,.0f} parameters", "note", "ink3")
            size.settle(at(0, y + 28)).end_at(at(left - 40, 0)[0])
            value = number(means.pick(model=name), "share", "large number").settle(at(0, y))
            value.begin_at(at(left + wide + 34, 0)[0])
            marks = VGroup(*(self._mark(left + wide * float(share), y) for share in exact.pick(model=name).values))
            self.lines.add(VGroup(VGroup(call, size), bar, marks, value))
        self.called = Words(f"new sentences right after {steps:,.0f} steps; a line for each training", "axis", "ink2")
        self.called.next_to(self.lines[-1][1], DOWN, buff=units(28)).set_x(at(left + wide / 2, 0)[0])
        self.gain = self._gain(means, left, wide)
        super().__init__(self.lines, self.called, self.gain)
        self.shift(RIGHT * (at(LEFT_EDGE + 30, 0)[0] - min(line[0].get_left()[0] for line in self.lines)) * 0.5)

    @staticmethod
    def _mark(x: float, y: float) -> VMobject:
        return rule(at(x, y - 42), at(x, y + 42), "ink", 3)

    def _gain(self, means: NamedTensor, left: float, wide: float) -> VGroup:
        """What attention adds to the first bar, as a bracket above the second."""
        a, b = (left + wide * float(means.pick(model=name)) for name in ("LSTM", "LSTM with attention"))
        y = 510 - 56
        way = VGroup(
            rule(at(a, y + 16), at(a, y), "key", 4), rule(at(a, y), at(b, y), "key", 4),
            rule(at(b, y), at(b, y + 16), "key", 4),
        )  # fmt: skip
        return way.add(Words("attention", "aside", "key").next_to(way, UP, buff=units(10)))
