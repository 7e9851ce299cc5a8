"""The vectors that a decoder computes to write a sentence, again and again or once; and keys that do not change."""

from __future__ import annotations

from collections.abc import Sequence

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
        small = high < 48
        wide = max(chip_width(label, small) for label in labels)
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
        totals: vectors computed without and with.
        memory: what the cache holds, in words.
    """

    def __init__(self, words: Sequence[Label], totals: Sequence[Quantity], memory: str, room: Room = STAGE) -> None:
        count = len(words)
        heads, below = room.split_rows(52, 16)
        below, feet = below.split_rows(-128, 0)
        pitch = min(below.height / count, (below.width - 120) / 2 / count)
        rooms = [Room(one.left, below.top, one.right, below.bottom) for one in room.columns(2)]
        colours = palette()
        self.steps: list[list[VGroup]] = []
        self.kept, self.titles, self.totals, self.rows = VGroup(), VGroup(), VGroup(), VGroup()
        #: What is kept of each step but the last, for those after it.
        self.cached: list[VGroup] = []
        names = ("without a cache", "with a KV cache")
        for side, (one, title, total) in enumerate(zip(rooms, names, totals, strict=True)):
            left, top, _ = at((one.left + one.right - pitch * count) / 2, one.top)
            tokens = [self._row(one, label, t, pitch, count) for t, label in enumerate(words)]
            self.rows.add(VGroup(tokens if min(token.size for token in tokens) >= SMALLEST else []))
            steps: list[VGroup] = []
            for t in range(count):
                column, stored = VGroup(), VGroup()
                for row in range(t + 1):
                    spot = np.array([left + units((t + 0.5) * pitch), top - units((row + 0.5) * pitch), 0])
                    new = row == t
                    box = Box(pitch - 5, pitch - 5, colours.weight if new else colours.ink3, 5).move_to(spot)
                    if side == 0 or new:
                        column.add(box)
                    else:
                        hollow = Box(pitch - 5, pitch - 5, colours.background, 5, colours.line, 2)
                        self.kept.add(hollow.move_to(spot))
                        stored.add(Box(pitch - 5, pitch - 5, colours.key, 5, colours.key, 2).move_to(spot))
                steps.append(column)
                if len(stored):
                    self.cached.append(stored)
            self.steps.append(steps)
            self.titles.add(Words(title, "block").settle(one.cross(heads).centre))
            figure, noun = number(total, ",.0f", "large number"), "vector" if float(total) == 1 else "vectors"
            name = Words(noun, "block", "ink2").next_to(figure, RIGHT, buff=units(16)).stand_on(figure.baseline)
            foot = top - units(pitch * count + 40)
            self.totals.add(VGroup(figure, name).move_to(np.array([one.centre[0], foot, 0])))
        self.note = Words("a column for each step, a square for each vector of the decoder", "aside", "ink2")
        self.note.settle(at((room.left + room.right) / 2, feet.bottom - 14))
        kept = Words("kept: keys and values", "fact", "key").next_to(self.totals[1], RIGHT, buff=units(40))
        self.legend = VGroup(
            kept, Words(memory, "fact", "key").next_to(kept, DOWN, buff=units(14)).align_to(kept, RIGHT)
        )

    def fill(self) -> Animation:
        """Keys and values of each step come into their place, one step after another."""
        hollow = iter(self.kept)
        turns = (AnimationGroup(*exchange([next(hollow) for _ in one], [*one])) for one in self.cached)
        return lagged(turns, 0.7)

    @staticmethod
    def _row(room: Room, label: Label, t: int, pitch: float, count: int) -> Words:
        """The token whose vector stands in a row, before its first square."""
        right = (room.left + room.right - pitch * count) / 2 + t * pitch - 14
        place = Room(room.left, room.top + t * pitch, right, room.top + (t + 1) * pitch)
        text = place.fit(word(label, "stage word"), most=1.0)
        return text.end_in(place)


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
