"""Cross-attention of each written word: curves between two sentences, and the same weights as a grid with a path."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import DOWN, RIGHT, UP, VGroup, VMobject

from scenes.mobjects.marks import Beside, End, Thickness, means
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.shapes import curve, frame, path
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, in_line
from scenes.theme import at, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Attention weights below this are not drawn as curves.
FAINT = 0.03


class Bridge(VGroup):
    """The source above, what is written below, and a curve for each attention weight, as thick as it is large.

    Args:
        looks: attention weights, query × key, the last query left out.
        writes: the word that each position writes.
        left, right: where it begins and ends, in px.
        top, foot: the heights of the two sentences, in px.
    """

    def __init__(
        self,
        looks: NamedTensor,
        writes: Sequence[Label],
        left: float = 220,
        right: float = 1700,
        top: float = 270,
        foot: float = 740,
    ) -> None:
        self.looks, self.writes = looks, writes
        middle, room = (left + right) / 2, right - left
        self.source = self._spread(looks.words("key"), "key", room).move_to(at(middle, top))
        self.written = self._spread(writes, "query", room).move_to(at(middle, foot))
        self.curves = [self._curves(row) for row in range(len(writes))]
        self.names = VGroup(
            Words("keys and values: the source", "axis", "key").next_to(self.source, UP, buff=units(20)),
            Words("queries: the positions that write these words", "axis", "query").next_to(
                self.written, DOWN, buff=units(20)
            ),
        )
        super().__init__(self.source, self.written, *self.curves)

    @classmethod
    def left_of_a_grid(cls, looks: NamedTensor, writes: Sequence[Label]) -> Bridge:
        """A narrower one, that leaves room for a `Pathway` at the right."""
        return cls(looks, writes, left=120, right=1160)

    @staticmethod
    def _spread(labels: Sequence[Label], role: str, room: float) -> VGroup:
        chips = VGroup(*(Token(label, role) for label in labels))
        taken = sum(float(chip.width) for chip in chips) * 135
        space = (room - taken) / len(labels)
        if space < 8:
            return in_line(labels, room)
        return chips.arrange(np.array([1.0, 0, 0]), buff=units(min(210.0, space)))

    def _curves(self, row: int) -> VGroup:
        """The curves of one written word, the strongest on top."""
        shares = self.looks.values[row]
        found = VGroup()
        for j in np.argsort(shares):
            if shares[j] >= FAINT:
                start = self.source[j].get_bottom() + DOWN * units(4)
                end = self.written[row].get_top() + UP * units(4)
                line = curve(start, end, "weight" if shares[j] > 0.5 else "ink3", 2 + 15 * float(shares[j]))
                looked = self.looks.quantity(row, int(j))
                begins, ends = End(looked, first=True, axis="key"), End(self.writes[row])
                means(line, Thickness(looked, 15, 2), begins, ends)
                found.add(line)
        return found

    def share_beside(self, row: int) -> Words:
        """The largest attention weight of a query, beside its word."""
        j = int(np.argmax(self.looks.values[row]))
        text = number(self.looks.quantity(row, j), "share", "number")
        return text.next_to(self.written[row], RIGHT, buff=units(22))


class Pathway(VGroup):
    """The grid of the same attention weights, and the path from top key to top key; right answers are outlined.

    Args:
        looks: attention weights, query × key, the last query left out.
        writes: the word that each position writes.
        gold: for each written word the source positions that the grammar names, or nothing.
    """

    def __init__(
        self, looks: NamedTensor, writes: Sequence[Label], gold: Sequence[Sequence[int]], most: float = 430
    ) -> None:
        rows, columns = looks.shape
        self.pattern = Pattern(looks, min(110.0, most / max(rows, columns)))
        self.columns = self.pattern.column_words()
        edge = self.pattern.cells.get_left()[0] - units(18)
        self.rows = VGroup(
            *(
                means(word(label, "map", "ink2"), Beside(looks.label("query", i)))
                .settle(np.array([edge, self.pattern.place(i, 0)[1], 0]))
                .end_at(edge)
                for i, label in enumerate(writes)
            )
        )
        top_keys = looks.values.argmax(-1)
        spots = [self.pattern.place(i, int(j)) for i, j in enumerate(top_keys)]
        self.way = VGroup(
            *(VGroup(path([a, b], "background", 16), path([a, b], "query", 7)) for a, b in pairwise(spots))
        )
        side = self.pattern.pitch * 135 - 2
        self.gold = VGroup(
            *(
                self._outline(side).move_to(self.pattern.place(i, j))
                for i, answers in enumerate(gold[:rows])
                for j in answers
            )
        )
        super().__init__(self.pattern, self.columns, self.rows, self.way, self.gold)

    def place(self) -> None:
        """At the right of the stage, beside a bridge."""
        corner = self.pattern.cells
        self.shift(np.array([at(1800, 0)[0] - corner.get_right()[0], at(0, 540)[1] - corner.get_y(), 0]))

    @staticmethod
    def _outline(side: float) -> VMobject:
        return frame(side, side, "residual", 4, 4)
