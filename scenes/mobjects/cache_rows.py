"""The rows that a decoder computes to write a sentence, again and again or once; and the keys that don't change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, VGroup

from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box
from scenes.mobjects.strips import Strip
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: As many rows as have room for their words; of a longer text the first.
MOST_ROWS = 13


class KeptRows(VGroup):
    """Keys and values of each row that was written, one line a word.

    Args:
        keys, values: key × d_head.
    """

    def __init__(self, keys: NamedTensor, values: NamedTensor) -> None:
        labels = keys.words("key")[:MOST_ROWS]
        pitch = min(92.0, 516 / len(labels))
        chip = max(chip_width(label, pitch < 54) for label in labels)
        wide, space = 560.0, 60.0
        left = 960 - (chip + 24 + 2 * wide + space) / 2
        top = 522 - pitch * len(labels) / 2
        high = min(52.0, pitch - 6)
        self.lines: list[VGroup] = []
        scales = [float(np.abs(part.values).max()) for part in (keys, values)]
        for i, label in enumerate(labels):
            y = top + (i + 0.5) * pitch
            token = Token(label, "", chip, high).move_to(at(left + chip / 2, y))
            line = VGroup(token)
            for k, part in enumerate((keys, values)):
                x = left + chip + 24 + k * (wide + space) + wide / 2
                line.add(Strip(part[i], wide, high, scales[k]).move_to(at(x, y)))
            self.lines.append(line)
        self.names = VGroup(
            *(
                Words(text, "aside", role).move_to(self.lines[0][k + 1]).stand_on(at(0, top - 20)[1])
                for k, (text, role) in enumerate((("keys", "key"), ("values", "value")))
            )
        )
        super().__init__(*self.lines, self.names)


class Staircases(VGroup):
    """Steps to the right, rows down: without a cache a triangle is computed, with it only its edge.

    Args:
        words: what each step writes.
        totals: rows computed without and with.
    """

    def __init__(self, words: Sequence[Label], totals: Sequence[Quantity]) -> None:
        count = len(words)
        pitch = min(84.0, 460 / count)
        space = 190.0
        wide = pitch * count
        lefts = [960 - wide - space / 2, 960 + space / 2]
        colours = palette()
        self.computed: list[VGroup] = []
        self.kept = VGroup()
        self.titles, self.totals = VGroup(), VGroup()
        top = 534 - pitch * count / 2
        for side, (left, title, total) in enumerate(zip(lefts, ("without a cache", "with it"), totals, strict=True)):
            columns = VGroup()
            for t in range(count):
                column = VGroup()
                for row in range(t + 1):
                    spot = at(left + (t + 0.5) * pitch, top + (row + 0.5) * pitch)
                    new = row == t
                    if side == 0 or new:
                        column.add(Box(pitch - 5, pitch - 5, colours.weight if new else colours.ink3, 5).move_to(spot))
                    else:
                        hollow = Box(pitch - 5, pitch - 5, colours.background, 5, colours.line, 2)
                        self.kept.add(hollow.move_to(spot))
                columns.add(column)
            self.computed.append(columns)
            middle = left + wide / 2
            self.titles.add(Words(title, "block").move_to(at(middle, top - 44)))
            line = VGroup(
                number(total, "", "large number"), Words("row" if float(total) == 1 else "rows", "fact", "ink2")
            )
            line[1].next_to(line[0], np.array([1.0, 0, 0]), buff=units(16)).stand_on(line[0].baseline)
            self.totals.add(line.move_to(at(middle, top + pitch * count + 50)))
        self.note = Words("a column for each step, a square for each row of the decoder", "axis", "ink2")
        self.note.move_to(at(960, top + pitch * count + 116))
        super().__init__(*self.computed, self.kept, self.titles, self.totals, self.note)


class ByTheClock(VGroup):
    """Milliseconds without and with a cache, over the number of words written.

    Args:
        times: length × choice.
        lengths: how many words.
    """

    def __init__(self, times: NamedTensor, lengths: NamedTensor) -> None:
        x = lengths.values.tolist()
        self.plot = Plot(x, [0.0, float(times.values.max())], ("words written", "milliseconds"), 1080, 500)
        self.curves, self.marks = VGroup(), VGroup()
        for choice, role, name in (("without", "ink3", "without"), ("with", "weight", "with the cache")):
            part = times.pick(choice=choice)
            y = part.values.tolist()
            self.curves.add(self.plot.curve(x, y, role, 5))
            self.marks.add(self.plot.dots(x, y, role, 8))
            value = number(part.quantity(len(x) - 1), ",.0f", "number", role)
            value.move_to(self.plot.point(x[-1], y[-1]) + RIGHT * units(70))
            text = Words(name, "fact", role).next_to(value, DOWN, buff=units(10)).align_to(value, LEFT)
            self.marks.add(VGroup(value, text))
        # The shortest lengths stand too close to be named.
        self.ticks = self.plot.ticks(lengths.quantities()[2:])
        super().__init__(self.plot, self.curves, self.marks, self.ticks)
