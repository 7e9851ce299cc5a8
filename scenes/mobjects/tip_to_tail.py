"""Word and position as arrows, tip to tail; and which word of the vocabulary their sum looks like."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.mobjects.shapes import arrow, dot, path, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor


class TipToTail(VGroup):
    """The plane of a word and its position, with their lengths and their angle kept.

    Args:
        plane: part × component, as `sum_plane` of one token.
        token: whose.
    """

    def __init__(self, plane: NamedTensor, token: Label, angle: Quantity) -> None:
        word, place = (np.array([*row, 0.0]) for row in plane.values)
        total = word + place
        reach = np.ptp(np.array([np.zeros(3), word, total]), axis=0)
        unit = min(units(600) / reach[0], units(440) / max(reach[1], 1e-9))
        origin, tip, end = np.zeros(3), word * unit, total * unit
        self.origin = dot(origin, 7, "ink2")
        self.word = arrow(origin, tip, "residual", 7, 24)
        self.place = arrow(tip, end, "key", 7, 24)
        self.total = arrow(origin, end, "ink", 8, 26)
        self.chip = Token(token, "", 0, 44).next_to(self.word, DOWN, buff=units(16))
        self.place_name = Words("its position", "fact", "key").next_to(self.place, RIGHT, buff=units(18))
        middle = end * 0.55
        self.total_name = Words("the sum", "fact", "ink").move_to(middle + np.array([-units(84), units(34), 0]))
        # The angle at the tail of the position, between the word's direction and the position's.
        turn = float(np.arctan2(place[1], place[0]))
        bend = [tip + np.array([np.cos(t), np.sin(t), 0]) * units(58) for t in np.linspace(0, turn, 20)]
        ahead = rule(tip, tip + RIGHT * units(96), "ink3", 2)
        self.angle = VGroup(ahead, path(bend, "ink2", 3))
        self.degrees = Words(f"{angle:.0f}°", "number", "ink2")
        self.degrees.settle(tip + np.array([units(104), units(-34), 0]))
        super().__init__(
            self.origin, self.word, self.place, self.total, self.chip, self.place_name, self.total_name, self.angle,
            self.degrees,
        )  # fmt: skip


#: More marks than this are too fine to be told apart.
MOST_MARKS = 1000


class WhichWord(VGroup):
    """Every word of the vocabulary as a mark at its cosine with the sum; the best two have their names.

    Args:
        cosines: by vocab.
        own: which of them is the word itself.
    """

    def __init__(self, cosines: NamedTensor, own: int) -> None:
        values = cosines.values
        order = np.argsort(-values, kind="stable")
        second = int(next(i for i in order if i != own))
        low, high = float(values.min()), 1.0
        wide = 820.0
        unit = units(wide) / (high - low)

        def spot(value: float) -> np.ndarray:
            return np.array([(value - low) * unit, 0, 0])

        self.axis = rule(spot(low), spot(high), "ink3", 2.5)
        self.marks = VGroup()
        columns = np.minimum((values - low) / (high - low) * 40, 39).astype(int)
        highest = int(np.bincount(columns).max()) / -(-len(values) // MOST_MARKS)
        rows, rise = np.zeros(40, int), min(11.0, 330 / max(highest, 1))
        # Of a large vocabulary one word in so many has a mark, at even distances in the order of their cosines.
        each = -(-len(order) // MOST_MARKS)
        for i in order[::-1][::each]:
            if i not in (own, second):
                rows[columns[i]] += 1
                height = 6 + rise * rows[columns[i]]
                self.marks.add(dot(spot(float(values[i])) + UP * units(height), 4.5, "ink3"))
        self.best, self.runner = (self._named(cosines, i, spot(float(values[i])), i == own) for i in (own, second))
        side = 1 if values[own] >= values[second] else -1
        close = units(92) - abs(self.best[-1].get_x() - self.runner[-1].get_x())
        if close > 0:  # two numbers that would touch step aside
            self.best[-1].shift(RIGHT * side * close / 2)
            self.runner[-1].shift(LEFT * side * close / 2)
        said = "cosine with the sum" + (", a dot for many words" if each > 1 else "")
        self.axis_name = Words(said, "axis", "ink2").next_to(self.axis, DOWN, buff=units(60))
        super().__init__(self.axis, self.marks, self.best, self.runner, self.axis_name)

    @staticmethod
    def _named(cosines: NamedTensor, i: int, foot: np.ndarray, best: bool) -> VGroup:
        rise = units(250 if best else 150)
        chip = Token(cosines.label("vocab", i), "", 0, 44).move_to(foot + UP * (rise + units(26)))
        chip.shade(not best)
        stem = rule(foot, foot + UP * rise, "weight" if best else "ink3", 5 if best else 3)
        value = number(cosines.quantity(i), ".2f", "number", "ink" if best else "ink2").settle(foot + DOWN * units(30))
        return VGroup(stem, dot(foot, 8, "weight" if best else "ink3"), chip, value)


def facts_in_line(*facts: tuple[str, str]) -> VGroup:
    """Numbers with a name each, in one line: (number, name)."""
    parts = VGroup()
    for value, name in facts:
        text = Words(value, "large number")
        label = Words(name, "fact", "ink2").next_to(text, RIGHT, buff=units(18)).stand_on(text.baseline)
        parts.add(VGroup(text, label))
    return parts.arrange(RIGHT, buff=units(84)).move_to(at(960, 836))
