"""Vectors that leave the encoder for a word in two sentences, and the way from the decoder's last vector to a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.animations import Flight, Travel, appear, appear_in_turn, draw, fill, lagged, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import end_to_end
from scenes.mobjects.marks import AxisSpan, Ground, Tick, means
from scenes.mobjects.next_word import OTHERS
from scenes.mobjects.planes import clear_of
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.sentences import sentence
from scenes.mobjects.shapes import Box, arrow, dashes, dot, frame, rule
from scenes.mobjects.tensors import Heatmap, full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import HEIGHT as CHIP
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import vector_in
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the encoder, between two runs, of a vector, and of what lies above each other with the air between.
MACHINE, BESIDE, HIGH, AIR, PROBE = 128.0, 320.0, 84.0, 32.0, 110.0
#: Px of a probe's name, of its share and of a gender at the ends of its line; of a dot, and how many rows of them.
NAME, RIGHTS, GENDER, DOT, ROWS = 240.0, 130.0, 180.0, 9.0, 5


@dataclass(frozen=True)
class EncodedSentence:
    """A sentence and a word of its translation, with a source word's vector before and after the encoder."""

    source: Sequence[Label]
    noun: Label
    form: Label
    enters: NamedTensor
    leaves: NamedTensor


class EncodedPair:
    """Two sentences side by side, read below; the vectors of a word of both go up through the encoder; what is written
    stands on top, and below it the line of a linear probe.

    Args:
        runs: one for each sentence.
        word: where the common word stands.
        cosines: the cosine of the two vectors, before the encoder and after it.
        probe: `experiment.probe`, if it reads the gender off such a vector.
    """

    def __init__(
        self, runs: Sequence[EncodedSentence], word: int, cosines: Sequence[Quantity], probe: Trace | None
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
        self.probe = None if probe is None else ProbeAnswers(probe, line)
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


class ProbeAnswers:
    """Answers of a linear probe about adjectives with nouns it never met: dots on a line, with its sign in the middle.

    Args:
        run: `experiment.probe`.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        name, rest = room.split_columns(NAME, AIR)
        line, end = rest.split_columns(-RIGHTS)
        part = {"part": run["spots"].labels["part"].index("layer 2")}
        said, genders = run["spots"].pick(**part, component=0).quantities(), run["genders"].pick(**part).values
        span, y = AxisSpan(0, min(said), max(said)), (line.top + line.bottom) / 2
        self.line = means(rule(at(line.left + GENDER, y), at(line.right - GENDER, y), "ink3", 3), span)
        sign = np.array([span.spot(0, self.line), self.line.get_y(), 0])
        self.sign = dashes(sign + UP * units(PROBE) / 2, sign + DOWN * units(PROBE) / 2, "query", 6)
        self.names, self.dots = VGroup(Words("linear probe", "block").begin_in(name)), VGroup()
        for text, role, side in (("masculine", "key", LEFT), ("feminine", "value", RIGHT)):
            self.names.add(Words(text, "fact", role).next_to(self.line, side, units(AIR)))
        count = Words(f"of {run['rows'].pick(choice='inflected'):,.0f}", "fact", "ink2")
        right = number(run["told_last"].pick(choice="inflected"), "share", "large number")
        self.share = VGroup(right, count).arrange(DOWN, buff=units(12))
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


#: Px of the last vector, of the vectors of all words, of the strip of probabilities, of a line of names, and between.
#: The table takes a share of the height.
HEAD, TABLE, STRIP, LINE, GAP = 72.0, 0.455, 56.0, 46.0, 24.0
#: Px at the foot for the name of the words there, and of the air around them on their plate.
CALLED, INSIDE = 190.0, 16.0
#: Px of the dot of a word, and from one in a pile to the next; no more words than `MOST` have one, `NAMED` with a name.
POINT, PILE, MOST, NAMED = 6.0, 13.0, 600, 3
#: One of so many dots of other words is seen on its way.
SOME = 12


class Unembedding:
    """The words so far at the foot, and above them the last vector and the vectors of all words; then each word is a
    dot on the axis of its dot product with that, and below they share a strip as long as one.

    Args:
        position: where the vector is read out.
        reads: the words that are read up to there.
    """

    def __init__(self, trace: Trace, position: int, reads: Sequence[Label]) -> None:
        row, logits, probs, order, tail = (
            trace[name].pick(batch=0, position=position)
            for name in (trace.parents["logits"][0], "logits", "probs", "word_order", "tail_prob")
        )
        shown = [int(i) for i in order.values[:MOST]]
        best, labels = shown[0], [logits.label("vocab", i) for i in shown[:NAMED]]
        called, line = STAGE.inset(INSIDE).split_columns(CALLED)
        *chips, self.word = sentence([*reads, labels[0]], line, at_foot=True)
        body, foot = STAGE.split_rows(-pixels(self.word.height) - 2 * INSIDE, GAP)
        plate = Box.of(foot, palette().surface, 20, palette().residual, 4)
        plate.key = "plate", "decoder"
        #: The words so far on the plate of the decoder, and the place of the next one.
        self.read = VGroup(*chips)
        self.slot = frame(pixels(self.word.width), pixels(self.word.height), "ink3", 3).move_to(self.word)
        self.standing = [plate, Words("decoder", "block", paper=plate).begin_in(called.cross(foot)), self.read]
        head, body = body.split_rows(HEAD)
        side = gutter(labels[:2], 200) + GAP
        middle = head.inset(side, 0)
        self.row = vector_in(middle, row, "residual")
        name, body = body.split_rows(LINE)
        table, below = body.split_rows(TABLE * body.height)
        self.table = Heatmap(trace["parameters.output.w"].transpose(), middle.width, table.height).move_to(table.centre)
        told = f"vectors of {trace['config.target_vocab']:,.0f} words"
        self.table_name = Words(told, "fact", "ink2").begin_in(middle.cross(name))
        line, foot = below.split_rows(-STRIP - LINE - GAP / 2, GAP)
        start, end = at(line.left, line.bottom - LINE), at(line.right, line.bottom - LINE)
        span = AxisSpan(0, float(logits.values[shown[-1]]), float(logits.values[best]))
        axis = means(rule(start + RIGHT * units(GAP), end + LEFT * units(2 * GAP), "ink", 5), span)
        self.axis = VGroup(axis, arrow(axis.get_right(), end, "ink", 5, 30))
        texts = "logit", *(["(some are shown)"] if len(order) > MOST else [])
        self.axis_name = VGroup(Words(text, "fact", "ink2") for text in texts).arrange(RIGHT, buff=units(POINT))
        self.axis_name.move_to(start + DOWN * units(LINE / 2)).align_to(start, LEFT)
        self.dots, self.names, self.rows, piled = VGroup(), VGroup(), VGroup(), Counter[int]()
        for i, logit in zip(shown, map(logits.quantity, shown), strict=True):
            x = span.spot(logit, axis)
            piled[column := int(pixels(x) // PILE)] += 1
            spot = np.array([x, start[1] + units(PILE * piled[column]), 0])
            look = (POINT, "ink2") if i != best else (2 * POINT, "weight")
            self.dots.add(means(dot(spot, *look), Tick(logit, span)))
        for label, i, spot in zip(labels, shown, self.dots, strict=False):
            told = VGroup(word(label, "stage word"), number(logits.quantity(i), ".2f", "stage number", "ink2"))
            told.arrange(RIGHT, buff=units(POINT * 2)).move_to(spot).set_y(start[1] - units(STRIP / 2))
            told.shift(LEFT * max(0.0, told.get_right()[0] - end[0]))
            self.names.add(told if all(clear_of(told, other) for other in self.names if len(other)) else VGroup())
        #: The rows of the two likeliest words in the matrix, with their names.
        for label, i, side in zip(labels, shown, (LEFT, RIGHT), strict=False):
            y = table.top + (i + 0.5) / len(logits) * table.height
            strip = rule(at(middle.left, y), at(middle.right, y), "ink", 5)
            self.rows.add(VGroup(strip, word(label, "stage word").next_to(strip, side, units(GAP / 2))))
        share, rest = probs.quantity(best), tail.quantity(0)
        bar, text = foot.split_rows(STRIP, GAP / 2)
        edge, ground = bar.centre + LEFT * units(bar.width / 2), Ground()
        self.edge = means(rule(edge + UP * units(STRIP / 2), edge + DOWN * units(STRIP / 2), "ink3", 2), ground)
        #: That of all others is below them.
        self.pieces = end_to_end((rest, share), (edge, edge), bar.width, STRIP, ground)
        self.pieces[0].set_fill(palette().ink3)
        self.shares = VGroup(
            Words(f"{OTHERS}: {rest:share}", "stage number", "ink2").begin_in(text),
            Words(f"probability: “{labels[0]}” {share:share}", "stage number").end_in(text),
        )

    def meet(self) -> list[Any]:
        """The last vector lies down on two rows, each of which goes where its dot product is; so do all others."""
        laid: list[Any] = [appear(self.axis, self.axis_name)]
        for row, spot, name in zip(self.rows, self.dots, self.names, strict=False):
            laid += [(Flight(self.row, row[0], 0.0), appear(row)), (Travel(row[0], spot), appear(name))]
        return [
            *laid,
            (Flight(self.table, self.dots, 0.0, kind="row"), leave(self.table, self.table_name, self.rows)),
            (fill(self.dots[len(self.rows) :], "cell"), appear(*self.names[len(self.rows) :])),
        ]

    def soften(self) -> list[Any]:
        """The logits become shares of one strip: that of the likeliest, and that of all others."""
        others, own = self.pieces
        falls = (Flight(one, one.copy().move_to(others), 0.0, "row") for one in self.dots[1::SOME])
        return [
            (appear(self.edge, others), Travel(self.dots[0], own, 0.0, "row"), lagged(falls, 0.3, 2.0, "row")),
            Travel(self.names[0][0], self.word, kind="row"),
            appear(self.shares),
        ]
