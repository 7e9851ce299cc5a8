"""The gradient of one row of attention: which scores it pushes up, which down, and why."""

from __future__ import annotations

import numpy as np
from manim import LEFT, RIGHT, VGroup

from scenes.mobjects.bars import ShareBar
from scenes.mobjects.formulas import Formula
from scenes.mobjects.marks import Ground, Hue, Length, Rises, means
from scenes.mobjects.shapes import Box, arrow, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, palette, signed, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Columns in px: where chips end, where bars of shares begin, the zero of the ways, and where the pushes stand.
CHIPS, SHARES, ZERO, PUSHES = 440.0, 490.0, 1120.0, 1500.0
TOP, ROOM = 290.0, 440.0
REACH = 200.0
#: The line from which the ways lead.
ORIGIN = Ground()


class Pushes(VGroup):
    """A line for each key: its share, how far its value lies down the loss from the mix, and what its score does.

    Args:
        shares, ways, pushes: by key; a push is the gradient, so that descent goes against it.
        query_token: the token whose row it is.
    """

    def __init__(self, shares: NamedTensor, ways: NamedTensor, pushes: NamedTensor, query_token: Label) -> None:
        labels = shares.words("key")
        pitch = min(104.0, ROOM / len(labels))
        top = TOP + (ROOM - pitch * len(labels)) / 2 + pitch / 2
        high = min(52.0, pitch - 4)
        wide = max(chip_width(label, high < 48) for label in labels)
        most, reach = float(np.abs(pushes.values).max()), float(np.abs(ways.values).max())
        self.chips, self.bars, self.ways, self.moves = VGroup(), VGroup(), VGroup(), VGroup()
        for j, label in enumerate(labels):
            y = top + j * pitch
            chip = Token(label, "key", wide, high).move_to(at(CHIPS, y), aligned_edge=RIGHT)
            self.chips.add(chip)
            bar = ShareBar(shares.quantity(j), 220, "", min(40.0, pitch - 10)).move_to(at(SHARES, y), aligned_edge=LEFT)
            told = number(shares.quantity(j), "weight", "cell").settle(at(0, y)).end_at(at(SHARES + 310, 0)[0])
            self.bars.add(VGroup(bar, told))
            self.ways.add(self._way(ways, j, y, reach, min(40.0, pitch - 10)))
            self.moves.add(self._move(-float(pushes.values[j]) / most, y, min(72.0, pitch - 6)))
        self.zero = rule(at(ZERO, top - pitch / 2), at(ZERO, top + pitch * (len(labels) - 0.5)), "ink3", 2.5)
        means(self.zero, ORIGIN)
        head = top - pitch / 2 - 20
        self.query_token = Token(query_token, "query").move_to(at(CHIPS, head - 32), aligned_edge=RIGHT)
        self.names = VGroup(
            Words("its share", "axis", "ink2").begin_at(at(SHARES, 0)[0]),
            Words("loss rises", "axis", "ink2").end_at(at(ZERO - 24, 0)[0]),
            Words("loss falls", "axis", "ink2").begin_at(at(ZERO + 24, 0)[0]),
            Words("its score", "axis", "ink2").begin_at(at(PUSHES - 16, 0)[0]),
        )
        for name in self.names:
            name.stand_on(at(0, head)[1])
        self.formula = Formula(
            "- (partial L) / (partial s_(i j)) = {{ w_(i j) : weight }} thin (- g_i) dot ({{ v_j : value }} - z_i)"
        ).move_to(at(960, 836))
        super().__init__(
            self.chips, self.bars, self.ways, self.moves, self.zero, self.query_token, self.names, self.formula
        )

    @staticmethod
    def _way(ways: NamedTensor, j: int, y: float, reach: float, high: float) -> VGroup:
        way = ways.quantity(j)
        length = max(REACH * abs(float(way)) / reach, 2.0) if reach else 2.0
        side = 1 if way >= 0 else -1
        bar = Box(length, high, signed(side, 1.0), 4).move_to(at(ZERO + side * (length / 2 + 2), y))
        if reach:
            means(bar, Length(way, "width", REACH / reach, high, 2), Hue(way), Rises(way, 0, ORIGIN, 3))
        told = number(way, ".2f", "cell").settle(at(ZERO + side * (length + 52), y))
        return VGroup(bar, told)

    @staticmethod
    def _move(push: float, y: float, high: float) -> VGroup:
        """An arrow up or down as long as the push, and what it does to the score."""
        if abs(push) < 0.05:
            told = Words("hardly moves", "fact", "ink3").settle(at(0, y)).begin_at(at(PUSHES + 24, 0)[0])
            return VGroup(Box(18, 3, palette().ink3, 1).move_to(at(PUSHES, y)), told)
        length = units(max(14.0, high * abs(push))) * np.sign(push)
        foot = at(PUSHES, y) - np.array([0, length / 2, 0])
        tip = arrow(foot, foot + np.array([0, length, 0]), "focus", 6, min(20.0, abs(length) * 135 * 0.6))
        told = Words("rises" if push > 0 else "sinks", "fact").settle(at(0, y)).begin_at(at(PUSHES + 24, 0)[0])
        return VGroup(tip, told)
