"""All probabilities of the next token: a bar for each word, and a strip that spots fall on and rules cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import Count, Play, Sweep, Through, Travel, appear, deal, leave, reshape
from scenes.layout import Room
from scenes.mobjects.bars import bar_in, bar_on, end_to_end
from scenes.mobjects.marks import AxisSpan, Ground, Tick, means
from scenes.mobjects.next_tokens import ModelPrompts, NextTokens, Scissors, TemperatureKnob, likeliest
from scenes.mobjects.shapes import Box, dashes, dot, rule, stroke
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, palette, pixels, units
from transformer_core.studies.measures.sampling import LISTED
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the strip, from its top to the spots above it, from one hit to the next, of a spot, and between two tokens.
HIGH, ABOVE, PITCH, RADIUS, EDGE = 96.0, 26.0, 36.0, 11.0, 3.0
#: Px from the strip of one prompt down to that of another, from a strip to what is beside it, to a number below it, and
#: to the end of a cut.
SECOND, SPACE, BELOW, CUT = 310.0, 12.0, 46.0, 80.0
#: The most words of a vocabulary that are drawn; px of the likeliest among them, and above all of them; how much larger
#: the question is than what answers it.
MOST_WORDS, BROAD, HEAD, LARGER = 600, 26.0, 84.0, 5.0
#: By which the part of the first choice of our own model is known, however it is drawn.
FIRST = ("the first choice",)


class Skyline:
    """A bar for each word of a vocabulary, in its order: its logit, and what the softmax makes of it.

    Args:
        logits, probs: along "vocab"; of a large vocabulary every so many words are drawn.
        others: what all words but the likeliest have together.
        room, tracks: the rectangle that is filled, and the column in it of a probability of one.

    `bars` become `shares`, and of these, the likeliest and all others together become `levels`.
    """

    def __init__(self, logits: NamedTensor, probs: NamedTensor, others: Quantity, room: Room, tracks: Room) -> None:
        (self.best,), count, (head, body) = likeliest(probs, 1), len(logits), room.split_rows(HEAD)
        every = -(-count // MOST_WORDS)
        shown = sorted({*range(0, count, every), self.best})
        self.place = shown.index(self.best)
        wide = (body.width - BROAD) / len(shown)
        low, high = min(0.0, *(values := logits.values[shown])), max(0.0, *values)
        unit, whole = body.height / (high - low), body.height
        levels, grounds = (body.top + high * unit, body.bottom), (Ground(), Ground())
        #: The line of zero of the logits, and that of the probabilities.
        self.lines = [
            means(rule(at(body.left, y), at(body.right, y), "ink3", 3), ground)
            for y, ground in zip(levels, grounds, strict=True)
        ]
        self.bars, self.shares = VGroup(), VGroup()
        for k, i in enumerate(shown):
            x = body.left + wide * (k + 0.5) + BROAD * ((k > self.place) + (k == self.place) / 2)
            across, role = (BROAD, "weight") if i == self.best else (wide, "ink2")
            for made, tensor, y, ground, px in zip(
                (self.bars, self.shares), (logits, probs), levels, grounds, (unit, whole), strict=True
            ):
                made.add(bar_on(at(x, y), ground, tensor.quantity(i), "height", px, across, radius=0, role=role))
        name, most = logits.label("vocab", self.best), probs.quantity(self.best)

        def line(text: Words, value: Quantity, spec: str, *called: str) -> VGroup:
            parts = text, *(Words(name, "fact") for name in called), number(value, spec, "large number")
            return VGroup(*parts).arrange(buff=units(2 * SPACE), aligned_edge=DOWN)

        #: The likeliest word with its logit, on top of its bar; on level bars, that and all others with what they have.
        self.logit = line(word(name, "large word"), logits.quantity(self.best), ".1f", "logit")
        reach = np.array([room.left, room.right]) + np.array([0.5, -0.5]) * pixels(self.logit.width)
        self.logit.next_to(self.bars[self.place], UP, buff=units(SPACE))
        self.logit.set_x(np.clip(self.logit.get_x(), *(at(x, 0)[0] for x in reach)))
        self.told, self.levels, places = VGroup(), VGroup(), tracks.cross(room).rows(2, 2 * SPACE)
        both = (word(name, "large word"), most, "weight"), (Words("all others", "block"), others, "ink3")
        for (named, share, role), called, place in zip(both, (["probability"], []), places, strict=True):
            self.levels.add(bar := bar_in(place, share, tracks.width, place.height, role, radius=6, least=3))
            self.told.add(text := line(named, share, ".1%", *called).next_to(bar, RIGHT, buff=units(2 * SPACE)))
            if text.width + 4 * units(SPACE) < bar.width:
                text.align_to(bar, LEFT).shift(RIGHT * units(2 * SPACE)).set_fill(palette().background)
                for part in text:
                    part.paper = bar
        self.question = room.fit(Words("?", "large number"), LARGER)
        #: Where there are too many words, only some have a bar.
        self.note = [Words("not all words are drawn", "fact", "ink2").end_in(head)] if every > 1 else []


def first_choice(trace: Trace, position: int) -> list[Quantity]:
    """The shares of our own model's next token: of the likeliest ones, and of all others together."""
    probs = trace.full("probs").pick(batch=0, position=position)
    others = trace.full("tail_prob").pick(batch=0, position=position, rank=LISTED - 1)
    return [*probs.pick(vocab=likeliest(probs, LISTED)).quantities(), others]


