"""A share as dots out of a hundred."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, UP, VGroup

from scenes.mobjects.marks import Filled, means
from scenes.mobjects.shapes import dot, frame
from scenes.mobjects.text import Words, number
from scenes.theme import units
from transformer_core.tracing.provenance import Quantity

#: Px from one dot of a hundred to the next, and of a hollow one.
CASE, HOLE = 42.0, 30.24


class HundredCases(VGroup):
    """A share as ten rows of ten dots: so many are filled, the others are hollow.

    Args:
        score: the share.
        title, note: what the cases are, in two lines.
    """

    def __init__(self, score: Quantity, title: str, note: str) -> None:
        self.dots = VGroup()
        for i in range(100):
            filled = i < round(100 * float(score))
            disc = dot(np.zeros(3), CASE * 0.38, "weight") if filled else frame(HOLE, HOLE, "ink3", 2.5, CASE)
            self.dots.add(disc.move_to(np.array([units(i % 10 * CASE), -units(i // 10 * CASE), 0])))
        means(self.dots, Filled(score))
        self.score = number(score, "share", "large number")
        self.title = Words(title, "block").next_to(self.dots, UP, buff=units(74)).align_to(self.dots, LEFT)
        self.note = Words(note, "fact", "ink2").next_to(self.dots, UP, buff=units(24)).align_to(self.dots, LEFT)
        self.score.next_to(self.dots, DOWN, buff=units(40))
        super().__init__(self.title, self.note, self.dots, self.score)
