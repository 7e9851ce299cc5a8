"""Measurements inside a language model: ranks through layers, copies without heads, a unit in its texts, verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import Along, Count, Sweep, appear, appear_in_turn, exchange, follow, leave
from scenes.animations.motions import Turned
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Filled, Shade, Stands, Thickness, Tick, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, dot, rule, stroke
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import HEIGHT, Token
from scenes.theme import PIXELS_PER_UNIT, at, ink_on, pace, palette, shared, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px for the tokens below, for the names beside the plot, above it, and for the last token.
WORDS, SIDE, HEAD, LAST = 186.0, 178.0, 76.0, 186.0
#: After so many layers, the likeliest token is told: px from the axis to the layer, to the token, and around rows.
EVERY, UNDER, CARD, EDGE = 10, 36.0, 102.0, 8.0
#: Tokens that are no words, and the powers of ten of a rank.
SIGNS, RANKS = {"·.": "a full stop", "[space]": "a space"}, ("first", "tenth", "hundredth", "thousandth")
#: A rank behind so many tokens is far from the first.
FAR_BEHIND = 1000


class Ranks(Plot):
    """A plot whose upright axis leads from the last rank at its foot to the first at its top."""

    def _span(self, values: Sequence[float] | np.ndarray, axis: int) -> tuple[float, float]:
        low, high = super()._span(values, axis)
        return (high, low) if axis else (low, high)


class Climb:
    """Ranks over layers, and below each layer the token that it would say.

    Args:
        ranks: "sentence layer", of the prompt that is followed and of others.
        decided: the layer from which on each is the first.
        said: a tensor whose labels along "step" are the likeliest tokens, layer by layer.
        depths: the number of each layer.
    """

    def __init__(
        self, ranks: NamedTensor, decided: NamedTensor, said: NamedTensor, depths: NamedTensor, room: Room = STAGE
    ) -> None:
        above, below = room.split_rows(-WORDS)
        layers = range(ranks.size("layer"))
        reach, size = (layers, (1.0, float(ranks.values.max()))), (above.width - SIDE - LAST, above.height - HEAD)
        self.plot = Ranks(decided, ranks, reach, *size, (False, True))
        self.plot.shift(at(above.left + SIDE, above.bottom) - self.plot.axes[0].get_left())
        self.plot.names[0].settle(below.split_rows(-40)[1].centre)
        for power, name in enumerate(RANKS):
            spot = self.plot.beside(10.0**power)
            text = Words(name, "fact", "ink2").settle(spot).end_at(spot[0] - units(16))
            line = rule(spot, spot + RIGHT * self.plot.axes[0].width, "line", 2)
            self.plot.add(line, means(text, Tick(10.0**power, self.plot.up, 12)))
        x = [float(layer) for layer in layers]
        self.ranks = ranks[0]
        places = self.ranks.quantities()
        self.dots = self.plot.dots(x, ranks[0], "weight", 8)
        #: The curve in pieces: a dot for each layer, and the line that leads to it.
        self.curve = VGroup(VGroup(self.dots[0]))
        for layer in range(1, len(x)):
            both = slice(layer - 1, layer + 1)
            self.curve.add(VGroup(self.plot.curve(x[both], places[both], "weight", 7), self.dots[layer]))
        #: The token that wins in the end, and where it stands at each layer.
        self.winner = Token(said.words("step")[-1], "", 0, HEIGHT, "stage word")
        aside = LEFT * units(70) + UP * units(44)
        least = self.dots[0].get_x() + self.winner.width / 2 + units(EDGE)  # beside the names of ranks
        self.ride = [spot.get_center() + aside for spot in self.dots]
        for spot in self.ride:
            spot[0] = max(spot[0], least)
        self.winner.move_to(self.ride[0])
        self.others = VGroup(self.plot.curve(x, row, "ink3", 2.5) for row in ranks.pick(sentence=slice(1, None)))
        self.landed = self.plot.dots(decided, [1.0] * len(decided), "query", 11)
        _, first = decided.smallest()
        self.soonest = Words(f"layer {first:.0f}", "stage word", "query")
        self.soonest.next_to(self.plot.point(float(first), 1.0), UP, buff=units(18))
        self.most = Words("most", "stage word", "query").next_to(self.dots[-1], RIGHT, buff=units(18))
        self.tokens = VGroup(self._said(said.label("step", layer), depths.quantity(layer)) for layer in layers)
        self.chance = number(said.quantity(-1), "share", "stage number")
        self.chance.next_to(self.tokens[-1][-1], RIGHT, buff=units(24))

    def _said(self, label: Label, depth: Quantity) -> VGroup:
        """A stroke below a layer, and after every so many the layer's name and its likeliest token."""
        foot, layer = self.plot.point(float(depth), self.ranks.quantity(0)), int(depth)
        foot[1] = self.plot.axes[0].get_y()
        mark = VGroup(rule(foot, foot + DOWN * units(8), "ink3", 2))
        if layer % EVERY == 0:
            name = Words(f"layer {depth}", "fact", "ink2") if layer else Words("input", "fact", "ink2")
            sign = SIGNS.get(str(label))
            spot = foot + DOWN * units(CARD)
            told = (
                Words(sign, "aside").settle(spot) if sign else Token(label, "", 0, HEIGHT, "stage word").move_to(spot)
            )
            mark.add(name.settle(foot + DOWN * units(UNDER)), told)
        return mark

    def passing(self, rank: Words) -> list[tuple[Animation | None, ...]]:
        """The way through all layers in three plays, the last of them the climb; `rank` is counted along."""
        climb = int(np.flatnonzero(self.ranks.values > FAR_BEHIND)[-1]) + 1
        cuts = (1, climb // 2, climb, len(self.ranks))
        plays: list[tuple[Animation | None, ...]] = []
        for begin, end in pairwise(cuts):
            part, places = slice(begin, end), self.ranks.quantities()[begin:end]
            riding = Sweep(VGroup(*self.curve[part]), "slow"), Along(self.winner, self.ride[part], "slow")
            written = appear_in_turn([*self.tokens[part]], "slow"), Count(rank, places, ",.0f", "slow", "rank ")
            plays.append((*riding, *written))
        return plays


#: Px of the names at the left, of a chip, between two chips, of a line of no weight, what all of it adds, of all chips,
#: of the numbers below the lights, between two lights, and of a head; how far a light waits for the one before, and how
#: opaque the place of a head is.
NAMED, CHIP, APART, THREAD, ROPE, TWICE, NUMBERS, GAP, TILE = 290.0, 80.0, 26.0, 3.0, 27.0, 232.0, 60.0, 6.0, 26.0
WAVE, FAINT = 0.1, 0.2


class Copies:
    """Tokens, and below each what the model says for it when they come again: with all heads, and without some.

    Below them is a light for each token of all sequences, and as many are lit as are copied.

    Args:
        run: `experiment.inside_prose`.
    """

    def __init__(self, run: Trace, room: Room = STAGE) -> None:
        side, wide = room.split_columns(NAMED)
        above, foot = room.split_rows(TWICE, APART)
        first, _, second = above.rows(3, 0)
        weights, counts = run["copied_weight"], run["copied"]
        labels = weights.words("position")
        columns = wide.columns(len(labels), APART)
        self.names = VGroup(
            Words(text, "block", "ink2").begin_in(side.cross(line))
            for text, line in zip(("first time", "second time"), (first, second), strict=True)
        )
        self.first = self._chips(labels, columns, first)
        self.said = []
        for choice in range(len(counts)):
            chips = self._chips(run[f"said_{choice}"].words("position"), columns, second)
            for chip, goal in zip(chips, labels, strict=True):
                right = chip.label == goal
                chip.box.set_stroke(palette().role("weight" if right else "warning"), stroke(5))
            self.said.append(chips)
        #: From the place before each said token, which asks, to the one that is copied: the attention of the best head.
        self.lines, back = VGroup(), self.first[0].get_center() - self.first[1].get_center()
        # The token that asks for the first one is not in the part that is shown.
        for over, below, weight in list(zip(self.first, self.said[0], weights.quantities(), strict=True))[1:]:
            line = rule(below.get_top() + back, over.get_bottom(), "weight", THREAD + ROPE * weight)
            self.lines.add(means(line, Thickness(weight, ROPE, THREAD)))
        lights, under = foot.split_rows(-NUMBERS)
        every, rows = run["copied_of"], int(run["sequences"])
        places = [
            place
            for column in wide.cross(lights).columns(round(float(every)) // rows, GAP)
            for place in column.rows(rows, GAP)
        ]
        #: A light for each token, none of them lit; and as many lit as are copied, with the number below the last one.
        self.lights, self.fields, self.told = self._field(places, 0.0), list[VGroup](), VGroup()
        for count in counts.quantities():
            self.fields.append(means(self._field(places, count), Filled(count, every)))
            last = np.array([self.lights[int(count) - 1].get_x(), under.centre[1], 0])
            self.told.add(number(count, ".0f", "large number").settle(last))
        upper, lower = side.cross(lights).rows(2, 0)
        self.calls = VGroup(
            Words(f"{counts.label('choice', choice)}", "block").begin_in(upper) for choice in range(len(counts))
        )
        #: How many heads are off; the best in a row, others drawn by chance below them, and the places of all.
        self.off = run["heads_off"].values.astype(int).tolist()
        self.best, self.others = (
            [dot(place.centre, TILE / 2 - GAP / 2, "weight") for place in row.columns(self.off[-1], 0)]
            for row in lower.split_columns(self.off[-1] * TILE)[0].rows(2, 0)
        )
        self.places = VGroup(*self.best, *self.others).copy().set_opacity(FAINT)

    @staticmethod
    def _field(places: Sequence[Room], lit: float) -> VGroup:
        return VGroup(
            Box.of(place, palette().weight, 4, palette().line, 1.5).set_fill(opacity=float(k < lit))
            for k, place in enumerate(places)
        )

    @staticmethod
    def _chips(labels: Sequence[Label], columns: Sequence[Room], line: Room) -> VGroup:
        return VGroup(
            Token(label, "", column.width, CHIP, "stage word").move_to(column.cross(line).centre)
            for label, column in zip(labels, columns, strict=True)
        )

    def turns(self) -> list[tuple[Animation, ...]]:
        """As many lights are lit as are copied with all heads; then others go off, and less is copied, or more."""
        kinds = "slow", "slow", "row", "row", "slow"
        lit = [
            Turned(self.lights, field, lag_ratio=WAVE, run_time=pace(kind))
            for field, kind in zip(self.fields, kinds, strict=True)
        ]
        plays: list[tuple[Animation, ...]] = [(lit[0], appear(self.told[0]))]
        for old, new in pairwise(range(len(lit))):
            drawn = new == len(lit) - 1
            gone = self.others if drawn else self.best[self.off[old] : self.off[new]]
            come = follow(VGroup(*(part[new] for part in (self.said, self.told, self.calls))))
            back = [appear(*self.best, rise=False)] if drawn else []
            plays.append((leave(self.said[old], self.calls[old], *self.told[1:new][-1:], *gone), come, lit[new], *back))
        return plays


#: Px of a line and of a chip in it, of its margins, between two chips, and between two texts.
PITCH, HIGH, MARGIN, SPACE, BREAK = 130.0, 66.0, 11.0, 9.0, 20.0
STYLE = "title"
#: Px of the last word of a sentence.
ENDING = 300.0


class Reading:
    """Texts as lines of tokens on chips; `lit` are the same, each filled by how active a unit is there.

    Args:
        texts: the activations, along "position", of each text.
    """

    def __init__(self, texts: Sequence[NamedTensor], room: Room = STAGE) -> None:
        self.active, self.scale_value = texts, max(float(text.values.max()) for text in texts)
        self.texts: list[list[VGroup]] = []
        self.lines: list[VGroup] = []
        self.lit: list[VGroup] = []
        top = room.top
        for text in texts:
            x, begun = room.left, len(self.lines)
            self._line()
            for label, active in zip(text.words("position"), text.quantities(), strict=True):
                wide = word(label, STYLE).width * PIXELS_PER_UNIT + 2 * MARGIN
                if x + wide > room.right:
                    x, top = room.left, top + PITCH
                    self._line()
                for group, fill in ((self.lines, palette().surface), (self.lit, signed(active, self.scale_value))):
                    chip = self._chip(label, wide, fill).move_to(at(x + wide / 2, top + HIGH / 2))
                    if group is self.lit:
                        means(chip[0], Shade(active, self.scale_value))
                    group[-1].add(chip)
                x += wide + SPACE
            top += PITCH + BREAK
            self.texts.append(self.lines[begun:])
        for line in (*self.lines, *self.lit):
            line.shift(DOWN * units((room.bottom - top + BREAK + PITCH - HIGH) / 2))

    def _line(self) -> None:
        self.lines.append(VGroup())
        self.lit.append(VGroup())

    @staticmethod
    def _chip(label: Label, wide: float, fill: str) -> VGroup:
        box = Box(wide, HIGH, fill, 8)
        text = means(word(label, STYLE).settle(box.get_center()), Stands(label))
        text.paper = box
        text.set_fill(ink_on(fill))
        return VGroup(box, text)

    def light(self) -> list[tuple[Animation, ...]]:
        """All tokens take their shade, line by line."""
        return [exchange(old, new, "row") for old, new in zip(self.lines, self.lit, strict=True)]

    def where(self, masks: Sequence[NamedTensor]) -> list[list[VGroup]]:
        """Of each text, the lit chips of the tokens at which its mask is one."""
        chips = iter([chip for line in self.lit for chip in line])
        return [[chip for one, chip in zip(mask.values, chips, strict=False) if one] for mask in masks]

    def told(self, masks: Sequence[NamedTensor]) -> list[list[Words]]:
        """The activation of the unit below these tokens, and below the other one at which it is largest."""
        most = max(float(text.values[mask.values == 0].max()) for text, mask in zip(self.active, masks, strict=True))
        chips = iter([chip for line in self.lit for chip in line])
        return [
            [
                number(active, ".2f", "number", "ink" if one else "ink3").next_to(chip, DOWN, buff=units(18))
                for one, active, chip in zip(mask.values, text.quantities(), chips, strict=False)
                if one or float(active) == most
            ]
            for text, mask in zip(self.active, masks, strict=True)
        ]


class Verdicts:
    """A row for each pair of sentences: how they begin, and their last words, bright if the right noun is the likelier.

    Args:
        begun: a tensor with the beginning of each pair as the label of "pair".
        right: ones and zeros along "sentence", two for each pair.
    """

    def __init__(self, begun: NamedTensor, right: NamedTensor, room: Room = STAGE) -> None:
        left, columns = room.split_columns(-2 * ENDING, 30)
        self.names, self.squares, verdicts = VGroup(), VGroup(), right.quantities()
        for k, (label, line) in enumerate(zip(begun.words("pair"), left.rows(len(begun), 22), strict=True)):
            self.names.add(means(word(label, "caption").end_in(line), Stands(label)))
            for one, cell in zip((2 * k, 2 * k + 1), columns.cross(line).columns(2, 24), strict=True):
                fill = shared(verdicts[one])
                box = means(Box(cell.width, cell.height, fill, 14, palette().line, 3), Shade(verdicts[one]))
                text = word(right.label("sentence", one), "title").settle(box.move_to(cell.centre).get_center())
                text.paper = box
                self.squares.add(VGroup(box, text.set_fill(ink_on(fill))))