class SampledDraws(VGroup):
    """All probabilities end to end as a strip from nothing to one, draws on it, and the likeliest tokens as a list.

    The strip begins as that of our own model, `ours`: its shares, of which the first is that of a token. All else has a
    state for each temperature; it stands at that of one.
    """

    def __init__(self, model: ModelPrompts, ours: Sequence[Quantity], first: Label) -> None:
        table = model.real["open_by_temperature"].pick(rank=slice(0, LISTED))
        others = model.real["open_by_temperature.unlisted"].quantities()
        self.temperatures = model.real["temperatures"].quantities()
        self.rows = [[*row.quantities(), other] for row, other in zip(table, others, strict=True)]
        self.one, probs = model.at_one("open")
        head, below = model.card.below.split_rows(HIGH + RADIUS, 16)
        self.best = probs.label("rank", 0)
        self.list = NextTokens(probs.pick(rank=slice(0, LISTED)), below, (others[self.one], "all others"))
        self.knob = TemperatureKnob(self.temperatures, self.one, model.card.line.columns(2)[1])
        self.place = head.split_rows(-HIGH)[1].split_columns(-self.list.whole)[1]
        self.zero, self.span = Ground(), AxisSpan(0, 0.0, 1.0)
        self.edges = edges_of(self.place, self.zero, self.span)
        self.strip, *self.strips = (laid_out(row, self.place, self.zero) for row in (ours, *self.rows))
        self.strip[0].key = FIRST
        #: The first token of our own model, on its part of the strip, where it has room.
        self.first = VGroup(*named(self.strip, [first]))
        spots = model.real["open_by_temperature.spots"].quantities()
        self.pins = VGroup(map(self._pin, spots))
        places = AxisSpan(1, LISTED, 0)
        self.axis = means(rule(self.list.spots[0], self.list.spots[-1], "ink3", 2), places)
        landed = model.real["open_by_temperature.landed"]
        self.piles = [self._pile(row.quantities(), places) for row in landed]
        self.hits = self.piles[self.one].copy()
        listed = VGroup(self.list.names, *self.list.numbers[:1], self.list.rest)
        super().__init__(listed, self.axis, self.edges, self.strip, self.pins, self.hits)

    def _pin(self, spot: Quantity) -> VMobject:
        """A spot above the strip, and a line from it down to its place on it."""
        x = self.span.spot(float(spot), self.edges[1])
        place = np.array([x, at(0, self.place.top - ABOVE)[1], 0])
        line = rule(place, place + DOWN * units(ABOVE), "query", 3)
        return means(VGroup(dot(place, RADIUS, "query"), line), Tick(spot, self.span))

    def _pile(self, ranks: Sequence[Quantity], places: AxisSpan) -> VGroup:
        """A dot for each draw, beside the token that it fell on."""
        pile, seen = VGroup(), Counter[int]()
        for rank in ranks:
            row = self.list.spots[int(rank)]
            seen[int(rank)] += 1
            centre = row + np.array([units(PITCH * seen[int(rank)]), 0, 0])
            pile.add(means(dot(centre, RADIUS, "query"), Tick(rank, places)))
        return pile

    def fall(self) -> list[tuple[Animation | None, ...]]:
        """A random spot falls, and a dot beside the token that it hits counts it; then all other spots do the same."""
        heads = [pin[0] for pin in self.pins]
        return [
            (appear(self.pins[0]),),
            (Travel(heads[0], self.hits[0], kind="flow"),),
            (Sweep(self.pins[1:], "rest"),),
            (deal(heads[1:], [*self.hits[1:]], kind="cell"),),
        ]

    def sweep(self, places: range, kind: str) -> tuple[Animation, ...]:
        """The temperature goes through these places: the strip changes under the spots, which stay where they are."""
        numbers = {0: self.list.numbers[0], LISTED: self.list.rest[1]}
        return (
            Through(self.knob.handle, [self.knob.states[i] for i in places], kind),
            Count(self.knob.label, [self.temperatures[i] for i in places], ".1f", kind, "temperature "),
            Through(self.strip, [self.strips[i] for i in places], kind),
            Through(self.hits, [self.piles[i] for i in places], kind),
            *(Count(text, [self.rows[i][k] for i in places], ".1%", kind) for k, text in numbers.items()),
        )


def edges_of(place: Room, zero: Ground, span: AxisSpan) -> VGroup:
    """The line of zero at the left end of a strip, and the way along its foot from nothing to one."""
    top, foot, end = at(place.left, place.top), at(place.left, place.bottom), at(place.right, place.bottom)
    return VGroup(means(rule(top, foot, "ink3", 3), zero), means(rule(foot, end, "ink3", 3), span))


