"""One matrix, cut for fewer heads or for more: the number of its entries stays."""

from __future__ import annotations

import numpy as np
from manim import DOWN, RIGHT, VGroup

from scenes.layout import centred
from scenes.mobjects.shapes import rule
from scenes.mobjects.tensors import Heatmap, full_colour
from scenes.mobjects.text import Words
from scenes.theme import gap, units
from transformer_core.tracing.trace import NamedTensor


class Cuts(VGroup):
    """The query matrix of all heads three times: uncut, cut as it is, and cut twice as finely.

    Args:
        matrix: W_Q, head × d_model × d_head.
        side: px of the matrix.
    """

    def __init__(self, matrix: NamedTensor, side: float = 330) -> None:
        heads = len(matrix)
        scale = full_colour(matrix)
        one = VGroup(*(Heatmap(matrix[head], side / heads, side, scale) for head in range(heads)))
        for block in one:
            block.remove(block.backdrop)
        one.arrange(RIGHT, buff=units(1))
        self.squares = VGroup(one, one.copy(), one.copy()).arrange(RIGHT, buff=gap("part") * 1.4)
        counts = (1, heads, 2 * heads)
        self.lines = VGroup(*(self._lines(square, count) for square, count in zip(self.squares, counts, strict=True)))
        names = ("one head", "as it is here", "twice as many")
        self.names = VGroup(
            *(
                Words(name, "fact", "ink2").next_to(square, DOWN, buff=units(26))
                for name, square in zip(names, self.squares, strict=True)
            )
        )
        super().__init__(self.squares, self.lines, self.names)
        centred(self, -0.08)

    @staticmethod
    def _lines(square: VGroup, count: int) -> VGroup:
        lines = VGroup()
        over = units(14)
        left, wide = square.get_left()[0], square.width
        top, foot = square.get_top()[1] + over, square.get_bottom()[1] - over
        for k in range(1, count):
            x = left + wide * k / count
            lines.add(rule(np.array([x, top, 0]), np.array([x, foot, 0]), "query", 4))
        return lines
