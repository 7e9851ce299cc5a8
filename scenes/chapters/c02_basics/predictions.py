"""Predictions: what three families of models put out, and how a language model goes on with a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, Animation, VGroup

from scenes.animations import Travel
from scenes.chapters.c02_basics.machine import Half
from scenes.layout import STAGE
from scenes.mobjects.next_word import NextWord
from scenes.mobjects.sentences import NOTHING, across
from scenes.mobjects.text import Words, word
from scenes.mobjects.vectors import vectors_in
from scenes.theme import at, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: The probability whose bar is as long as the room, where a text goes on in several ways.
REACH = 0.65
#: The bend of the way of a token that is written at the end of a text, so that it stays clear of the text.
BOW = -0.32


#: A tensor of what a real language model predicted, which stands for all of them.
RECORDED = "experiment.next_token.top"


class Families(VGroup):
    """Encoder alone, both, decoder alone: the same parts, three kinds of model, each with a name that viewers know."""

    def __init__(
        self, trace: Trace, memory: NamedTensor, source: Sequence[Label], output: Sequence[Label], text: Words | None
    ) -> None:
        columns = STAGE.columns(3, 64)
        heads, bodies = zip(*(column.split_rows(84, 16) for column in columns), strict=True)
        tops, samples = zip(*(body.split_rows(330, 40) for body in bodies), strict=True)
        one, other = tops[1].columns(2, 60)
        self.both = [Half(trace, "encoder", one), Half(trace, "decoder", other)]
        self.road = across(self.both[:1], self.both[1:])
        self.alone = [
            Half(trace, side, top.inset(120, 0), alone=True)
            for side, top in zip(("encoder", "decoder"), tops[::2], strict=True)
        ]
        names = zip(("BERT", "BART, ours", "GPT"), heads, strict=True)
        self.names = [head.fit(Words(name, "chapter"), most=0.8) for name, head in names]
        for name in self.names[1:]:
            name.stand_on(self.names[0].baseline)
        self.vectors = vectors_in(samples[0].inset(40, 0), memory, "residual", 60)
        self.translation = VGroup(VGroup(in_lines(words)).arrange(DOWN, buff=units(12)) for words in (source, output))
        samples[1].fit(self.translation.arrange(DOWN, buff=units(36)), most=1.4)
        self.text = VGroup() if text is None else VGroup(samples[2].fit(text))
        super().__init__(*self.both, self.road, *self.alone, *self.names, *self.vectors, self.translation, self.text)


def in_lines(words: Sequence[Label], most: int = 4) -> list[Words]:
    """A sentence as texts of a few words each."""
    lines = [" ".join(f"{one}" for one in words[k : k + most]) for k in range(0, len(words), most)] or [NOTHING]
    return [Words(line, "block") for line in lines]


class Continuation(VGroup):
    """A text, the likeliest tokens after it, and the first of them at the end of the text.

    Args:
        text: what is written so far, or the end of it.
        probs: the probabilities of tokens after it.
    """

    @classmethod
    def of(cls, trace: Trace, name: str, before: Continuation | None = None) -> Continuation:
        """Make the continuation of a recorded text, given by its short name; or of one that stands there `before`."""
        run = trace.under(RECORDED.rpartition(".")[0])
        if before:
            return cls(before.answer, run[name])
        place = np.abs(run["top"].values - run[name].values).sum(1).argmin()  # its row in the table of all texts
        above = STAGE.split_rows(120)[0]
        text = word(run["top"].label("sentence", int(place)), "chapter").move_to(above.centre)
        return cls(text.begin_at(at(above.left, 0)[0]), run[name])

    def __init__(self, text: Words, probs: NamedTensor) -> None:
        self.text, self.probs = text, probs
        best = probs.label(probs.axes[0], 0)
        self.answer = word(best, "chapter", "weight")
        self.answer.begin_at(text.get_right()[0] + units(24 if best.isalnum() else 6))
        self.answer.stand_on(text.baseline).set_z_index(1)
        self.likely = NextWord(probs, STAGE.split_rows(120, 50)[1], reach=REACH)
        super().__init__(self.text, self.answer, self.likely)

    def write(self, kind: str = "slow") -> Animation:
        """The likeliest token comes out of the end of its bar, and goes straight to the end of the text."""
        return Travel(self.likely.lines[0][2], self.answer, BOW, kind)
