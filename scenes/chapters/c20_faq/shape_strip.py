"""Vectors, parameters and scores to scale: lengths that run, and widths that stay."""

from __future__ import annotations

from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.layout import STAGE
from scenes.mobjects.shapes import Box, frame
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import Trace

#: Px that the longest sentence takes, of a vector, from the left to vectors, from the middle to scores, before them.
DEEP, WIDE, SIDE, APART, FREE = 550.0, 290.0, 170.0, 250.0, 94.0
#: Px from the top of the stage to a matrix, and from there to names.
TOP, ABOVE = 150.0, 146.0
#: A run has about so many states: each is drawn bar by bar, and those of a long text would be tens of thousands.
STATES = 30
#: By so many words a target ends before the longest source.
SHORTER = 4


class ShapeStrip:
    """A vector for each token, and their scores; between them is room for the parameters that they are multiplied by.

    Rows and columns of scores are `n` tokens of the source; later the rows are `m` of the target, and so are vectors,
    while the source stays as long as it is then.
    """

    def __init__(self, trace: Trace) -> None:
        self.numbers, width = trace["config.lengths"], trace["config.d_model"]
        self.most = len(self.numbers)
        #: Px that one token takes.
        self.token, self.top = DEEP / self.most, STAGE.top + TOP
        self.own = {"n": int(float(trace["config.words"])), "m": int(float(trace["config.output_words"])) + 1}
        middle = (STAGE.left + STAGE.right) / 2
        self.lefts = STAGE.left + SIDE, middle + APART
        self.bars = self._state("n", self.own["n"])
        #: Of the source, and of the target.
        self.names, self.crossing = (
            VGroup(
                Words(name, "title").settle(at(0, self.top - ABOVE)).begin_at(at(x, 0)[0])
                for name, x in zip(names, self.lefts, strict=True)
            )
            for names in (("source vectors", "scores"), ("target vectors", "cross scores"))
        )
        self.parameters = Words(f"parameters, {width} × {width}", "title").settle(at(0, self.top - ABOVE))
        self.parameters.end_at(at(middle + APART - FREE, 0)[0])
        self.width = number(width, "", "large number").settle(at(self.lefts[0] + WIDE / 2, self.top - ABOVE / 4))
        #: Vectors and scores of this sentence, and how many it has: of the source, and of the target.
        self.outlines = [self._outline(letter) for letter in "nm"]
        self.letters, self.counters = VGroup(), []
        for letter, name, y in (("n", "source", self.top + 60), ("m", "target", self.top + 240)):
            spot = at(STAGE.left, y)
            self.letters.add(
                VGroup(Words(f"{letter} =", "symbol", "ink2").begin_at(spot[0]).stand_on(spot[1]),
                       Words(name, "aside", "ink2").begin_at(spot[0]).stand_on(at(0, y + 46)[1]))
            )  # fmt: skip
            quantity = self.numbers.quantity(self.own[letter] - 1)
            self.counters.append(number(quantity, "", "large number").end_at(spot[0] + units(140)).stand_on(spot[1]))

    def _outline(self, letter: str) -> VGroup:
        wide, high = (self.own[one] * self.token for one in ("n", letter))
        around = [
            frame(x, high, "background", 8, 2).move_to(at(left, self.top), aligned_edge=UP + LEFT)
            for x, left in zip((WIDE, wide), self.lefts, strict=True)
        ]
        told = Words(f"{letter} = {self.numbers.quantity(self.own[letter] - 1)}", "block", "ink2")
        return VGroup(*around, told.next_to(around[0], RIGHT, buff=units(12), aligned_edge=DOWN))

    def _state(self, letter: str, length: int) -> VGroup:
        """Vectors and scores row by row; rows that a shorter sentence has not lie flat at their foot."""
        wide, found = (length if letter == "n" else self.most) * self.token, VGroup()
        for x, across, role in ((self.lefts[0], WIDE, "residual"), (self.lefts[-1], wide, "weight")):
            for i in range(self.most):
                bar = Box(across, self.token * 0.8 if i < length else 0.02, palette().role(role), 2)
                y = self.top + min(i, length) * self.token
                found.add(bar.move_to(at(x, y), aligned_edge=UP + LEFT))
        return found

    def run(self, letter: str) -> tuple[list[VGroup], list[Quantity]]:
        """The states of all bars on the way to the longest source, or to a shorter target, and the lengths."""
        own = self.own[letter]
        last = self.most if letter == "n" else max(own, self.most - SHORTER)
        order = [own, *range(own + 1, last, -(-(last - own) // STATES) or 1), last]
        return [self._state(letter, length) for length in order], [self.numbers.quantity(k - 1) for k in order]
