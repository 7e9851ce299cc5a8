"""Byte-pair merges as a tree: letters on top, and under each pair that is merged what it becomes."""

from __future__ import annotations

import numpy as np
from manim import DOWN, Animation, AnimationGroup, VGroup, VMobject, rate_functions

from scenes.animations import appear, draw, lagged
from scenes.animations.flights import Flight
from scenes.layout import STAGE, Room, following
from scenes.mobjects.shapes import Box, curve
from scenes.mobjects.text import number
from scenes.mobjects.tokens import Token
from scenes.theme import at, pace, palette, pixels, units
from transformer_core.tracing.trace import Trace

#: Px of a chip, and of the number below it.
HIGH, NUMBER = 54.0, 34.0
#: How deep merges may stand upon each other.
LEVELS = 5
#: A longer word and a shorter one side by side; the shorter one comes first, and alone.
LONG, SHORT = following(lambda: STAGE.split_columns(-760, 40))
ALONE = following(lambda: [STAGE.inset((STAGE.width - SHORT.width) / 2, 0)] * 2)[0]
#: The part of a merge after which the pieces are one.
LANDED = 0.7


class MergeTree:
    """The tree of one word: its letters in a row, and each merge as deep as it stands upon others.

    Args:
        tree: along "node", the `place` of each merge in the table, nothing for a letter, and the two nodes that it
            puts together, `left` and `right`.
    """

    def __init__(self, tree: Trace, room: Room) -> None:
        places, left, right = (tree[name] for name in ("place", "left", "right"))
        labels = places.words("node")
        letters = [i for i in range(len(labels)) if not places.values[i]]
        self.merges = [i for i in range(len(labels)) if places.values[i]]
        self.pairs = {i: (int(left.values[i]), int(right.values[i])) for i in self.merges}
        pitch, step = room.width / len(letters), (room.height - HIGH - NUMBER) / LEVELS
        depth = dict.fromkeys(letters, 0)
        x = {i: room.left + (at_letter + 0.5) * pitch for at_letter, i in enumerate(letters)}
        for i, (one, other) in self.pairs.items():
            depth[i] = 1 + max(depth[one], depth[other])
            x[i] = (x[one] + x[other]) / 2
        self.chips = VGroup(Token(label, height=HIGH) for label in labels)
        for i, chip in enumerate(self.chips):
            chip.move_to(at(x[i], room.top + HIGH / 2 + depth[i] * step))
        inner = {one for pair in self.pairs.values() for one in pair}
        roots = [i for i in range(len(labels)) if i not in inner]
        #: The number of the first merge, and of each that ends in a token.
        told = [i for i in (self.merges[0], *roots) if i in self.pairs]
        self.numbers = {i: number(places.quantity(i), ",.0f", "large cell", "query") for i in told}
        for i, text in self.numbers.items():
            text.settle(self.chips[i].get_bottom() + DOWN * units(NUMBER / 2 + 3))
        #: The letters; and what nothing is merged with any more: the tokens, without and with their numbers.
        self.row = [self.chips[i] for i in letters]
        self.roots = [self.chips[i] for i in roots]
        self.tokens = [VGroup(self.chips[i], *([self.numbers[i]] if i in self.numbers else [])) for i in roots]
        self.edges = {i: VGroup(self._edge(one, i) for one in pair) for i, pair in self.pairs.items()}
        self.all = VGroup(*self.edges.values(), *self.chips, *self.numbers.values())

    def _edge(self, part: int, whole: int) -> VMobject:
        start, end = self.chips[part].get_bottom() + self._below(part), self.chips[whole].get_top()
        return curve(start, end, "ink3", 3)

    def _below(self, part: int) -> np.ndarray:
        """From the foot of a chip to that of its number, if it has one."""
        return DOWN * units(NUMBER + 6 if part in self.numbers else 0)

    def merge(self, i: int, kind: str = "flow") -> Animation:
        """Two pieces come down side by side, from below their places in the table, and are one, with its own place."""
        whole = self.chips[i]
        shares = np.array([self.chips[part].word.advance for part in self.pairs[i]])
        left = float(whole.get_left()[0])
        halves = []
        for share in shares / shares.sum():
            half = Box(pixels(whole.width) * share, HIGH, palette().surface, 10)
            halves.append(half.move_to(np.array([left + half.width / 2, whole.get_y(), 0])))
            left += half.width
        pieces = [self.chips[part].copy().shift(self._below(part)) for part in self.pairs[i]]
        flights = [Flight(piece, half, 0, kind) for piece, half in zip(pieces, halves, strict=True)]
        late = appear(whole, *([self.numbers[i]] if i in self.numbers else []), rise=False)
        for one in flights:
            one.rate_func = rate_functions.squish_rate_func(rate_functions.smooth, 0, LANDED)
        late.rate_func = rate_functions.squish_rate_func(rate_functions.smooth, LANDED, 1)
        late.set_run_time(pace(kind))
        return AnimationGroup(*flights, draw(*self.edges[i], kind=kind), late)

    def merging(self, which: list[int], kind: str) -> Animation:
        """Several merges, one after another."""
        return lagged(map(self.merge, which), 0.5, kind=kind)
