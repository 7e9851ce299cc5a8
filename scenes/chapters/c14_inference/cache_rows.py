"""A line for each token that is read: its key and value, the vectors that its step computes, and what that takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup

from scenes.animations import Sweep, deal, draw, exchange, lagged, reshape
from scenes.layout import STAGE, Room
from scenes.mobjects.cells import Cell, MaskedCell
from scenes.mobjects.shapes import Box, arrow
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.mobjects.vectors import Vector
from scenes.theme import SMALLEST, at, palette, pixels, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: As many rows as have room for their words; of a longer text the first.
MOST_ROWS = 13

#: Px of a line at most, of a chip in it, of what stands above all of them, from a chip to what is right of it, and
#: from other things to what is beside them.
PITCH, CHIP, HEADS, APART, SPACE = 120.0, 76.0, 56.0, 36.0, 16.0
#: Px of the triangle of what each token sees; the part of a chip's height that a row has; how far below the old rows
#: the new ones come, as a share of a line.
TRIANGLE, SLIM, LOWER = 330.0, 0.5, 0.42
#: Px at the right of a triangle for what is kept of the encoder, for the totals between them, and of a line of words.
BESIDE, TOTALS, HEAD = 230.0, 420.0, 48.0
#: Px of a way through a row, and of its head.
WAY, TIP = 7.0, 24.0

#: Layer and head of which keys and values are shown. In the first layer they follow from their own token alone, so that
#: the mask has no part in their staying the same.
SHOWN_HEAD = 1, 0


def lines_in(room: Room, count: int) -> tuple[Room, list[Room]]:
    """A line for headings, and below it a line for each token."""
    heads, below = room.split_rows(HEADS, SPACE)
    pitch = min(PITCH, below.height / count)
    return heads, [Room(room.left, top, room.right, top + pitch) for top in below.top + pitch * np.arange(count)]


def chips_in(labels: Sequence[Label], lines: Sequence[Room], right: bool = False) -> VGroup:
    """A chip at the left end of each line, or at its right end, all of one size."""
    high = min(CHIP, lines[0].height - 8)
    wide = max(chip_width(label, high < 48) for label in labels)
    ends = (line.split_columns(-wide if right else wide)[right] for line in lines)
    return VGroup(Token(label, "", wide, high).move_to(end.centre) for label, end in zip(labels, ends, strict=True))


def beside(chips: VGroup, room: Room) -> Room:
    """The room right of chips that stand at its left."""
    return room.split_columns(pixels(chips[0].width), APART)[1]


class KeptRows:
    """The attention weights, the key and the value of each token that was read, a line a token.

    Args:
        weights, masked: query × key.
        keys, values: key × d_head.
    """

    def __init__(
        self, weights: NamedTensor, masked: NamedTensor, keys: NamedTensor, values: NamedTensor, room: Room = STAGE
    ) -> None:
        labels = keys.words("key")[:MOST_ROWS]
        heads, lines = lines_in(room, len(labels))
        self.chips, pitch = chips_in(labels, lines), lines[0].height
        high = pixels(self.chips[0].height)
        grid, rest = beside(self.chips, room).split_columns(TRIANGLE, 36)
        columns = rest.columns(2)
        self.keys, self.values = (
            VGroup(
                Vector(row, column.width, high * SLIM, role, full_colour(part)).move_to(column.cross(line).centre)
                for row, line in zip(part, lines, strict=False)
            )
            for part, role, column in zip((keys, values), ("key", "value"), columns, strict=True)
        )
        size = TRIANGLE / len(labels) - 4, min(high, TRIANGLE / len(labels) - 4)
        self.seen = VGroup(
            VGroup(
                (
                    MaskedCell(masked.quantity(i, j), size, "", "")
                    if j > i
                    else Cell(weights.quantity(i, j), size, "", "")
                ).move_to(place.cross(line).centre)
                for j, place in enumerate(grid.columns(len(labels), 4))
            )
            for i, line in enumerate(lines)
        )
        heading = zip(("causal mask", "keys", "values"), ("ink", "key", "value"), (grid, *columns), strict=True)
        self.names = VGroup(
            Words(text, "block", role).settle(column.cross(heads).centre) for text, role, column in heading
        )
        self.lower = DOWN * units(pitch * LOWER)
        #: Of each line the cells that are not masked.
        self.open = [[*line[: i + 1]] for i, line in enumerate(self.seen)]

    def chips_of(self, words: Sequence[Label], room: Room) -> VGroup:
        """Chips for these words: those that stand here, if the words are the same, else new ones."""
        words = words[:MOST_ROWS]
        same = [*map(str, words)] == [str(chip.label) for chip in self.chips]
        return self.chips if same else chips_in(words, lines_in(room, len(words))[1])

    def computed_anew(self) -> list[Animation | tuple[Animation, ...] | None]:
        """The rows of all tokens but the newest come out of them again, and lie down on the old ones."""
        olds = self.keys[:-1], self.values[:-1]
        news = [old.copy().shift(self.lower) for old in olds]
        landing = [reshape(new, old) for new, old in zip(news, olds, strict=True)]
        return [deal([*self.chips[:-1]], *news, kind="slow"), (*landing,)] if len(olds[0]) else []


class CacheTriangle:
    """A row for each step: without a cache all vectors up to the newest are computed, and with it only that.

    Args:
        chips: what each step reads, each at the left end of its line in `room`.
        source: what the encoder read; a square for each token stands beside the triangle.
        counts: `rows_without` and `rows_with`, the vectors that are `computed`, and how many numbers are `held`.
        timed: how many times as fast the cache makes it, over how many words, if that was timed.
    """

    def __init__(self, chips: VGroup, source: Sequence[Label], counts: Trace, timed: Trace, room: Room = STAGE) -> None:
        count, colours = len(chips), palette()
        self.computed = [counts[name] for name in ("rows_without", "rows_with")]
        self.held = [counts[name] for name in ("own_numbers", "source_numbers")[: 1 + bool(source)]]
        heads, self.lines = lines_in(room, count)
        left = beside(chips, room).left
        self.pitch = min(self.lines[0].height, (room.right - TOTALS - BESIDE - left) / count)
        self.grid = Room(left, heads.top, left + count * self.pitch, self.lines[-1].bottom)
        self.newest = VGroup(self._row(t, [t], colours.weight) for t in range(count))
        #: What each step computes again, and the same where it is kept, all of it and with that of the newest token.
        self.again, self.kept = (
            VGroup(self._row(t, range(t), fill) for t in range(count)) for fill in (colours.ink3, colours.key)
        )
        rim = colours.weight, colours.key, self.pitch / 12
        self.rims = VGroup(self._row(t, [t], *rim) for t in range(count))
        self.cached = [VGroup(*old, *new) for old, new in zip(self.kept, self.rims, strict=True)]
        self.steps = [VGroup(*old, *new) for old, new in zip(self.again, self.newest, strict=True)]
        names = {"KV cache": "key", "encoder, from its second layer on": "ink"}
        place = self.grid.cross(heads)
        self.called, self.elsewhere = (Words(name, "block", role).begin_in(place) for name, role in names.items())
        #: Right of the triangle, a part for what holds without a cache, one with it, and one for its gain and price.
        self.side = room.split_columns(self.grid.right + APART - room.left)[1]
        name = Words("a row for each step", "aside", "ink2").begin_in(self.side.cross(heads))
        self.verdict = Words("no cache", "chapter", "warning").settle(self.side.centre)
        #: Above each column, of which token its vectors are.
        labels, places = [chip.label for chip in chips], self.grid.cross(heads).columns(count, SPACE)
        tokens = zip(self._readable(labels, places), places, strict=False)
        self.name = VGroup(name, *(text.settle(place.centre) for text, place in tokens))
        *parts, last = Room(self.side.left, self.lines[0].top, room.right, room.bottom).rows(3)
        self.names, self.totals, ways = VGroup(), VGroup(), ("without a cache", "with a KV cache")
        for total, part, how, role in zip(self.computed, parts, ways, ("ink2", "weight"), strict=True):
            self.names.add(Words(how, "block", role).begin_in(part.split_rows(HEAD)[0]))
            noun = "vector computed" if float(total) == 1 else "vectors computed"
            figure = number(total, ",.0f", "chapter", role)
            figure.next_to(self.names[-1], DOWN, buff=units(SPACE)).align_to(self.names[-1], LEFT)
            name = Words(noun, "block", role).next_to(figure, RIGHT, buff=units(SPACE)).stand_on(figure.baseline)
            self.totals.add(VGroup(figure, name))
        own, *others = (number(total, ",.0f", "large number", "key") for total in self.held)
        self.own = VGroup(own, Words("kept numbers", "fact", "key")).arrange(DOWN, units(SPACE), aligned_edge=LEFT)
        self.faster = VGroup()
        if "milliseconds" in timed:
            lines = "as fast,", f"over {timed['longest']:.0f} words,", "random parameters"
            self.faster.add(Words(f"{timed['longest_speedup']:.1f} times", "large number"))
            self.faster.add(*(Words(line, "fact") for line in lines))
        self.faster.arrange(DOWN, units(SPACE), aligned_edge=LEFT).set_fill(palette().query)
        below = VGroup(*filter(len, (self.faster, self.own))).arrange(buff=units(HEAD), aligned_edge=UP)
        below.move_to(at(last.left, last.top), aligned_edge=UP + LEFT)
        #: The tokens that the encoder read, each with the square of what is kept of it, and how much that is.
        self.source = VGroup()
        for told in others:
            column = room.split_columns(-BESIDE)[1]
            above, (first,) = lines_in(column, 1)
            pitch = min(self.pitch, (room.bottom - 2 * HEAD - first.top) / len(source))
            places = [Room(column.left, y, column.right, y + pitch) for y in first.top + pitch * np.arange(len(source))]
            boxes = [Box.of(place.split_columns(pitch)[0].inset(2.5), colours.key) for place in places]
            names = self._readable(source, [place.split_columns(pitch, 10)[1] for place in places])
            self.source.add(Words("encoder", "block").begin_in(above))
            self.source.add(*map(VGroup, boxes, names) if names else boxes)
            kept = VGroup(told, Words("kept numbers", "fact", "key")).arrange(DOWN, units(SPACE), aligned_edge=LEFT)
            self.source.add(kept.next_to(boxes[-1], DOWN, buff=units(SPACE)).align_to(boxes[-1], LEFT))

    def compute(self, seen: Sequence[Sequence[Cell]]) -> Animation:
        """The squares of one step after another; out of the cells of what it sees, where these stand."""
        if not seen:
            return Sweep(VGroup(*self.steps))
        return lagged((AnimationGroup(*exchange(*row)) for row in zip(seen, self.steps, strict=True)), 1)

    def anew(self) -> list[Animation]:
        """A way leads from the newest square of each row through all that is kept of it, which is computed again."""
        turns = []
        for (new,), kept, again in zip(self.newest[1:], self.kept[1:], self.again[1:], strict=True):
            way = arrow(new.get_left(), kept[0].get_left(), "warning", WAY, TIP).set_z_index(1)
            turns.append(AnimationGroup(*exchange(kept, again, "row"), draw(way, kind="row")))
        return [lagged(turns, 1)] if turns else []

    @staticmethod
    def _readable(labels: Sequence[Label], places: Sequence[Room]) -> VGroup:
        """Tokens at the left of rooms, if all of them can be read there."""
        pairs = zip(labels, places, strict=True)
        made = VGroup(place.fit(word(label, "stage word"), 1.0).begin_in(place) for label, place in pairs)
        return made if min((text.size for text in made), default=0) >= SMALLEST else VGroup()

    def _row(self, t: int, columns: Sequence[int], fill: str, *edge: Any) -> VGroup:
        """The squares of a step in some columns of the triangle."""
        side, place = self.pitch - 5, self.grid.cross(self.lines[t])
        squares = (Box(side, side, fill, 5, *edge) for _ in columns)
        lefts = (at(place.left + (column + 0.5) * self.pitch, 0)[0] for column in columns)
        return VGroup(one.move_to(place.centre).set_x(x) for one, x in zip(squares, lefts, strict=True))
