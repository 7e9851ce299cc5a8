"""A word in two sentences: the way that its vector takes, sublayer by sublayer, in one plane."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import DOWN, RIGHT, TAU, UP, VGroup

from scenes.layout import STAGE
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.planes import Plane
from scenes.mobjects.shapes import dashes, dot, rule
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.theme import units
from transformer_core.studies.focus import DECODER, layers_of
from transformer_core.studies.measures.stream import SENSES
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px around the ways, for the chips.
AIR = 90.0
#: The directions in which the chip of the word may stand.
TURNS = 16
#: The colours of what attention adds, and of what the feed-forward network adds.
ROLES = {"resid_attn": "value", "resid_post": "ink2"}


class TwoSenses(VGroup):
    """A word's vector in two sentences: it starts at one point, and each sublayer adds an arrow.

    Args:
        trace: it has `senses_path`, "choice layer component".
        sentences: the words of both.
        weights: the attention weights of the word in both, "key"; without them, nothing is known of its arcs.

    The figure stands at the right, in `room`; at the left stand the sentences as `rows` of arcs. In each, the word is
    the one at `nouns`, and a word of `deciding` decides its sense. `legs[stop]` are the arrows of both sentences that
    lead to a stop of the residual stream. At the ends stands what the word `becomes`, if it is `told` apart; `hints`
    are the deciding words above it. The way of the upper sentence ends higher.
    """

    def __init__(
        self, trace: Trace, sentences: Sequence[Sequence[Label]], weights: Sequence[NamedTensor | None] = (None, None)
    ) -> None:
        self.nouns, decides = ([trace.about[sense][part] for sense in SENSES] for part in ("noun", "decides"))
        self.word = word = sentences[0][self.nouns[0]]
        self.deciding = [words[place] for words, place in zip(sentences, decides, strict=True)]
        self.becomes = [translated(trace, sense) for sense in SENSES]
        self.told = all(self.becomes) and len({*map(str, self.becomes)}) > 1
        room, left = STAGE.golden_columns(last=True)
        path: NamedTensor = trace["encoder.senses_path"]
        ways = path.values
        places = left.rows(2)[:: 1 if ways[0, -1, 1] >= ways[1, -1, 1] else -1]
        self.room = room
        self.rows = [Arcs(*row) for row in zip(sentences, self.nouns, weights, places, strict=True)]
        plane = Plane(ways.reshape(-1, 2), room.inset(AIR, AIR + 30), 11, "ink", 24)
        self.start = VGroup(plane.origin, self._beside(Token(word), plane, ways))
        self.legs: dict[str, VGroup] = {}
        for place, stop in enumerate(path.labels["layer"][1:], 1):
            role = ROLES[stop.rpartition(".")[2]]
            self.legs[stop] = VGroup(
                plane.arrow_to(plane.point(way[place - 1].values), way[place].quantities(), role) for way in path
            )
        ends = zip(self.becomes if self.told else self.deciding, ways[:, -1], strict=True)
        self.names = VGroup(Token(label).next_to(plane.point(end), UP, buff=units(14)) for label, end in ends)
        self.hints = VGroup(
            Token(label, "key").next_to(name, UP, buff=units(10))
            for label, name in zip(self.deciding if self.told else (), self.names, strict=False)
        )
        self.key = VGroup()
        for role, name in (("value", "added by attention"), ("ink2", "added by the feed-forward network")):
            line = rule(np.zeros(3), units(60) * RIGHT, role, 8)
            self.key.add(VGroup(line, Words(name, "fact", "ink2")).arrange(RIGHT, buff=units(16)))
        self.key.arrange(RIGHT, buff=units(44))
        self.key.move_to(room.centre).set_y(room.split_rows(-40)[1].centre[1])
        lengths = np.linalg.norm(np.diff(ways, axis=1), axis=-1).sum(0)
        by_attention = [stop.endswith("resid_attn") for stop in path.labels["layer"][1:]]
        attention = float(lengths[by_attention].sum())
        #: Which of the two makes most of the way.
        self.led_by = (
            "Attention brings in the hint; the feed-forward network makes most of the way from it."
            if attention < float(lengths.sum()) - attention
            else "Attention brings in the hint, and makes most of the way to two places."
        )
        super().__init__(self.start, *self.legs.values(), self.names, self.key)

    @staticmethod
    def _beside(chip: Token, plane: Plane, ways: np.ndarray) -> Token:
        """Put a chip near where both ways begin, where it is clearest of them."""
        legs = [(plane.point(a), plane.point(b)) for way in ways for a, b in pairwise(way)]
        along = np.array([a + (b - a) * share for a, b in legs for share in np.linspace(0, 1, 9)])
        size = np.array([chip.width, chip.height]) / 2
        turns = np.linspace(0, TAU, TURNS, endpoint=False)
        places = [plane.foot + np.array([np.cos(turn) * 1.6, np.sin(turn), 0]) * units(64) for turn in turns]
        chip.move_to(max(places, key=lambda place: (np.abs(along - place)[:, :2] - size).max(1).min()))
        return chip


def translated(trace: Trace, sense: str) -> Label | str:
    """The word of the output that the word of two senses becomes: where the last layer looks at it most; "" if none."""
    words = trace[f"other.{sense}.probs"].words("position")[1:]
    looks = trace[f"other.{sense}.decoder.{layers_of(trace, DECODER)[-1]}.cross_attn.written_at"]
    place = int(looks.pick(batch=0, key=trace.about[sense]["noun"]))
    return words[min(place, len(words) - 1)] if words else ""


def roads(picture: TwoSenses) -> VGroup:
    """The ways from the word to its meanings, before anybody knows how it gets there: a line, "?" and where it ends."""
    start = picture.start[0].get_center()
    ways = VGroup()
    for name in picture.names:
        spot = dot(name.get_bottom() + units(14) * DOWN, 11, "value")
        way = spot.get_center() - start
        long = max(float(np.linalg.norm(way)), 1e-9)
        line = dashes(start + way * units(30) / long, spot.get_center() - way * units(30) / long, "value", 6, 14)
        beside = np.array([-way[1], way[0], 0]) / long * units(40)
        mark = Words("?", "large number", "value").settle(start + way * 0.5 + beside)
        ways.add(VGroup(line, mark, spot))
    return ways
