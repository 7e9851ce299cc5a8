"""Sampling drawn: all probabilities end to end, spots that fall on them by chance, and the hits of each token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from manim import DOWN, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import Count, Sweep, Through, Travel, appear, deal
from scenes.mobjects.bars import end_to_end
from scenes.mobjects.marks import AxisSpan, Ground, Tick, means
from scenes.mobjects.next_tokens import ModelPrompts, NextTokens, TemperatureKnob
from scenes.mobjects.shapes import dot, rule, stroke
from scenes.theme import at, palette, units
from transformer_core.studies.measures.sampling import LISTED
from transformer_core.tracing.provenance import Quantity

#: Px of the strip, from its top to the spots above it, from one hit to the next, of a spot, and between two tokens.
HIGH, ABOVE, PITCH, RADIUS, EDGE = 64.0, 26.0, 36.0, 11.0, 3.0


class SampledDraws(VGroup):
    """The likeliest tokens as a list, their bars laid end to end as a strip from nothing to one, and draws on it.

    Everything has a state for each temperature; it stands at that of one.
    """

    def __init__(self, model: ModelPrompts) -> None:
        table = model.real["open_by_temperature"].pick(rank=slice(0, LISTED))
        others = model.real["open_by_temperature.unlisted"].quantities()
        self.temperatures = model.real["temperatures"].quantities()
        self.rows = [[*row.quantities(), other] for row, other in zip(table, others, strict=True)]
        self.one, probs = model.at_one("open")
        head, below = model.card.below.split_rows(HIGH + 2 * ABOVE, 16)
        self.best = probs.label("rank", 0)
        self.list = NextTokens(probs.pick(rank=slice(0, LISTED)), below, (others[self.one], "all others"))
        self.knob = TemperatureKnob(self.temperatures, self.one, model.heads[1])
        zeros, middle = self.list.spots, UP * units(HIGH / 2)
        left = np.array([zeros[0][0], at(0, head.bottom)[1] + middle[1], 0])
        zero, span = Ground(), AxisSpan(0, 0.0, 1.0)
        self.edges = VGroup(
            means(rule(left - middle, left + middle, "ink3", 3), zero),
            means(rule(left - middle, left - middle + RIGHT * units(self.list.whole), "ink3", 3), span),
        )
        self.strips = [end_to_end(row, [left] * (LISTED + 1), self.list.whole, HIGH, zero, 3) for row in self.rows]
        #: The bars end to end, while each is still in its line.
        self.stairs = end_to_end(self.rows[self.one], zeros, self.list.whole, self.list.high, zero)
        for strip in (self.stairs, *self.strips):
            strip.set_stroke(palette().surface, stroke(EDGE))[-1].set_fill(palette().ink3)
        self.strip = self.strips[self.one].copy()
        spots = model.real["open_by_temperature.spots"].quantities()
        self.pins = VGroup(self._pin(spot, span, left + middle) for spot in spots)
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
