"""Tokens that each of two models reads, what each writes, and how far they are apart."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np
from manim import LEFT, VGroup, VMobject

from scenes.layout import STAGE
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.beside import SIDES, ComparedPair, chip_line
from scenes.mobjects.shapes import frame, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, gap, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

#: Px of the middle of the two lines of tokens, and how much larger than elsewhere a short sentence is drawn.
ROWS, LARGER = (350.0, 640.0), 2.4
#: Px of the first line of the two outputs.
TOP = 232.0
#: A line that leans by less is drawn upright.
NEARLY = units(12)


class TwoReadings(VGroup):
    """The tokens of both, large: lines join those that both have, a frame marks those that one has alone."""

    def __init__(self, trace: Trace) -> None:
        words = [trace[f"{letter}.read"].words("position") for letter in SIDES]
        lines = [chip_line(labels, 0) for labels in words]
        same = matches(*words)
        size = min(LARGER, *(units(STAGE.width - 150) / line.width for line in lines))
        self.tokens = VGroup(line.scale(size).move_to(at(1020, y)) for line, y in zip(lines, ROWS, strict=True))
        self.signs = VGroup(self._sign(trace, letter, y) for letter, y in zip(SIDES, ROWS, strict=True))
        self.joins = VGroup(self._join(*both) for both in self._in_sight(lines, same))
        alone = [self._alone(lines[side], {pair[side] for pair in same}) for side in (0, 1)]
        self.marks = VGroup(box for boxes in alone for box in boxes)
        self.note = Words(self._told(bool(len(self.joins)), bool(len(self.marks))), "fact", "ink2")
        self.note.settle(at(960, 800))
        super().__init__(self.joins, self.tokens, self.marks, self.signs, self.note)

    @staticmethod
    def _in_sight(lines: Sequence[VGroup], same: Sequence[tuple[int, int]]) -> list[tuple[Token, Token]]:
        """The chips of the pairs that there is room for in both lines."""
        first, second = ([chip for chip in line if isinstance(chip, Token)] for line in lines)
        return [(first[i], second[j]) for i, j in same if i < len(first) and j < len(second)]

    @staticmethod
    def _told(joined: bool, marked: bool) -> str:
        if joined and marked:
            return "joined: the same token in both · framed: in one alone"
        return "joined: the same token in both" if joined else "framed: in one alone"

    @staticmethod
    def _sign(trace: Trace, letter: str, y: float) -> VGroup:
        sign = Words(f"{SIDES[letter]}", "chapter").settle(at(STAGE.left + 40, y))
        count = Words(f"tokens: {trace[f'{letter}.counted']}", "fact", "ink2")
        return VGroup(sign, count.settle(at(STAGE.left + 100, y - 100)).begin_at(at(STAGE.left + 14, 0)[0]))

    @staticmethod
    def _join(above: Token, below: Token) -> VGroup:
        space = np.array([0, gap("cell") * 2, 0])
        start, end = above.get_bottom() - space, below.get_top() + space
        if abs(start[0] - end[0]) < NEARLY:
            start[0] = end[0] = (start[0] + end[0]) / 2
        return rule(start, end, "ink3", 3)

    @staticmethod
    def _alone(line: VGroup, joined: set[int]) -> list[VMobject]:
        """A frame around each token that the other has not."""
        chips = [chip for place, chip in enumerate(line) if isinstance(chip, Token) and place not in joined]
        return [
            frame(pixels(chip.width) + 10, pixels(chip.height) + 10, "warning", 5, 14).move_to(chip) for chip in chips
        ]


def matches(first: Sequence[str], second: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs of places where two lines have the same token, in order.

    >>> matches(["the", "ship", "sails"], ["[CLS]", "the", "ships", "sails"])
    [(0, 1), (2, 3)]
    """
    blocks = SequenceMatcher(None, [str(w) for w in first], [str(w) for w in second], autojunk=False)
    return [(one.a + i, one.b + i) for one in blocks.get_matching_blocks() for i in range(one.size)]


class TwoOutputs(VGroup):
    """The two by name, and what each of them writes, where one writes at all."""

    def __init__(self, two: ComparedPair, writes: bool) -> None:
        pitch = 118.0 if writes else 66.0
        self.lines = VGroup(self._line(two, letter, TOP + i * pitch, writes) for i, letter in enumerate(SIDES))
        self.foot = TOP + pitch * 2 + (46 if writes else 0)
        super().__init__(self.lines)

    @staticmethod
    def _line(two: ComparedPair, letter: str, y: float, writes: bool) -> VGroup:
        left = at(STAGE.left + 110, 0)[0]
        sign = Words(f"{SIDES[letter]}", "block").settle(at(STAGE.left + 60, y))
        line = VGroup(sign, Words(two.called(letter), "fact", "ink2").settle(at(960, y)).begin_at(left))
        if writes:
            labels: tuple[Label, ...] = two.trace[f"{letter}.written"].words("position")
            written = chip_line(labels, 0) if labels else Words("writes nothing", "fact")
            line.add(written.move_to(at(STAGE.left + 110, y + 54), aligned_edge=LEFT))
        return line


class Distances(VGroup):
    """The distances that sum a comparison up, each as a share in its track, and below them what has no share."""

    def __init__(self, told: Sequence[tuple[str, Quantity]], more: Sequence[tuple[str, str]], top: float) -> None:
        self.lines = VGroup()
        pitch = min(80.0, (905 - top) / (len(told) + len(more)))
        both: list[tuple[str, Quantity | str]] = [*told, *more]
        for place, (name, what) in enumerate(both):
            y = top + pitch * (place + 0.5)
            line = VGroup(Words(name, "fact", "ink2").settle(at(960, y)).end_at(at(970, 0)[0]))
            if isinstance(what, Quantity):
                bar = ShareBar(what, 560, "", 40)
                share = number(what, "share", "number").settle(at(1600, y)).begin_at(at(1580, 0)[0])
                line.add(*bar.move_to(at(1000, y), aligned_edge=LEFT), share)
            else:
                line.add(Words(what, "fact").settle(at(1100, y)).begin_at(at(1000, 0)[0]))
            self.lines.add(line)
        super().__init__(self.lines)
