"""Positions as clock hands: a table of sines and cosines, and a dial for each pair of its columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, VGroup, VMobject

from scenes.animations import ring_around
from scenes.layout import LEFT_EDGE
from scenes.mobjects.shapes import Box, dot, rule, stroke
from scenes.mobjects.tensors import TensorGrid
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

RADIUS = 92.0


def hands_shown(pairs: int, most: int = 8) -> list[int]:
    """Which of all hands to show: more of the fast ones, and the slowest."""
    shares = (0, 1 / 16, 1 / 8, 3 / 16, 1 / 4, 3 / 8, 1 / 2, 1)
    return sorted({min(pairs - 1, round(share * pairs)) for share in shares[:most]})


class Clocks(VGroup):
    """The table at the left, dials at the right; both begin at position 0.

    Args:
        hands: position × pair × component, (sine, cosine) of every hand.
        turns: degrees that each hand turns from one position to the next, by pair.
        numbers: the number of each position.
        words: the tokens of the sentence, which take the first positions.
    """

    def __init__(
        self, hands: NamedTensor, turns: NamedTensor, numbers: NamedTensor, words: Sequence[Label], places: int
    ) -> None:
        self.shown, self.places = hands_shown(hands.size("pair")), places
        self.pitch = 592.0 / places
        rows = range(places)
        self.table, self.heads = VGroup(), VGroup()
        for k, pair in enumerate(self.shown):
            part = hands.pick(pair=pair, position=slice(0, places))
            grid = TensorGrid(part, "heat", scale=1, wide=36, high=self.pitch - 4)
            grid.move_to(at(LEFT_EDGE + 190 + k * 86, 236), aligned_edge=np.array([-1.0, 1.0, 0]))
            self.table.add(grid)
        for title, edge in (("fast hands", 0), ("slow hands", -1)):
            name = Words(title, "axis", "ink2").move_to(self.table).stand_on(at(0, 220)[1])
            side = LEFT if edge == 0 else -LEFT
            self.heads.add(name.align_to(self.table, side))
        self.numbers, self.words = VGroup(), VGroup()
        for i in rows:
            y = self.table[0].row(i).get_y()
            x = self.table.get_left()[0] - units(18)
            self.numbers.add(number(numbers.quantity(i), "", "cell", "ink2").settle(np.array([x, y, 0])).end_at(x))
            if i < len(words):
                text = word(words[i], "map", "ink").settle(np.array([x, y, 0]))
                self.words.add(text.end_at(x - units(44)))
        self.ring = ring_around(self._row(0))
        self.faces, self.hands, self.trails, self.speeds = VGroup(), VGroup(), VGroup(), VGroup()
        self.centres: list[np.ndarray] = []
        for k, pair in enumerate(self.shown):
            self._dial(k, hands[:, pair], turns, pair)
        self.trails.add(*(VGroup(*(self._spot(hands, k, i) for k in range(len(self.shown)))) for i in rows))
        self.angles = [float(np.radians(turns.values[pair])) for pair in self.shown]
        self.here = number(numbers.quantity(0), "", "large number").settle(at(1412, 246))
        self.here_name = (
            Words("position", "block").next_to(self.here, LEFT, buff=units(52)).stand_on(self.here.baseline)
        )
        super().__init__(
            self.table, self.heads, self.numbers, self.words, self.faces, self.trails, self.hands, self.speeds,
            self.here, self.here_name,
        )  # fmt: skip

    def _row(self, place: int) -> VGroup:
        return VGroup(*(grid.row(place) for grid in self.table))

    @property
    def rows(self) -> list[VMobject]:
        return [self._row(place) for place in range(self.places)]

    def _dial(self, k: int, hand: NamedTensor, turns: NamedTensor, pair: int) -> None:
        centre = at(1110 + (k % 4) * 214, 398 + (k // 4) * 278)
        colours = palette()
        face = Box(2 * RADIUS, 2 * RADIUS, colours.surface, RADIUS, colours.line, 3).move_to(centre)
        sine, cosine = hand.values[0]
        tip = centre + np.array([sine, cosine, 0]) * units(RADIUS - 14)
        needle = rule(centre, tip, "weight", 7)
        needle.set_stroke(width=stroke(7))
        self.faces.add(VGroup(face, dot(centre, 6, "weight")))
        self.hands.add(VGroup(needle, dot(tip, 9, "weight")))
        turn = turns.quantity(pair)
        spec = ".0f" if turn >= 10 else ".1f" if turn >= 1 else ".2f" if turn >= 0.1 else ".3f"
        text = f"{turn:{spec}}°"
        self.speeds.add(Words(f"{text} a step" if k == 0 else text, "cell", "ink2").next_to(face, DOWN, buff=units(16)))
        self.centres.append(centre)

    def _spot(self, hands: NamedTensor, k: int, place: int) -> VMobject:
        sine, cosine = hands.values[place, self.shown[k]]
        spot = dot(self.centres[k] + np.array([sine, cosine, 0]) * units(RADIUS - 14), 5, "ink3")
        return spot.set_fill(opacity=0.75)
