"""A sentence and its shuffled copy: the vectors that attention makes of both, and its sums in both orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, Animation, AnimationGroup, LaggedStart, VGroup, VMobject

from scenes.animations import Flight, Travel, deal, draw, exchange, follow
from scenes.layout import STAGE, Room
from scenes.mobjects.card import paper_in
from scenes.mobjects.marks import End, Ground, Length, Stands, Tip, means
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, arrow, curve, dot
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.vectors import Vector, under
from scenes.theme import at, pace, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the names at the left, of the band between words and vectors, and between both sentences.
SIDE, BAND, BETWEEN = 190.0, 44.0, 120.0
#: The part of all entries that get less than the full colour.
BRIGHT = 0.95
#: Px around a chain of arrows, and the length from which an arrow has a name.
AIR, NAMED = 56.0, 70.0
#: How much of its colour the chain keeps that was drawn first.
FAINT = 0.35


class TradingPlaces:
    """A sentence with the vector that attention makes of each word, and below it the same in another order.

    Args:
        plain, shuffled: position × d_model.
        order: which vector of `plain` each vector of `shuffled` should be.
    """

    def __init__(self, plain: NamedTensor, shuffled: NamedTensor, order: Sequence[int]) -> None:
        self.order, scale = order, float(np.quantile(np.abs(plain.values), BRIGHT)) or 1.0
        side, wide = STAGE.split_columns(SIDE, 20)
        self.names = VGroup()
        (self.ribbon, self.band, self.vectors), (self.moved, self.other_band, self.others) = (
            self._row(tensor, place, side, scale)
            for tensor, place in zip((plain, shuffled), wide.rows(2, BETWEEN), strict=True)
        )
        self.ways = VGroup(*(self._way(self.vectors[j], self.moved.chips[i]) for i, j in enumerate(order)))

    def _row(self, tensor: NamedTensor, room: Room, side: Room, scale: float) -> tuple[Ribbon, Box, list[Vector]]:
        ribbon = Ribbon(tensor.words("position"), room)
        line, body = ribbon.below(room, 12).split_rows(BAND, 12)
        band = Box(line.width, line.height, palette().surface, 8, palette().line, 2).move_to(line.centre)
        vectors = under(ribbon, body, tensor, "residual", scale)
        for vector, label in zip(vectors, tensor.words("position"), strict=True):
            means(vector, Stands(label))
        for text, place in (("attention", line), ("output", body)):
            self.names.add(Words(text, "block", "ink2").begin_in(side.cross(place)))
        return ribbon, band, vectors

    @staticmethod
    def _way(vector: Vector, chip: VMobject) -> VMobject:
        line = curve(vector.get_bottom() + DOWN * units(6), chip.get_top() - DOWN * units(6), "weight", 4)
        return means(line, End(chip.label))

    def rows_of(self, places: Sequence[int]) -> tuple[list[VMobject], list[VMobject]]:
        """The vectors of some words of the second sentence, and those of the same words in the first."""
        return [self.vectors[self.order[i]] for i in places], [self.others[i] for i in places]

    def trade_places(self) -> Animation:
        """The words go to their new places, one after another: none passes over another."""
        travels = [Travel(self.ribbon.chips[j], self.moved.chips[i], 0.0, "flow") for i, j in enumerate(self.order)]
        return LaggedStart(*travels, lag_ratio=1.0, run_time=pace("slow"))

    def attend(self) -> Animation:
        """Attention makes the vectors of the sentence."""
        return deal([self.band] * len(self.vectors), self.vectors)

    def attend_again(self) -> Animation:
        """Attention makes the vectors of the shuffled one."""
        return deal([self.other_band] * len(self.others), self.others)

    def along(self, places: Sequence[int]) -> Animation:
        """Copies of the first vectors follow their words: each lands on the one that was made there."""
        flights = (Flight(self.vectors[self.order[i]], self.others[i], 0.0, "row") for i in places)
        return LaggedStart(*flights, lag_ratio=min(0.6, 3.0 / len(self.order)), run_time=pace("slow"))


def both_orders(labels: Sequence[Label], shuffled: Sequence[Label]) -> tuple[Ribbon, Ribbon, Room]:
    """A sentence along the top of the stage, the same in another order along its floor, and what lies between them."""
    upper = Ribbon(labels)
    body, floor = upper.below(STAGE).split_rows(STAGE.top - upper.columns[0].top, 16)
    return upper, Ribbon(shuffled, floor), body


class TwoOrders:
    """The terms of a weighted sum as arrows, tip to tail, in the orders of two sentences; and where both lead.

    Args:
        terms, others: "key component" of `weighted_value_plane`, for the same query in both.
        room: the rectangle that is filled.
    """

    def __init__(self, terms: NamedTensor, others: NamedTensor, room: Room) -> None:
        ends = [np.vstack([np.zeros(2), np.cumsum(tensor.values, axis=0)]) for tensor in (terms, others)]
        self.output_name = Words("output", "stage word")
        inside = Room(room.left, room.top, room.right - self.output_name.width * 135, room.bottom).inset(AIR)
        self.px, foot = inside.holding(np.vstack(ends))
        self.ground = Ground()
        self.origin = means(dot(foot, 9, "ink2"), self.ground)
        tip = foot + np.array([*ends[0][-1], 0]) * units(self.px)
        self.output = arrow(foot, tip, "weight", 6, 20)
        self.end = dot(tip, 12, "weight")
        self.arrow_names: list[list[Words | None]] = []
        self.chains = [
            self._chain(tensor, corners, foot, tip) for tensor, corners in zip((terms, others), ends, strict=True)
        ]
        self.names = [VGroup(*filter(None, names)) for names in self.arrow_names]
        self.output_name.next_to(self.end, RIGHT, buff=units(24))

    def _chain(self, tensor: NamedTensor, corners: np.ndarray, foot: np.ndarray, tip: np.ndarray) -> VGroup:
        chain, names = VGroup(), []
        for j, label in enumerate(tensor.words("key")):
            start, end = (foot + np.array([*corners[k], 0]) * units(self.px) for k in (j, j + 1))
            long = float(np.linalg.norm(end - start)) * 135
            line = arrow(start, end, "value", 8, min(20.0, long * 0.6))
            chain.add(means(line, Tip(tensor.quantity(j, 0), tensor.quantity(j, 1), self.px, 18, self.ground)))
            names.append(self._named(label, start, end, (foot + tip) / 2) if long > NAMED else None)
        self.arrow_names.append(names)
        return chain

    def grow(self, chain: VGroup) -> Animation:
        """The arrows of a chain grow one from the tip of the other, and get their names."""
        pairs = zip(chain, self.arrow_names[self.chains.index(chain)], strict=True)
        turns = [AnimationGroup(draw(line), *([follow(name)] if name else [])) for line, name in pairs]
        return LaggedStart(*turns, lag_ratio=1.0, run_time=pace("slow"))

    def fade(self) -> Animation:
        """The first chain grows faint."""
        return AnimationGroup(*(line.animate(run_time=pace("row")).set_opacity(FAINT) for line in self.chains[0]))

    @staticmethod
    def _named(label: Label, start: np.ndarray, end: np.ndarray, middle: np.ndarray) -> Words:
        """The word of an arrow beside its middle, on the side that leads away from the output."""
        text = word(label, "stage word", "ink")
        way = (end - start) / float(np.linalg.norm(end - start))
        aside = np.array([-way[1], way[0], 0])
        aside *= 1.0 if aside @ ((start + end) / 2 - middle) >= 0 else -1.0
        reach = np.abs(aside) @ np.array([text.width / 2, text.height / 2, 0]) + units(18)
        return text.settle((start + end) / 2 + aside * reach)


class Placed:
    """A sentence, and below each word its embedding and the encoding of its position, which become their sum.

    `part` has the tensors of an embedding, and `foot` is the part of the stage that is left.
    """

    def __init__(self, part: Trace) -> None:
        rows = part["scaled"], part["positional"], part["sum"]
        scale = float(np.quantile(np.abs(rows[-1].values), BRIGHT)) or 1.0
        upper, self.foot = STAGE.golden_rows(24)
        self.ribbon = Ribbon(rows[0].words("position"), upper)
        body = self.ribbon.below(upper)
        first, second = body.rows(2, 14)
        places = zip(rows, (first, second, body.inset(0, body.height / 8)), ("residual", "ink2", "weight"), strict=True)
        self.words, self.places, self.sums = (
            under(self.ribbon, line, tensor, role, scale) for tensor, line, role in places
        )
        #: The sums once more, for the encodings that have gone into them.
        self.apart = [*self.words, *self.places]
        self.together = [*self.sums, *(one.copy() for one in self.sums)]

    def add_up(self) -> tuple[Animation, ...]:
        """Each encoding goes into the embedding above it."""
        return exchange(self.apart, self.together, "row")

    def take_apart(self) -> tuple[Animation, ...]:
        """The sums are embeddings again, and the encodings come out of them."""
        return exchange(self.together, self.apart, "row")


class Changes:
    """Measurements of several kinds as bars below each other, on one scale.

    Args:
        measured: a number for each way, by its name.
        title: what was measured.
        room: the rectangle that is filled.
    """

    def __init__(self, measured: Mapping[str, Quantity], title: str, room: Room) -> None:
        self.paper = paper_in(room)
        head, body = room.padded().split_rows(44, 16)
        self.title = Words(title, "fact", "ink2").begin_in(head)
        side, rest = body.split_columns(380, 20)
        bars, ends = rest.split_columns(-190, 20)
        most = max(1.0, *(float(value) for value in measured.values()))
        self.bars, self.texts = VGroup(), VGroup()
        for (name, value), line in zip(measured.items(), body.rows(len(measured), 24), strict=True):
            high = min(line.height, 80.0)
            bar = Box(max(bars.width * float(value) / most, 4), high, palette().weight, 6)
            means(bar, Length(value, "width", bars.width / most, high, 4)).move_to(line.centre)
            self.bars.add(bar.align_to(at(bars.left, 0), LEFT))
            told = number(value, ".0%", "large number").begin_in(ends.cross(line))
            self.texts.add(VGroup(Words(name, "stage word").begin_in(side.cross(line)), told))
