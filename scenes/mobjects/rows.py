"""One row of attention as a picture: columns over tokens, arcs between tokens, a question to think about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, UP, VGroup, VMobject

from scenes.layout import WIDTH
from scenes.mobjects.marks import End, Ground, Length, Rises, Shade, Thickness, means
from scenes.mobjects.shapes import Box, rule, stroke
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import gap, palette, signed, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor


class RowColumns(VGroup):
    """Entries of one row over their keys: scores as bars from a zero line, shares as bars on a floor below.

    `moved` are other entries on the same scale as `scores`, to be shown in their place.
    """

    def __init__(self, scores: NamedTensor, moved: NamedTensor, shares: NamedTensor, spec: str = ".1f") -> None:
        labels = scores.words("key")
        self.pitch = min(300.0, WIDTH * 0.86 / len(labels))
        reach = np.concatenate([scores.values, moved.values, [0.0]])
        self.unit = units(290) / float(np.ptp(reach))
        left, right = -units(self.pitch * 0.5), units(self.pitch * (len(labels) - 0.5))
        self.ground = Ground()
        self.zero = means(rule(np.array([left, 0, 0]), np.array([right, 0, 0]), "ink3", 2.5), self.ground)
        self.scale = float(np.abs(reach).max())
        self.bars, self.numbers = self._bars(scores, spec)
        self.moved_bars, self.moved_numbers = self._bars(moved, spec)
        low = float(reach.min()) * self.unit - units(56)
        self.chips, self.shares, self.share_numbers = VGroup(), VGroup(), VGroup()
        floor = low - units(50 + 205)
        crowded = max(chip_width(label, small=True) for label in labels) > self.pitch - 6
        for i, (label, share) in enumerate(zip(labels, shares.quantities(), strict=True)):
            x = units(i * self.pitch)
            bar = Box(self.pitch * 0.5, max(165 * float(share), 2), palette().weight, 4)
            means(bar, Length(share, "height", 165, self.pitch * 0.5, 2))
            self.shares.add(bar.move_to(np.array([x, floor, 0]), aligned_edge=DOWN))
            self.share_numbers.add(number(share, "share", "cell").settle(bar.get_top() + UP * units(22)))
            drop = 88 if crowded and i % 2 else 40  # every other chip a line lower, where two would touch
            self.chips.add(Token(label, "key", 0, 44).move_to(np.array([x, floor - units(drop), 0])))
        self.floor = rule(np.array([left, floor, 0]), np.array([right, floor, 0]), "ink3", 2.5)
        self.names = VGroup(
            Words("scores", "axis", "ink2").next_to(self.zero, LEFT, buff=gap("chip")),
            Words("shares", "axis", "ink2").next_to(self.floor, LEFT, buff=gap("chip")),
        )
        self.moved_name = Words("gap to the best", "axis", "ink2").next_to(self.zero, LEFT, buff=gap("chip"))
        super().__init__(
            self.zero, self.floor, self.names, self.chips, self.bars, self.numbers, self.shares, self.share_numbers,
            self.moved_name, self.moved_bars, self.moved_numbers,
        )  # fmt: skip

    def _bars(self, row: NamedTensor, spec: str) -> tuple[VGroup, VGroup]:
        bars, numbers = VGroup(), VGroup()
        for i, quantity in enumerate(row.quantities()):
            length = float(quantity) * self.unit
            bar = Box(self.pitch * 0.5, max(abs(length) * 135, 2), signed(quantity, self.scale), 4)
            bar.move_to(np.array([units(i * self.pitch), length / 2, 0]))
            beyond = bar.get_top() + UP * units(24) if length >= 0 else bar.get_bottom() + DOWN * units(24)
            long = Length(quantity, "height", self.unit * 135, self.pitch * 0.5, 2)
            means(bar, long, Rises(quantity, 1, self.ground), Shade(quantity, self.scale))
            bars.add(bar)
            numbers.add(number(quantity, spec, "cell").settle(beyond))
        return bars, numbers


class Arcs(VGroup):
    """A sentence as chips, and arcs from the token that asks to all it looks at, as thick as the shares."""

    def __init__(
        self, words: Sequence[Label], query_token: int, shares: NamedTensor | None = None, low: bool = False
    ) -> None:
        room = 130.0 if low else 220.0
        high = 52.0 if len(words) <= 8 else 44.0
        widths = [chip_width(label, high < 48) for label in words]
        self.chips = VGroup(
            *(Token(label, "query" if i == query_token else "key", 0, high) for i, label in enumerate(words))
        )
        space = (WIDTH - 60 - sum(widths)) / len(words)
        self.chips.arrange(np.array([1.0, 0, 0]), buff=units(min(190.0, max(6.0, space))))
        self.arcs, self.marks = VGroup(), VGroup()
        most = (
            max((float(s) for j, s in enumerate(shares.values) if j != query_token), default=0.0)
            if shares is not None
            else 0.0
        )
        start = self.chips[query_token].get_top()
        for j, chip in enumerate(self.chips):
            share = 1.0 if shares is None else float(shares.values[j])
            if j != query_token and (shares is None or share > 0.01):
                arc = self._arc(start, chip.get_top(), share, units(room), sure=shares is not None)
                if shares is None:
                    means(arc, End(words[query_token], first=True), End(words[j]))
                else:
                    share_of = shares.quantity(j)
                    ends = End(share_of, first=True, axis="query"), End(share_of, axis="key")
                    means(arc, Thickness(share_of, 14, 2), *ends)
                self.arcs.add(arc)
                if shares is None:
                    self.marks.add(Words("?", "number", "ink2").settle(chip.get_bottom() + DOWN * units(34)))
                elif share == most or share > 0.2:
                    top = arc.point_from_proportion(0.5) + UP * units(30)
                    self.marks.add(number(shares.quantity(j), "share", "number").settle(top))
        # A curve's box ends at its anchors: hold the room that the arcs take.
        reach = max((arc.point_from_proportion(0.5)[1] for arc in self.arcs), default=start[1])
        self.air = Box(10, max(1.0, (reach - start[1]) * 135 + 60), palette().background, 0).set_fill(opacity=0)
        self.air.move_to(self.chips.get_top(), aligned_edge=DOWN)
        super().__init__(self.air, self.chips, self.arcs, self.marks)

    @staticmethod
    def _arc(start: np.ndarray, end: np.ndarray, share: float, room: float, sure: bool) -> VMobject:
        colours = palette()
        thick = 2 + 14 * share if sure else 3
        line = VMobject(stroke_color=colours.weight if sure else colours.ink3, stroke_width=stroke(thick))
        rise = UP * (room * (0.45 + 0.55 * min(1.0, abs(end[0] - start[0]) / units(700))))
        line.points = np.array([start, start + rise, end + rise, end])
        return line


class Answer(Words):
    """The answer of a chapter, in one line."""

    def __init__(self, text: str) -> None:
        super().__init__(text, "block")
