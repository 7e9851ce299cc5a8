"""Vectors that leave the encoder for a word in two sentences, and the way from the decoder's last vector to a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, AnimationGroup, LaggedStart, VGroup, rate_functions

from scenes.animations import Come, Flight, Travel, appear, appear_in_turn, draw, grow, lagged
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import Span, Tick, means
from scenes.mobjects.next_word import OTHERS
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.sentences import sentence
from scenes.mobjects.shapes import Box, dashes, dot, rule
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import HEIGHT as CHIP
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector, vector_in
from scenes.theme import at, pace, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the encoder, between two runs, of a vector, and of what lies above each other with the air between.
MACHINE, BESIDE, HIGH, AIR, PROBE = 128.0, 320.0, 84.0, 32.0, 110.0
#: Px of a probe's name, of its share and of a gender at the ends of its line; of a dot, and how many rows of them.
NAME, RIGHTS, GENDER, DOT, ROWS = 240.0, 130.0, 180.0, 9.0, 5


@dataclass(frozen=True)
class OneRun:
    """A sentence and a word of its translation, with a source word's vector before and after the encoder."""

    source: Sequence[Label]
    noun: Label
    form: Label
    enters: NamedTensor
    leaves: NamedTensor


class TwoRuns:
    """Two sentences side by side, read below; the vectors of a word of both go up through the encoder; what is written
    stands on top, and below it the line of a linear probe.

    Args:
        runs: one for each sentence.
        word: where the common word stands.
        cosines: the cosine of the two vectors, before the encoder and after it.
        read: how often a linear probe reads the gender off such a vector.
        probe: `experiment.probe`.
    """

    def __init__(
        self, runs: Sequence[OneRun], word: int, cosines: Sequence[Quantity], read: Quantity | None, probe: Trace
    ) -> None:
        halves = STAGE.columns(2, BESIDE)
        self.sources = [sentence(run.source, half, at_foot=True) for run, half in zip(runs, halves, strict=True)]
        rest = STAGE.split_rows(-max(pixels(line.height) for line in self.sources))[0]
        size = min(1.0, rest.height / (MACHINE + 2 * HIGH + CHIP + PROBE + 5 * AIR))
        rooms = []
        for high in (HIGH, MACHINE, HIGH, PROBE, CHIP):
            rest, room = rest.split_rows(-size * AIR)[0].split_rows(-size * high)
            rooms.append(room)
        enters, middle, leaves, line, top = rooms
        #: The chips of the nouns that differ, and of the word whose vectors are shown.
        self.noun_chips: list[Token] = [chips[run.noun.position] for chips, run in zip(self.sources, runs, strict=True)]
        self.word_chips: list[Token] = [chips[word] for chips in self.sources]
        self.boxes, self.forms, self.before, self.after = VGroup(), VGroup(), VGroup(), VGroup()
        scale = full_colour(*(run.leaves for run in runs))
        for run, half in zip(runs, halves, strict=True):
            box = Box.of(half.cross(middle), palette().surface, 20, palette().residual, 4)
            self.boxes.add(VGroup(box, Words("encoder", "title", paper=box).settle(box.get_center())))
            self.before.add(vector_in(half.cross(enters), run.enters, "residual"))
            self.after.add(vector_in(half.cross(leaves), run.leaves, "residual", scale))
            self.forms.add(Token(run.form, "", 0, CHIP, "stage word").move_to(half.cross(top).centre))
        self.writes = Words("it writes", "block", "ink2").settle(top.centre)
        self.cosines = [
            Words(f"cosine {cosine:.2f}", "large number").settle(place.centre)
            for cosine, place in zip(cosines, (enters, leaves), strict=True)
        ]
        self.mouths = [one.copy().set_y(middle.centre[1]) for one in self.after]
        self.probe = None if read is None else Said(read, probe, line)
        #: The inputs, and the word of the first run.
        self.standing = [*self.sources, *self.boxes, self.writes, self.forms[0]]

    def taken(self) -> tuple[Any, ...]:
        """The vectors of the word out of their tokens."""
        return tuple(Travel(*pair, kind="row") for pair in zip(self.word_chips, self.before, strict=True))

    def through(self) -> list[Any]:
        """The vectors go into the encoder, along with the nouns, and what becomes of them comes out."""
        nouns = [chip.copy().set_y(mouth.get_y()) for chip, mouth in zip(self.noun_chips, self.mouths, strict=True)]
        pairs = [*zip(self.before, self.mouths, strict=True), *zip(self.noun_chips, nouns, strict=True)]
        into = [Flight(*pair, 0.0, "row") for pair in pairs]
        return [(*into,), tuple(Travel(*pair, 0.0, "row") for pair in zip(self.mouths, self.after, strict=True))]


