"""The scale of shades as a picture: what the cells of a map mean, from one end to the other."""

from __future__ import annotations

from manim import DOWN, RIGHT, VGroup

from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from scenes.theme import gap, palette, shared, signed, units

STEPS = 20


class Ramp(VGroup):
    """Legend of shades: `name` above, if it has one, and the shades between the words for their two ends.

    With `shares`, the shades are those of shares from 0 to 1; else those of numbers from -1 to 1.
    """

    def __init__(
        self, name: str, least: str, most: str, wide: float = 360, high: float = 26, shares: bool = True
    ) -> None:
        levels = [step / (STEPS - 1) for step in range(STEPS)]
        fills = [shared(level) if shares else signed(2 * level - 1, 1.0) for level in levels]
        strip = VGroup(*(Box(wide / STEPS, high, fill, 0) for fill in fills)).arrange(RIGHT, buff=0)
        strip.add_to_back(Box(wide + 4, high + 4, palette().line, 3).move_to(strip))
        self.ends = VGroup(Words(least, "fact", "ink2"), Words(most, "fact", "ink2"))
        line = VGroup(self.ends[0], strip, self.ends[1]).arrange(RIGHT, buff=units(18))
        for end in self.ends:
            end.settle([end.get_x(), strip.get_y(), 0])
        if name:
            line = VGroup(Words(name, "fact", "ink2"), line).arrange(DOWN, buff=gap("chip"))
        super().__init__(*line)
