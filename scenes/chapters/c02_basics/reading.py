"""Vectors of tokens inside the encoder: of one token, of a sentence, of one word in two; and what is written then."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from manim import DL, DOWN, DR, UL, UP, UR, VGroup

from scenes.animations import Flight, Travel, appear, appear_in_turn, draw, leave, ring_around
from scenes.chapters.c02_basics.machine import ModelHalf
from scenes.layout import STAGE, Room
from scenes.mobjects.next_word import NextWord
from scenes.mobjects.passage import fan, rows_of
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.sentences import across, gathered, sentence
from scenes.mobjects.shapes import Box, arrow, ellipsis, path, rule, stroke
from scenes.mobjects.tensors import TensorGrid, full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.vectors import HIGHEST, Vector, named_rows, vector_in, vectors_in
from scenes.theme import palette, pixels, units
from transformer_core.studies.focus import SAME
from transformer_core.studies.measures.stream import SENSES
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a vector inside of the encoder, and from there to its edge; and the least attention weight that has a strand.
INNER, GAP, FAINT = 60.0, 24.0, 0.02
#: Px between the rows of two sentences, and how much of all vectors but those of one word is not seen.
HALVES, VEIL = 84.0, 0.6
#: So many numbers of a vector are read beside its stripes.
READ = 8
#: So many words that may be written next have a bar of their own.
LIKELIEST = 5


class TokenVectors:
    """Inside the encoder: a token below it, its vector above the token, and the first numbers of that, large."""

    def __init__(self, trace: Trace, source: Sequence[Label], vector: NamedTensor) -> None:
        self.line = sentence(source, STAGE, at_foot=True)
        room = STAGE.split_rows(-pixels(self.line.height), 30)[0]
        self.encoder = ModelHalf(trace, "encoder", room, empty=True)
        below, above = room.inset(40, 90).rows(2, 130)
        self.vector = vector_in(above, vector, "residual")
        count = min(READ, len(vector))
        part = vector.pick(**{vector.axes[0]: tuple(range(count))})
        wide = (below.width - 4 * (count - 1)) / count
        scale = float(np.abs(vector.values).max())
        self.grid = TensorGrid(part, "huge", ".2f", scale, wide=wide, high=below.height).move_to(below.centre)
        self.cells = [*self.grid.cells.values()]
        self.origins = [self.vector.cells.of(i) for i in range(count)]
        pairs = zip(self.origins, self.cells, strict=True)
        self.rays = VGroup(rule(stripe.get_top(), cell.get_bottom(), "ink3", 3) for stripe, cell in pairs)
        #: The cell of the number that is farthest from zero, of those that are read.
        self.strongest = max(self.cells, key=lambda cell: abs(cell.quantity))


class EncoderOutputs:
    """Vectors go into the encoder, and as many come out.

    Inside, `columns` are the vectors before and after the first layer and the last one. For each of these layers,
    `fans` has a strand from every vector before it to every vector after it, as thick as the attention weight, a mean
    over heads.

    Args:
        before, after: the vectors.
        run: the beginning of the names of another pass, such as "other.shore.".
        part: the rectangle of the rows; all below a head if there is none.
        only: the place of the single row that has strands.
        scales: the values that get the full colour in what goes in, and in what comes out.
    """

    def __init__(
        self,
        trace: Trace,
        before: NamedTensor,
        after: NamedTensor,
        run: str = "",
        part: Room | None = None,
        only: int | None = None,
        scales: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        body = part or STAGE.split_rows(84)[1]
        _, room = body.split_columns(gutter(before.words("position")) + 14)
        wide = 0.33 * room.width
        self.names, self.before = named_rows(before, body, wide, "residual", scale=scales[0])
        self.after = vectors_in(room.split_columns(-wide)[1], after, "residual", HIGHEST, scale=scales[1])
        plate = room.inset(0.36 * room.width, 0).cross(STAGE)
        self.encoder = ModelHalf(trace, "encoder", plate, empty=True)
        self.ways_in, self.ways_out = across(self.before, [self.encoder]), across([self.encoder], self.after)
        last = trace.about["config"]["encoder_layers"] - 1
        # After the first layer, and before the last one: the same vectors if there are two, and none if there is one.
        inner = ["0.resid_post"] * (last > 1) + [f"{last}.resid_pre"] * (last > 0)
        stops = [before, *(rows_of(trace, f"{run}encoder.{name}") for name in inner), after]
        self.columns = [
            [
                Vector(row, INNER, pixels(line.height), "residual", full_colour(tensor)).move_to(line).set_x(x)
                for row, line in zip(tensor, self.before, strict=True)
            ]
            for tensor, x in zip(stops, np.linspace(*self._ends(), len(stops)), strict=True)
        ]
        #: Dots in the place of the layers that are not shown.
        self.between = VGroup(ellipsis(vertical=True).move_to(self.encoder)) if last > 1 else VGroup()
        #: For each layer that is shown, the vectors before it and those after it.
        self.stages = [*pairwise(self.columns)][:: 2 if last > 1 else 1]
        weights = (rows_of(trace, f"{run}encoder.{layer}.self_attn.mean_weights") for layer in sorted({0, last}))
        self.fans = [fan(row, *pair, FAINT) for row, pair in zip(weights, self.stages, strict=True)]
        if only is not None:
            rows = slice(only * len(self.before), (only + 1) * len(self.before))
            self.fans = [VGroup(*strands[rows]) for strands in self.fans]

    def _ends(self) -> tuple[float, float]:
        """The middles of the first and of the last column in the encoder."""
        aside = units(INNER / 2 + GAP)
        return self.encoder.get_left()[0] + aside, self.encoder.get_right()[0] - aside

    def compare(self) -> list[Any]:
        """Layer by layer, each vector takes something from the others, and is another one then."""
        return [
            tuple(Flight(*way, kind="row") for way in zip(self.before, self.columns[0], strict=True)),
            *(
                play
                for strands, (old, new) in zip(self.fans, self.stages, strict=True)
                for play in (
                    (appear(*old, rise=False), draw(*strands)),
                    tuple(Flight(*way) for way in zip(old, new, strict=True)),
                )
            ),
            appear(*self.columns[-1], *self.between, rise=False),
        ]


class TwoContexts:
    """A word at one place of two sentences: all vectors go into the encoder, and those of the word come out, in `own`.

    In the encoder are the strands that lead to the word; all other vectors are faint. `links` join the entries of the
    two that come out which have another sign.

    Args:
        token: the word in the first sentence.
        name: the tensor that comes out of the encoder.
    """

    def __init__(self, trace: Trace, token: Label, name: str) -> None:
        here, halves = token.position, STAGE.split_rows(84)[1].rows(2, HALVES)
        names = [[f"other.{sense}.{point}" for sense in SENSES] for point in ("embed_src.sum", name)]
        first, last = ([rows_of(trace, one) for one in several] for several in names)
        scales = full_colour(*first), full_colour(*last)
        sides = [gutter(one.words("position")) for one in first]
        halves = [half.split_columns(max(sides) - side)[1] for half, side in zip(halves, sides, strict=True)]
        self.both = [
            EncoderOutputs(trace, before, after, f"other.{sense}.", half, here, scales)
            for sense, before, after, half in zip(SENSES, first, last, halves, strict=True)
        ]
        self.before, self.after = ([getattr(one, side)[here] for one in self.both] for side in ("before", "after"))
        for one in self.both:
            for column in (one.before, *one.columns):
                VGroup(*column[:here], *column[here + 1 :]).fade(VEIL)
            one.names[here].box.set_stroke(palette().residual, stroke(5))
        self.ways_out = VGroup(one.ways_out[here] for one in self.both)
        self.doors = [one.columns[-1][here] for one in self.both]
        one, other = self.before
        ways = (rule(one.get_corner(a), other.get_corner(b), "ink", 3) for a, b in ((DL, UL), (DR, UR)))
        equal = Words("=", "chapter").move_to(VGroup(self.both[0].before[-1], self.both[1].before[0]))
        self.same = VGroup(*ways, equal)
        ends, (upper, lower) = [one[here].values for one in last], [vector.cells for vector in self.after]
        turned = np.flatnonzero(np.sign(ends[0]) != np.sign(ends[1])).tolist()
        self.links = VGroup(rule(upper.of(i).get_bottom(), lower.of(i).get_top(), "ink", 3) for i in turned)
        self.key = Words("white: the sign differs", "fact", "ink2").next_to(self.after[1], DOWN, buff=units(24))

    @staticmethod
    def word_of(trace: Trace) -> Label | None:
        """The word that the two sentences share, if it starts as the same vector in both, and is in sight."""
        if not all(sense in trace.about for sense in SENSES) or trace["encoder.senses_start"] > SAME:
            return None
        noun, words = trace.about[SENSES[0]]["noun"], trace[f"other.{SENSES[0]}.embed_src.sum"].words("position")
        return next((word for word in words if word.position == noun), None)


class DecoderWriting:
    """The encoder's vectors at the left, the decoder, the likeliest words at the right, and what it writes below.

    `feeds[t]` leads from token t of what is written back into the decoder, `steps[t]` are the words likely after it,
    and `rings` are around the likeliest of the first step and of the last.
    """

    def __init__(self, trace: Trace, memory: NamedTensor, probs: NamedTensor, others: NamedTensor) -> None:
        self.written = sentence(probs.words("position"), STAGE, at_foot=True)
        body = STAGE.split_rows(-pixels(self.written.height), 64)[0].split_rows(56)[1]
        left, rest = body.split_columns(0.28 * body.width, 70)
        wide = left.width - gutter(memory.words("position")) - 14
        self.names, self.memory = named_rows(memory, left, wide, "residual")
        middle, right = rest.split_columns(0.3 * rest.width, 110)
        self.decoder = ModelHalf(trace, "decoder", middle)
        self.handed = across(self.memory, [self.decoder])
        self.steps = [
            NextWord(row, right, LIKELIEST, NextWord.widest(probs, LIKELIEST), rest=others.quantity(t, LIKELIEST - 1))
            for t, row in enumerate(probs)
        ]
        self.rings = [ring_around(step.lines[0][1]) for step in (self.steps[0], self.steps[-1])]
        self.lit, top = self.decoder.working(), self.decoder.get_top()
        goal = self.steps[0].lines[0][0].get_top() + UP * units(14)
        turns = [np.array([x, top[1] + units(40), 0]) for x in (top[0], goal[0])]
        self.chooses = VGroup(path([top, *turns], "residual", 5), arrow(turns[1], goal, "residual", 5, 20))
        self.feeds, self.slots = gathered(self.written.chips, self.decoder), VGroup()
        for chip in self.written.chips:
            slot = Box(pixels(chip.box.width), pixels(chip.box.height), palette().background, 10, palette().line, 2)
            self.slots.add(slot.move_to(chip.box))

    def turn(self, place: int) -> list[Any]:
        """Plays by which the word at a place is written out of its bar, and read, and the layers work out the next."""
        before, chip = self.steps[place - 1], self.written.chips[place]
        line = before.line_of(chip.label)
        others = [one for one in before.lines if one is not line]
        coming = Travel(line[1], chip, kind="flow") if line else appear(chip)
        return [
            (coming, leave(*others, *self.rings[: place == 1])),
            (draw(self.feeds[place], kind="emphasise"), leave(*self.lit, *([line] if line else []))),
            *self.compute(place, "appear" if place > 1 else "rest"),
        ]

    def compute(self, place: int = 0, kind: str = "row") -> list[Any]:
        """Plays by which the layers work, one after another, and the probabilities after a place come out."""
        return [appear_in_turn(self.lit, kind), appear_in_turn([*self.steps[place].lines], kind)]
