"""A pause in which the viewer thinks."""

from __future__ import annotations

from manim import VGroup

from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from scenes.theme import at, palette


class Pause(VGroup):
    """ "Your guess?" over a bar that will run out."""

    def __init__(self, x: float = 960, y: float = 540) -> None:
        self.words = Words("your guess?", "block").settle(at(x, y - 40))
        self.track = Box(300, 12, palette().surface, 6).move_to(at(x, y))
        self.bar = Box(300, 12, palette().focus, 6).move_to(at(x, y))
        super().__init__(self.words, self.track, self.bar)
