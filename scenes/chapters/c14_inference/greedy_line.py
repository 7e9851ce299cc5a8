"""Writing by the likeliest word: a column a step, and the word that it writes is what the next one reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, UP, VGroup

from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: More columns than this cannot be read; a model that does not stop writes more.
COLUMNS = 16


def in_view(steps: NamedTensor) -> NamedTensor:
    """The first steps, as many as have room."""
    first: NamedTensor = steps.pick(step=slice(0, COLUMNS))
    return first


class Columns(VGroup):
    """A bar for each step of writing, over what the step reads, under what it writes.

    Args:
        reads, writes: the words of each step, of which the first are drawn.
        shares: what the bar of each step shows, between nothing and one.
        room: the rectangle that is filled; the names of the two lines of words stand in it as well.
    """

    def __init__(
        self, reads: Sequence[Label], writes: Sequence[Label], shares: NamedTensor, room: Room = STAGE
    ) -> None:
        reads, writes, shares = reads[:COLUMNS], writes[:COLUMNS], in_view(shares)
        self.room, count = room, len(writes)
        self.pitch = min(330.0, room.width / count)
        left = room.left + (room.width - self.pitch * count) / 2
        needed = max(chip_width(label) for label in (*reads, *writes))
        self.upright = needed > self.pitch - 8 and max(chip_width(one, True) for one in (*reads, *writes)) > self.pitch
        self.small = needed > self.pitch - 8
        self.reads = VGroup(self._chip(label) for label in reads)
        self.writes = VGroup(self._chip(label) for label in writes)
        chip = max(float(one.height) for one in (*self.reads, *self.writes)) * 135
        heads = 48.0
        top, foot = room.top + heads + chip + 18, room.bottom - heads - chip - 18
        self.high, self.wide = foot - top, min(230.0, self.pitch * 0.72 if self.pitch > 150 else self.pitch - 10)
        self.tracks = VGroup()
        self.centres = [left + (t + 0.5) * self.pitch for t in range(count)]
        for t, x in enumerate(self.centres):
            track = Box(self.wide, self.high, palette().surface, 8, palette().line, 2)
            self.tracks.add(track.move_to(at(x, (top + foot) / 2)))
            self.reads[t].move_to(at(x, foot + 18 + chip / 2))
            self.writes[t].move_to(at(x, top - 18 - chip / 2))
        self.foot = at(0, foot)[1]
        self.bars, self.numbers = self.state(shares)
        self.names = VGroup(
            Words(name, "aside", "ink2").settle(at(0, y)).begin_at(float(self.tracks[0].get_left()[0]))
            for name, y in (("writes", room.top + 18), ("reads", room.bottom - 18))
        )
        super().__init__(self.tracks, self.bars, self.numbers, self.reads, self.writes, self.names)

    def state(self, shares: NamedTensor) -> tuple[VGroup, VGroup]:
        """The bars of other shares where these stand, and their numbers in the feet of the bars, or above them."""
        bars, numbers = VGroup(), VGroup()
        style = "stage number" if self.pitch > 150 else "cell"
        for x, share in zip(self.centres, in_view(shares).quantities(), strict=True):
            foot = np.array([at(x, 0)[0], self.foot, 0])
            bar = bar_of(share, "height", self.high, self.wide, radius=6, least=3).move_to(foot, aligned_edge=DOWN)
            text = number(share, ".1%" if self.pitch > 100 else "share", style).settle(foot + UP * units(34))
            if self.high * float(share) > 60:
                text.set_fill(palette().background).paper = bar
            else:
                text.shift(UP * units(self.high * float(share)))
            bars.add(bar)
            numbers.add(text)
        return bars, numbers

    def heading(self, text: str) -> Words:
        """The name of what the bars show, in the upper right corner."""
        words = Words(text, "aside", "ink2").move_to(self.names[0])
        return words.stand_on(self.names[0].baseline).end_at(at(self.room.right, 0)[0])

    def _chip(self, label: Label) -> Token:
        chip = Token(label, "", 0, 44) if self.small else Token(label)
        return chip.turn() if self.upright else chip


def in_order(labels: Sequence[Label], room: Room) -> VGroup:
    """The tokens written so far: chips from the left of a room on."""
    line = VGroup(Token(label) for label in labels).arrange(buff=units(14))
    return line.move_to(room.centre).align_to(np.array([at(room.left, 0)[0], 0, 0]), LEFT)