def laid_out(shares: Sequence[Quantity], place: Room, zero: Ground) -> VGroup:
    """Shares that add up to one, end to end: the named tokens, and in grey all others."""
    left = at(place.left, place.bottom - HIGH / 2)
    strip = end_to_end(shares, [left] * len(shares), place.width, HIGH, zero, 3)
    strip.set_stroke(palette().surface, stroke(EDGE))[LISTED:].set_fill(palette().ink3)
    return strip


def on_part(text: Words, part: VMobject) -> list[Words]:
    """A text on a part of a strip, if that has room for it."""
    text.settle(part.get_center()).paper = part
    return [text] if text.width + 2 * units(SPACE) < part.width else []


def named(strip: VGroup, labels: Sequence[Label]) -> list[Words]:
    """The tokens on the parts of a strip that have room for them."""
    words = zip((word(label, "stage word", "background") for label in labels), strip, strict=False)
    return [text for one in words for text in on_part(*one)]


class CutStrip:
    """The strip of all probabilities after one prompt, and what rules leave of it.

    Args:
        name: which prompt.
        draws: the strip of the first prompt, and its place.
        stands: True for the prompt whose strip stands there already; the other one stands below it.
    """

    def __init__(self, model: ModelPrompts, name: str, draws: SampledDraws, stands: bool) -> None:
        real, self.draws, self.name = model.real, draws, model.name
        probs, there = model.listed(name), draws.place
        down = 0.0 if stands else SECOND
        self.place = Room(there.left, there.top + down, there.right, there.bottom + down)
        self.foot = self.place.split_rows(HIGH)[1].split_rows(2 * BELOW)[0]
        zero, span = (draws.zero, draws.span) if stands else (Ground(), AxisSpan(0, 0.0, 1.0))
        self.prompt = model.prompt if stands else model.other.shift(DOWN * units(SECOND))
        self.full = laid_out([*probs.quantities(), model.others_of(name)], self.place, zero)
        self.strip = draws.strip if stands else self.full.copy()
        self.edges = draws.edges if stands else edges_of(self.place, zero, span)
        self.k = int(real["k"])
        self.held = real[f"{name}_running"].quantity(self.k - 1)
        #: How many tokens are kept by top-k, and the share that they had.
        told = f"{real['k']} tokens; before: {self.held:share}"
        self.told = Words(told, "stage number", "query").begin_in(self.foot)
        self.grown = laid_out(model.cut_to("top_k", name, self.k).quantities(), self.place, zero)
        #: How many tokens top-p keeps, the strip of these, and what is cut off.
        self.count, tail = real[f"{name}_kept"].pick(choice="top_p"), real[f"{name}_running.tail_kept"]
        self.cut = laid_out([*probs.quantities(), tail], self.place, zero)[: int(self.count)]
        off = Box.of(self.place.split_columns(pixels(self.cut.width))[1], palette().warning, 3)
        self.off = VGroup(off, *on_part(Words("cut off", "stage word", "background"), off))
        self.note = Words(f"{self.count} tokens", "large number", "query").begin_in(self.foot)
        labels, others = probs.words("rank")[:LISTED], Words("all others", "fact", "background")
        self.words = [VGroup(*named(parts, labels)) for parts in (self.full, self.grown)]
        #: What is kept and has no room for its name is named below.
        kept = zip(labels, self.grown[: self.k], strict=False)
        slim = [both for both in kept if not on_part(word(both[0], "stage word"), both[1])]
        if slim:
            line = VGroup(word(one, "stage word", "ink2") for one, _ in slim).arrange(buff=units(BELOW / 2))
            x, end = VGroup(*(part for _, part in slim)).get_x(), at(self.foot.right, 0)[0] - line.width / 2
            self.words[1].add(line.move_to(self.foot.centre).set_x(min(x, end)))
        self.words[0].add(*on_part(others, (self.cut[LISTED:] or self.full[LISTED:])[0]))

    def scissors(self, part: VMobject) -> Scissors:
        """A pair of scissors that cuts down through a strip behind one of its parts."""
        spot = part.get_right()
        return Scissors(spot + UP * units(HIGH / 2 + ABOVE), spot + DOWN * units(HIGH / 2 + CUT))

    def keep(self) -> list[Play]:
        """Scissors cut off what the fewest tokens do not need."""
        kept, rest = self.strip[: len(self.cut)], self.strip[len(self.cut) :]
        return [self.scissors(self.cut[-1]).cut(), (leave(rest), reshape(kept, self.cut), appear(self.off, self.note))]


def limit(above: CutStrip, below: CutStrip, share: Quantity) -> VGroup:
    """An upright dashed line through two strips, where their parts would hold `share`, and that share on top of it."""
    x = above.place.left + above.place.width * float(share)
    line = dashes(at(x, above.place.top - ABOVE), at(x, below.place.bottom + ABOVE), "query", 4)
    means(line, Tick(share, above.draws.span))
    return VGroup(line, number(share, "share", "stage number", "query").next_to(line, UP, buff=units(SPACE)))
