"""Where an attention takes its queries, keys and values from: one sequence, or two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, PI, RIGHT, UP, Animation, Transform, VGroup, VMobject, rate_functions

from scenes.mobjects.formulas import Formula
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.shapes import Box, arrow, ribbon
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Tag, in_line
from scenes.theme import at, pace, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

LEFT_END, RIGHT_END = 110.0, 1210.0
ABOVE, BELOW = 300.0, 786.0
MACHINE = 580.0


class Wiring(VGroup):
    """The formula of attention between two streams, with its three inlets plugged into one or into both.

    Args:
        source, target: the words of the encoder's and of the decoder's rows.
        names: what the two streams are called.
    """

    def __init__(self, source: Sequence[Label], target: Sequence[Label], names: tuple[str, str]) -> None:
        room = RIGHT_END - LEFT_END
        self.above, self.above_words, self.above_name = self._stream(source, names[0], ABOVE, -1, room)
        self.below, self.below_words, self.below_name = self._stream(target, names[1], BELOW, 1, room)
        colours = palette()
        self.box = Box(MACHINE, 166, colours.surface, 14, colours.line, 2.5)
        self.box.move_to(at((LEFT_END + RIGHT_END) / 2 - 40, (ABOVE + BELOW) / 2))
        self.formula = Formula(
            'op("softmax") lr((frac({{ Q : query }} {{ K : key }}^T, sqrt(d_k)))) {{ V : value }}', 38
        ).move_to(self.box)
        self.inlets = {
            "query": self._inlet("query", -190, below=True),
            "key": self._inlet("key", 0, below=True),
            "value": self._inlet("value", 190, below=True),
        }
        self.replugged = {"key": self._inlet("key", 0, below=False), "value": self._inlet("value", 190, below=False)}
        out = self.box.get_right() + RIGHT * units(95)
        self.outlet = VGroup(
            *arrow(self.box.get_right(), out + RIGHT * units(1), "residual", 6, 1),
            *arrow(out, np.array([out[0], self.below.get_top()[1] + units(4), 0]), "residual", 6, 20),
        )
        super().__init__(
            self.above, self.above_words, self.above_name, self.below, self.below_words, self.below_name,
            self.box, self.formula, *self.inlets.values(), self.outlet,
        )  # fmt: skip

    @staticmethod
    def _stream(words: Sequence[Label], name: str, y: float, side: int, room: float) -> tuple[VMobject, VGroup, Words]:
        band = ribbon(at(LEFT_END, y), at(RIGHT_END, y), 26)
        line = in_line(words, room - 40).move_to(at(0, y + side * 48)).align_to(band, LEFT)
        title = Words(name, "axis", "residual").begin_at(at(LEFT_END, 0)[0]).stand_on(at(0, y + side * 98 + 8)[1])
        return band, line, title

    def _inlet(self, role: str, x: float, below: bool) -> VGroup:
        """A tag at the edge of the machine, and the arrow that brings its rows."""
        edge = self.box.get_bottom() if below else self.box.get_top()
        away = DOWN if below else UP
        spot = np.array([edge[0] + units(x), edge[1], 0]) + away * units(44)
        tag = Tag(role).scale(0.9).move_to(spot)
        stream = self.below.get_top()[1] if below else self.above.get_bottom()[1]
        start = np.array([spot[0], stream, 0]) - away * units(4)
        return VGroup(*arrow(start, spot - away * units(-28), role, 6, 18), tag)

    def replug(self) -> tuple[Animation, ...]:
        """Keys and values are pulled out of one stream and plugged into the other, round the machine."""
        return tuple(
            Transform(
                self.inlets[role],
                self.replugged[role],
                path_arc=PI * 0.9,
                run_time=pace("row"),
                rate_func=rate_functions.smooth,
            )
            for role in ("key", "value")
        )


class Ledger(VGroup):
    """A pattern with the words of its rows and columns, and its size below."""

    def __init__(self, weights: NamedTensor, size: str, most: float = 420) -> None:
        rows, columns = weights.shape
        self.pattern = Pattern(weights, min(96.0, most / max(rows, columns)))
        self.rows = self.pattern.row_words()
        self.columns = self.pattern.column_words()
        self.size = Words(size, "large number").next_to(self.pattern, DOWN, buff=units(30))
        self.size.set_x(self.pattern.get_x())
        super().__init__(self.pattern, self.rows, self.columns, self.size)
        self.shift(np.array([at(1800, 0)[0] - self.pattern.get_right()[0], at(0, 530)[1] - self.pattern.get_y(), 0]))
