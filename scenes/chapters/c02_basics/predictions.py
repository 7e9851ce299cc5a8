"""Predictions: what three families of models put out, and how a language model goes on with a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from manim import DOWN, LEFT, UP, Animation, VGroup, VMobject

from scenes.animations import Flight, Travel, appear, appear_in_turn, draw, exchange, leave, reshape
from scenes.chapters.c02_basics.machine import BUNDLED, ModelHalf
from scenes.layout import STAGE
from scenes.mobjects.marks import Thickness, means
from scenes.mobjects.sentences import NOTHING, across
from scenes.mobjects.shapes import Box, curve, stroke
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.vectors import vectors_in
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the tokens that may follow, from line to line of them, between two texts, and of a thread for a probability of
#: one; the em sizes of a text and of the less likely tokens, and the lines of tokens, the likeliest first.
NAMES, PITCH, AIR, THICK, WRITTEN, OTHER, FAN = 440.0, 92.0, 20.0, 140.0, 62.0, 46.0, (0, 1, -1, 2, -2)
#: Px of what the three families read and write, at the foot of the stage, and of their names and their parts.
SAMPLE, NAMED, PARTS = 240.0, 100.0, 330.0
#: A tensor of what a real language model predicted, which stands for all of them.
RECORDED = "experiment.next_token.top"


class ModelFamilies:
    """Decoder alone, both, encoder alone: the same parts, three kinds of model, each with a name that viewers know."""

    def __init__(self, trace: Trace, memory: NamedTensor, source: Sequence[Label], output: Sequence[Label]) -> None:
        columns = STAGE.columns(3, 64)
        heads, bodies = zip(*(column.split_rows(NAMED) for column in columns), strict=True)
        tops = [body.split_rows(PARTS)[0] for body in bodies]
        samples = [column.split_rows(-SAMPLE)[1] for column in columns]
        one, other = tops[1].columns(2, 60)
        self.both = [ModelHalf(trace, "encoder", one), ModelHalf(trace, "decoder", other)]
        self.road = across(self.both[:1], self.both[1:])
        self.alone = [
            ModelHalf(trace, side, top.inset(120, 0), alone=True)
            for side, top in zip(("encoder", "decoder"), tops[::-2], strict=True)
        ]
        names = zip(("GPT", "BART, ours", "BERT"), heads, strict=True)
        self.names = [head.fit(Words(name, "chapter"), most=0.8) for name, head in names]
        for name in self.names[1:]:
            name.stand_on(self.names[0].baseline)
        self.vectors = vectors_in(samples[-1].inset(2 * AIR, 0), memory, "residual", 60)
        self.translation = VGroup(VGroup(in_lines(words)).arrange(DOWN, buff=units(12)) for words in (source, output))
        samples[1].fit(self.translation.arrange(DOWN, buff=units(36)), most=WRITTEN / self.translation[0][0].size)

    def translate(self) -> list[Any]:
        """Plays in which a sentence goes into the encoder, both halves work, and its translation comes out."""
        source, output = self.translation
        works = [appear_in_turn(half.working(), "rest") for half in self.both]
        return [appear(source), enter(source, self.both[0]), *works, appear(output)]


def enter(text: VMobject, half: ModelHalf) -> Animation:
    """A small copy of a text goes up to the plate of a half of a model, and is gone there."""
    return Flight(text, text.copy().scale(BUNDLED).move_to(half.plate.get_bottom(), UP), 0.0)


def in_lines(words: Sequence[Label], most: int = 4) -> list[Words]:
    """A sentence as texts of a few words each."""
    lines = [" ".join(f"{one}" for one in words[k : k + most]) for k in range(0, len(words), most)] or [NOTHING]
    return [Words(line, "chapter") for line in lines]


class Continuation(VGroup):
    """A text below a decoder, from which threads lead to the likeliest tokens, each as thick as its token is likely.

    The likeliest one lies straight ahead: it is written at the end of the text.

    Args:
        text: what is written so far, or the end of it.
        probs: the probabilities of tokens after it.
        decoder: the half of a model above the text, from whose right edge the threads lead.
    """

    @classmethod
    def of(cls, trace: Trace, name: str, decoder: ModelHalf, before: Continuation | None = None) -> Continuation:
        """Make the continuation of a recorded text, given by its short name; or of one that stands there `before`."""
        run = trace.under(RECORDED.rpartition(".")[0])
        if before:
            return cls(before.answer, run[name], decoder)
        place = np.abs(run["top"].values - run[name].values).sum(1).argmin()  # its row in the table of all texts
        room, text = STAGE.split_rows(-SAMPLE)[1], word(run["top"].label("sentence", int(place)), "chapter")
        text.scale(WRITTEN / text.size).settle(room.centre)
        return cls(text.begin_at(at(room.left, 0)[0]), run[name], decoder)

    def __init__(self, text: Words, probs: NamedTensor, decoder: ModelHalf) -> None:
        self.text, self.probs, end = text, probs, decoder.plate.get_right()
        self.threads, self.words = VGroup(), VGroup()
        for k, (share, line) in enumerate(zip(probs.quantities(), FAN, strict=False)):
            start = np.array([at(STAGE.right - NAMES, 0)[0], end[1] + units(line * PITCH), 0])
            thread = curve(end, start, "ink3" if k else "weight", level=True)
            self.threads.add(means(thread.set_stroke(width=stroke(share * THICK)), Thickness(share, THICK)))
            name = word(probs.label(probs.axes[0], k), "chapter", "ink2" if k else "weight")
            name.scale((text.size if not k else OTHER) / name.size).settle(start).begin_at(start[0] + units(AIR))
            told = number(share, "share", "stage number", "ink2").settle(start)
            self.words.add(VGroup(name, told.begin_at(name.get_right()[0] + units(AIR))))
        (best, _), *_ = self.words
        self.answer = best.copy().begin_at(text.get_right()[0] + units(AIR if best.text.isalnum() else AIR / 4))
        self.answer.stand_on(text.baseline).set_z_index(1)
        super().__init__(self.text, self.answer, self.threads, self.words)

    def sample(self, decoder: ModelHalf) -> list[Any]:
        """Plays in which the text goes into a decoder, and the likeliest token comes out, below the text."""
        text = self.text.copy()
        best = self.answer.copy().next_to(text, DOWN, units(AIR))
        return [appear(text), (enter(text, decoder), appear_in_turn(decoder.working())), appear(best)]

    def opens(self, kind: str = "slow") -> tuple[Animation, ...]:
        """The threads grow out of the text, and tokens come at their ends."""
        return draw(*self.threads, kind=kind), appear_in_turn([*self.words], kind)

    def write(self) -> tuple[Animation, ...]:
        """The likeliest token goes along its thread to the end of the text; all others go."""
        (best, share), *others = self.words
        return leave(self.threads, share, *others), Travel(best, self.answer, 0.0, "row", leaving=True)


def preferring() -> list[Any]:
    """Plays of a sketch: a chatbot gives two answers alike; people prefer one, and it becomes likelier."""
    room = STAGE.split_rows(-SAMPLE)[1].split_columns(-1.7 * NAMES)[1].inset(0, 2 * AIR)
    side, rest = room.split_columns(NAMES / 2)
    plate = Box.of(side, palette().surface, AIR, palette().residual, 4)
    names = VGroup(Words("chatbot", "title", "ink", plate), Words("a sketch", "fact", "ink2", plate))
    lines, told = rest.split_columns(0.35 * rest.width)[1].rows(2, AIR), ("answer", "answer", "preferred answer")
    one, other, best = (
        Words(text, "stage word", "weight" if text in told[2:] else "ink2")
        .settle(line.centre)
        .begin_at(at(line.left, 0)[0])
        for text, line in zip(told, (*lines, lines[1]), strict=True)
    )
    ends = [answer.get_left() + LEFT * units(AIR) for answer in (one, other)]
    before, after = (
        VGroup(curve(plate.get_right(), *look, level=True) for look in zip(ends, roles, thick, strict=True))
        for roles, thick in ((("ink3", "ink3"), (THICK / 5, THICK / 5)), (("ink3", "weight"), (THICK / 20, THICK / 3)))
    )
    return [
        (appear(plate, names.arrange(DOWN, units(AIR)).move_to(plate), one, other), draw(*before)),
        exchange([other], [best]),
        reshape(before, after, "row"),
    ]
