"""The scale of shares as a picture: from nothing to all, in the shades that cells are filled with."""

from __future__ import annotations

from manim import DOWN, RIGHT, VGroup

from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from scenes.theme import gap, palette, shared, units

STEPS = 20


class Ramp(VGroup):
    """What a shade means: `name` above, and the shades between the words for nothing and for all."""

    def __init__(self, name: str, least: str, most: str, wide: float = 360, high: float = 26) -> None:
        self.name = Words(name, "fact", "ink2")
        shades = [Box(wide / STEPS, high, shared(step / (STEPS - 1)), 0) for step in range(STEPS)]
        strip = VGroup(*shades).arrange(RIGHT, buff=0)
        frame = Box(wide + 4, high + 4, palette().line, 3).move_to(strip)
        self.ends = VGroup(Words(least, "fact", "ink2"), Words(most, "fact", "ink2"))
        strip.add_to_back(frame)
        line = VGroup(self.ends[0], strip, self.ends[1]).arrange(RIGHT, buff=units(18))
        for end in self.ends:
            end.settle([end.get_x(), strip.get_y(), 0])
        super().__init__(*VGroup(self.name, line).arrange(DOWN, buff=gap("chip")))
