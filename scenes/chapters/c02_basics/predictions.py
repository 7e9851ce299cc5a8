"""Predictions: what three families of models put out, and how a language model goes on with a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, Animation, VGroup

from scenes.animations import Travel, appear_in_turn, draw, leave
from scenes.chapters.c02_basics.machine import ModelHalf
from scenes.layout import STAGE
from scenes.mobjects.marks import Thickness, means
from scenes.mobjects.sentences import NOTHING, across
from scenes.mobjects.shapes import curve, stroke
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.vectors import vectors_in
from scenes.theme import at, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a text at most, of the tokens that may follow, between two texts, and of a thread for a probability of one; the
#: em size of the less likely tokens, and how many tokens are shown.
WRITTEN, NAMES, AIR, THICK, OTHER, FAN = 960.0, 390.0, 20.0, 140.0, 50.0, 5


#: A tensor of what a real language model predicted, which stands for all of them.
RECORDED = "experiment.next_token.top"


class ModelFamilies(VGroup):
    """Encoder alone, both, decoder alone: the same parts, three kinds of model, each with a name that viewers know."""

    def __init__(
        self, trace: Trace, memory: NamedTensor, source: Sequence[Label], output: Sequence[Label], text: Words | None
    ) -> None:
        columns = STAGE.columns(3, 64)
        heads, bodies = zip(*(column.split_rows(84, 16) for column in columns), strict=True)
        tops, samples = zip(*(body.split_rows(330, 40) for body in bodies), strict=True)
        one, other = tops[1].columns(2, 60)
        self.both = [ModelHalf(trace, "encoder", one), ModelHalf(trace, "decoder", other)]
        self.road = across(self.both[:1], self.both[1:])
        self.alone = [
            ModelHalf(trace, side, top.inset(120, 0), alone=True)
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
    """A text, from whose end threads lead to the likeliest tokens, each as thick as its token is likely.

    The likeliest one lies straight ahead: it is written at the end of the text.

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
        room = STAGE.split_columns(WRITTEN)[0]
        text = room.fit(word(run["top"].label("sentence", int(place)), "chapter"), most=1)
        return cls(text.begin_at(at(room.left, 0)[0]), run[name])

    def __init__(self, text: Words, probs: NamedTensor) -> None:
        self.text, self.probs = text, probs
        side, end = STAGE.split_columns(-NAMES)[1], np.array([text.get_right()[0], STAGE.centre[1], 0])
        self.threads, self.words = VGroup(), VGroup()
        lines = sorted(side.rows(FAN, 0), key=lambda line: abs(line.centre[1] - end[1]))
        for k, (share, line) in enumerate(zip(probs.quantities(), lines, strict=False)):
            start = line.centre + LEFT * (line.centre - at(line.left, 0))
            thread = curve(end + RIGHT * units(AIR), start, "ink3" if k else "weight", level=True)
            self.threads.add(means(thread.set_stroke(width=stroke(share * THICK)), Thickness(share, THICK)))
            name = word(probs.label(probs.axes[0], k), "chapter", "ink2" if k else "weight")
            name.scale((text.size if not k else OTHER) / name.size).settle(start).begin_at(start[0] + units(AIR))
            told = number(share, "share", "stage number", "ink2").settle(start)
            self.words.add(VGroup(name, told.begin_at(name.get_right()[0] + units(AIR))))
        (best, _), *_ = self.words
        self.answer = best.copy().begin_at(end[0] + units(AIR if best.text.isalnum() else AIR / 4))
        self.answer.stand_on(text.baseline).set_z_index(1)
        super().__init__(self.text, self.answer, self.threads, self.words)

    def opens(self, kind: str = "slow") -> tuple[Animation, ...]:
        """The threads grow out of the text, and tokens come at their ends."""
        return draw(*self.threads, kind=kind), appear_in_turn([*self.words], kind)

    def write(self) -> tuple[Animation, ...]:
        """The likeliest token goes along its thread to the end of the text; all others go."""
        (best, share), *others = self.words
        return leave(self.threads, share, *others), Travel(best, self.answer, 0.0, "row", leaving=True)
