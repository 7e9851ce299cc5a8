"""A sentence and its shuffled copy: the vectors that attention makes of both, and which belongs to which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, VGroup, VMobject

from scenes.layout import LEFT_EDGE, RIGHT_EDGE
from scenes.mobjects.marks import Ground, Hue, Stair, means
from scenes.mobjects.rounding import adding_up, all_in_sight
from scenes.mobjects.shapes import Box, dashes, rule, stroke
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, palette, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Terms, the name of each, and what they add up to.
Sum = tuple[Sequence[Quantity], Sequence[Label], Quantity]
UPPER, LOWER = 258.0, 786.0


class TradingPlaces(VGroup):
    """The vectors of a sentence on the left, those of the same words in another order on the right, twins joined.

    Args:
        plain, shuffled: position × d_model.
        order: which vector of `plain` each vector of `shuffled` should be.
    """

    def __init__(self, plain: NamedTensor, shuffled: NamedTensor, order: Sequence[int]) -> None:
        words = len(order)
        self.pitch = min(104.0, (LOWER - UPPER) / words)
        self.top = (UPPER + LOWER - words * self.pitch) / 2
        chip = max(chip_width(label, self.pitch < 54) for label in plain.words("position"))
        scale = full_colour(plain)
        wide = min(560.0, (RIGHT_EDGE - LEFT_EDGE - 2 * chip - 40 - 230) / 2)
        taken = 2 * (chip + 20 + wide) + 230
        left = (LEFT_EDGE + RIGHT_EDGE - taken) / 2
        self.chips, self.rows = self._block(plain, left, chip, wide, scale)
        right = left + chip + 20 + wide + 230
        self.moved_chips, self.moved_rows = self._block(shuffled, right, chip, wide, scale)
        self.ways = VGroup(*(self._way(self.rows[j], self.moved_chips[i]) for i, j in enumerate(order)))
        self.names = VGroup(
            *(
                Words(text, "aside", "ink2").settle(at(x + chip + 20 + wide / 2, self.top - 34))
                for text, x in (("the sentence, no positions", left), ("shuffled, no positions", right))
            )
        )
        super().__init__(self.chips, self.rows, self.moved_chips, self.moved_rows, self.ways, self.names)

    def _block(self, rows: NamedTensor, left: float, chip: float, wide: float, scale: float) -> tuple[VGroup, VGroup]:
        high = min(52.0, self.pitch - 6)
        chips, strips = VGroup(), VGroup()
        for i, label in enumerate(rows.words("position")):
            y = self.top + (i + 0.5) * self.pitch
            chips.add(Token(label, "", chip, high).move_to(at(left + chip / 2, y)))
            strips.add(Strip(rows[i], wide, high, scale).move_to(at(left + chip + 20 + wide / 2, y)))
        return chips, strips

    @staticmethod
    def _way(start: VMobject, end: VMobject) -> VMobject:
        a, b = start.get_right() + RIGHT * units(12), end.get_left() + LEFT * units(12)
        line = VMobject(stroke_color=palette().weight, stroke_width=stroke(3.5))
        bend = np.array([(b - a)[0] * 0.5, 0, 0])
        line.points = np.array([a, a + bend, b - bend, b])
        return line


class Staircase(VGroup):
    """Terms of a sum, each on a line of its own, each beginning where the one before it ended.

    Args:
        terms: the terms, in the order in which they are added.
        names: what stands at the left of each: a token's label, or a text.
        total: what they add up to.
        reach: the lowest and the highest of all running sums to make room for; those of this order if not given.
    """

    def __init__(
        self,
        terms: Sequence[Quantity],
        names: Sequence[Label | str],
        total: Quantity,
        high: float = 530,
        reach: tuple[float, float] | None = None,
    ) -> None:
        self.spec = adding_up(terms, total) or ".2f"
        ends = np.cumsum([float(term) for term in terms])
        starts = np.concatenate([[0.0], ends[:-1]])
        low, top = reach or running(terms, total)
        self.pitch = min(104.0, high / len(terms))
        tall = min(52.0, self.pitch - 6)
        wide = max(chip_width(n, small=True) if isinstance(n, Label) else Words(n, "fact").width * 135 for n in names)
        room = 1000.0
        unit = units(room) / ((top - low) or 1.0)
        left = units(wide + 130)
        zero = left - low * unit
        deep = units(len(terms) * self.pitch)
        self.lines, ground = VGroup(), Ground()
        for k, (name, term) in enumerate(zip(names, terms, strict=True)):
            y = -units((k + 0.5) * self.pitch)
            head = Token(name, "", wide, tall) if isinstance(name, Label) else Words(name, "fact", "ink2")
            head.move_to(np.array([units(wide), y, 0]), aligned_edge=RIGHT)
            bar = Box(max(abs(float(term)) * unit * 135, 2), tall, signed(float(np.sign(term)), 1.0), 4)
            bar.move_to(np.array([zero + (starts[k] + ends[k]) / 2 * unit, y, 0]))
            means(bar, Stair(tuple(terms[: k + 1]), 0, unit * 135, tall, ground, 2), Hue(term))
            side = RIGHT if term >= 0 else LEFT
            value = number(term, self.spec, "cell").next_to(bar, side, buff=units(10)).set_y(y)
            self.lines.add(VGroup(head, bar, value))
        self.zero = means(rule(np.array([zero, 0, 0]), np.array([zero, -deep, 0]), "ink3", 2), ground)
        finish = zero + float(total) * unit
        foot = np.array([finish, -deep - units(16), 0])
        self.end = dashes(np.array([finish, 0, 0]), foot, "ink2", 3)
        self.total = VGroup(number(total, self.spec, "large number").settle(foot + DOWN * units(30)))
        if not all_in_sight(terms, total):
            self.total.add(Words("with those out of sight", "aside", "ink2").next_to(self.total, RIGHT, buff=units(18)))
        super().__init__(self.zero, self.lines, self.end, self.total)

    def again(self, other: Staircase, order: Sequence[int]) -> list[tuple[VMobject, VMobject]]:
        """Each line of this staircase with its position in `other`, whose k-th line is `order[k]` here."""
        other.shift(self.zero.get_top() - other.zero.get_top())
        return [(self.lines[j], other.lines[k]) for k, j in enumerate(order)]


def running(terms: Sequence[Quantity], total: Quantity) -> tuple[float, float]:
    """The lowest and the highest of the sums so far, beginning with nothing and ending with the total."""
    sums = [0.0, *np.cumsum([float(term) for term in terms]), float(total)]
    return min(sums), max(sums)


def two_orders(one: Sum, other: Sum) -> tuple[Staircase, Staircase]:
    """The same terms in two orders, on one scale: terms, names and total of each."""
    reaches = [running(terms, total) for terms, _, total in (one, other)]
    reach = min(low for low, _ in reaches), max(top for _, top in reaches)
    first, second = (Staircase(*each, reach=reach) for each in (one, other))
    return first, second
