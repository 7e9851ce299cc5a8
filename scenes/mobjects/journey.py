"""Rows on their way through the encoder, in the plane in which they move most; and one word that parts in two."""

from __future__ import annotations

import numpy as np
from manim import DOWN, UP, VGroup, VMobject

from scenes.mobjects.shapes import arrow, dashes, dot, frame, path
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.theme import at, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

UP_Y, DOWN_Y, LEFT_X = 262.0, 868.0, 110.0
#: Room in px around the plane, so that a chip finds place beside every end.
AIR = 64.0


class Journey(VGroup):
    """The way of each row, a leg for each sublayer.

    Args:
        ways: "layer position component".
        first: the position whose name is placed first.
        right: the edge of the panel, in px.
    """

    def __init__(self, ways: NamedTensor, first: int, right: float) -> None:
        points = ways.values
        low, high = points.min((0, 1)), points.max((0, 1))
        room = np.array([right - LEFT_X - 2 * AIR, DOWN_Y - UP_Y - 2 * AIR])
        pixels = float((room / np.maximum(high - low, 1e-9)).min())
        middle = at((LEFT_X + right) / 2, (UP_Y + DOWN_Y) / 2)
        spots = np.zeros((*points.shape[:2], 3))
        spots[..., :2] = (points - (low + high) / 2) * units(pixels)
        spots += middle
        count = points.shape[1]
        roles = ["query" if i == first else "residual" for i in range(count)]
        self.starts = VGroup(*(dot(spots[0, i], 8, "ink2") for i in range(count)))
        self.legs = [
            VGroup(*(self._leg(spots[k : k + 2, i], roles[i], k == len(spots) - 2) for i in range(count)))
            for k in range(len(spots) - 1)
        ]
        self.chips = self._chips(ways, spots, [first, *(i for i in range(count) if i != first)])
        self.panel = panel(LEFT_X, right, "rows of this sentence, on their way")
        super().__init__(self.panel, self.starts, *self.legs, self.chips)

    @staticmethod
    def _leg(ends: np.ndarray, role: str, last: bool) -> VMobject:
        if last and np.linalg.norm(ends[1] - ends[0]) > units(24):
            return arrow(ends[0], ends[1], role, 5, 20)
        if last and np.linalg.norm(ends[1] - ends[0]) > units(4):  # too short for a shaft: the head alone
            along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
            return VGroup(path([*ends], role, 5), arrow(ends[1] - along * units(20), ends[1], role, 5, 18))
        return VGroup(path([*ends], role, 5), *([dot(ends[1], 7, role)] if last else []))

    @staticmethod
    def _chips(ways: NamedTensor, spots: np.ndarray, order: list[int]) -> VGroup:
        """A name beyond the end of each way, as far as it finds room clear of the names before."""
        chips = VGroup()
        for i in order:
            chip = Token(ways.label("position", i), "query" if i == order[0] else "", 0, 44)
            heading = spots[-1, i] - spots[0, i]
            heading = heading / max(float(np.linalg.norm(heading)), 1e-9)
            reach = np.array([chip.width / 2, chip.height / 2, 0]) + units(14)
            chip.move_to(spots[-1, i] + heading * reach)
            if not any(_meet(chip, other) for other in chips):
                chips.add(chip)
        return chips


def panel(left: float, right: float, heading: str) -> VGroup:
    """A plain frame from `left` to `right` px, with a name above."""
    outline = frame(right - left, DOWN_Y - UP_Y, "line", 2, 6).move_to(at((left + right) / 2, (UP_Y + DOWN_Y) / 2))
    name = Words(heading, "axis", "ink2").settle(at(0, UP_Y - 30)).begin_at(at(left, 0)[0])
    return VGroup(outline, name)


def _meet(one: VMobject, other: VMobject) -> bool:
    apart = np.abs(one.get_center() - other.get_center())[:2]
    return bool((apart < np.array([one.width + other.width, one.height + other.height]) / 2 + units(4)).all())


class Parting(VGroup):
    """One word in two sentences: two arrows from one point, with their lengths and their angle kept.

    Args:
        moved: "choice component", see `senses_moved`.
        word: the word.
        deciding: the words that decide, one a sentence.
        apart: how far apart the ends are, over the length of the first way.
        left, right: the edges of the panel, in px.
    """

    def __init__(
        self, moved: NamedTensor, word: Label, deciding: tuple[Label, Label], apart: Quantity, left: float, right: float
    ) -> None:
        angle = float(np.arctan2(moved.values[1, 1], moved.values[1, 0])) / 2
        bisector = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        ways = moved.values @ bisector.T @ np.array([[0.0, 1.0], [1.0, 0.0]])  # so that both point upwards
        spread = max(float(np.ptp([0.0, *ways[:, 0]])), 1e-9)
        pixels = min((right - left - 2.4 * AIR) / spread, (DOWN_Y - UP_Y - 2.8 * AIR) / float(ways[:, 1].max()))
        middle = float(ways[:, 0].max() + ways[:, 0].min()) / 2
        foot = at((left + right) / 2, DOWN_Y - 1.3 * AIR) - np.array([middle * units(pixels), 0, 0])
        tips = [foot + np.array([*(way * units(pixels)), 0.0]) for way in ways]
        self.start = VGroup(dot(foot, 9, "ink"), Token(word, "", 0, 44).move_to(foot + DOWN * units(46)))
        self.ways = VGroup(*(arrow(foot, tip, "residual", 6, 22) for tip in tips))
        self.names = VGroup(
            *(Token(label, "", 0, 44).move_to(tip + UP * units(40)) for label, tip in zip(deciding, tips, strict=True))
        )
        self.gap = dashes(tips[0], tips[1], "ink2", 3)
        self.apart = Words(f"{apart:.2f} times", "number").settle((tips[0] + tips[1]) / 2 + UP * units(40))
        self.panel = panel(left, right, "the same word, in two sentences")
        super().__init__(self.panel, self.start, self.ways, self.names, self.gap, self.apart)
