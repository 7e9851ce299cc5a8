"""Writing by the likeliest word: a column a step, and the word that it writes is what the next one reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, UP, VGroup

from scenes.layout import WIDTH
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor


class Columns(VGroup):
    """A bar for each step of writing, over what the step reads, under what it writes.

    Args:
        reads, writes: the words of each step.
        shares: what the bar of each step shows, between nothing and one.
        spec: how it is written above the bar.
        high: px of a share of one; less where the words have to stand upright.
    """

    def __init__(
        self, reads: Sequence[Label], writes: Sequence[Label], shares: NamedTensor,
        high: float = 350, spec: str = ".1%",
    ) -> None:  # fmt: skip
        count = len(writes)
        self.pitch = min(270.0, WIDTH / count)
        widest = max(chip_width(label, small=True) for label in (*reads, *writes))
        self.upright = widest > self.pitch - 10
        high = high * 0.72 if self.upright else high
        colours = palette()
        self.reads, self.writes, self.bars, self.numbers = VGroup(), VGroup(), VGroup(), VGroup()
        style = "number" if self.pitch > 170 else "cell"
        texts = [number(share, spec, style, "ink") for share in shares.quantities()]
        widest = max(float(text.width) for text in texts) * 135 + 10
        wide = min(110.0, self.pitch - 6, max(self.pitch * 0.5, widest))
        for t, (share, text) in enumerate(zip(shares.quantities(), texts, strict=True)):
            x = units(t * self.pitch)
            track = Box(wide, high, colours.surface, 6).move_to(np.array([x, units(high / 2), 0]))
            bar = Box(wide, max(high * float(share), 3), colours.weight, 6)
            bar.move_to(np.array([x, 0, 0]), aligned_edge=DOWN)
            self.bars.add(VGroup(track, bar))
            tip = np.array([x, max(units(high * float(share)), units(4)) + units(20), 0])
            inside = float(share) > 0.75
            text.settle(tip - (units(44) * UP if inside else 0 * UP))
            if inside:
                text.set_fill(colours.background)
                text.paper = bar
            self.numbers.add(text)
            self.reads.add(self._chip(reads[t]).next_to(track, DOWN, buff=units(18)))
            self.writes.add(self._chip(writes[t]).next_to(track, UP, buff=units(18)))
        self.floor = rule(
            np.array([-units(self.pitch / 2), 0, 0]), np.array([units((count - 0.5) * self.pitch), 0, 0]), "ink3", 2
        )  # fmt: skip
        super().__init__(self.bars, self.numbers, self.reads, self.writes, self.floor)

    def _chip(self, label: Label) -> Token:
        chip = Token(label, "", 0, 44)
        return chip.turn() if self.upright else chip

    def names(self, above: str, below: str) -> VGroup:
        """What the two lines of words are."""
        found = VGroup()
        for text, line, side in ((above, self.writes, UP), (below, self.reads, DOWN)):
            found.add(Words(text, "axis", "ink2").next_to(line, side, buff=units(16)).align_to(self.floor, LEFT))
        return found


class Stopping(Columns):
    """The probability of the end mark at each step, and below it the score so far and the score over the length."""

    def __init__(
        self, reads: Sequence[Label], writes: Sequence[Label], end: NamedTensor, total: NamedTensor, mean: NamedTensor
    ) -> None:
        super().__init__(reads, writes, end, 200, "weight")
        self.lines = VGroup()
        foot = self.reads.get_bottom()[1]
        for k, (name, row, role) in enumerate(
            (("sum so far", total, "ink"), ("divided by its length", mean, "ink2"))
        ):  # fmt: skip
            height = foot - units(74 + 96 * k)
            title = Words(name, "axis", "ink2").move_to(np.array([0, height + units(46), 0])).align_to(self.floor, LEFT)
            line = VGroup(title)
            for bar, quantity in zip(self.bars, row.quantities(), strict=True):
                line.add(number(quantity, ".2f", "cell", role).settle(np.array([bar.get_x(), height, 0])))
            self.lines.add(line)
        self.add(self.lines)
