"""The logit lens through all layers: the rank of the token that wins, from thousands up to one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import Along, Count, Sweep, appear_in_turn
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Stands, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import rule
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import HEIGHT, Token
from scenes.theme import at, units
from transformer_core.tracing.trace import NamedTensor

#: Px for the tokens below, for the names beside the plot, above it, and for the last token.
WORDS, SIDE, HEAD, LAST = 204.0, 124.0, 76.0, 84.0
#: Px of a line of token names, between two names, between a name and the line that leads to it, and between two tokens.
STAIR, GAP, EDGE, SPLIT = 48.0, 14.0, 8.0, 7.0
#: A rank behind so many tokens is far from the first.
FAR_BEHIND = 1000


class Ranks(Plot):
    """A plot whose upright axis leads from the last rank at its foot to the first at its top."""

    def _span(self, values: Sequence[float], axis: int) -> tuple[float, float]:
        low, high = super()._span(values, axis)
        return (high, low) if axis else (low, high)


class Climb:
    """Ranks over layers, and below each layer the token that it would say.

    Args:
        ranks: "sentence layer", of the prompt that is followed and of others.
        decided: the layer from which on each is the first.
        said: a tensor whose labels along "step" are the likeliest tokens, layer by layer.
    """

    def __init__(self, ranks: NamedTensor, decided: NamedTensor, said: NamedTensor, room: Room = STAGE) -> None:
        above, below = room.split_rows(-WORDS)
        layers, names = range(ranks.size("layer")), ("likeliest token after each layer", "rank, the first at the top")
        reach, size = (1.0, float(ranks.values.max())), (above.width - SIDE - LAST, above.height - HEAD)
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
        self.others = VGroup(self.plot.curve(x, row, "ink3", 2.5) for row in ranks.pick(sentence=slice(1, None)))
        self.landed = self.plot.dots(decided, [1.0] * len(decided), "query", 11)
        _, first = decided.smallest()
        self.soonest = Words(f"layer {first:.0f}", "stage word", "query")
        self.soonest.next_to(self.plot.point(float(first), 1.0), UP, buff=units(18))
        self.tokens = self._written(said, [self.plot.point(layer, reach[1]) for layer in layers])
        self.first = number(ranks.quantity(0, 0), ",.0f", "stage number")
        self.first.next_to(self.dots[0], LEFT, buff=units(14))

    @staticmethod
    def _written(said: NamedTensor, feet: Sequence[np.ndarray]) -> VGroup:
        """A piece of a line for each layer, and where another token begins, its name, lower where the next is near."""
        pitch, labels = feet[1] - feet[0], said.words("step")
        begins = [i for i, label in enumerate(labels) if not i or str(label) != str(labels[i - 1])]
        names = {i: means(word(labels[i], "stage word", "ink2"), Stands(labels[i])) for i in begins}
        deep: dict[int, int] = {}
        for i in reversed(begins):
            end = i + (names[i].width + units(GAP)) / pitch[0]
            deep[i] = 1 + max((deep[j] for j in deep if j < end), default=-1)
        tokens = VGroup()
        for i, spot in enumerate(feet):
            start, split = spot - pitch / 2 + DOWN * units(EDGE), RIGHT * units(SPLIT if i + 1 in names else 0)
            token = VGroup(rule(start, start + pitch - split, "ink2", 4))
            if i in names:
                foot = start + DOWN * units(STAIR * (deep[i] + 0.5) + 6)
                if deep[i]:
                    token.add(rule(start, foot, "ink3", 2))
                token.add(names[i].settle(foot).begin_at(start[0] + units(EDGE) * bool(deep[i])))
            tokens.add(token)
        return tokens

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
