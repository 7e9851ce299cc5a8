"""The logit lens through all layers: the rank of the token that wins, from thousands up to one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import LEFT, UP, Animation, VGroup

from scenes.animations import Along, Count, Sweep, appear_in_turn
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Stands, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import HEIGHT, Token
from scenes.theme import at, units
from transformer_core.tracing.trace import NamedTensor

#: Px for the upright tokens below, for the names beside the plot, and above it.
WORDS, SIDE, HEAD = 204.0, 124.0, 76.0
#: A rank behind so many tokens is far from the first.
FAR_BEHIND = 1000


class Ranks(Plot):
    """A plot whose upright axis leads from the last rank at its foot to the first at its top."""

    def _span(self, values: Sequence[float], axis: int) -> tuple[float, float]:
        low, high = super()._span(values, axis)
        return (high, low) if axis else (low, high)


class Climb(VGroup):
    """Ranks over layers, and below each layer the token that it would say.

    Args:
        ranks: "sentence layer", of the prompt that is followed and of others.
        decided: the layer from which on each is the first.
        said: a tensor whose labels along "step" are the likeliest tokens, layer by layer.
    """

    def __init__(self, ranks: NamedTensor, decided: NamedTensor, said: NamedTensor, room: Room = STAGE) -> None:
        above, below = room.split_rows(-WORDS)
        layers, names = range(ranks.size("layer")), ("likeliest token after each layer", "rank, the first at the top")
        reach, size = (1.0, float(ranks.values.max())), (above.width - SIDE, above.height - HEAD)
        self.plot = Ranks(layers, reach, names, *size, (False, True))
        self.plot.shift(at(above.left + SIDE, above.bottom) - self.plot.axes[0].get_left())
        self.plot.names[0].settle(below.split_rows(-40)[1].centre)
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
        self.ride = [spot.get_center() + LEFT * units(70) + UP * units(44) for spot in self.dots]
        self.winner.move_to(self.ride[0])
        self.others = VGroup(*(self.plot.curve(x, row, "ink3", 2.5) for row in ranks.pick(sentence=slice(1, None))))
        self.landed = self.plot.dots(decided, [1.0] * len(decided), "query", 11)
        _, first = decided.smallest()
        self.soonest = Words(f"layer {first:.0f}", "stage word", "query")
        self.soonest.next_to(self.plot.point(float(first), 1.0), UP, buff=units(18))
        self.tokens = VGroup()
        for layer, label in enumerate(said.words("step")):
            text = means(word(label, "stage word", "ink2").rotate(np.pi / 2), Stands(label))
            text.turned = True
            foot = self.plot.point(layer, reach[1])
            self.tokens.add(text.move_to(np.array([foot[0], at(0, above.bottom + 14)[1], 0]), aligned_edge=UP))
        self.first = number(ranks.quantity(0, 0), ",.0f", "stage number")
        self.first.next_to(self.dots[0], LEFT, buff=units(14))
        super().__init__(self.plot, self.curve, self.tokens)

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
