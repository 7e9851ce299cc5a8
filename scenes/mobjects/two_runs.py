"""The same word in two sentences: one vector goes into the encoder, two different ones come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from manim import LEFT, VGroup, VMobject

from scenes.animations import ring_around
from scenes.layout import LEFT_EDGE, RIGHT_EDGE
from scenes.mobjects.strips import Strip
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import in_line
from scenes.theme import at, gap, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

BEGIN, END = 470.0, 1520.0


@dataclass(frozen=True)
class OneRun:
    """A sentence and its translation, with a word's vector before and after the encoder."""

    source: Sequence[Label]
    written: Sequence[Label]
    enters: NamedTensor
    leaves: NamedTensor
    noun: Label
    form: int


class TwoRuns(VGroup):
    """Two sources, the two vectors of their common word as they enter and as they leave, and two translations.

    Args:
        runs: one for each sentence.
        word: where the common word stands.
        likeness: the cosine of the two vectors, before the encoder and after it.
    """

    def __init__(self, runs: Sequence[OneRun], word: int, likeness: Sequence[Quantity]) -> None:
        room = RIGHT_EDGE - BEGIN
        self.sources = VGroup(*(self._line(run.source, y, room) for run, y in zip(runs, (214, 292), strict=True)))
        self.outputs = VGroup(*(self._line(run.written, y, room) for run, y in zip(runs, (790, 868), strict=True)))
        enters, leaves = [run.enters for run in runs], [run.leaves for run in runs]
        self.before, self.before_names = self._strips(enters, runs, 404)
        self.after, self.after_names = self._strips(leaves, runs, 606)
        self.titles = VGroup(
            self._title("goes into the encoder", 362), self._title("comes out of it", 562),
        )  # fmt: skip
        self.cosines = VGroup(*(self._cosine(q, y) for q, y in zip(likeness, (432, 634), strict=True)))
        names = [("source", 214), ("translation", 790)]
        self.names = VGroup(
            *(Words(name, "axis", "ink2").settle(at(0, y)).begin_at(at(LEFT_EDGE + 40, 0)[0]) for name, y in names)
        )
        self.asked = VGroup(*(ring_around(line[word]) for line in self.sources))
        self.forms = VGroup(
            *(ring_around(line[run.form]) for line, run in zip(self.outputs, runs, strict=True))
        )  # fmt: skip
        super().__init__(
            self.sources, self.outputs, self.before, self.after, self.before_names, self.after_names, self.titles,
            self.cosines, self.names,
        )  # fmt: skip

    @staticmethod
    def _line(labels: Sequence[Label], y: float, room: float) -> VGroup:
        line = in_line(labels, room)
        return line.move_to(at(0, y)).align_to(at(BEGIN, 0), LEFT)

    @staticmethod
    def _strips(rows: Sequence[NamedTensor], runs: Sequence[OneRun], y: float) -> tuple[VGroup, VGroup]:
        scale = max(float(np.abs(row.values).max()) for row in rows)
        strips, names = VGroup(), VGroup()
        for i, (row, run) in enumerate(zip(rows, runs, strict=True)):
            strip = Strip(row, END - BEGIN, 46, scale).move_to(at((BEGIN + END) / 2, y + 56 * i))
            strips.add(strip)
            names.add(Words(f"with “{run.noun}”", "fact", "ink2").next_to(strip, LEFT, buff=gap("chip")))
        return strips, names

    @staticmethod
    def _title(text: str, y: float) -> Words:
        title = Words(text, "aside", "ink2").settle(at(0, y))
        return title.begin_at(at(BEGIN, 0)[0])

    @staticmethod
    def _cosine(quantity: Quantity, y: float) -> VMobject:
        value = number(quantity, ".2f", "large number").settle(at(0, y)).end_at(at(RIGHT_EDGE - 60, 0)[0])
        name = Words("cosine", "axis", "ink2").next_to(value, LEFT, buff=units(18))
        return VGroup(name.stand_on(value.baseline), value)
