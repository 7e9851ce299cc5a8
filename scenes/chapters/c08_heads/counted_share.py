"""A share that grows as its cases are counted, beside others of its kind."""

from __future__ import annotations

from collections.abc import Sequence

from manim import Animation, VGroup

from scenes.animations import Count, Through
from scenes.layout import Room
from scenes.mobjects.bars import bar_in
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words, number
from scenes.theme import palette
from transformer_core.tracing.provenance import Quantity

#: Px of a bar, and of a thin one, between two lines, and of the number at the right of a bar.
BAR, THIN, LINE, SHARE = 34.0, 8.0, 20.0, 236.0


class CountedShare(VGroup):
    """A share as a bar in its track, under a name and with its number.

    Args:
        shares: those on the way, and the last one.
        name: what stands above.
        room: the rectangle that is filled; `rest` is what lies below the bar.
    """

    def __init__(self, shares: Sequence[Quantity], name: str, room: Room) -> None:
        above, below = room.split_rows(BAR + LINE)
        below, self.rest = below.split_rows(BAR, LINE)
        self.heading, self.shares = Words(name, "block").begin_in(above), shares
        line, side = below.split_columns(-SHARE)
        self.states = [VGroup(bar_in(line, share, line.width, BAR, "weight")) for share in shares]
        self.line, self.track = line, Box(line.width, BAR, palette().line, 5).move_to(line.centre)
        self.bar, self.number = self.states[0].copy(), number(shares[0], "share", "large number").end_in(side)
        super().__init__(self.heading, self.track, self.bar, self.number)

    def count(self) -> tuple[Animation, ...]:
        """The bar grows with what is found, until all are counted."""
        return Through(self.bar, self.states, "slow"), Count(self.number, self.shares, "share", "slow")

    def others(self, shares: Sequence[Quantity]) -> VGroup:
        """Other shares as thin bars below the bar, each in a track."""
        lines = self.line.cross(self.rest).rows(len(shares), THIN / 2)
        tracks = [Box(line.width, THIN, palette().line, 2).move_to(line.centre) for line in lines]
        bars = [bar_in(line, share, line.width, THIN, "weight") for line, share in zip(lines, shares, strict=True)]
        return VGroup(VGroup(*pair) for pair in zip(tracks, bars, strict=True))
