"""Activation patching: vectors, or the output of one head, copied from one run into another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import (
    Count,
    Flight,
    Play,
    Travel,
    appear,
    appear_in_turn,
    draw,
    follow,
    lagged,
    leave,
    reshape,
    take_out,
)
from scenes.layout import Room
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.marks import Shade, means
from scenes.mobjects.shapes import Box, arrow, frame, path
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, in_line
from scenes.mobjects.vectors import Vector
from scenes.mobjects.wording import letter_of
from scenes.theme import PIXELS_PER_UNIT, ink_on, palette, pixels, shared, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the smaller of two runs, and of the names between both.
SMALL, BETWEEN = 480.0, 150.0
#: From so many px on, two bars have large words.
TALL = 200.0
#: The colours of the own form of a word and of that in the other sentence, and of what brings either.
FORMS = "weight", "query"


class Forms(VGroup):
    """The probabilities of two words as bars, one below the other."""

    def __init__(self, probs: NamedTensor, room: Room) -> None:
        labels = probs.words("choice")
        large = room.height > TALL
        style, digits = ("large word", "large number") if large else ("stage word", "stage number")
        self.shares, wide = probs.quantities(), pixels(max(word(label, style).width for label in labels))
        self.names, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for label, share, role, line in zip(labels, self.shares, FORMS, room.rows(len(labels), 14), strict=True):
            side, rest = line.split_columns(wide, 24)
            body, right = rest.split_columns(-250 if large else -180, 20)
            self.names.add(word(label, style).end_in(side))
            bar = ShareBar(share, body.width, "", 0.94 * line.height, role)
            self.bars.add(bar.move_to(body.centre))
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
        return lagged(turns, 0.3)

    def way(self, positions: Sequence[int]) -> VMobject:
        """A line up the layers, through one position of each; to the side it goes between two of them."""
        cells = [self.told[layer][position][0] for layer, position in enumerate(positions)]
        corners = [cell.get_center() + RIGHT * cell.width / 4 for cell in cells]
        half = UP * (cells[0].height / 2 + units(8))
        turns = (turn for a, b in pairwise(corners) for turn in (a + UP * (b - a) / 2, b - UP * (b - a) / 2))
        return path([corners[0] - half, *turns, corners[-1] + half], "query", 9)


class TwoRoutes:
    """Two routes to the next word: from a noun by a head of the encoder, and from the Spanish words before it.

    What belongs to the sentence has the colour of its own form, what comes from the other sentence that of the other.

    Args:
        run: the recorded transplants, by the name of each tensor.
        key: the name of the pair of sentences.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, key: str, room: Room) -> None:
        given, prob = (run[f"{key}_{name}"].pick(choice=1) for name in ("heads", "prob"))
        (layer, head, share), words = given.largest(), prob.words("position")
        left, right = room.split_columns(-0.38 * room.width, 70)
        body, column = left.split_columns(-BETWEEN - 60, 70)
        above, rest = body.split_rows(140, 70)
        line, foot = rest.split_rows(72)[0], rest.split_rows(-72)[1]
        column, places = Room(column.left, line.top, column.right, foot.bottom), line.columns(len(words), 20)
        at, to = (prob.pick(layer=k).largest()[0].position for k in (0, -1))
        #: What is translated, and the Spanish words before: its own, and those of the other sentence.
        self.source = VGroup(chip_in(one, place) for one, place in zip(words, places, strict=True))
        written = (run[f"{key}_{part}_written"].words("position")[:-1] for part in ("own", "donor"))
        self.prefixes = [VGroup(chip_in(one, foot) for one in some).arrange(buff=units(18)) for some in written]
        #: All heads of the encoder, a row a layer, as bright as the probability that each leads to; the best; the frame
        #: that stays where it is cut.
        stand = Room(places[at].right, above.top, places[to].left, above.bottom)
        rows = zip(given, stand.inset(12).rows(len(given), 10), strict=True)
        pairs = (zip(row.quantities(), part.columns(len(row), 10), strict=True) for row, part in rows)
        self.cells = VGroup(shaded(one, False, place) for row in pairs for one, place in row)
        self.best = self.cells[layer.position * given.size("head") + head.position]
        self.heads, self.head = named("heads", stand), shaded(share, False, stand)
        name = Words(f"head {letter_of(head.position)}", "large word", paper=self.head[0])
        self.head.add(stand.inset(12).fit(name, most=1).set_fill(ink_on(shared(share))))
        self.gone = frame(stand.width, stand.height, "warning", 5, 12).move_to(stand.centre)
        self.decoder = named("decoder", column)
        noun, goal = self.source[at], self.source[to]
        #: The noun of the other sentence, over that of the own.
        self.noun = chip_in(run[f"{key}_donor_rows"].label("position", at), above).align_to(noun.get_center(), RIGHT)
        turn, back = (np.array([chip.get_x(), self.noun.get_y(), 0]) for chip in (noun, goal))
        upper, lower = (np.array([self.decoder.get_left()[0], row.centre[1], 0]) for row in (line, foot))
        #: The lines of each route, with what is of the own sentence, and with what is copied.
        self.first, self.second = list[list[VMobject]](), list[VMobject]()
        begins = [noun.get_top(), turn], [self.noun.get_right()]
        for begin, prefix, role in zip(begins, self.prefixes, FORMS, strict=True):
            prefix.move_to(foot.centre).align_to(self.source, LEFT)
            over = [self.head.get_right(), back, goal.get_top()]
            ways = [*begin, self.head.get_left()], over, [goal.get_right(), upper], [prefix.get_right(), lower]
            self.first.append([path(way, role, 12) for way in ways[:-1]])
            self.second.append(path(ways[-1], role, 12))
        self.out = arrow(*(self.decoder.get_right() + RIGHT * units(px) for px in (8, 62)))
        body, one = right.cross(column).inset(0, 40), {"layer": layer.position, "head": head.position}
        self.answer, self.donor = (Forms(run[f"{key}_prefix"].pick(part=part), body) for part in ("own", "donor"))
        self.copied = Forms(run[f"{key}_heads"].pick(**one), body)
        self.own_off, self.donor_off = (Forms(run[f"{key}_off"].pick(part=p, **one), body) for p in ("own", "donor"))

    def routes(self) -> list[Play]:
        """Both routes are drawn, as the sentence has them."""
        into, *out = self.first[0]
        return [draw(into), draw(*out), draw(self.second[0])]

    def copy(self) -> list[Play]:
        """The output of each head is copied, then that of the best alone: the route brings the other noun."""
        others = [cell for cell in self.cells if cell is not self.best]
        return [
            (leave(self.heads[1]), appear_in_turn([*self.cells])),
            (leave(*others, self.heads[0]), Travel(self.best, self.head, 0.0, leaving=True)),
            (leave(self.first[0][0]), appear(self.noun)),
            (draw(*self.first[1]), leave(*self.first[0][1:])),
            self.answer.become(self.copied),
        ]

    def again(self) -> Play:
        """The head brings what is of the own sentence again."""
        return leave(self.noun, *self.first[1]), draw(*self.first[0])

    def after(self, part: str, answer: Forms) -> list[Play]:
        """The Spanish words of the "own" or the "donor" sentence stand before, and the answer becomes another."""
        both = [*zip(self.prefixes, self.second, strict=True)]
        old, (words, line) = both if part == "donor" else both[::-1]
        return [(leave(*old), follow(words), draw(line)), self.answer.become(answer)]

    def cut(self) -> list[Play]:
        """The head is cut, and with it its route."""
        broken = *take_out(self.head, VGroup(self.gone)), leave(*self.first[0][1:])
        return [broken, self.answer.become(self.donor_off)]


def chip_in(label: Label, place: Room) -> Token:
    """A token in large type."""
    return Token(label, "", pixels(word(label, "large word").width) + 36, 76, "large word").move_to(place.centre)


def named(text: str, place: Room) -> VGroup:
    """A box with a name."""
    box = Box.of(place, palette().background, 12, palette().line, 2)
    return VGroup(box, Words(text, "fact", "ink2", box).settle(place.centre))
