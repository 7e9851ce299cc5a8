"""A share that grows as its cases are counted, beside others of its kind."""

from __future__ import annotations

from collections.abc import Sequence

from manim import DOWN, RIGHT, Animation, VGroup

from scenes.animations import Count, Through
from scenes.layout import Room
from scenes.mobjects.bars import bar_in
from scenes.mobjects.marks import AxisSpan, Tick, means
from scenes.mobjects.shapes import Box, dot, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Quantity

#: Px of a bar, between two lines, around a dot, and of the number at the right of a bar.
BAR, LINE, AIR, SHARE = 34.0, 20.0, 14.0, 236.0


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
        self.line, self.aside = line, side = below.split_columns(-SHARE)
        self.states = [VGroup(bar_in(line, share, line.width, BAR, "weight")) for share in shares]
        self.track = Box(line.width, BAR, palette().line, 5).move_to(line.centre)
        self.bar, self.number = self.states[0].copy(), number(shares[0], "share", "large number").end_in(side)
        super().__init__(self.heading, self.track, self.bar, self.number)

    def count(self) -> tuple[Animation, ...]:
        """The bar grows with what is found, until all are counted."""
        return Through(self.bar, self.states, "slow"), Count(self.number, self.shares, "share", "slow")

    def others(self, shares: Sequence[Quantity], name: str) -> tuple[VGroup, VGroup]:
        """The named axis and dots of other shares, each where its bar would end, or below dots that are there."""
        span, under = AxisSpan(0, 0.0, 1.0), self.track.copy().shift(DOWN * units(BAR))
        axis, ticks = means(rule(under.get_left(), under.get_right(), "line", 3), span), VGroup()
        for share in shares:
            foot = axis.get_left() + RIGHT * units(self.line.width) * float(share) + DOWN * units(AIR)
            same = sum(bool(abs(one.get_x() - foot[0]) < units(AIR)) for one in ticks)
            ticks.add(means(dot(foot + DOWN * units(same * AIR), AIR / 2 - 1, "weight"), Tick(share, span)))
        called = Words(name, "fact", "ink2").settle(under.get_right() + DOWN * units(LINE))
        return VGroup(axis, called.end_at(at(self.aside.right, 0)[0])), ticks
