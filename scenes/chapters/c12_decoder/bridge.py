"""Cross-attention: curves from the encoder's final vectors down to the words that the decoder reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup, VMobject, rate_functions

from scenes.animations import Come, Flight, Travel, appear, appear_in_turn, deal, draw, lagged, move_ring, ring_around
from scenes.layout import STAGE
from scenes.mobjects.marks import End, Stands, means
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.sentences import sentence
from scenes.mobjects.shapes import Box, arrow, curve
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Tag
from scenes.mobjects.vectors import Vector
from scenes.theme import SMALLEST, at, pace, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Attention weights below this are not drawn as curves.
FAINT = 0.03
#: Px of the thinnest curve and of one of all the weight, of the names at the left, and of a vector.
THIN, THICK, SIDE, HIGH, WIDE = 2.0, 24.0, 250.0, 108.0, 150.0
#: Px from the edge of a plate to what lies on it, from what is read to what is written, and from a vector to its key.
INSIDE, STEP, APART = 16.0, 30.0, 12.0
#: Px from a key to its weight.
BELOW = 46.0
#: How much larger the signs of a key, a value and a query are, and px of a column that has room for these and a vector.
TAG, COLUMN = 1.5, 390.0
#: Up to so many positions are read aloud.
ALOUD = 5
#: A column at least so many px wide has room for the weight of its key.
ROOMY = 200.0


class CrossAttentionBridge(VGroup):
    """The source with its final vectors above, each with its key and value; what is read, with its queries, and written
    below; and a curve for each attention weight.

    Args:
        weights: attention weights, "query key", the last query left out.
        reads, writes: the word that each position reads, and the one that it then writes.
        memory: the final vectors of the encoder.
        called: whose weights these are, in lines.

    The lines of `curves[i]` begin at the keys and end at the query of word i, the strongest on top. Where words stand
    upright, there is no room for those that are `written`.
    """

    def __init__(
        self,
        weights: NamedTensor,
        reads: Sequence[Label],
        writes: Sequence[Label],
        memory: NamedTensor,
        called: Sequence[str],
    ) -> None:
        self.weights, self.reads = weights, reads
        side, columns = STAGE.inset(INSIDE).split_columns(SIDE, 20)
        self.source, written = Ribbon(weights.words("key"), columns), sentence(writes, columns, at_foot=True)
        self.read = sentence(reads, columns, at_foot=True)
        roomy = not (self.read.upright or written.upright)
        self.written, self.ways = VGroup(*(written.chips if roomy else [])), VGroup()
        size = min(1.0, self.read.wide / COLUMN, self.source.wide / COLUMN)
        if roomy:
            self.read.next_to(written, UP, buff=units(STEP))
            pairs = zip(self.read.chips, written.chips, strict=True)
            self.ways.add(*(arrow(a.get_bottom(), b.get_top(), "ink3", 4, 16) for a, b in pairs))
        below, scale = self.source.below(columns, 8), full_colour(memory)
        self.vectors, self.keys, self.values = VGroup(), VGroup(), VGroup()
        for j, column in enumerate(self.source.columns):
            vector = Vector(memory.pick(position=j), size * WIDE, HIGH, "residual", scale, upright=True)
            vector.move_to(at((column.left + column.right) / 2, below.top + HIGH / 2))
            self.vectors.add(vector)
            for role, where, tags in (("key", LEFT, self.keys), ("value", RIGHT, self.values)):
                tag = _tag(role, size).next_to(vector, where, buff=units(size * APART))
                tags.add(means(tag, Stands(weights.label("key", j))))
        aside, self.queries = self.keys[0].get_x() - self.vectors[0].get_x(), list[VMobject]()
        for chip, read in zip(self.read.chips, reads, strict=True):  # below the key of its column
            tag = _tag("query", size).next_to(chip, UP, buff=units(APART)).shift(RIGHT * aside)
            self.queries.append(means(tag, Stands(read)))
        #: What each query has got.
        self.taken = [_tag("value", size).next_to(one, RIGHT, buff=units(size * APART)) for one in self.queries]
        self.curves = [self._curves(row) for row in range(len(reads))]
        #: All curves, and the weight of each.
        self.lines = [line for curves in self.curves for line in curves]
        self.amounts = [float(w) for row in weights.values for w in np.sort(row) if w >= FAINT]
        halves = (self.source, self.vectors), (self.read, self.written, *self.queries)
        self.plates = [self._plate(VGroup(*half)) for half in halves]
        self.plates[1].key = "plate", "decoder"
        middle, left = (self.plates[0].get_bottom() + self.plates[1].get_top()) / 2, at(side.left + 8, 0)
        self.called = VGroup(Words(text, "fact", "ink2") for text in called)
        self.called.arrange(DOWN, buff=units(14), aligned_edge=LEFT).move_to(middle).align_to(left, LEFT)
        lines = [("encoder", self.source), ("decoder", self.read), *([("it writes", self.written)] if roomy else [])]
        self.names = VGroup(
            Words(name, "block", paper=plate).settle(line.get_center()).begin_at(left[0])
            for (name, line), plate in zip(lines, (*self.plates, self.plates[1]), strict=False)
        )
        self.ring = ring_around(self.vectors[self.top(0)])
        #: The words that are read, on the plate of the decoder; and both plates before a vector or a word is there.
        self.decoder = [self.plates[1], *self.read.chips, self.names[1]]
        self.unwritten = [self.plates[0], *self.source.chips, self.names[0], self.plates[1], *self.names[1:]]
        #: All but the curves.
        self.ends: list[VMobject] = [
            *self.plates, self.source, self.vectors, self.read, self.written, self.ways, self.names,
            *self.keys, *self.values, *self.queries,
        ]  # fmt: skip
        super().__init__(*self.ends, *self.curves)

    @staticmethod
    def _plate(half: VGroup) -> Box:
        """A plate behind what belongs to a half of the model, from edge to edge."""
        plate = Box(STAGE.width, pixels(half.height) + 2 * INSIDE, palette().surface, 20, palette().residual, 4)
        return plate.move_to(np.array([STAGE.centre[0], half.get_y(), 0]))

    def _curves(self, row: int) -> VGroup:
        """The curves of one word that is read, the strongest on top."""
        weights = self.weights.values[row]
        return VGroup(self._curve(row, int(j)) for j in np.argsort(weights) if weights[j] >= FAINT)

    def _curve(self, row: int, j: int) -> VMobject:
        """A curve between a key and the query of a word that is read, as thick as its weight is large."""
        start, end = self.keys[j].get_bottom() + DOWN * units(4), self.queries[row].get_top() + UP * units(4)
        weight = self.weights.quantity(row, j)
        line = curve(start, end, "weight" if weight > 0.5 else "ink3")
        return as_thick_as(weight, line, THIN, THICK, End(weight, first=True, axis="key"), End(self.reads[row]))

    def top(self, row: int) -> int:
        """The place of the source token with the largest weight of a row."""
        return int(np.argmax(self.weights.values[row]))

    def ask(self, row: int) -> tuple[VGroup, Animation]:
        """The query of a word that is read goes to one key after another, and between the two their weight comes up.

        Returns: what does not stay, curves that are too faint and the numbers; and the animation.
        """
        weights, roomy, top = self.weights.pick(query=row), self.source.wide >= ROOMY, self.top(row)
        strong = dict(
            zip([int(j) for j in np.argsort(weights.values) if weights[j] >= FAINT], self.curves[row], strict=True)
        )
        passing, each = VGroup(), list[Animation]()
        late = rate_functions.squish_rate_func(rate_functions.smooth, 0.7, 1)
        for j, (key, weight) in enumerate(zip(self.keys, weights.quantities(), strict=True)):
            line = strong.get(j) or self._curve(row, j)
            come = [Come(line, run_time=pace("row"), rate_func=late)]
            if j not in strong:
                passing.add(line)
            if roomy or j == top:
                text = number(weight, "share", "stage number").next_to(key, DOWN, buff=units(BELOW))
                if key.get_x() < self.queries[row].get_x() - units(1):  # clear of the curve
                    text.end_at(key.get_x() - units(APART))
                else:
                    text.begin_at(key.get_x() + units(THICK / 2 + APART))
                passing.add(text)
                come.append(Come(text, run_time=pace("row"), rate_func=late))
            each.append(AnimationGroup(Flight(self.queries[row], key, 0.0, "row"), *come))
        return passing, lagged(each, 0.5 if roomy else 0.25)

    def come(self) -> list[Any]:
        """To that which is `unwritten` come vectors with keys and values, and the words that are read, and written."""
        given = deal(self.source.chips, [*self.vectors], [*self.keys], [*self.values])
        return [given, appear_in_turn([*self.read.chips, *self.queries]), appear_in_turn([*self.written, *self.ways])]

    def take(self, row: int) -> list[Any]:
        """Along the curves, values come down to the query."""
        others = [int(j) for j in np.flatnonzero(self.weights.values[row] >= FAINT) if j != self.top(row)]
        down = (Flight(self.values[j], self.taken[row], 0.0, "slow") for j in others)
        return [(*down, Travel(self.values[self.top(row)], self.taken[row], 0.0, "slow"))]

    def leads(self, rows: Iterable[int]) -> list[Any]:
        """Arrows from words that are read to those that are then written."""
        ways = [self.ways[row] for row in rows if row < len(self.ways)]
        return [draw(*ways)] if ways else []

    def walk(self, places: Sequence[Quantity]) -> list[Any]:
        """Word after word is written, while a ring goes to the source token with the largest weight of each."""
        plays: list[Any] = []
        for row, (curves, place) in enumerate(zip(self.curves, places, strict=False)):
            going = appear(self.ring) if row == 0 else move_ring(self.ring, self.vectors[self.top(row)])
            told = number(place, ".0f", "stage number", "query").next_to(self.queries[row], LEFT, buff=units(INSIDE))
            plays.append((going, draw(*curves), appear(told)) if len(curves) else going)
        return plays


def _tag(role: str, size: float) -> Tag:
    """The sign of a role; where its letter could not be read, without it."""
    tag = Tag(role).scale(TAG * size)
    return tag if tag.letter.size >= SMALLEST else tag.remove(tag.letter)
