"""The probabilities of one step as a length of one, cut among all words, as several rules leave it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import LEFT, RIGHT, VGroup, VMobject

from scenes.layout import LEFT_EDGE, RIGHT_EDGE
from scenes.mobjects.marks import Length, means
from scenes.mobjects.shapes import Box, arrow, frame, path
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, ink_on, palette, units
from transformer_core.tracing.trace import NamedTensor

WIDE, HIGH = 1000.0, 62.0


class RuleRows(VGroup):
    """A line a rule: its name, the length of one, and what is left to all words but the best.

    Args:
        probs: choice × vocab.
        others: what all but the best have together, by choice.
        kept: how many words are left, by choice.
        names: what each rule is called.
    """

    def __init__(self, probs: NamedTensor, others: NamedTensor, kept: NamedTensor, names: Sequence[str]) -> None:
        order = np.argsort(-probs.values[0], kind="stable")
        pitch, left = 112.0, LEFT_EDGE + 300
        self.lines: list[VGroup] = []
        top = 300.0
        for c, name in enumerate(names):
            y = top + c * pitch
            outline = frame(WIDE + 8, HIGH + 8, "line", 2, 8).move_to(at(left + WIDE / 2, y))
            title = Words(name, "fact", "ink").settle(at(0, y))
            title.end_at(at(left - 30, 0)[0])
            pieces = self._pieces(probs[c], [int(i) for i in order], left, y)
            count = number(kept.quantity(c), "", "number").settle(at(0, y)).end_at(at(RIGHT_EDGE - 226, 0)[0])
            share = number(others.quantity(c), "share", "number").settle(at(0, y)).end_at(at(RIGHT_EDGE - 10, 0)[0])
            best = word(probs.label("vocab", int(order[0])), "token").settle(pieces[0].get_center())
            best.set_fill(ink_on(palette().weight)).paper = pieces[0]
            line = VGroup(title, outline, pieces, count, share)
            if best.width < pieces[0].width - units(12):
                line.add(best)
            self.lines.append(line)
        heads = (("words left", RIGHT_EDGE - 226), ("all but the best", RIGHT_EDGE - 10))
        self.heads = VGroup(
            *(Words(text, "axis", "ink2").settle(at(0, top - 66)).end_at(at(x, 0)[0]) for text, x in heads)
        )
        super().__init__(*self.lines, self.heads)

    @staticmethod
    def _pieces(probs: NamedTensor, order: Sequence[int], left: float, y: float) -> VGroup:
        """The best word as one piece; all others as slivers, one shape for all of them."""
        values = probs.values
        first = WIDE * float(values[order[0]])
        best = Box(max(first - 2, 1), HIGH, palette().weight, 6)
        means(best, Length(probs.quantity(order[0]), "width", WIDE, HIGH, 1, -2))
        best.move_to(at(left + max(first - 2, 1) / 2, y))
        slivers = VMobject(fill_color=palette().ink3, fill_opacity=1, stroke_width=0)
        corners = []
        x = left + first
        for i in order[1:]:
            wide = WIDE * float(values[i])
            if wide > 0.02:
                a, b = at(x, y - HIGH / 2), at(x + max(wide * 0.72, wide - 2), y + HIGH / 2)
                square = [a, np.array([b[0], a[1], 0]), b, np.array([a[0], b[1], 0])]
                for p, q in zip(square, [*square[1:], square[0]], strict=True):
                    corners += [p, p + (q - p) / 3, q - (q - p) / 3, q]
            x += wide
        if corners:
            slivers.points = np.array(corners)
        return VGroup(best, slivers)


class Loop(VGroup):
    """Boxes in a row, joined by arrows: who does what, each time a word is written."""

    def __init__(self, boxes: Sequence[VMobject], space: float = 150) -> None:

        VGroup(*boxes).arrange(RIGHT, buff=units(space)).move_to(at(960, 470))
        self.boxes = VGroup(*boxes)
        self.ways = VGroup(
            *(
                arrow(a.get_right() + RIGHT * units(14), b.get_left() + LEFT * units(14), "residual", 5, 20)
                for a, b in pairwise(boxes)
            )
        )
        first, last = boxes[0].get_bottom(), boxes[-1].get_bottom()
        low = np.array([0, -units(96), 0])
        foot = min(first[1], last[1]) + low[1]
        corners = [last, np.array([last[0], foot, 0]), np.array([first[0], foot, 0])]
        self.back = VGroup(
            path(corners, "residual", 5), arrow(corners[-1], first - np.array([0, units(10), 0]), "residual", 5, 20)
        )
        self.note = Words("read next; the old rows are kept", "fact", "ink2")
        self.note.move_to(np.array([(first[0] + last[0]) / 2, foot - units(34), 0]))
        super().__init__(self.boxes, self.ways, self.back, self.note)
