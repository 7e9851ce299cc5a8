"""Activation patching: vectors, or the output of one head, copied from one run into another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import (
    Come,
    Flight,
    Play,
    Travel,
    appear,
    draw,
    exchange,
    grow,
    lagged,
    leave,
    reshape,
    ring_around,
    take_out,
)
from scenes.animations.verbs import LATE
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import ShareBar, bar_of
from scenes.mobjects.marks import Shade, means
from scenes.mobjects.shapes import Box, arrow, dot, frame, path, rule, wire
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, in_line
from scenes.mobjects.wording import letter_of
from scenes.theme import at, ink_on, pace, palette, pixels, shared, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px between two runs, for the names of their layers, and between two layers; of the turn of a route, and of the dot
#: where one enters a vector.
BETWEEN, FLOOR, TURN, MEET = 150.0, 36.0, 32.0, 30.0
#: The part of the room that the run has from which vectors are copied, and of that the part of an answer.
DONOR, FORMED = 0.45, 0.56
#: How opaque a vector's tile is; the share of the farthest move from which on a move is seen.
TINT, SEEN = 0.3, 0.05
#: From so many px on, two bars have large words; px around a box between routes, and from it to the bars.
TALL, AIR, OUT = 200.0, 40.0, 90.0
#: The colours of the own form of a word and of that in the other sentence, and of what brings either.
FORMS = "weight", "query"


class FormBars(VGroup):
    """The probabilities of two words as bars, one below the other."""

    def __init__(self, probs: NamedTensor, room: Room) -> None:
        labels, large = probs.words("choice"), room.height > TALL
        style, digits = ("large word", "large number") if large else ("stage word", "stage number")
        shares, wide = probs.quantities(), pixels(max(word(label, style).width for label in labels))
        self.names, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for label, share, role, line in zip(labels, shares, FORMS, room.rows(len(labels), 14), strict=True):
            side, rest = line.split_columns(wide, 24)
            body, right = rest.split_columns(-250 if large else -180, 20)
            self.names.add(word(label, style).end_in(side))
            bar = ShareBar(share, body.width, "", 0.94 * line.height, role)
            self.bars.add(bar.move_to(body.centre))
            self.bars[-1].track.set_fill(palette().background)
            self.numbers.add(number(share, "share", digits).end_in(right))
        super().__init__(self.names, self.bars, self.numbers)

    def become(self, other: FormBars) -> tuple[Animation, ...]:
        """The answer tips: bars become those of `other`, which stands in the same place; numbers come when they do."""
        moved = [reshape(old.bar, new.bar) for old, new in zip(self.bars, other.bars, strict=True)]
        gone, self.numbers = self.numbers, other.numbers
        return *moved, leave(gone), Come(self.numbers, run_time=pace("row"), rate_func=LATE)


class EncoderRun:
    """A run of the encoder: tokens along the foot, and tiles for the vectors of each layer, the input first."""

    def __init__(self, rows: NamedTensor, role: str, room: Room) -> None:
        body, foot = room.split_rows(-60, FLOOR)
        words, self.tokens, self.tiles, colour = rows.words("position"), VGroup(), VGroup(), palette().role(role)
        self.places = [line.columns(len(words), 20) for line in reversed(body.rows(rows.size("layer"), FLOOR))]
        for label, place in zip(words, foot.columns(len(words), 20), strict=True):
            self.tokens.add(Token(label, "", place.width, 60, "stage word").move_to(place.centre))
        for line in self.places:
            self.tiles.add(VGroup(Box.of(place, colour, 8, colour, 2.5).set_fill(opacity=TINT) for place in line))

    def upwards(self) -> list[Animation]:
        """The vectors come out of the tokens, and those of each layer out of the ones below."""
        return [
            AnimationGroup(*(Travel(a, b, 0.0, "row") for a, b in zip(lower, line, strict=True)))
            for lower, line in pairwise([self.tokens, *self.tiles])
        ]


def shaded(share: Quantity, told: bool, place: Room) -> VGroup:
    """A cell as bright as a share; where it is `told`, with its number."""
    fill = shared(share)
    box = means(Box(place.width, place.height, fill, 8, palette().line, 2), Shade(share)).move_to(place.centre)
    if not told:
        return VGroup(box)
    text = number(share, "share", "stage number").settle(place.centre).set_fill(ink_on(fill))
    text.paper = box
    return VGroup(box, text)


class TwoPasses:
    """Two runs side by side: a vector of one is copied into the other, its change runs upwards, and the answer tips.

    Args:
        run: the recorded transplants, by the name of each tensor.
        key: the name of the pair of sentences.
        least: the probability from which on it is written out.
        room: the rectangle that is filled.

    `told[layer][position]` is as bright as the probability of the other form that the transplant there leads to.
    """

    def __init__(self, run: Trace, key: str, least: float, room: Room) -> None:
        rows, given = run[f"{key}_rows"], run[f"{key}_donor_rows"]
        self.probs, unpatched, self.moved = run[f"{key}_prob"], run[f"{key}_unpatched"], run[f"{key}_rows.moved"]
        top, body = room.split_rows(112, 30)
        left, right = in_two(body)
        self.own, self.donor = EncoderRun(rows, "residual", left), EncoderRun(given, "query", right)
        places = [side.cross(top).split_columns(-FORMED * right.width, 40) for side in (left, right)]
        (_, self.room), (_, there) = places
        self.answer = FormBars(unpatched.pick(part="donor"), there)
        self.answers, self.unpatched = (FormBars(unpatched.pick(part="own"), self.room) for _ in range(2))
        #: The Spanish words that stand already, in both runs.
        written = run[f"{key}_own_written"].words("position")[:-1]
        self.before = VGroup(in_line(written, before.width).move_to(before.centre) for before, _ in places)
        self.calls, self.told, self.trail = VGroup(), [], VGroup()
        for layer, line in enumerate(self.own.places):
            call = word(rows.label("layer", layer), "fact", "ink2")
            self.calls.add(call.settle(np.array([at(left.right + BETWEEN / 2, 0)[0], line[0].centre[1], 0])))
            shares = zip(self.probs.pick(choice=1, layer=layer).quantities(), line, strict=True)
            self.told.append(VGroup(shaded(p, bool(p > least), place) for p, place in shares))

    def told_before(self, box: VMobject, text: VMobject, told: VMobject) -> tuple[Animation, ...]:
        """The chip of a word and its text become the first answer of the own run; the other comes."""
        (bar, other), names, numbers = self.answers.bars, self.answers.names, self.answers.numbers
        moved = exchange([box, text], [bar.bar, names[0]], "camera")
        return leave(told), appear(bar.track, names[1], other, numbers), *moved

    def forward(self) -> list[tuple[Animation, ...]]:
        """Both runs, layer by layer."""
        steps = zip(self.donor.upwards(), self.own.upwards(), self.calls, strict=True)
        return [(given, own, appear(call)) for given, own, call in steps]

    def patches(self, places: Sequence[tuple[int, int]]) -> list[list[Play]]:
        """Plays for each place, layer and position: its vector flies from the one run into the other.

        The answer there tips, and a cell tells it. What was copied before is first put back.
        """
        found: list[list[Play]] = []
        for layer, position in places:
            source, goal = self.donor.tiles[layer][position], self.own.tiles[layer][position]
            copied = source.copy().move_to(goal)
            after = FormBars(self.probs.pick(layer=layer, position=position), self.room)
            back = self.put_back() if found else ()
            found.append([
                (*back, leave(goal), Travel(source, copied, 0.15, "cut" if found else "row")),
                *(() if layer else self.upwards()),
                self.answers.become(after),
                (leave(copied), appear(self.told[layer][position], rise=False)),
            ])  # fmt: skip
        return found

    def upwards(self) -> list[Play]:
        """A copy at the input changes what stands above it, layer by layer: each tile fills as far as it moves."""
        plays: list[Play] = []
        for layer in range(1, len(self.moved)):
            lines, fills = VGroup(), VGroup()
            for place, share in enumerate(self.moved.pick(layer=layer).quantities()):
                if share > SEEN:
                    box, room = self.own.tiles[layer][place], self.own.places[layer][place]
                    below = np.flatnonzero(self.moved.values[layer - 1] > SEEN)
                    feet = (self.own.tiles[layer - 1][int(at)].get_top() for at in below)
                    lines.add(rule(foot, box.get_bottom(), "query", 6) for foot in feet)
                    fill = bar_of(share, "height", room.height, room.width, "query", 8).set_fill(opacity=2 * TINT)
                    fills.add(fill.align_to(box, DOWN).set_x(box.get_x()))
            self.trail.add(lines, fills)
            plays += [draw(lines), AnimationGroup(*(grow(fill, DOWN) for fill in fills))]
        return plays

    def put_back(self) -> tuple[Animation, ...]:
        """The run answers as it did; what a copy moved leaves once."""
        gone, self.trail = [*self.trail], VGroup()
        return *([leave(*gone)] if gone else []), *self.answers.become(self.unpatched)

    def others(self, done: Sequence[tuple[int, int]]) -> Animation:
        """All other vectors fly across, one after another, and leave what they lead to."""
        turns = []
        for layer, position in np.ndindex(self.probs.shape[1:]):
            if (layer, position) not in done:
                own = self.own.tiles[layer][position]
                flight = Flight(self.donor.tiles[layer][position], own, 0.15)
                turns.append(AnimationGroup(flight, leave(own), appear(self.told[layer][position], rise=False)))
        return lagged(turns, 0.3)

    def way(self, positions: Sequence[int]) -> Play:
        """Lines from a token up to the answer, through one cell of each layer; what takes no part in it leaves."""
        cells = [line[position] for line, position in zip(self.told, positions, strict=True)]
        others = [cell for line in self.told for cell in line if cell not in cells]
        stops, links = [self.own.tokens[positions[0]], *(cell[0] for cell in cells)], VGroup()
        for below, above in zip(stops, [*stops[1:], None], strict=True):
            start = below.get_top()
            end = above.get_bottom() if above else start + UP * units(FLOOR / 2)
            middle = UP * (start + end) / 2
            links.add(wire([start, start * RIGHT + middle, end * RIGHT + middle, end], "query", 9))
        gone = leave(*others, self.donor.tokens, *self.donor.tiles, self.answer, self.before[1])
        return gone, lagged(map(draw, links), 1.0)


def in_two(room: Room) -> tuple[Room, Room]:
    """The room of the run that is followed, and of what stands beside it."""
    return room.split_columns(-DONOR * (room.width - BETWEEN), BETWEEN)


class TwoRoutes:
    """Two routes to the next word: from a noun by a head of the encoder, and from the Spanish words before it.

    What belongs to the sentence has the colour of its own form, what comes from the other sentence that of the other.

    Args:
        run: the recorded transplants, by the name of each tensor.
        key: the name of the pair of sentences.
        passes: the run whose tokens these are, with the Spanish words above them.
    """

    def __init__(self, run: Trace, key: str, passes: TwoPasses, room: Room = STAGE) -> None:
        given, prob = (run[f"{key}_{name}"].pick(choice=1) for name in ("heads", "prob"))
        layer, head, share = given.largest()
        left, right = in_two(room)
        at, to = (prob.pick(layer=k).largest()[0].position for k in (0, -1))
        #: What is translated, and the Spanish words before: its own, those of the other sentence, and those that are
        #: written for the other sentence without the head.
        self.source, (own, _) = passes.own.tokens, passes.before
        written = (run[f"{key}_{name}"].words("position")[: len(own)] for name in ("donor_written", "written"))
        self.prefixes = [own, *(in_line(some, pixels(own.width)).move_to(own, LEFT) for some in written)]
        column = Room(left.right + AIR, room.top, right.left + OUT, room.bottom)
        #: All heads of the encoder; the one that moves the gender; the frame that stays where it is cut.
        *_, floor, top = passes.own.places
        stand = Room(floor[at].right - AIR, floor[at].top, floor[to].left + AIR, floor[at].bottom)
        self.heads, self.head = named("heads", stand), shaded(share, False, stand)
        letter, body = letter_of(head.position), stand.inset(12)
        name, off = Words(f"head {letter}", "large word", paper=self.head[0]), Words(f"head {letter} off", "large word")
        self.head.add(body.fit(name, most=1).set_fill(ink_on(shared(share))))
        self.gone = VGroup(frame(stand.width, stand.height, "warning", 5, 12).move_to(stand.centre))
        self.gone.add(body.fit(off, most=1).set_fill(palette().role("warning")))
        self.decoder, self.old, goal = named("decoder", column), self.source[at], self.source[to]
        #: The noun of the other sentence, before the head, and later in the place of that of the own.
        other = run[f"{key}_donor_rows"].label("position", at)
        self.instead = Token(other, "", pixels(self.old.width), 60, "stage word").move_to(self.old)
        #: What is read in the end.
        self.read = [self.instead if token is self.old else token for token in self.source]
        self.noun = self.instead.copy().set_y(self.head.get_y()).align_to(self.old.get_center(), RIGHT)
        edge, over, aside = self.decoder.get_left()[0] * RIGHT, UP * top[to].centre[1], units(20)
        level, turns = UP * self.head.get_y(), [(goal.get_x() + side) * RIGHT for side in (-aside, aside)]
        #: The lines of each route, with what is of the own sentence, and with what is copied.
        self.first, self.second = list[list[VMobject]](), list[VMobject]()
        begins = [self.old.get_top(), self.old.get_x() * RIGHT + level], [self.noun.get_right()]
        for begin, role in zip(begins, FORMS, strict=True):
            out = turns[0] + level, *(x + over + UP * aside for x in (turns[0], edge))
            ways = [*begin, self.head.get_left()], [self.head.get_right(), out[0]], out
            self.first.append([wire(way, role, 12, TURN) for way in ways])
        for prefix, role in zip(self.prefixes, (*FORMS, FORMS[0]), strict=True):
            start = prefix.get_right() + RIGHT * aside
            self.second.append(path([start, edge + start * UP], role, 12))
        #: What the adjective itself gives, whatever its gender, with a dot where the head adds to its vector; and what
        #: both lines are called.
        meet, out = goal.get_x() * RIGHT + level, (turns[1] + level, *(x + over - UP * aside for x in (turns[1], edge)))
        self.meaning = [wire(way, "ink3", 12, TURN) for way in ([goal.get_top(), meet], out)]
        texts = [Words(text, "stage word", "ink2") for text in ("gender", "meaning")]
        self.calls = VGroup(texts[0].next_to(edge + over, UP, 3 * aside), texts[1].next_to(goal, UP, 2 * aside))
        for text, end in zip(texts, (edge, turns[0]), strict=True):
            text.end_at(end[0] - aside)
        self.calls.add(dot(meet, MEET, "residual").set_z_index(1))
        self.out = arrow(*(self.decoder.get_right() + RIGHT * units(px) for px in (8, 62)))
        body = Room(column.right + OUT, room.top, right.right, room.bottom).inset(0, AIR)
        one = {"layer": layer.position, "head": head.position}
        self.answer = FormBars(run[f"{key}_prefix"].pick(part="own"), body)
        self.copied = FormBars(run[f"{key}_heads"].pick(**one), body)
        self.own_off, self.donor_off = (FormBars(run[f"{key}_off"].pick(part=p, **one), body) for p in ("own", "donor"))
        self.slipped, self.mended = (FormBars(run[f"{key}_mended"].pick(part=p), body) for p in ("written", "right"))

    def routes(self) -> list[Play]:
        """Both routes are drawn, as the sentence has them."""
        into, *out = self.first[0]
        return [(draw(*self.meaning), appear(*self.calls[1:])), draw(into), (draw(*out), appear(self.calls[0])),
                draw(self.second[0])]  # fmt: skip

    def copy(self) -> list[Play]:
        """Of all heads, the output of one is copied: the route brings the other noun."""
        return [
            Travel(self.heads, self.head, 0.0, leaving=True),
            (leave(self.first[0][0]), appear(self.noun)),
            (draw(*self.first[1]), leave(*self.first[0][1:])),
            self.answer.become(self.copied),
        ]

    def cut(self) -> list[Play]:
        """The head is cut, and with it its route: the adjective still tells what it means."""
        gone, come = self.answered(self.own_off)
        again = leave(self.noun, *self.first[1]), draw(*self.first[0]), gone
        broken = *take_out(self.head, VGroup(self.gone[0])), leave(*self.first[0], self.calls[0])
        return [again, broken, (*come, appear(self.gone[1]))]

    def answered(self, new: FormBars) -> tuple[Animation, tuple[Animation, ...]]:
        """The answer leaves, as it is no longer true, and later another comes."""
        gone, self.answer = leave(self.answer.bars, self.answer.numbers), new
        return gone, (*(grow(one.bar) for one in new.bars), appear(new.numbers))

    def after(self, old: int = 0, new: int = 1, answer: FormBars | None = None) -> list[Play]:
        """Other Spanish words stand before, at first those of the other sentence, and the answer becomes another."""
        gone, come = self.answered(answer or self.donor_off)
        words = exchange(self.prefixes[old], self.prefixes[new])
        return [(*words, gone, leave(self.second[old]), draw(self.second[new])), come]

    def slip(self) -> list[Play]:
        """The other sentence is read, and goes on from what is written for it without the head; the slip is mended."""
        ring = ring_around(self.prefixes[2][0], "warning")
        words, tips = self.after(1, 2, self.slipped)
        again = exchange([self.old], [self.instead])
        (back, mended) = self.after(2, 1, self.mended)
        return [(*again, *words), (*tips, appear(ring)), (leave(ring), *back), mended]


def named(text: str, place: Room) -> VGroup:
    """A box with a name."""
    box = Box.of(place, palette().background, 12, palette().line, 2)
    return VGroup(box, Words(text, "fact", "ink2", box).settle(place.centre))
