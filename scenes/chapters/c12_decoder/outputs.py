"""Vectors that leave the encoder for a word in two sentences, and the way from the decoder's last vector to a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from manim import DOWN, LEFT, UP, AnimationGroup, LaggedStart, VGroup, rate_functions

from scenes.animations import Come, Flight, Travel, appear, draw, grow, lagged
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.black_box import sentence
from scenes.mobjects.next_word import OTHERS
from scenes.mobjects.ribbon import Ribbon, gutter
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector
from scenes.theme import at, pace, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the encoder, of the words at the right, between columns, of a vector, and from a sentence to its vectors.
MACHINE, FORM, SPACE, HIGH, AIR = 300.0, 250.0, 50.0, 92.0, 70.0


@dataclass(frozen=True)
class OneRun:
    """A sentence and a word of its translation, with a source word's vector before and after the encoder."""

    source: Sequence[Label]
    noun: Label
    form: Label
    enters: NamedTensor
    leaves: NamedTensor


class TwoRuns:
    """Two sentences, above and below; the vectors of a word of both before and after the encoder; what is written.

    Args:
        runs: one for each sentence.
        word: where the common word stands.
        cosines: the cosine of the two vectors, before the encoder and after it.
        read: how often a linear probe reads the gender off such a vector.
    """

    def __init__(
        self, runs: Sequence[OneRun], word: int, cosines: Sequence[Quantity], read: Quantity | None = None
    ) -> None:
        room, last = STAGE.split_columns(-FORM, SPACE)
        self.sources = [Ribbon(runs[0].source, room), sentence(runs[1].source, room, at_foot=True)]
        #: The chips of the nouns that differ, and of the word whose vectors are shown.
        pairs = zip(self.sources, runs, strict=True)
        self.noun_chips: list[Token] = [line.chips[run.noun.position] for line, run in pairs]
        self.word_chips: list[Token] = [line.chips[word] for line in self.sources]
        high = [pixels(line.height) + AIR for line in self.sources]
        body = Room(room.left, room.top + high[0], room.right, room.bottom - high[1])
        wide = (body.width - MACHINE) / 2 - SPACE
        left, rest = body.split_columns(wide, SPACE)
        middle, right = rest.split_columns(MACHINE, SPACE)
        self.box = Box.of(middle, palette().surface, 20, palette().residual, 4)
        self.title = Words("encoder", "title", paper=self.box).settle(middle.centre)
        self.before, self.after = (
            self._vectors([getattr(run, side) for run in runs], place)
            for side, place in (("enters", left), ("leaves", right))
        )
        self.forms = VGroup(
            Token(run.form, "", last.width, 60, "stage word").move_to(last.centre).set_y(vector.get_y())
            for run, vector in zip(runs, self.after, strict=True)
        )
        writes = last.fit(Words("it writes", "block", "ink2"), most=1.0)
        self.writes = writes.next_to(self.forms[0], UP, buff=units(HIGH / 4))
        self.cosines = [
            Words(f"cosine {cosine:.2f}", "large number").settle(place.centre)
            for cosine, place in zip(cosines, (left, right), strict=True)
        ]
        inside = 0.8 * self.box.width
        self.mouths = [one.copy().stretch_to_fit_width(inside).set_x(self.box.get_x()) for one in self.after]
        self.probe = self._probe(read, last.inset(0, high[0] + HIGH)) if read is not None else VGroup()
        #: The inputs, and the word of the first run.
        self.standing = [*self.sources, self.box, self.title, self.writes, self.forms[0]]
        self.wires = (
            VGroup(rule(vector.get_right(), self.probe[0].get_left(), "ink3", 3) for vector in self.after)
            if read is not None
            else VGroup()
        )

    @staticmethod
    def _vectors(rows: Sequence[NamedTensor], room: Room) -> list[Vector]:
        """Two vectors: at the top of a room, and at its foot."""
        scale = full_colour(*rows)
        upper, lower = (Vector(row, room.width, HIGH, "residual", scale) for row in rows)
        upper.move_to(at((room.left + room.right) / 2, room.top + HIGH / 2))
        lower.move_to(at((room.left + room.right) / 2, room.bottom - HIGH / 2))
        return [upper, lower]

    @staticmethod
    def _probe(read: Quantity, room: Room) -> VGroup:
        """A box with a name, and the share below it."""
        box = Box(room.width, 150, palette().surface, 12, palette().ink3, 3).move_to(room.centre)
        name, share = Words("linear probe", "block", paper=box), number(read, "share", "large number")
        share.paper = box
        name.settle(box.get_center() + UP * units(36))
        return VGroup(box, name, share.settle(box.get_center() + DOWN * units(32)))

    def probed(self) -> list[Any]:
        """Both vectors that come out go into the probe."""
        box, name, share = self.probe
        flights = (Flight(vector, box, 0.0, "row") for vector in self.after)
        return [(appear(box, name), draw(*self.wires)), (*flights,), appear(share)]

    def taken(self) -> tuple[Any, ...]:
        """The vectors of the word out of their tokens."""
        return tuple(Travel(*pair, kind="row") for pair in zip(self.word_chips, self.before, strict=True))

    def through(self) -> list[Any]:
        """The vectors go into the encoder, along with the nouns, and what becomes of them comes out."""
        into = [Flight(*pair, 0.0, "row") for pair in zip(self.before, self.mouths, strict=True)]
        for chip, mouth in zip(self.noun_chips, self.mouths, strict=True):
            into.append(Flight(chip, chip.copy().set_x(self.box.get_x()).set_y(mouth.get_y()), 0.1, "row"))
        return [(*into,), tuple(Travel(*pair, 0.0, "row") for pair in zip(self.mouths, self.after, strict=True))]


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
        texts = ("vectors of the words", "logit", "probability")
        table, logit, share = (Words(text, "block", "ink2").settle(at(0, names.bottom - 28)) for text in texts)
        self.names = VGroup(
            table.begin_at(at(rest.left, 0)[0]), logit.end_at(at(ends, 0)[0]), share.begin_at(at(start, 0)[0])
        )
        super().__init__(
            self.token, self.row, self.words, self.vectors, self.logits, self.bars, self.shares, self.names
        )

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
