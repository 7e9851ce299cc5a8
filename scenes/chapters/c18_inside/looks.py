"""A row of tokens, and arcs from what is looked at to what looks: above it, below it, and mirrored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import UP, VGroup, VMobject

from scenes.layout import STAGE, Room
from scenes.mobjects.marks import End, Length, Thickness, means
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, stroke
from scenes.mobjects.text import Words, number
from scenes.theme import palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Px of the thinnest arc and of one of all the weight; a weight under `SEEN` has no arc, one above `TOLD` a number.
THIN, THICK, SEEN, TOLD = 2.0, 24.0, 0.02, 0.1


class Looks(VGroup):
    """A sentence as chips in a row, with room for arcs above and below.

    Args:
        labels: the tokens.
        row: where the chips stand.
        reach: px that the widest arc rises.
    """

    def __init__(self, labels: Sequence[Label], row: Room = STAGE, reach: float = 260.0) -> None:
        self.ribbon = Ribbon(labels, row)
        self.chips, self.reach = VGroup(*self.ribbon.chips), reach
        super().__init__(*self.chips)

    def arcs(self, weights: NamedTensor, query: int, up: bool = True, role: str = "weight") -> VGroup:
        """The weights of a query, along "key", as arcs that end at it, above the chips or below them."""
        arcs, labels = VGroup(), [chip.label for chip in self.chips]
        farthest = len(labels) - 1
        for j, weight in enumerate(weights.quantities()[: len(labels)]):
            if j == query or weight < SEEN:
                continue
            key, asks = self.chips[j], self.chips[query]
            line = VMobject(stroke_color=palette().role(role), stroke_width=stroke(THIN + (THICK - THIN) * weight))
            side = 1 if up else -1
            rise = side * UP * units(self.reach * (0.25 + 0.75 * abs(query - j) / farthest)) / 0.75
            start, end = (chip.get_edge_center(side * UP) for chip in (key, asks))
            line.points = np.array([start, start + rise, end + rise, end])
            means(line, Thickness(weight, THICK - THIN, THIN))
            arcs.add(means(line, End(labels[j], first=True), End(labels[query])))
        return arcs

    def numbers(self, weights: NamedTensor, query: int, up: bool = True, spec: str = "share") -> VGroup:
        """The weights that are told, each at the far side of the chip that is looked at."""
        told = VGroup()
        for j, weight in enumerate(weights.quantities()[: len(self.chips)]):
            if j != query and weight > TOLD:
                edge = self.chips[j].get_edge_center(-UP if up else UP)
                told.add(number(weight, spec, "stage number").settle(edge + (-UP if up else UP) * units(34)))
        return told

    def mark(self, place: int, role: str) -> VMobject:
        """The chip with an edge in the colour of a role."""
        box = self.chips[place].box.copy()
        return box.set_fill(opacity=0).set_stroke(palette().role(role), stroke(5), 1)

    def lengths(self, norms: NamedTensor, high: float, foot: float) -> VGroup:
        """A bar below each token, as long as a vector of it, on a line `foot` px below the chips."""
        unit, bars = high / float(norms.values.max()), VGroup()
        for chip, norm in zip(self.chips, norms.quantities(), strict=True):
            bar = Box(self.ribbon.wide * 0.5, unit * float(norm), palette().value, 5)
            means(bar, Length(norm, "height", unit, self.ribbon.wide * 0.5))
            bars.add(bar.move_to(chip.get_bottom() - UP * units(foot), aligned_edge=UP))
        return bars


def fan(row: Looks, weights: NamedTensor) -> VGroup:
    """The arcs of all tokens but the first; `weights` is query × key."""
    return VGroup(*(row.arcs(weights.pick(query=i), i) for i in range(1, len(row.chips))))


def named(text: str, row: Looks, up: bool) -> Words:
    """A name at the left, above the arcs or below them."""
    side = UP if up else -UP
    edge = row.chips[0].get_edge_center(side) + side * units(row.reach * 0.9)
    return Words(text, "fact", "ink2").settle(edge).begin_at(row.chips[0].get_left()[0])
