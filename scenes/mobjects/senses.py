"""A word in two sentences: the plane in which its vector takes two ways, sublayer by sublayer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import TAU, UP, VGroup

from scenes.layout import Room
from scenes.mobjects.planes import Plane
from scenes.mobjects.tokens import Token
from scenes.theme import units
from transformer_core.studies.focus import DECODER, layers_of
from transformer_core.studies.measures.stream import SENSES
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: How much larger than others the chips in the plane are, and the directions in which the chip of the word may stand.
LARGER, TURNS = 1.3, 16


class TwoSenses:
    """A word's vector in two sentences: where it starts in both, and where it ends in each.

    Args:
        trace: it has `senses_path`, "choice layer component".
        sentences: the words of both.
        room: the rectangle that the ways fill.

    In each sentence, the `word` is the one at `nouns`, and the one at `decides` decides its sense; `deciding` are these
    two. `becomes` has the words of the translations, and `told` says that they differ. Where each way ends stands the
    translation, if it is told apart, or else the word that decides.
    """

    def __init__(self, trace: Trace, sentences: Sequence[Sequence[Label]], room: Room) -> None:
        self.nouns, self.decides = ([trace.about[sense][part] for sense in SENSES] for part in ("noun", "decides"))
        self.word = sentences[0][self.nouns[0]]
        self.deciding = [words[place] for words, place in zip(sentences, self.decides, strict=True)]
        self.becomes = [translated(trace, sense) for sense in SENSES]
        self.told = all(self.becomes) and len({*map(str, self.becomes)}) > 1
        self.path: NamedTensor = trace["encoder.senses_path"]
        ways = self.path.values
        self.plane = Plane(ways.reshape(-1, 2), room, 11, "ink", 24)
        self.start = VGroup(self.plane.origin, self._beside(Token(self.word).scale(LARGER), ways))
        ends = zip(self.becomes if self.told else self.deciding, ways[:, -1], strict=True)
        self.names = VGroup(
            Token(label).scale(LARGER).next_to(self.plane.point(end), UP, buff=units(14)) for label, end in ends
        )

    def _beside(self, chip: Token, ways: np.ndarray) -> Token:
        """Put a chip near where both ways begin, where it is clearest of them."""
        point, foot = self.plane.point, self.plane.foot
        legs = [(point(a), point(b)) for way in ways for a, b in pairwise(way)]
        along = np.array([a + (b - a) * share for a, b in legs for share in np.linspace(0, 1, 9)])
        size = np.array([chip.width, chip.height]) / 2
        turns = np.linspace(0, TAU, TURNS, endpoint=False)
        places = [foot + np.array([np.cos(turn) * 1.6, np.sin(turn), 0]) * units(64) * LARGER for turn in turns]
        chip.move_to(max(places, key=lambda place: (np.abs(along - place)[:, :2] - size).max(1).min()))
        return chip


def translated(trace: Trace, sense: str) -> Label | str:
    """The word of the output that the word of two senses becomes: where the last layer looks at it most; "" if none."""
    words = trace[f"other.{sense}.probs"].words("position")[1:]
    looks = trace[f"other.{sense}.decoder.{layers_of(trace, DECODER)[-1]}.cross_attn.written_at"]
    place = int(looks.pick(batch=0, key=trace.about[sense]["noun"]))
    return words[min(place, len(words) - 1)] if words else ""
