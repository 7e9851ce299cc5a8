"""The vectors that a decoder computes to write a sentence, again and again or once; and keys that do not change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, Animation, AnimationGroup, VGroup

from scenes.animations import appear, deal, exchange, lagged, reshape
from scenes.layout import STAGE, Room, across
from scenes.mobjects.cells import Cell, Closed
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.mobjects.vectors import Vector
from scenes.theme import SMALLEST, at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: As many rows as have room for their words; of a longer text the first.
MOST_ROWS = 13

#: Px of the triangle of what each token sees; the part of a chip's height that a row has; how far below the old rows
#: the new ones come, as a share of a line.
TRIANGLE, SLIM, LOWER = 330.0, 0.5, 0.42
#: Px at the right of the triangle of what is kept, for what is kept of the encoder; and of a square, at most.
BESIDE, WIDEST = 230.0, 120.0

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
                    Closed(masked.quantity(i, j), size, "", "") if j > i else Cell(weights.quantity(i, j), size, "", "")
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

    def computed_anew(self, told: Words) -> list[Animation | tuple[Animation, ...] | None]:
        """The rows of all tokens but the newest come out of them again, and lie down on the old ones."""
        olds = self.keys[:-1], self.values[:-1]
        news = [old.copy().shift(self.lower) for old in olds]
        landing = [reshape(new, old) for new, old in zip(news, olds, strict=True)]
        return [deal([*self.chips[:-1]], *news, kind="slow"), (*landing, appear(told))] if len(olds[0]) else []


class Staircases:
    """Steps to the right, vectors down: without a cache a triangle is computed, with it only its edge.

    Args:
        words: what each step reads.
        source: what the encoder read; a square for each token stands beside the second triangle.
        totals: vectors computed without and with.
        products: the numbers that the cache holds of `words` and of `source`, each in words.
    """

    def __init__(
        self,
        words: Sequence[Label],
        source: Sequence[Label],
        totals: Sequence[Quantity],
        products: Sequence[str],
        room: Room = STAGE,
    ) -> None:
        count, most = len(words), max(len(words), len(source))
        heads, below = room.split_rows(52, 16)
        below, feet = below.split_rows(-128, 0)
        self.pitch = min(WIDEST, below.height / most, (below.width - 120) / 2 / count)
        left, right = (Room(one.left, below.top, one.right, below.bottom) for one in room.columns(2))
        colours, foot = palette(), feet.bottom - 14
        self.titles, self.totals, self.rows, corners = VGroup(), VGroup(), VGroup(), []
        rooms = left, right.split_columns(-BESIDE, -70)[0] if source else right
        names = ("without a cache", "with a KV cache")
        for one, title, total in zip(rooms, names, totals, strict=True):
            corners.append(at((one.left + one.right - self.pitch * count) / 2, one.top))
            tokens = [self._row(one, label, t, self.pitch, count) for t, label in enumerate(words)]
            self.rows.add(VGroup(tokens if min(token.size for token in tokens) >= SMALLEST else []))
            self.titles.add(Words(title, "block").settle(one.cross(heads).centre))
            figure, noun = number(total, ",.0f", "large number"), "vector" if float(total) == 1 else "vectors"
            name = Words(noun, "block", "ink2").next_to(figure, RIGHT, buff=units(16)).stand_on(figure.baseline)
            spot = at((one.left + one.right) / 2, one.top + self.pitch * most + 40)
            self.totals.add(VGroup(figure, name).move_to(spot))
        newest = [[self._column(corner, t, [t], colours.weight) for t in range(count)] for corner in corners]
        again = (self._column(corners[0], t, range(t), colours.ink3) for t in range(count))
        #: The vectors that each step computes, without and with a cache.
        self.steps = [VGroup(*old, *new) for old, new in zip(again, newest[0], strict=True)], newest[1]
        hollow = (self._column(corners[1], t, range(t), colours.background, colours.line, 2) for t in range(count))
        #: The places of what is kept; and what is kept after each step: of the newest, as well, which was computed.
        self.kept, rim = VGroup(*hollow), (colours.weight, colours.key, self.pitch / 12)
        self.cached = [
            self._column(corners[1], t, range(t), colours.key).add(*self._column(corners[1], t, [t], *rim))
            for t in range(count)
        ]
        note = "a column for each step, a square for each vector of the decoder"
        self.note = Words(note, "aside", "ink2").settle(at(0, foot)).begin_at(at(feet.left, 0)[0])
        own, *others = (Words(text, "fact", "key").settle(at(0, foot)) for text in products)
        self.own = own.set_x(self.titles[1].get_x())
        #: The tokens that the encoder read, each with the square of what is kept of it, and what these hold.
        self.source = VGroup()
        for told in others:
            beside = right.split_columns(-BESIDE)[1]
            name = Words("encoder", "block").settle(heads.centre).begin_at(at(beside.left, 0)[0])
            squares = self._column(at(beside.left, right.top), 0, range(len(source)), colours.key)
            lines = beside.split_columns(self.pitch, 10)[1].split_rows(self.pitch * most)[0].rows(most, 0)
            places = zip(source, lines, strict=False)
            texts = [line.fit(word(label, "stage word"), most=1.0).begin_in(line) for label, line in places]
            readable = min(text.size for text in texts) >= SMALLEST
            parts = map(VGroup, squares, texts) if readable else squares
            self.source.add(name, *parts, told.set_x(name.get_x()))
        self.legend = Words("kept: keys and values", "fact", "key").settle(self.totals[1].get_center())
        self.legend.end_at(at(feet.right, 0)[0])

    def _column(self, corner: np.ndarray, t: int, rows: Sequence[int], fill: str, *edge: Any) -> VGroup:
        """The squares of a step in some rows of the triangle with this corner."""
        spots = (corner + units(self.pitch) * np.array([t + 0.5, -row - 0.5, 0]) for row in rows)
        return VGroup(Box(self.pitch - 5, self.pitch - 5, fill, 5, *edge).move_to(spot) for spot in spots)

    def fill(self) -> Animation:
        """Keys and values of each step come into their place, one step after another, those of the newest as a rim."""
        steps = zip(self.kept, self.steps[1], self.cached, strict=True)
        turns = (AnimationGroup(*exchange([*old, *new], [*kept])) for old, new, kept in steps)
        return lagged(turns, 0.7)

    @staticmethod
    def _row(room: Room, label: Label, t: int, pitch: float, count: int) -> Words:
        """The token whose vector stands in a row, before its first square."""
        right = (room.left + room.right - pitch * count) / 2 + t * pitch - 14
        place = Room(room.left, room.top + t * pitch, right, room.top + (t + 1) * pitch)
        return place.fit(word(label, "stage word"), most=1.0).end_in(place)


class ByTheClock(VGroup):
    """Milliseconds without and with a cache, over the number of words written.

    Args:
        times: length × choice.
        lengths: how many words.
    """

    def __init__(self, times: NamedTensor, lengths: NamedTensor) -> None:
        x = lengths.values.tolist()
        self.plot = Plot(lengths, times, (None, (0.0, float(times.values.max()))), across(1080), 500)
        self.curves, self.marks = VGroup(), VGroup()
        for choice, role, name in (("without", "ink3", "without"), ("with", "weight", "with the cache")):
            part = times.pick(choice=choice)
            self.curves.add(self.plot.curve(lengths, part, role, 6))
            value = number(part.quantity(len(x) - 1), ",.0f", "stage number", role)
            value.move_to(self.plot.point(x[-1], float(part.values[-1])) + RIGHT * units(80))
            text = Words(name, "fact", role).next_to(value, DOWN, buff=units(10)).align_to(value, LEFT)
            self.marks.add(self.plot.dots(lengths, part, role, 9), VGroup(value, text))
        # The shortest lengths stand too close to be named.
        self.ticks = self.plot.ticks(lengths.quantities()[2:], "", "large cell")
        super().__init__(self.plot, self.curves, self.marks, self.ticks)

    def gain(self, speedups: NamedTensor) -> Words:
        """The factor by which the cache is faster at the longest length, beside the two points there."""
        last = len(speedups) - 1
        words = Words(f"{speedups.quantity(last):.1f} times", "stage number", "query")
        return words.next_to(VGroup(self.marks[0][last], self.marks[2][last]), LEFT, buff=units(24))
