"""One strip of all probabilities of the next token: spots fall on it by chance, and rules cut it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from manim import DOWN, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import Count, Play, Sweep, Through, Travel, appear, deal, leave, reshape
from scenes.mobjects.bars import end_to_end
from scenes.mobjects.marks import AxisSpan, Ground, Tick, means
from scenes.mobjects.next_tokens import ModelPrompts, NextTokens, Scissors, TemperatureKnob, likeliest
from scenes.mobjects.shapes import Box, dashes, dot, rule, stroke
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, palette, units
from transformer_core.studies.measures.sampling import LISTED
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

#: Px of the strip, from its top to the spots above it, from one hit to the next, of a spot, and between two tokens.
HIGH, ABOVE, PITCH, RADIUS, EDGE = 96.0, 26.0, 36.0, 11.0, 3.0
#: Px from the strip of one prompt down to that of another, from a strip to what is beside it, to a number below it, and
#: to the end of a cut.
SECOND, SPACE, BELOW, CUT = 310.0, 12.0, 46.0, 80.0


#: By which the part of the first choice of our own model is known, however it is drawn.
FIRST = ("the first choice",)


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
        head, below = model.card.below.split_rows(HIGH + 2 * ABOVE, 16)
        self.best = probs.label("rank", 0)
        self.list = NextTokens(probs.pick(rank=slice(0, LISTED)), below, (others[self.one], "all others"))
        self.knob = TemperatureKnob(self.temperatures, self.one, model.heads[1])
        self.place = head.split_rows(-HIGH)[1].split_columns(-self.list.whole)[1]
        self.left = at(self.place.left, self.place.bottom - HIGH / 2)
        self.zero, self.span = Ground(), AxisSpan(0, 0.0, 1.0)
        self.edges = edges_of(self.left, self.list.whole, self.zero, self.span)
        self.ours, *self.strips = (laid_out(row, self.left, self.list.whole, self.zero) for row in (ours, *self.rows))
        self.strip = self.ours.copy()
        self.strip[0].key = FIRST
        #: The first token of our own model, on its part of the strip, where it has room.
        self.first = VGroup(*named(self.strip, [first]))
        spots = model.real["open_by_temperature.spots"].quantities()
        self.pins = VGroup(self._pin(spot, self.span, self.left + UP * units(HIGH / 2)) for spot in spots)
        places = AxisSpan(1, LISTED, 0)
        self.axis = means(rule(self.list.spots[0], self.list.spots[-1], "ink3", 2), places)
        landed = model.real["open_by_temperature.landed"]
        self.piles = [self._pile(row.quantities(), places) for row in landed]
        self.hits = self.piles[self.one].copy()
        listed = VGroup(self.list.names, *self.list.numbers[:1], self.list.rest)
        super().__init__(listed, self.axis, self.edges, self.strip, self.pins, self.hits)

    def _pin(self, spot: Quantity, span: AxisSpan, start: np.ndarray) -> VMobject:
        place = np.array([span.spot(float(spot), self.edges[1]), start[1] + units(ABOVE), 0])
        return means(
            VGroup(dot(place, RADIUS, "query"), rule(place, place + DOWN * units(ABOVE), "query", 3)), Tick(spot, span)
        )

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


def edges_of(left: np.ndarray, whole: float, zero: Ground, span: AxisSpan) -> VGroup:
    """The line of zero at the left end of a strip, and the way along its foot from nothing to one."""
    middle = UP * units(HIGH / 2)
    foot = rule(left - middle, left - middle + RIGHT * units(whole), "ink3", 3)
    return VGroup(means(rule(left - middle, left + middle, "ink3", 3), zero), means(foot, span))


def laid_out(shares: Sequence[Quantity], left: np.ndarray, whole: float, zero: Ground) -> VGroup:
    """Shares of one end to end, as far as named tokens go, and all others in grey."""
    strip = end_to_end(shares, [left] * len(shares), whole, HIGH, zero, 3)
    strip.set_stroke(palette().surface, stroke(EDGE))[LISTED:].set_fill(palette().ink3)
    return strip


def named(strip: VGroup, labels: Sequence[Label]) -> list[Words]:
    """The tokens on the parts of a strip that have room for them."""
    made = []
    for label, part in zip(labels, strip, strict=False):
        text = word(label, "stage word", "background").settle(part.get_center())
        text.paper = part
        made += [text] if text.width + 2 * units(SPACE) < part.width else []
    return made


class CutStrip:
    """The strip of all probabilities after one prompt, and what rules leave of it.

    Args:
        name: of the prompt.
        draws: the strip that stands already, if it is that of this prompt, and the place of both.
        stands: whether it is.
    """

    def __init__(self, model: ModelPrompts, name: str, draws: SampledDraws, stands: bool) -> None:
        real, self.draws, self.name = model.real, draws, model.name
        probs = model.half_of(name)
        self.labels, self.unit = probs.words("rank"), draws.list.whole
        self.left, zero = draws.left + (not stands) * DOWN * units(SECOND), draws.zero if stands else Ground()
        self.prompt = model.prompt if stands else model.other.shift(DOWN * units(SECOND))
        self.full = laid_out([*probs.quantities(), model.others_of(name)], self.left, self.unit, zero)
        self.strip = draws.strip if stands else self.full.copy()
        self.edges = draws.edges if stands else edges_of(self.left, self.unit, zero, AxisSpan(0, 0.0, 1.0))
        self.k = int(real["k"])
        self.held = real[f"{name}_running"].quantity(self.k - 1)
        left = model.cut_to("top_k", name, self.k).quantities()
        self.grown = laid_out(left, self.left, self.unit, zero)
        #: How many tokens top-p keeps, and the strip of these.
        self.count, tail = real[f"{name}_kept"].pick(choice="top_p"), real[f"{name}_running.tail_kept"]
        self.cut = laid_out([*probs.quantities(), tail], self.left, self.unit, zero)[: int(self.count)]
        self.words = [VGroup(*named(parts, self.labels[:LISTED])) for parts in (self.full, self.grown)]
        tail = self.cut[LISTED:] or self.full[LISTED:]
        told = Words("all others", "fact", "background", tail[0]).settle(tail.get_center())
        self.words[0].add(*([told] if told.width + 2 * units(SPACE) < tail.width else []))
        self.note = Words(f"{self.count} tokens", "large number", "query")
        self.note.settle(self.left + DOWN * units(HIGH / 2 + BELOW)).begin_at(self.left[0])
        start = float(self.cut.get_right()[0])
        right = float(self.left[0] + units(self.unit))
        #: What top-p cuts off.
        self.off = VGroup(Box((right - start) / units(1), HIGH, palette().warning, 3))
        self.off.move_to(np.array([(start + right) / 2, self.left[1], 0]))
        told = Words("cut off", "stage word", "background", self.off[0]).settle(self.off.get_center())
        self.off.add(*([told] if told.width + 2 * units(SPACE) < self.off.width else []))

    def scissors(self, part: VMobject) -> Scissors:
        """A pair of scissors that cuts down through a strip behind one of its parts."""
        spot = np.array([part.get_right()[0], self.left[1], 0])
        return Scissors(spot + UP * units(HIGH / 2 + ABOVE), spot + DOWN * units(HIGH / 2 + CUT))

    def told(self, share: Quantity) -> Words:
        """A share at the foot of the cut behind so much."""
        spot = self.left + RIGHT * units(self.unit * float(share)) + DOWN * units(HIGH / 2 + BELOW)
        return Words(f"{share:share} before", "stage number", "query").settle(spot).end_at(spot[0] - units(BELOW))

    def keep(self) -> list[Play]:
        """Scissors cut off what the fewest tokens do not need."""
        rest = [*self.strip[len(self.cut) :]]
        kept = VGroup(*self.strip[: len(self.cut)])
        return [self.scissors(self.cut[-1]).cut(), (leave(*rest), reshape(kept, self.cut), appear(self.off, self.note))]


def limit(above: CutStrip, below: CutStrip, share: Quantity) -> VGroup:
    """An upright dashed line through two strips, where their parts would hold `share`, and that share on top of it."""
    x, reach = RIGHT * units(above.unit * float(share)), UP * units(HIGH / 2 + ABOVE)
    line = means(dashes(above.left + x + reach, below.left + x - reach, "query", 4), Tick(share, above.draws.span))
    return VGroup(line, number(share, "share", "stage number", "query").next_to(line, UP, buff=units(SPACE)))
