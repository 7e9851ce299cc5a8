"""A layer norm as five stations of one row: as it comes, around zero, of spread one, gained, shifted."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, VGroup

from scenes.mobjects.formulas import Formula
from scenes.mobjects.marks import Ground, Length, Rises, Shade, means
from scenes.mobjects.shapes import Box, dot, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, gap, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

WIDE, X = 1240.0, 1000.0
NAMES = ("as it comes", "around zero", "of spread one", "times a gain", "plus a shift")

#: The line from which the bars lead.
ORIGIN = Ground()


class Stations(VGroup):
    """A row as bars that move from one station to the next, and the mean and the variance beside them.

    Args:
        rows: the row at each station, in order.
        averages, variances: what there is to say of the first, of the centred and of the normalised row.
        token: whose row it is.
    """

    def __init__(
        self, rows: list[NamedTensor], averages: list[Quantity], variances: list[Quantity], token: Label
    ) -> None:
        reach = np.concatenate([*(row.values for row in rows), [0.0]])
        self.unit = units(400) / float(np.ptp(reach))
        self.ground = at(0, 330)[1] - float(reach.max()) * self.unit
        self.scale_value = float(np.abs(reach).max())
        self.states = [self._bars(row) for row in rows]
        self.zero = means(self._level(0.0, "ink3", 2), ORIGIN)
        self.mean = self._level(float(averages[0]), "query", 4)
        self.mean_name = Words("mean", "axis", "query").next_to(self.mean, LEFT, buff=units(14))
        self.mean_home = self.mean.copy().set_y(self.ground)
        self.name_home = self.mean_name.copy().set_y(self.ground)
        self.token = Token(token).move_to(at(110, 250), aligned_edge=LEFT)
        self.names = VGroup(*(self._name(i, text) for i, text in enumerate(NAMES)))
        self.facts = [
            self._fact(mean, variance) for mean, variance in zip(averages, variances, strict=True)
        ]  # fmt: skip
        self.formula = Formula('frac(x - op("mean"), sqrt(op("variance") + epsilon)) dot "gain" + "shift"', 34)
        self.formula.move_to(at(X, 826))
        super().__init__(self.zero, self.states[0], self.mean, self.mean_name, self.token, self.facts[0])

    def _level(self, value: float, role: str, thick: float) -> VGroup:
        y = self.ground + value * self.unit
        ends = (at(X - WIDE / 2 - 8, 0), at(X + WIDE / 2 + 8, 0))
        level = rule(*ends, role, thick).set_y(y)
        return VGroup(level)

    def _bars(self, row: NamedTensor) -> VGroup:
        pitch = WIDE / len(row)
        bars = VGroup()
        for i, value in enumerate(row.quantities()):
            length = float(value) * self.unit
            bar = Box(pitch * 0.72, max(abs(length) * 135, 1.5), signed(float(value), self.scale_value), 2)
            x = at(X - WIDE / 2 + (i + 0.5) * pitch, 0)[0]
            long = Length(value, "height", self.unit * 135, pitch * 0.72, 1.5)
            means(bar, long, Rises(value, 1, ORIGIN), Shade(value, self.scale_value))
            bars.add(bar.move_to(np.array([x, self.ground + length / 2, 0])))
        return bars

    @staticmethod
    def _name(i: int, text: str) -> VGroup:
        """A station on the line above the bars."""
        pitch = (WIDE + 16) / (len(NAMES) - 1)
        stop = X - WIDE / 2 - 8 + i * pitch
        name = Words(text, "note", "ink2").settle(at(stop, 236))
        way = rule(at(stop - pitch + 14, 276), at(stop - 14, 276), "line", 3) if i else VGroup()
        return VGroup(way, dot(at(stop, 276), 9, "residual"), name)

    @staticmethod
    def _fact(mean: Quantity, variance: Quantity) -> VGroup:
        lines = VGroup()
        for i, (name, value) in enumerate((("mean", mean), ("variance", variance))):
            title = Words(name, "axis", "ink2").settle(at(0, 400 + 150 * i)).begin_at(at(110, 0)[0])
            shown = number(value, ".2f", "large number").next_to(title, DOWN, buff=gap("line"))
            lines.add(VGroup(title, shown.align_to(title, LEFT)))
        return lines
