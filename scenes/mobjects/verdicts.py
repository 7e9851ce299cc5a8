"""Verdicts: what every part was worth, and two things that changed at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup

from scenes.mobjects.marks import Ground, Length, Rises, means
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.trials import CALLED, LEFT, MIDDLE
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import Trace


def clear_of_answer(*parts: VGroup) -> None:
    """Lift what stands above the answer on the floor of the stage a little."""
    VGroup(*parts).shift(np.array([0, units(22), 0]))


class TwoChanges(VGroup):
    """With and without a part: two lengths that changed at once, each on a scale of its own.

    Args:
        rows: the name of what is measured, the format, and the quantity with and without the part.
        names: what the two models are called.
    """

    WIDE = 560.0

    def __init__(self, rows: Sequence[tuple[str, str, Quantity, Quantity]], names: tuple[str, str]) -> None:
        self.groups = VGroup()
        left, pitch = LEFT + 160, 270.0
        top = MIDDLE - pitch * (len(rows) - 1) / 2
        colours = palette()
        for k, (title, spec, *pair) in enumerate(rows):
            y = top + pitch * k
            group = VGroup(Words(title, "block").settle(at(0, y - 96)).begin_at(at(left, 0)[0]))
            for n, (quantity, name, role) in enumerate(zip(pair, names, ("residual", "warning"), strict=True)):
                here = y - 24 + 62 * n
                wide = self.WIDE * float(quantity) / float(max(pair))
                bar = Box(wide, 44, colours.role(role), 5).move_to(at(left + wide / 2, here))
                means(bar, Length(quantity, "width", self.WIDE / float(max(pair)), 44))
                told = number(quantity, spec, "number", role).settle(at(0, here))
                told.begin_at(at(left + self.WIDE + 22, 0)[0])
                called = Words(name, "fact", role).settle(at(0, here)).end_at(at(left - 22, 0)[0])
                group.add(VGroup(called, bar, told))
            self.groups.add(group)
        super().__init__(self.groups)


class Ranking(VGroup):
    """Every part with the points that were gained or lost without it, the largest loss on top.

    A bar within chance is hollow: a length that may as well be nothing.
    """

    WIDE = 520.0

    def __init__(self, run: Trace, parts: Sequence[str], high: float = 520) -> None:
        points, counts = run["exact.points"], run["exact.effect"]
        values = [float(points.pick(part=part)) for part in parts]
        unit = self.WIDE / (max([*values, 0.0]) - min([*values, 0.0]))
        zero = LEFT + 250 + unit * max(0.0, -min(values))
        pitch = high / len(parts)
        self.lines, ground = VGroup(), Ground()
        colours = palette()
        for k, (part, value) in enumerate(zip(parts, values, strict=True)):
            y = MIDDLE - high / 2 + pitch * (k + 0.5)
            effect = bool(counts.pick(part=part))
            wide = max(abs(value) * unit, 3)
            role = "warning" if value < 0 else "residual"
            bar = Box(wide, 36, colours.role(role), 4)
            if not effect:
                bar = Box(wide, 36, colours.surface, 4, colours.ink3, 2)
            bar.move_to(at(zero + value * unit / 2, y))
            gained = points.pick(part=part)
            means(bar, Length(gained, "width", unit, 36, 3), Rises(gained, 0, ground, 2))
            name = Words(CALLED[part], "fact", "ink" if effect else "ink2").settle(at(0, y))
            told = number(points.pick(part=part), "+.0f", "number", "ink" if effect else "ink2").settle(at(0, y))
            told.begin_at(at(max(zero, zero + value * unit) + 18, 0)[0])
            line = VGroup(name.end_at(at(LEFT + 226, 0)[0]), bar, told)
            if not effect:
                line.add(Words("chance?", "note", "ink2").settle(at(0, y)).begin_at(at(zero + 80, 0)[0]))
            self.lines.add(line)
        ends = MIDDLE - high / 2, MIDDLE + high / 2
        self.zero = VGroup(means(rule(at(zero, ends[0]), at(zero, ends[1]), "ink3", 2), ground))
        super().__init__(self.zero, self.lines)