class Said:
    """Answers of a linear probe about adjectives with nouns it never met: dots on a line, with its sign in the middle.

    Args:
        read: the share that it has right.
        run: `experiment.probe`.
        room: the rectangle that is filled.
    """

    def __init__(self, read: Quantity, run: Trace, room: Room) -> None:
        name, rest = room.split_columns(NAME, AIR)
        line, end = rest.split_columns(-RIGHTS)
        part = {"part": run["spots"].labels["part"].index("layer 2")}
        said, genders = run["spots"].pick(**part, component=0).quantities(), run["genders"].pick(**part).values
        span, y = Span(0, min(said), max(said)), (line.top + line.bottom) / 2
        self.line = means(rule(at(line.left + GENDER, y), at(line.right - GENDER, y), "ink3", 3), span)
        sign = np.array([span.spot(0, self.line), self.line.get_y(), 0])
        self.sign = dashes(sign + UP * units(PROBE) / 2, sign + DOWN * units(PROBE) / 2, "query", 6)
        self.names, self.dots = VGroup(Words("linear probe", "block").begin_in(name)), VGroup()
        for text, role, side in (("masculine", "key", LEFT), ("feminine", "value", RIGHT)):
            self.names.add(Words(text, "fact", role).next_to(self.line, side, units(AIR)))
        count = Words(f"of {run['rows'].pick(choice='inflected'):,.0f}", "fact", "ink2")
        self.share = VGroup(number(read, "share", "large number"), count).arrange(DOWN, buff=units(12))
        self.share.move_to(end.centre)
        for k, one in enumerate(np.flatnonzero(run["unseen"].values)):
            up = (k % ROWS - (ROWS - 1) / 2) * 2 * units(DOT)
            spot = np.array([span.spot(float(said[one]), self.line), sign[1] + up, 0])
            self.dots.add(means(dot(spot, DOT, "value" if genders[one] > 0 else "key"), Tick(said[one], span)))

    def told(self) -> list[Any]:
        """The line, then the dots, then how many lie on the right side."""
        return [
            (appear(self.line, self.names), draw(self.sign)),
            appear_in_turn([*self.dots], "slow"),
            appear(self.share),
        ]


#: Px of the last vector and of the heads below it, of the logits, and of a share beside its bar.
HEAD, NAMES, LOGIT, SHARE, GAP = 96.0, 96.0, 200.0, 180.0, 36.0
#: How many words are shown.
MOST = 5


class ReadingOut(VGroup):
    """The last vector on top; below it the likeliest words, each with its vector, its logit, and its probability;
    at the foot, the probability of all others together.

    Args:
        position: where the vector is read out.
        token: the word that is read there.
    """

    def __init__(self, trace: Trace, position: int, token: Label) -> None:
        row, logits, probs, order, tail = (
            trace[name].pick(batch=0, position=position)
            for name in (trace.parents["logits"][0], "logits", "probs", "word_order", "tail_prob")
        )
        best = [int(i) for i in order.values[:MOST]]
        vectors, labels = (
            [trace["parameters.output.w"].pick(vocab=i) for i in best], [logits.label("vocab", i) for i in best],
        )  # fmt: skip
        head, body = STAGE.split_rows(HEAD)
        names, body = body.split_rows(NAMES)
        side = gutter((token, *labels), 200) + 24
        wide = 0.46 * (STAGE.width - side)
        chip, rest = head.split_columns(side, GAP)
        self.token = Token(token, "", chip.width, 60, "stage word").move_to(chip.centre)
        self.row = Vector(row, wide, head.height - 8, "residual")
        self.row.move_to(at(rest.left + wide / 2, (rest.top + rest.bottom) / 2))
        scale = full_colour(*vectors)
        self.words, self.vectors, self.logits, self.bars, self.shares = (VGroup() for _ in range(5))
        ends = rest.left + wide + LOGIT
        start, long = ends + GAP, rest.right - ends - GAP - SHARE
        rows = body.rows(len(best) + 1, 22)
        for i, label, vector, line in zip(best, labels, vectors, rows, strict=False):
            y = (line.top + line.bottom) / 2
            self.words.add(
                Token(label, "", side, min(60, line.height), "stage word").move_to(at(chip.left + side / 2, y))
            )
            strip = Vector(vector, wide, min(line.height, 84), "", scale).move_to(at(rest.left + wide / 2, y))
            self.vectors.add(strip)
            self.logits.add(number(logits.quantity(i), ".2f", "large number").settle(at(0, y)).end_at(at(ends, 0)[0]))
        for share, line in zip([*map(probs.quantity, best), tail.quantity(len(best) - 1)], rows, strict=True):
            y = (line.top + line.bottom) / 2
            bar = bar_of(share, "width", long, min(line.height, 72), radius=6, least=3)
            self.bars.add(bar.move_to(at(start, y), aligned_edge=LEFT))
            text = number(share, "share", "stage number").settle(at(0, y))
            self.shares.add(text.begin_at(bar.get_right()[0] + units(18)))
        others = Words(OTHERS, "stage number", "ink2").settle(self.bars[-1].get_center())
        self.shares.add(others.end_at(self.bars[-1].get_left()[0] - units(GAP)))
        texts = ("vectors of the words", "logit", "probability")  # the first at the foot: the last vector passes above
        table, logit, share = (Words(text, "block", "ink2").settle(at(0, names.bottom - 28)) for text in texts)
        self.names = VGroup(
            table.set_y(self.bars[-1].get_y()).begin_at(at(rest.left, 0)[0]),
            logit.end_at(at(ends, 0)[0]),
            share.begin_at(at(start, 0)[0]),
        )
        super().__init__(
            self.token, self.row, self.words, self.vectors, self.logits, self.bars, self.shares, self.names
        )

    def embed(self) -> Any:
        """The vectors go to their words, which are read by them."""
        return lagged((Flight(*pair, 0.0) for pair in zip(self.vectors, self.words, strict=True)), 0.5)

    def meet(self) -> Any:
        """The last vector goes to the vector of each word, and their dot product comes up."""
        late = rate_functions.squish_rate_func(rate_functions.smooth, 0.7, 1)
        turns = [
            AnimationGroup(Flight(self.row, vector, 0.0, lit=True), Come(logit, run_time=pace("flow"), rate_func=late))
            for vector, logit in zip(self.vectors, self.logits, strict=True)
        ]
        return lagged(turns, 0.5)

    def soften(self) -> Any:
        """The logits become bars of probabilities."""
        return LaggedStart(*(grow(bar) for bar in self.bars), lag_ratio=0.15)
