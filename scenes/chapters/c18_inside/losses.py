"""The loss in repeated tokens as columns: the first half, the second, and the second without heads."""

from __future__ import annotations

import numpy as np
from manim import DOWN, RIGHT, UP, VGroup

from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Away, Ground, Length, means
from scenes.mobjects.shapes import Box, dashes, dot, rule, stroke
from scenes.mobjects.text import Words, number
from scenes.theme import PIXELS_PER_UNIT, at, palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import Trace

#: Px for the names below the columns and for the number above the tallest, and the width of a column.
FOOT, HEAD, WIDE, DOT = 110.0, 64.0, 190.0, 22.0


class Losses(VGroup):
    """Columns as tall as a loss, over their names; dots where the loss is without as many heads drawn by chance.

    Args:
        run: `experiment.sinks_and_induction`.
        blind: the loss of a guess that gives every token the same probability.
    """

    def __init__(self, run: Trace, blind: Quantity, room: Room = STAGE) -> None:
        above, below = room.split_rows(-FOOT)
        whole, removed = run["loss"], run["without_best"]
        losses = [*whole.quantities(), *removed.quantities()]
        self.unit = (above.height - HEAD) / max(map(float, losses))
        self.floor, self.ground = rule(at(room.left, above.bottom), at(room.right, above.bottom), "ink3", 3), Ground()
        means(self.floor, self.ground)
        counts = [f"best {label} off" for label in removed.words("amount")]
        names = [("first time", "all heads"), ("second time", "all heads"), *(("second time", text) for text in counts)]
        self.bars, self.numbers, self.names, self.others = VGroup(), VGroup(), VGroup(), VGroup()
        for place, (loss, (name, more), column) in enumerate(zip(losses, names, above.columns(5, 24), strict=True)):
            colour = palette().role("ink3" if place == 0 else "weight")
            bar = means(Box(WIDE, self.unit * float(loss), colour, 8), Length(loss, "height", self.unit, WIDE))
            x = column.centre[0]
            bar.move_to(np.array([x, at(0, above.bottom)[1], 0]), aligned_edge=DOWN)
            self.bars.add(bar)
            self.numbers.add(number(loss, ".1f", "stage number").settle(bar.get_top() - DOWN * units(34)))
            rows = below.rows(2, 0)
            self.names.add(VGroup(Words(name, "fact").settle(np.array([x, rows[0].centre[1], 0])),
                                  Words(more, "fact", "ink2").settle(np.array([x, rows[1].centre[1], 0]))))  # fmt: skip
            if place > 1:
                drawn = run["without_others"].pick(amount=place - 2).quantities()
                self.others.add(VGroup(*(self._dot(one, x, k - (len(drawn) - 1) / 2) for k, one in enumerate(drawn))))
        top, level = self.bars[0].get_corner(UP + RIGHT), self.floor.get_y() + units(self.unit * float(blind))
        #: The level of the first column, and that of a blind guess: up to the columns that come as high.
        ends = ((top[1], at(room.right, 0)[0]), (level, self.bars[3].get_left()[0] - units(24)))
        self.guess = VGroup(*(dashes(np.array([top[0], y, 0]), np.array([x, y, 0]), "ink3", 3) for y, x in ends))
        means(self.guess[1], Away(blind, 0.0, 1, self.unit, self.guess[1].width * PIXELS_PER_UNIT, self.ground))
        self.legend = Words("red: as many others, drawn by chance", "block", "warning").begin_at(top[0] + units(40))
        self.legend.stand_on(top[1] - units(56))
        self.blind = Words(f"blind guess {blind:.1f}", "block", "ink2").begin_at(top[0] + units(40))
        self.blind.stand_on(level - units(44))
        super().__init__(self.floor, self.bars, self.numbers, self.names)

    def _dot(self, loss: Quantity, x: float, step: float) -> Box:
        """A dot on its column at the height of a loss."""
        spot = np.array([x + units(step * 40), self.floor.get_y() + units(self.unit * float(loss)), 0])
        place = Away(loss, 0.0, 1, self.unit, DOT, self.ground)
        disc = dot(spot, DOT / 2, "warning").set_stroke(palette().background, stroke(2.5), 1)
        return means(disc, place)
