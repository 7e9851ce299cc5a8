"""An LSTM beside attention: what each hands over, how far its gradient reaches, what it notices and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise

import numpy as np
from manim import RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import Flight, Travel, appear, appear_in_turn, deal, exchange, leave, ring_around
from scenes.chapters.c03_lstm.figures import CELL, FORM, HEAD, SEEN, THICK, THIN, LSTMChain, over
from scenes.layout import STAGE
from scenes.mobjects.curves import Curves
from scenes.mobjects.marks import End
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.sentences import sentence
from scenes.mobjects.shapes import Box, arch, curve, frame
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import in_line
from scenes.mobjects.vectors import under, vector_in
from scenes.theme import gap, palette, pixels, units
from transformer_core.studies.measures.recurrence import parted
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the two texts that are written, of what is handed over, and of the names at the left of two lanes.
LINES, NECK, NAMES = 280.0, 150.0, 270.0
#: Beside which seed of each curve, at what height and on which side, its name stands: the first, or the last to rise.
RISES = (0, 0.4, RIGHT), (0, 0.75, -RIGHT), (-1, 0.9, RIGHT)
#: Px of the memory of fixed size with its name; and a little way down from a word.
SLAB, LOWER = 230.0, UP * units(10)
#: How far two words bend down that change places.
BENDS = -0.12, 0.25


class SentenceStates:
    """A sentence with a state over each word; at the top, what is `written` from the last one, and with attention to
    all, by two `models` that read the sentence; the first is `wrong` where `rings` are, by the translation `gold`.
    """

    def __init__(self, models: Sequence[Trace], gold: Sequence[str], ribbon: Ribbon) -> None:
        lines, low = STAGE.split_rows(LINES, 70)
        self.chain, self.others = (LSTMChain(one["encoder.states"].pick(batch=0), ribbon, low) for one in models)
        #: All that is handed over by the first model: the last memory and hidden state, and what they are called.
        self.neck, self.called = VGroup(), VGroup()
        size, handed = models[0]["encoder.state_size"], (("cells", "memory"), ("states", "hidden state"))
        places = over(ribbon, low).split_rows(HEAD)[1].split_rows(-NECK)[1].inset(NECK, 0).columns(2, NECK)
        for (name, called), place in zip(handed, places, strict=True):
            head, body = place.split_rows(54)
            state = models[0][f"encoder.{name}"].pick(batch=0, position=len(ribbon.chips) - 1)
            self.neck.add(vector_in(body, state, "residual", most=NECK / 2))
            self.called.add(Words(f"{called}: {size} numbers", "stage word", "residual").settle(head.centre))
        #: The words, and "query key", what attention gives to each state for each of them.
        self.written = [model["decoder.logits"].words("position")[1:] for model in models]
        self.weights = models[-1]["decoder.weights"].pick(batch=0)
        self.outputs, self.names = [], VGroup()
        told = (("LSTM: from the last state alone", "residual"), ("LSTM + attention: from all states", "key"))
        for words, (text, role), line in zip(self.written, told, lines.rows(2, 24), strict=True):
            head, body = line.split_rows(54)
            self.names.add(Words(text, "fact", role).begin_in(head))
            self.outputs.append(body.fit(in_line(words, body.width)))
        self.wrong = parted(self.written[0], gold)
        self.rings = [ring_around(self.outputs[0][i], "warning") for i in self.wrong]

    def write_alone(self) -> Animation:
        """All words come out of the last memory and hidden state."""
        return deal([self.neck[1].cells.of(0)] * len(self.outputs[0]), [*self.outputs[0]], kind="slow")

    def write_attending(self) -> Animation:
        """Each word comes out of the state that attention gives the most for it."""
        most = [int(np.argmax(row.values)) for row in self.weights][: len(self.outputs[1])]
        return deal([self.others.vectors[j] for j in most], [*self.outputs[1]], kind="cell")

    def looks(self) -> list[VMobject]:
        """The weights of the states for the words that are written, as lines."""
        lines = []
        for row, chip, label in zip(self.weights, self.outputs[1], self.written[1], strict=False):
            for weight, vector in zip(row.quantities(), self.others.vectors, strict=True):
                if weight > SEEN:
                    line = curve(vector.get_top() + UP * units(8), chip.get_bottom() - UP * units(8))
                    ends = End(weight, first=True, axis="key", alone=True), End(label, alone=True)
                    lines.append(as_thick_as(weight, line, THIN, THICK, *ends))
        return lines


def where_they_rise(curves: Curves, x: NamedTensor, rows: Mapping[str, NamedTensor]) -> None:
    """Put the names of curves where their seeds rise, not at their ends, where they meet, and the title over dots."""
    curves.plot.names[1].shift(UP * gap("line"))
    for (key, row), (seed, level, side) in zip(rows.items(), RISES, strict=True):
        passed = np.sort((row.values > level).argmax(-1))[seed]
        curves.plot.label(curves.labels[key], float(x.values[passed]), level, side).shift(side * gap("word"))


class SwappedWords:
    """The vectors of a sentence, two of whose words change places: of attention in the upper lane, of an LSTM in the
    lower one. Each word takes its vector along; the one that is computed `anew` comes to lie on it, and becomes the
    `change`.

    Args:
        vectors: "position d_model", of the sentence and of the exchanged one with no positions added, and the change.
        states: "position d_state", of all three.
        order: where each word of the exchanged sentence stood.
    """

    def __init__(self, vectors: Sequence[NamedTensor], states: Sequence[NamedTensor], order: Sequence[int]) -> None:
        side, room = STAGE.split_columns(NAMES, 24)
        self.order = order
        self.before, self.after = (sentence(one.words("position"), room, at_foot=True) for one in states[:2])
        self.names, self.old, self.moved, self.anew, self.change = (VGroup() for _ in range(5))
        wide = min(self.before.wide - 12, CELL + CELL / 2)
        lanes = (("attention", "weight", vectors), ("LSTM", "residual", states))
        for (name, role, (old, new, change)), lane in zip(lanes, over(self.before, room).rows(2, 24), strict=True):
            for text, style, line in zip((name, "change"), (role, "ink2"), side.cross(lane).rows(2, 0), strict=True):
                self.names.add(Words(text, "block", style).begin_in(line))
            rows, scale = [*old], full_colour(old)
            for group, ribbon, some in (
                (self.old, self.before, rows),
                (self.moved, self.after, [rows[j] for j in order]),
                (self.anew, self.after, new),
                (self.change, self.after, change),
            ):
                strips = under(ribbon, lane, some, role, scale, wide, upright=True)
                group.add(VGroup(strip.opaque() for strip in strips))

    def swap(self) -> tuple[Animation, ...]:
        """Words change places, and their vectors go along."""
        old = [row[j] for row in (self.before.chips, *self.old) for j in self.order]
        return exchange(old, [*self.after.chips, *self.moved[0], *self.moved[1]], "camera", 0.5)

    def at_once(self) -> list[Animation | tuple[Animation, ...] | None]:
        """Attention computes all vectors anew, each out of its word."""
        return [deal(self.after.chips, [*self.anew[0]]), self._changed(0)]

    def in_turn(self) -> list[Animation | tuple[Animation, ...] | None]:
        """The LSTM computes its states anew, each out of the one before."""
        new = [*self.anew[1]]
        return [deal([self.moved[1][0], *new[:-1]], new, kind="cell"), self._changed(1)]

    def _changed(self, lane: int) -> tuple[Animation, ...]:
        """Of the new vectors, what was there before is subtracted."""
        return (
            leave(self.moved[lane]),
            *exchange(self.anew[lane], self.change[lane]),
            appear(self.names[2 * lane + 1]),
        )


class ChainOrGrid:
    """A sentence; above it the one memory of an LSTM, which goes from word to word, and below it attention, from each
    word to each: arcs, and then a square for each pair. First for half of the sentence, then for all of it.

    `memories` are "position d_state".
    """

    def __init__(self, memories: NamedTensor) -> None:
        words, scale = memories.words("position"), full_colour(memories)
        above, low = STAGE.split_rows(SLAB, 24)
        self.half, self.whole = (Ribbon(some, low) for some in (words[: len(words) // 2], words))
        (head, upper), (body, foot) = above.split_rows(FORM, 12), self.half.below(low).split_rows(-FORM, 16)
        #: The memory after each word, above those of the half and above all.
        self.few, self.all = (
            under(ribbon, upper, [*memories][: len(ribbon.chips)], "residual", scale, NECK, upright=True)
            for ribbon in (self.half, self.whole)
        )
        self.names = VGroup(Words("LSTM", "large word", "residual").begin_in(head))
        self.names.add(Words("attention", "large word", "weight").begin_in(foot))
        feet, spread = [chip.get_bottom() - LOWER for chip in self.half.chips], units(self.half.wide / 5) * RIGHT
        self.arcs = {
            (i, j): arch(feet[i] + spread, feet[j] - spread, (i - j) * 1.5 * body.height / len(feet), "weight", 6)
            for i, j in combinations(range(len(feet)), 2)
        }
        room = self.half.below(low)
        row, *_ = room.rows(len(words), 6)
        grid = VGroup(Box(row.height, row.height, palette().weight, 4) for _ in range(len(words) ** 2))
        grid.arrange_in_grid(len(words), len(words), buff=units(6)).move_to(room.centre)
        #: A square for each pair of words, those of the half, and a frame around these.
        self.squares = dict(zip(np.ndindex(len(words), len(words)), grid, strict=True))
        self.pairs = VGroup(self.squares[pair] for pair in np.ndindex(len(feet), len(feet)))
        around = pixels(self.pairs.width) + 6
        self.block = frame(around, around, "query", 5, 6).move_to(self.pairs).set_z_index(1)
        self.told = VGroup(
            Words("one memory", "stage word", "residual").next_to(self.names[0], RIGHT, buff=gap("part")),
            Words("every pair of words", "stage word", "weight").next_to(grid, RIGHT, buff=gap("part")),
        )

    def reads(self, ribbon: Ribbon, slabs: Sequence[VMobject], kind: str) -> list[tuple[Animation, ...]]:
        """The memory goes on from word to word, and each changes it."""
        steps = zip(ribbon.chips[-len(slabs) + 1 :], pairwise(slabs), strict=True)
        return [(Travel(*both, 0.0, kind, leaving=True), Flight(chip, both[1], 0.0, kind)) for chip, both in steps]

    def swap(self) -> list[tuple[Animation, ...]]:
        """The first and the last word change places, and no arc changes; then they go back."""
        ends = [self.half.chips[0], self.half.chips[-1]]
        away = [one.copy().move_to(other) for one, other in zip(ends, ends[::-1], strict=True)]
        ways = (ends, away), (away[::-1], ends[::-1])
        return [
            tuple(Travel(a, b, bend, leaving=True) for a, b, bend in zip(old, new, BENDS, strict=True))
            for old, new in ways
        ]

    def longer(self) -> list[tuple[Animation | None, ...]]:
        """Arcs give way to squares; then there are twice as many words, and four times the pairs."""
        chips, count = [*self.half.chips], len(self.half.chips)
        old, new = [*chips, self.few[-1]], [*self.whole.chips[:count], self.all[count - 1]]
        more = [square for square in self.squares.values() if square not in self.pairs.submobjects]
        return [
            (leave(*self.arcs.values()), appear_in_turn([*self.pairs]), appear(self.told[1])),
            (*exchange(old, new), appear(self.block)),
            (appear_in_turn(self.whole.chips[count:]), appear_in_turn(more, "cell")),
        ]
