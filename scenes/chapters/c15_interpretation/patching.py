"""Activation patching: vectors, or the output of one head, copied from one run into another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import LEFT, RIGHT, UP, Animation, AnimationGroup, LaggedStart, VGroup, VMobject

from scenes.animations import (
    Count,
    Flight,
    Play,
    Travel,
    appear,
    follow,
    leave,
    put_back,
    reshape,
    take_out,
)
from scenes.layout import Room
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.marks import Shade, means
from scenes.mobjects.shapes import Box, frame, path
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, in_line
from scenes.mobjects.vectors import Vector
from scenes.mobjects.wording import letter_of
from scenes.theme import PIXELS_PER_UNIT, ink_on, pace, palette, pixels, shared, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the smaller of two runs, and of the names between both.
SMALL, BETWEEN = 480.0, 150.0
#: From so many px on, two bars have large words.
TALL = 200.0


class Forms(VGroup):
    """The probabilities of two words as bars, one below the other."""

    def __init__(self, probs: NamedTensor, room: Room) -> None:
        labels = probs.words("choice")
        large = room.height > TALL
        style, digits = ("large word", "large number") if large else ("stage word", "stage number")
        self.shares, wide = probs.quantities(), pixels(max(word(label, style).width for label in labels))
        self.names, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for label, share, line in zip(labels, self.shares, room.rows(len(labels), 14), strict=True):
            side, rest = line.split_columns(wide, 24)
            body, right = rest.split_columns(-250 if large else -180, 20)
            self.names.add(word(label, style).end_in(side))
            self.bars.add(ShareBar(share, body.width, "", 0.94 * line.height).move_to(body.centre))
            self.bars[-1].track.set_fill(palette().background)
            self.numbers.add(number(share, "share", digits).end_in(right))
        super().__init__(self.names, self.bars, self.numbers)

    def become(self, other: Forms) -> tuple[Animation, ...]:
        """The answer tips: bars and numbers become those of `other`, which stands in the same place."""
        moved = [reshape(old.bar, new.bar) for old, new in zip(self.bars, other.bars, strict=True)]
        pairs = zip(self.numbers, self.shares, other.shares, strict=True)
        counted = [Count(text, shares, "share", "row") for text, *shares in pairs]
        self.shares = other.shares
        return (*moved, *counted)


class OneRun:
    """A run of the encoder: tokens along the foot, and their vectors before the first layer and after each."""

    def __init__(self, rows: NamedTensor, scale: float, room: Room) -> None:
        body, foot = room.split_rows(-60, 16)
        words = rows.words("position")
        self.tokens, self.vectors = VGroup(), VGroup()
        self.places = [line.columns(len(words), 12) for line in reversed(body.rows(rows.size("layer"), 12))]
        for label, place in zip(words, foot.columns(len(words), 12), strict=True):
            self.tokens.add(Token(label, "", place.width, 60, "stage word").move_to(place.centre))
        for layer, line in zip(rows, self.places, strict=True):
            vectors = [Vector(row, p.width, p.height, "residual", scale) for row, p in zip(layer, line, strict=True)]
            self.vectors.add(VGroup(one.move_to(place.centre) for one, place in zip(vectors, line, strict=True)))

    def upwards(self) -> list[Animation]:
        """The vectors come out of the tokens, and those of each layer out of the ones below."""
        return [
            AnimationGroup(*(Travel(a, b, 0.0, "row") for a, b in zip(lower, line, strict=True)))
            for lower, line in pairwise([self.tokens, *self.vectors])
        ]


def shaded(share: Quantity, told: bool, place: Room, aside: float = 0.0) -> VGroup:
    """A cell as bright as a share; where it is `told`, with its number, so many px left of the middle."""
    fill = shared(share)
    box = means(Box(place.width, place.height, fill, 8, palette().line, 2), Shade(share)).move_to(place.centre)
    if not told:
        return VGroup(box)
    text = number(share, "share", "stage number").settle(place.centre + LEFT * units(aside)).set_fill(ink_on(fill))
    text.paper = box
    return VGroup(box, text)


class TwoPasses:
    """Two runs side by side: a vector of the small one is copied into the large one, and the answer there tips.

    Args:
        run: the recorded transplants, by the name of each tensor.
        key: the name of the pair of sentences.
        least: the probability from which on it is written out.
        room: the rectangle that is filled.

    `told[layer][position]` is as bright as the probability of the other form that the transplant there leads to.
    """

    def __init__(self, run: Trace, key: str, least: float, room: Room) -> None:
        rows, given = run[f"{key}_rows"], run[f"{key}_donor_rows"]
        self.probs, unpatched = run[f"{key}_prob"], run[f"{key}_unpatched"]
        top, body = room.split_rows(112, 36)
        scale, (left, right) = max(full_colour(rows), full_colour(given)), body.split_columns(SMALL, BETWEEN)
        self.donor, self.own = OneRun(given, scale, left), OneRun(rows, scale, right)
        before, self.room = right.cross(top).split_columns(-left.width, 40)
        self.answer = Forms(unpatched.pick(part="donor"), left.cross(top))
        self.answers, self.unpatched = (Forms(unpatched.pick(part="own"), self.room) for _ in range(2))
        #: The Spanish words that stand already, in both runs.
        self.before = in_line(run[f"{key}_own_written"].words("position")[:-1], before.width).move_to(before.centre)
        self.calls, self.told, self.scale, self.given = VGroup(), [], scale, given
        for layer, line in enumerate(self.own.places):
            middle = np.array([left.width / 2 + BETWEEN / 2, 0, 0])
            call = word(rows.label("layer", layer), "fact", "ink2")
            self.calls.add(call.settle(self.donor.vectors[layer].get_center() + middle / PIXELS_PER_UNIT))
            shares = zip(self.probs.pick(choice=1, layer=layer).quantities(), line, strict=True)
            self.told.append(VGroup(shaded(p, bool(p > least), place, place.width / 5) for p, place in shares))

    def forward(self) -> list[tuple[Animation, ...]]:
        """Both runs, layer by layer."""
        steps = zip(self.donor.upwards(), self.own.upwards(), self.calls, strict=True)
        return [(given, own, appear(call)) for given, own, call in steps]

    def patches(self, places: Sequence[tuple[int, int]]) -> list[list[Play]]:
        """Plays for each place, layer and position: its vector flies from the small run into the large one.

        The answer there tips, and a cell tells it. What was copied before is first put back.
        """
        found: list[list[Play]] = []
        for layer, position in places:
            source, goal = self.donor.vectors[layer][position], self.own.vectors[layer][position]
            row = self.given.pick(layer=layer, position=position)
            copied = Vector(row, pixels(goal.width), pixels(goal.height), "query", self.scale).move_to(goal)
            after = Forms(self.probs.pick(layer=layer, position=position), self.room)
            back = self.put_back() if found else ()
            found.append([
                (*back, leave(goal), Travel(source, copied, 0.3, "cut" if found else "slow")),
                Flight(copied, copied.copy().move_to(self.answers), 0.0),
                (*self.answers.become(after), leave(copied), appear(self.told[layer][position], rise=False)),
            ])  # fmt: skip
        return found

    def put_back(self) -> tuple[Animation, ...]:
        """The large run answers as it did."""
        return self.answers.become(self.unpatched)

    def others(self, done: Sequence[tuple[int, int]]) -> Animation:
        """All other vectors fly across, one after another, and leave what they lead to."""
        turns = []
        for layer, position in np.ndindex(self.probs.shape[1:]):
            if (layer, position) not in done:
                own = self.own.vectors[layer][position]
                flight = Flight(self.donor.vectors[layer][position], own, 0.15)
                turns.append(AnimationGroup(flight, leave(own), appear(self.told[layer][position], rise=False)))
        return LaggedStart(*turns, lag_ratio=0.3, run_time=pace("slow"))

    def way(self, positions: Sequence[int]) -> VMobject:
        """A line up the layers, through one position of each; to the side it goes between two of them."""
        cells = [self.told[layer][position][0] for layer, position in enumerate(positions)]
        corners = [cell.get_center() + RIGHT * cell.width / 4 for cell in cells]
        half = UP * (cells[0].height / 2 + units(8))
        turns = (turn for a, b in pairwise(corners) for turn in (a + UP * (b - a) / 2, b - UP * (b - a) / 2))
        return path([corners[0] - half, *turns, corners[-1] + half], "query", 9)


class OneHead:
    """An answer as two bars, and how it changes when a head is patched, ablated, or other words stand before it.

    Args:
        run: the recorded transplants, by the name of each tensor.
        key: the name of the pair of sentences.
        least: the probability from which on it is written out.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, key: str, least: float, room: Room) -> None:
        given, off = run[f"{key}_heads"].pick(choice=1), run[f"{key}_off"]
        layer, head, _ = given.largest()
        #: The head that moves most, by layer and place, and where it stands.
        self.at = layer.position, head.position
        left, right = room.split_columns(SMALL + 60, 90)
        heading, rest = left.inset(0, 40).split_rows(60)
        side, body = rest.split_columns(120, 10)
        self.cells, self.names = VGroup(), VGroup()
        for row, line in enumerate(body.rows(len(given), 20)):
            name = word(run[f"{key}_prob"].label("layer", row + 1), "fact", "ink2")
            self.names.add(name.end_in(side.cross(line)))
            for place, share in zip(
                line.columns(given.size("head"), 12), given.pick(layer=row).quantities(), strict=True
            ):
                self.cells.add(shaded(share, bool(share > least), place))
                if not row:
                    letter = Words(letter_of(len(self.cells) - 1), "stage word", "ink2")
                    self.names.add(letter.settle(place.cross(heading).centre))
        self.best = self.cells[int(np.ravel_multi_index(self.at, given.shape))]
        #: What stays where it is taken out.
        self.gone = frame(pixels(self.best.width), pixels(self.best.height), "warning", 4, 8).move_to(self.best)
        top, rest = right.split_rows(70, 20)
        second, body = rest.split_rows(70, 40)
        #: What is translated, and the Spanish words before: its own, and those of the other sentence.
        self.source = top.fit(in_line(run[f"{key}_prob"].words("position"), top.width))
        written = (run[f"{key}_{part}_written"].words("position")[:-1] for part in ("own", "donor"))
        self.prefixes = VGroup(second.fit(in_line(words, second.width)) for words in written)
        at = {"layer": self.at[0], "head": self.at[1]}
        body = body.split_rows(-20)[0]
        self.answer, self.own = (Forms(run[f"{key}_unpatched"].pick(part="own"), body) for _ in range(2))
        self.copied = Forms(run[f"{key}_heads"].pick(**at), body)
        self.donor = Forms(run[f"{key}_prefix"].pick(part="donor"), body)
        self.own_off, self.donor_off = (Forms(off.pick(part=part, **at), body) for part in ("own", "donor"))

    def off(self, then: Forms) -> tuple[Animation, ...]:
        """The head is switched off, and the answer becomes another, or stays."""
        return (*take_out(VGroup(self.best), VGroup(self.gone)), *self.answer.become(then))

    def other_words(self) -> tuple[Animation, ...]:
        """The head is on again, and the Spanish words of the other sentence stand before."""
        own, other = self.prefixes
        back = put_back(VGroup(self.best), VGroup(self.gone))
        return (*back, leave(own), follow(other), *self.answer.become(self.donor))
