"""A word in two sentences: the way that its vector takes, sublayer by sublayer, in one plane."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, TAU, UP, Animation, VGroup

from scenes.animations import Flight, Play, Travel, reshape
from scenes.layout import STAGE, Room
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.planes import Plane
from scenes.mobjects.shapes import dashes, dot, rule
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.theme import at, pixels, units
from transformer_core.studies.focus import DECODER, layers_of
from transformer_core.studies.measures.stream import SENSES
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px around the ways, for the chips.
AIR = 90.0
#: Px at the left of the ways that fill a stage, and how much larger than others the chips in the plane are.
SIDE, LARGER = 220.0, 1.3
#: How much is seen of a way that was gone before.
FAINT = 0.35
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

    Without weights, the plane stands at the right, in `room`, and at the left the sentences as `rows` of arcs; the way
    of the upper one ends higher. With weights, the plane fills the stage, and both sentences stand at one place, beside
    the end of the second way: one after the other is shown. In each, the word is the one at `nouns`, and a word of
    `deciding` decides its sense. `legs` are the arrows of each sentence that lead from stop to stop of the residual
    stream. At the ends stands what the word `becomes`, if it is `told` apart.
    """

    def __init__(
        self, trace: Trace, sentences: Sequence[Sequence[Label]], weights: Sequence[NamedTensor | None] = (None, None)
    ) -> None:
        self.nouns, self.decides = ([trace.about[sense][part] for sense in SENSES] for part in ("noun", "decides"))
        self.word = word = sentences[0][self.nouns[0]]
        self.deciding = [words[place] for words, place in zip(sentences, self.decides, strict=True)]
        self.becomes = [translated(trace, sense) for sense in SENSES]
        self.told = all(self.becomes) and len({*map(str, self.becomes)}) > 1
        path: NamedTensor = trace["encoder.senses_path"]
        ways, known = path.values, None not in weights
        self.room, left = (STAGE, STAGE) if known else STAGE.golden_columns(last=True)
        spots = ways.reshape(-1, 2)
        plane = Plane(spots, self._inside() if known else self.room.inset(AIR, AIR + 30), 11, "ink", 24)
        self.start = VGroup(plane.origin, self._beside(Token(word).scale(LARGER), plane, ways))
        self.legs = [
            VGroup(
                plane.arrow_to(plane.point(here.values), after.quantities(), ROLES[stop.rpartition(".")[2]])
                for stop, (here, after) in zip(path.labels["layer"][1:], pairwise(way), strict=True)
            )
            for way in path
        ]
        ends = zip(self.becomes if self.told else self.deciding, ways[:, -1], strict=True)
        self.names = VGroup(
            Token(label).scale(LARGER).next_to(plane.point(end), UP, buff=units(14)) for label, end in ends
        )
        places = left.rows(2)[:: 1 if ways[0, -1, 1] >= ways[1, -1, 1] else -1]
        if known:
            places = [self._over()] * 2
        self.rows = [Arcs(*row) for row in zip(sentences, self.nouns, weights, places, strict=True)]
        self.key = VGroup()
        for role, name in (("value", "added by attention"), ("ink2", "added by the feed-forward network")):
            line = rule(np.zeros(3), units(60) * RIGHT, role, 8)
            self.key.add(VGroup(line, Words(name, "stage word", "ink2")).arrange(RIGHT, buff=units(16)))
        self.key.arrange(DOWN, buff=units(20), aligned_edge=LEFT)
        self.key.next_to(self.rows[0].ribbon, DOWN, buff=units(60), aligned_edge=RIGHT)
        lengths = np.linalg.norm(np.diff(ways, axis=1), axis=-1).sum(0)
        by_attention = [stop.endswith("resid_attn") for stop in path.labels["layer"][1:]]
        attention = float(lengths[by_attention].sum())
        #: Which of the two makes most of the way.
        self.led_by = (
            "Attention brings in the hint; the feed-forward network makes most of the way from it."
            if attention < float(lengths.sum()) - attention
            else "Attention brings in the hint, and makes most of the way to two places."
        )
        super().__init__(self.start, *self.legs, self.names, self.key)

    @staticmethod
    def _inside() -> Room:
        """The part of the stage that the ways fill: at the left the word has room, and above them where they end."""
        _, right = STAGE.split_columns(SIDE)
        return right.split_rows(AIR)[1].split_columns(right.width * 0.62)[0]

    def _over(self) -> Room:
        """The room for a sentence above the plane, beside what stands at the end of the second way."""
        beside = pixels(self.names[1].get_right()[0] - at(STAGE.left, 0)[0])
        return STAGE.split_columns(beside, AIR)[1].rows(2)[0]

    def go(self, sentence: int) -> list[Play]:
        """Grow arrow after arrow, each out of the tip before; the word that decides flies into the first one."""
        legs = self.legs[sentence]
        tips = [self.start[0], *(dot(leg[-1].points[0], 1) for leg in legs)]
        hint = self.rows[sentence].chips[self.decides[sentence]].box
        first, *others = (Travel(tip, leg, 0.0, "flow") for tip, leg in zip(tips, legs, strict=False))
        return [(Flight(hint, legs[0]), first), *others]

    @staticmethod
    def _beside(chip: Token, plane: Plane, ways: np.ndarray) -> Token:
        """Put a chip near where both ways begin, where it is clearest of them."""
        legs = [(plane.point(a), plane.point(b)) for way in ways for a, b in pairwise(way)]
        along = np.array([a + (b - a) * share for a, b in legs for share in np.linspace(0, 1, 9)])
        size = np.array([chip.width, chip.height]) / 2
        turns = np.linspace(0, TAU, TURNS, endpoint=False)
        places = [plane.foot + np.array([np.cos(turn) * 1.6, np.sin(turn), 0]) * units(64) * LARGER for turn in turns]
        chip.move_to(max(places, key=lambda place: (np.abs(along - place)[:, :2] - size).max(1).min()))
        return chip

    def step_back(self) -> Animation:
        """The first way stays faintly in place."""
        return reshape(self.legs[0], self.legs[0].copy().set_opacity(FAINT))


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
