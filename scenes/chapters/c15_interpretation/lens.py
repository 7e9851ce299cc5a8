"""The logit lens: a residual stream that is tapped at some layers, and the likeliest words at each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import LEFT, UP, Animation, VGroup, VMobject

from scenes.animations import Flight, Travel, appear, deal, draw, lagged, ring_around
from scenes.layout import STAGE, Room
from scenes.mobjects.next_tokens import NextTokens, likeliest
from scenes.mobjects.ribbon import LARGE
from scenes.mobjects.shapes import Box, stream_band
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.mobjects.vectors import Vector
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Stops of a deep stack that are tapped at most, and words that are listed at each.
STOPS, LISTED = 4, 5
#: Px of the stream's band, of a vector that stands on it, and of the box that reads it.
BAND, UPRIGHT, READER = 26.0, (78.0, 132.0), 68.0


class Taps(VGroup):
    """The residual stream of one token, from left to right, with its vector at some stops, and a box that reads it.

    Args:
        rows: the vector before the first layer and after each.
        stops: the name of each stop.
        token: whose vector it is.
        reader: what the box is called.
        room: the rectangle that is filled; `columns[i]` is the part above the box that belongs to tap i.

    Of many stops a few are `shown`, the first and the last among them.
    """

    def __init__(
        self, rows: Sequence[NamedTensor], stops: Sequence[Label], token: Label, reader: str, room: Room = STAGE
    ) -> None:
        count = len(rows)
        self.shown = [int(k) for k in np.linspace(0, count - 1, min(count, STOPS)).round()]
        above, below = room.split_rows(-UPRIGHT[1], 26)
        above, box = above.split_rows(-READER, 20)
        side, middle = max(chip_width(token) * LARGE, 180.0) + 20, (below.top + below.bottom) / 2
        self.columns, place = above.split_columns(side)[1].columns(len(self.shown)), box.split_columns(side)[1]
        self.token = Token(token, "", 0, 64, "stage word").move_to(at(room.left, middle), aligned_edge=LEFT)
        start, end = self.token.get_right(), at(room.right, middle)
        self.band = stream_band(start, end, BAND)
        scale = max(full_colour(rows[k]) for k in self.shown)
        self.vectors, self.layers, self.slots, self.mouths = VGroup(), VGroup(), VGroup(), VGroup()
        paper = Box(place.width, READER, palette().background, 14, palette().line, 2.5).move_to(place.centre)
        self.reader = VGroup(paper, Words(reader, "stage word", "ink", paper).settle(place.centre))
        for i, (k, column) in enumerate(zip(self.shown, self.columns, strict=True)):
            vector = Vector(rows[k], *UPRIGHT, "residual", scale, upright=True)
            self.vectors.add(vector.move_to(end).set_x(column.centre[0]))
            slot = Box(UPRIGHT[0], READER - 24, palette().surface, 8)
            self.slots.add(slot.move_to(place.centre).set_x(column.centre[0]))
            self.mouths.add(Box(UPRIGHT[0], 6, palette().surface, 2).next_to(self.slots[-1], UP, buff=units(32)))
            if i:
                self.layers.add(self._between(self.vectors[i - 1], vector, stops[k], k - self.shown[i - 1] == 1))
        super().__init__(self.band, self.token, self.layers, self.vectors, self.reader)

    @staticmethod
    def _between(before: Vector, after: Vector, name: Label, alone: bool) -> VGroup:
        """The layer on the way from one vector to the next, or several up to it."""
        middle = (before.get_center() + after.get_center()) / 2
        wide = pixels((after.get_left() - before.get_right())[0]) - 80
        box = Box(wide, 84, palette().background, 14, palette().line, 2.5).move_to(middle)
        text = word(name, "stage word", "ink2") if alone else Words(f"… {name}", "stage word", "ink2")
        text.paper = box
        return VGroup(box, text.settle(middle))

    def run(self) -> tuple[Animation, ...]:
        """The vector enters the stream, and comes out of layer after layer."""
        way: list[Animation] = [Travel(self.token, self.vectors[0])]
        for layer, before, after in zip(self.layers, self.vectors, self.vectors[1:], strict=False):
            way += [Flight(before, layer, 0.0), Travel(layer, after, 0.0)]
        through = lagged(way, 0.7)
        return appear(self.token), draw(self.band), appear(self.layers), through

    def up_to(self, stop: int) -> VMobject:
        """The box of the layer before a stop, be it alone or among several."""
        return next(box for box, end in zip(self.layers, self.shown[1:], strict=True) if end >= stop)

    def tap(self, i: int, *found: VMobject) -> tuple[Animation, ...]:
        """A copy of a vector is lifted out into the reader, and what that makes of it comes out above."""
        return Flight(self.vectors[i], self.slots[i], 0.0, kind="row"), deal([self.mouths[i]] * len(found), found)


class Lens(VGroup):
    """The logit lens on a stream: the likeliest words at each tap, and the rank of the one that is written.

    Args:
        taps: the stream of the decoder.
        probs: layer × vocab.
        ranks: of the word that is written, by layer.
        written: that word.
    """

    def __init__(self, taps: Taps, probs: NamedTensor, ranks: NamedTensor, written: Label) -> None:
        self.lists, self.ranks, self.rings, self.heads = (VGroup() for _ in range(4))
        rooms = [column.split_rows(50)[1].split_rows(-56) for column in taps.columns]
        for k, column in zip(taps.shown, taps.columns, strict=True):
            self.heads.add(word(ranks.label("layer", k), "block", "ink2").settle(column.split_rows(50)[0].centre))
        reads = [probs.pick(layer=k) for k in taps.shown]
        tops = [row.pick(vocab=likeliest(row, LISTED)) for row in reads]
        self.tops = [row.words("vocab") for row in tops]
        #: Bars of one probability are equally long at each tap.
        whole = max(20.0, min(NextTokens(row, body).whole for row, (body, _) in zip(tops, rooms, strict=True)))
        for k, row, (body, foot) in zip(taps.shown, tops, rooms, strict=True):
            self.lists.add(NextTokens(row, body, whole=whole))
            told = f"rank {ranks.quantity(k):,.0f}"
            rank = Words(f"“{written}”: {told}", "stage word", "ink2")
            rank = rank if rank.width <= units(foot.width) else Words(told, "stage word", "ink2")
            self.ranks.add(rank.settle(foot.centre))
            here = [name for name in self.lists[-1].names if name.text == str(written)]
            self.rings.add(VGroup(ring_around(name, roomy=True) for name in here))
        super().__init__(self.lists, self.ranks)
