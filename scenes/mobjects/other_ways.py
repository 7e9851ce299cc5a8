"""A few numbers compared, each as a bar with a name: what was measured, or trained, in several ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.mobjects.marks import Length, means
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.text import Words, number
from scenes.theme import gap, palette, units
from transformer_core.tracing.provenance import Quantity


class OtherWays(VGroup):
    """Bars under one another, as long as their shares: (name, share). A full track is one, or the largest if beyond.

    `whole` names the mark at one.
    """

    def __init__(self, title: str, ways: Sequence[tuple[str, Quantity]], whole: str = "", wide: float = 900) -> None:
        longest = max(1.0, *(float(quantity) for _, quantity in ways))
        pitch = min(112.0, 420 / len(ways))
        self.names, self.tracks, self.bars, self.numbers = VGroup(), VGroup(), VGroup(), VGroup()
        for i, (name, quantity) in enumerate(ways):
            y = -units(i * pitch)
            track = Box(wide, pitch * 0.56, palette().surface, 6).set_y(y)
            bar = Box(max(wide * float(quantity) / longest, 4), pitch * 0.56, palette().weight, 6)
            means(bar, Length(quantity, "width", wide / longest, pitch * 0.56, 4))
            self.tracks.add(track)
            self.bars.add(bar.move_to(track).align_to(track, LEFT))
            self.names.add(Words(name, "fact", "ink2").next_to(track, LEFT, buff=gap("grid")))
            self.numbers.add(number(quantity, ".0%", "large number").next_to(track, RIGHT, buff=gap("grid")))
        self.title = Words(title, "aside", "ink2").next_to(self.tracks, UP, buff=units(34))
        self.title.align_to(self.tracks, LEFT)
        if whole:
            x = self.tracks.get_left()[0] + units(wide / longest)
            top, foot = self.tracks.get_top()[1], self.tracks.get_bottom()[1] - units(16)
            mark = rule(np.array([x, top, 0]), np.array([x, foot, 0]), "ink2", 3)
            self.title.add(mark, Words(whole, "aside", "ink2").next_to(mark, DOWN, buff=units(10)))
        super().__init__(self.tracks, self.bars, self.names, self.numbers, self.title)
