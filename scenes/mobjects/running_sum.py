"""A running sum: each column as a step from the sum before it to the sum after it."""

from __future__ import annotations

import numpy as np
from manim import VGroup

from scenes.layout import Room
from scenes.mobjects.marks import Away, Ground, Length, means
from scenes.mobjects.shapes import Box, dashes, rule
from scenes.mobjects.terms import Columns
from scenes.theme import at, palette, signed
from transformer_core.tracing.provenance import Quantity

#: The share of the largest step that gets the full colour: its length says the rest.
FULL_COLOUR = 0.4
#: Px of the widest step, and of what is added last.
WIDEST, LAST = 150.0, 16.0


class RunningSum(VGroup):
    """Steps of a sum over a zero line, what is added last behind them, and a level from the last one on.

    The steps and the sum share one unit, so that they end where the entry lies.
    """

    def __init__(self, columns: Columns, room: Room, end: float) -> None:
        self.room, self.pitch = room, room.width / len(columns)
        sums = np.concatenate([[0.0], np.cumsum([*columns.adding, *columns.added_last])])
        self.unit = room.height / (float(np.ptp(sums)) or 1.0)
        self.ground = room.top + float(sums.max()) * self.unit
        ground = Ground()
        self.zero = means(rule(at(room.left, self.ground), at(room.right, self.ground), "ink3", 2), ground)
        scale = FULL_COLOUR * max(map(abs, columns.adding)) or 1.0
        self.steps, self.last = VGroup(), VGroup()
        wide = min(max(self.pitch - 4, 3), WIDEST)
        for i, step in enumerate(columns.adding):
            x = room.left + (i + 0.5) * self.pitch
            self.steps.add(self._step(x, (sums[i], sums[i + 1]), wide, signed(step, scale), columns.exact(i)))
        for i, term in enumerate(columns.rest):
            place, exact = len(columns) + i, term[0].quantity if len(term) == 1 else None
            x = room.right + 18 + 22 * i
            self.last.add(self._step(x, (sums[place], sums[place + 1]), LAST, palette().ink2, exact))
        self.level = room.top + float(sums.max() - sums[-1]) * self.unit
        self.total = float(sums[-1])
        self.end = VGroup()
        if np.isclose(self.total, columns.entry.value, rtol=1e-3, atol=0.3 / self.unit):
            line = dashes(at(room.left, self.level), at(end, self.level), "focus", 2.5)
            self.end.add(means(line, Away(columns.entry.quantity, 0.0, 1, self.unit, end - room.left, ground)))
        super().__init__(self.zero, self.steps, self.last, self.end)

    def _step(self, x: float, sums: tuple[float, float], wide: float, fill: str, exact: Quantity | None) -> VGroup:
        """A bar between two sums, and the level of the second."""
        tall = max(abs(sums[1] - sums[0]) * self.unit, 2.0)
        bar = Box(wide, tall, fill, 2).move_to(at(x, self.ground - sum(sums) / 2 * self.unit))
        if exact is not None:
            means(bar, Length(exact, "height", self.unit, wide, 2.0))
        y, half = self.ground - sums[1] * self.unit, 11.0 if wide == LAST else self.pitch / 2
        return VGroup(bar, rule(at(x - half, y), at(x + half, y), "ink2", 2.5))
