"""The vectors that a decoder computes to write a sentence, again and again or once; and keys that do not change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import Play, Through, appear, deal, follow, leave, reshape
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_in
from scenes.mobjects.cells import Cell, MaskedCell
from scenes.mobjects.shapes import Box, frame
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.mobjects.vectors import Vector
from scenes.theme import SMALLEST, at, ink_on, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: As many rows as have room for their words; of a longer text the first.
MOST_ROWS = 13

#: Px of the triangle of what each token sees; the part of a chip's height that a row has; how far below the old rows
#: the new ones come, as a share of a line.
TRIANGLE, SLIM, LOWER = 330.0, 0.5, 0.42
#: Px for the tokens at the left of a triangle, at its right for what is kept of the encoder, and for the totals between
#: them, above and below it, and of a square, at most, and of one with a word beside it, at least.
NAMES, BESIDE, TOTALS, HEAD, WIDEST, ROOMY = 150.0, 230.0, 296.0, 48.0, 130.0, 34.0
#: Px of a row that fills, in how many stops the race is drawn, and the colours without a cache and with it.
ROW, FRAMES, ROLES = 170.0, 32, ("ink3", "weight")

#: Layer and head of which keys and values are shown. In the first layer they follow from their own token alone, so that
#: the mask has no part in their staying the same.
SHOWN_HEAD = 1, 0


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
        heads, below = room.split_rows(44, 8)
        pitch = min(120.0, below.height / len(labels))
        high = min(76.0, pitch - 8)
        slim = high * SLIM
        wide = max(chip_width(label, high < 48) for label in labels)
        side, rest = below.split_columns(wide)[0], room.split_columns(wide, 36)[1]
        grid, rest = rest.split_columns(TRIANGLE, 36)
        columns = rest.columns(2)
        lines = [Room(room.left, top, room.right, top + pitch) for top in below.top + pitch * np.arange(len(labels))]
        chips = (Token(label, "", wide, high) for label in labels)
        self.chips = VGroup(chip.move_to(side.cross(line).centre) for chip, line in zip(chips, lines, strict=True))
        self.keys, self.values = (
            VGroup(
                Vector(row, column.width, slim, role, full_colour(part)).move_to(column.cross(line).centre)
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

    def computed_anew(self) -> list[Animation | tuple[Animation, ...] | None]:
        """The rows of all tokens but the newest come out of them again, and lie down on the old ones."""
        olds = self.keys[:-1], self.values[:-1]
        news = [old.copy().shift(self.lower) for old in olds]
        landing = [reshape(new, old) for new, old in zip(news, olds, strict=True)]
        return [deal([*self.chips[:-1]], *news, kind="slow"), (*landing,)] if len(olds[0]) else []


class CacheTriangle:
    """Steps to the right, vectors down: a triangle is computed without a cache, and with it only its edge.

    Args:
        words: what each step reads.
        source: what the encoder read; a square for each token stands beside the triangle.
        totals: vectors computed without and with.
        held: what the cache holds of `words` and of `source`.
    """

    def __init__(
        self,
        words: Sequence[Label],
        source: Sequence[Label],
        totals: Sequence[Quantity],
        held: Sequence[str],
        room: Room = STAGE,
    ) -> None:
        count, colours = len(words), palette()
        heads, below = room.split_rows(HEAD, 16)
        below, feet = below.split_rows(-HEAD, 16)
        wide = below.width - NAMES - TOTALS - BESIDE
        self.pitch = min(WIDEST, below.height / max(count, len(source)), wide / count)
        below = below.inset((wide - count * self.pitch) / 2, 0)
        left, right = below.left + NAMES, below.left + NAMES + count * self.pitch
        self.corner = at(left, below.top)
        lines = Room(below.left, below.top, left - 14, below.top + count * self.pitch).rows(count, 0)
        places = [Room(line.left, line.top, line.right + t * self.pitch, line.bottom) for t, line in enumerate(lines)]
        #: The tokens, each before its first square, where they can be read; and what a column is.
        self.rows = self._readable(words, places)
        for text, place in zip(self.rows, places, strict=False):
            text.end_in(place)
        self.name = Words("a column for each step", "aside", "ink2").settle(heads.centre).begin_at(self.corner[0])
        self.newest = VGroup(*(self._column(t, [t], colours.weight) for t in range(count)))
        #: What each step computes again, and the same where it is kept, all of it and with that of the newest token.
        self.again = VGroup(*(self._column(t, range(t), colours.ink3) for t in range(count)))
        self.kept = VGroup(*(self._column(t, range(t), colours.key) for t in range(count)))
        rim = colours.weight, colours.key, self.pitch / 12
        self.rims = VGroup(*(self._column(t, [t], *rim) for t in range(count)))
        self.cached = [VGroup(*old, *new) for old, new in zip(self.kept, self.rims, strict=True)]
        self.steps = VGroup(*(VGroup(*old, *new) for old, new in zip(self.again, self.newest, strict=True)))
        side, encoder = Room(right + 20, below.top, below.right, below.bottom).split_columns(-BESIDE)
        self.totals, ways, (*lines, last) = VGroup(), ("without a cache", "with a KV cache"), side.rows(3)
        for total, line, how, role in zip(totals, lines, ways, ("ink2", "weight"), strict=True):
            figure, noun = number(total, ",.0f", "chapter", role), "vector" if float(total) == 1 else "vectors"
            name = Words(noun, "block", role).next_to(figure, RIGHT, buff=units(16)).stand_on(figure.baseline)
            what = Words(how, "block", role).next_to(figure, DOWN, buff=units(16)).align_to(figure, LEFT)
            self.totals.add(line.fit(VGroup(figure, name, what), 1.0).align_to(at(line.left, line.top), LEFT + UP))
        ends = Room(room.left, feet.top, right, feet.bottom), Room(encoder.left, feet.top, room.right, feet.bottom)
        own, *others = (end.fit(Words(told, "large number", "key"), 1.0) for told, end in zip(held, ends, strict=False))
        self.own = own.end_at(at(right, 0)[0])
        self.legend = VGroup(Words(text, "fact", "key") for text in ("kept numbers:", "keys and values"))
        last.fit(self.legend.arrange(DOWN, units(10), aligned_edge=LEFT), 1.0)
        self.legend.align_to(at(last.left, last.bottom), LEFT + DOWN)
        #: The tokens that the encoder read, each with the square of what is kept of it, and how much that is.
        self.source = VGroup()
        for told in others:
            name = Words("encoder", "block").settle(heads.centre).begin_at(at(encoder.left, 0)[0])
            squares = self._column((encoder.left - left) / self.pitch, range(len(source)), colours.key)
            side = Room(encoder.left + self.pitch + 10, below.top, encoder.right, below.top + self.pitch * len(source))
            names = self._readable(source, side.rows(len(source), 0))
            for text in names:
                text.begin_at(at(side.left, 0)[0])
            parts = map(VGroup, squares, names) if names else squares
            self.source.add(name, *parts, told.begin_at(name.get_left()[0]))

    def _readable(self, labels: Sequence[Label], places: Sequence[Room]) -> VGroup:
        """Tokens in rooms, if all of them can be read there."""
        pairs = zip(labels, places, strict=True)
        made = VGroup(place.fit(word(label, "stage word"), 1.0).settle(place.centre) for label, place in pairs)
        return made if self.pitch > ROOMY and min(text.size for text in made) >= SMALLEST else VGroup()

    def _column(self, t: float, rows: Sequence[int], fill: str, *edge: Any) -> VGroup:
        """The squares of a step in some rows of the triangle."""
        spots = (self.corner + units(self.pitch) * np.array([t + 0.5, -row - 0.5, 0]) for row in rows)
        return VGroup(Box(self.pitch - 5, self.pitch - 5, fill, 5, *edge).move_to(spot) for spot in spots)


class CacheTimes:
    """A row of words without a cache and one with it, which fill as time runs; then bars as long as that time.

    Args:
        times: length × choice, in milliseconds.
        lengths: how many words.
        room: the rectangle that is filled.
    """

    def __init__(self, times: NamedTensor, lengths: NamedTensor, room: Room = STAGE) -> None:
        self.rows = [line.split_rows(HEAD, 16) for line in room.rows(2, 0)]
        self.words, self.times, self.wide = lengths, times.values.T, room.width
        unit = room.width / float(times.values.max())
        self.names, self.tracks, self.ticks, self.moments, self.took, self.told = (VGroup() for _ in range(6))
        self.bars = self._rows_at(0.0)
        names = "without the cache", "with the cache"
        lines = zip(names, ROLES, self.rows, self.bars, times.labels["choice"], strict=True)
        for name, role, (head, body), bar, choice in lines:
            last = times.pick(choice=choice).quantity(-1)
            self.names.add(Words(name, "block", "ink2").begin_in(head))
            self.tracks.add(Box.of(body.split_rows(ROW)[0], palette().background, 5))
            self.took.add(bar_in(body.split_rows(ROW)[0], last, unit, ROW, role))
            told = Words(f"{last:,.0f} milliseconds", "large word", paper=bar).set_fill(ink_on(palette().role(role)))
            self.told.add(told.settle(self.took[-1].get_center()).begin_at(at(room.left + HEAD / 2, 0)[0]))
        #: How many words are written where in each row, and where once its length is time.
        for (_, body), part in zip(self.rows, self.times, strict=True):
            foot = body.split_rows(ROW, 8)[1].split_rows(HEAD)[0]
            for count, time in zip(lengths.quantities()[-3:], part[-3:], strict=True):
                told = Words(f"{count} words" if time == part[-1] else f"{count}", "large cell", "ink2")
                self.moments.add(told.settle(foot.centre).copy().end_at(at(room.left + unit * time, 0)[0]))
                self.ticks.add(told.end_at(at(room.left + room.width * float(count) / float(lengths.values[-1]), 0)[0]))
        #: The meaning of a row's length, first and then.
        meanings = "words written", "time to write them"
        self.counted, self.meaning = (Words(text, "fact", "ink2").end_in(self.rows[0][0]) for text in meanings)
        #: The shorter bar laid along the longer one, as often as it fits, and how often that is.
        long, short = (pixels(bar.width) for bar in self.took)
        self.laid = VGroup()
        for start in np.arange(0, long, short):
            part = frame(min(short, long - start), ROW, "weight", 5, 5)
            self.laid.add(part.move_to(self.took[0]).align_to(at(room.left + start, 0), LEFT))
        self.rest = Room(room.left + short, *(getattr(self.rows[1][1], side) for side in ("top", "right", "bottom")))

    def _rows_at(self, time: float) -> VGroup:
        """Both rows as full as they are after so many milliseconds."""
        bars, words = VGroup(), self.words.values
        for part, role, (_, body) in zip(self.times, ROLES, self.rows, strict=True):
            share = float(np.interp(time, [0, *part], [0, *words])) / float(words[-1])
            bar = Box(max(share * self.wide, 2.0), ROW, palette().role(role), 5)
            bars.add(bar.move_to(body.split_rows(ROW)[0].centre).align_to(at(body.left, 0), LEFT))
        return bars

    def race(self) -> list[Animation]:
        """Both rows fill, as they were timed."""
        times = np.linspace(0, float(self.times.max()), FRAMES)
        return [appear(self.counted), Through(self.bars, [self._rows_at(time) for time in times])]

    def compare(self, speedup: Quantity) -> list[Play]:
        """The rows become bars of the time that they took, and the shorter one is laid along the longer one."""
        gain = Words(f"{speedup:.1f} times", "chapter", "query").settle(self.rest.split_rows(ROW)[0].centre)
        turned = (reshape(old, new) for old, new in zip(self.bars, self.took, strict=True))
        meant = reshape(self.ticks, self.moments), leave(self.counted), follow(self.meaning)
        return [(*turned, *meant), appear(self.told), deal([self.bars[1]] * len(self.laid), self.laid), appear(gain)]
