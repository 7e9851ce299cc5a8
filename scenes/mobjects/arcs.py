"""A row of attention weights as arcs between tokens, as thick as the weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, RIGHT, UP, VGroup, VMobject

from scenes.language import Told
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import End
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import arch, rule, stroke
from scenes.mobjects.text import Words, number
from scenes.theme import palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px of the thinnest arc and of one of all the weight; a weight under `SEEN` has no arc.
THIN, THICK, SEEN = 2.0, 26.0, 0.01
#: Px for the chips and what stands below them.
FOOT = 120.0
#: How high a loop is, as a share of the highest arc.
LOOP = 0.4
#: How far right the four points of a loop are, over its height.
ROUND = (0.5, 0.1, 1.7, 1.3)
#: Px from a chip down to the middle of the line below it, and up to the end of a loose arc and to its question mark.
FIRST, HOVER, SIGN = 40.0, 60.0, 36.0


class Arcs(VGroup):
    """A sentence as chips along the foot of a room, and arcs above them; a weight above a fifth has its number.

    Args:
        words: the tokens.
        query: the position of the token that attends.
        weights: its attention weights, "key"; without them each arc is thin and has a question mark.
        room: the rectangle that is filled.
        numbers: False where weights are not yet spoken of.
        own: True where the token's weight for itself is a loop, so that all arcs add up to one.

    The lines of `arcs` begin at the key and end at the query: so do `pulses` that run along them.

    Example::

        weights = trace["encoder.1.self_attn.weights"].pick(batch=0, head=0, query="red")
        figure = Arcs(weights.words("key"), 3, weights, Room(360, 190, 1560, 690))
    """

    def __init__(
        self,
        words: Sequence[Label],
        query: int,
        weights: NamedTensor | None = None,
        room: Room = STAGE,
        numbers: bool = True,
        own: bool = False,
    ) -> None:
        above, below = room.split_rows(-FOOT)
        self.ribbon = Ribbon(words, below)
        self.chips = VGroup(*self.ribbon.chips)
        for i, chip in enumerate(self.chips):
            colour = palette().role("query" if i == query else "key")
            chip.box.set_stroke(colour, stroke(4))
        self.query, self.arcs, self.marks = query, VGroup(), VGroup()
        self.drawn_weights: list[float] = []
        farthest = max(abs(query - j) for j in range(len(words))) or 1
        for j in range(len(words)):
            weight = None if weights is None else weights.quantity(j)
            if (j == query and not own) or (weight is not None and weight <= SEEN):
                continue
            high = (above.height - 70) * (LOOP if j == query else 0.35 + 0.65 * abs(query - j) / farthest)
            arc = self.arc(j, query, weight, high)
            if weight is not None:
                self.drawn_weights.append(float(weight))
            self.arcs.add(arc)
            if numbers or weight is None:
                self._mark(j, arc, weight)
        super().__init__(*self.chips, self.arcs, self.marks)

    def below(self, place: int, told: str) -> Words:
        """Words below a token."""
        return Words(told, "stage word").settle(self.chips[place].get_bottom() + DOWN * units(FIRST))

    def spelled(self, place: int, forms: Sequence[str]) -> Words:
        """Spanish forms of a word, below it."""
        return self.below(place, Told(" / ".join(forms)))

    @staticmethod
    def tie(*words: Words) -> VMobject:
        """A level line from one of two words below tokens to the other."""
        one, other = sorted(words, key=lambda text: float(text.get_x()))
        start, end = one.get_right() + RIGHT * units(HOVER / 2), other.get_left() - RIGHT * units(HOVER / 2)
        return rule(start, np.array([end[0], start[1], 0]), "ink2", THIN * 2)

    @property
    def strongest(self) -> VMobject:
        """The arc of the largest weight."""
        return self.arcs[int(np.argmax(self.drawn_weights))]

    def loose(self, place: int) -> VGroup:
        """An arc from the query that ends in the air above another token, beside a question mark."""
        end, start = (self.chips[at].get_top() for at in (place, self.query))
        line = arch(end + UP * units(HOVER), start, pixels(self.strongest.height), "ink2", THIN * 3)
        return VGroup(line, Words("?", "large number").settle(end + UP * units(SIGN)))

    def arc(self, key: int, query: int, weight: Quantity | None, high: float) -> VMobject:
        """An arc from a key to a query, `high` px at its middle; below the chips, if that is less than nothing."""
        start, end = (self.chips[i].get_edge_center(UP if high > 0 else DOWN) for i in (key, query))
        # The middle of a cubic lies at three quarters of its handles.
        line = arch(start, end, high / 0.75, "ink3" if weight is None else "weight")
        if key == query:
            line.points += np.outer(ROUND, RIGHT * units(high))  # beside what comes from the left
        if weight is None:
            return line
        return as_thick_as(weight, line, THIN, THICK, End(weight, first=True, axis="key"), End(self.chips[query].label))

    def _mark(self, key: int, arc: VMobject, weight: Quantity | None) -> None:
        """A number above a strong arc, or a question mark below a key of which nothing is known."""
        if weight is None:
            self.marks.add(
                Words("?", "large number", "ink2").settle(self.chips[key].get_bottom() + DOWN * units(FIRST))
            )
        elif weight > 0.2:
            text, apex = number(weight, "share", "stage number"), arc.point_from_proportion(0.5)
            inside = arc.width > text.width + units(150)
            self.marks.add(text.settle(apex + (DOWN if inside else UP) * units(44)))
