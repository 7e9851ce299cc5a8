"""A training from afar: when what was learned, how a pattern formed, where it started, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.animations import Count, Through
from scenes.layout import centred
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.marks import Shade, means
from scenes.mobjects.patterns import Pattern, squares
from scenes.mobjects.plots import Plot
from scenes.mobjects.role_table import CALLED
from scenes.mobjects.shapes import Box, arrow, dot
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, palette, shared, units
from transformer_core.studies.measures.learning import ALIGNMENT, SENTENCES
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

LINES = {ALIGNMENT: "the decoder looks at the right word", SENTENCES: "new sentences right"} | CALLED


class Staircase(VGroup):
    """A line for each thing that is learned, a cell for each look, as bright as the score; where it stays is marked."""

    def __init__(self, learned: NamedTensor, since: NamedTensor, steps: NamedTensor) -> None:
        looks = [k for k in range(len(steps)) if steps.values[k] > 0]
        names = learned.labels["line"]
        wide, high = 1000 / len(looks), min(74.0, 460 / len(names))
        self.columns, self.calls, self.marks = VGroup(), VGroup(), VGroup()
        times = np.log(steps.values[looks])
        edges = 1000 * (times - times[0]) / (times[-1] - times[0]) * (1 - 1 / len(looks))
        for k, left in zip(looks, edges, strict=True):
            column = VGroup()
            for i in range(len(names)):
                cell = Box(wide - 3, high - 12, shared(float(np.clip(learned.values[k, i], 0, 1))), 4)
                column.add(means(cell, Shade(learned.quantity(k, i))).move_to(at(left, i * high)))
            self.columns.add(column)
        grid = VGroup(*self.columns)
        for i, name in enumerate(names):
            call = Words(LINES[name], "fact").settle(at(0, i * high)).end_at(at(-40, 0)[0])
            self.calls.add(call)
            step = since.quantity(i)
            if step < 0:
                self.marks.add(VGroup())
                continue
            k = int(np.searchsorted(steps.values[looks], float(step)))
            x = edges[k] - wide / 2 - 1
            flag = Box(7, high + 2, palette().focus, 2).move_to(at(x, i * high))
            told = number(step, ",.0f", "number").settle(at(0, i * high)).begin_at(at(1000 + 20, 0)[0])
            self.marks.add(VGroup(flag, told))
        foot = grid.get_bottom()[1] - units(40)
        self.axis_name = Words("step of the training, log scale", "axis", "ink2").move_to(
            np.array([grid.get_x(), foot, 0])
        )
        first, last = steps.quantity(looks[0]), steps.quantity(looks[-1])
        self.ends = VGroup(
            number(first, ",.0f", "cell", "ink2").move_to(np.array([self.columns[0].get_x(), foot, 0])),
            number(last, ",.0f", "cell", "ink2").move_to(np.array([self.columns[-1].get_x(), foot, 0])),
        )
        self.stays = Words("stays from", "axis", "ink2").next_to(grid, UP, buff=units(26))
        self.stays.begin_at(at(1000 + 20, 0)[0])
        super().__init__(self.columns, self.calls, self.marks, self.axis_name, self.ends, self.stays)
        centred(self)


class Forming(VGroup):
    """Patterns of one sentence at every look, side by side; `run` lets them grow together.

    Args:
        weights: for each pattern, checkpoint × query × key.
        rows: the words of the rows.
        titles: below each pattern.
        steps: by checkpoint.
    """

    def __init__(
        self,
        weights: Sequence[NamedTensor],
        rows: Sequence[Sequence[Label]],
        titles: Sequence[str],
        steps: NamedTensor,
    ) -> None:
        pitch = min(96.0, 440 / max(w.shape[1] for w in weights), 560 / max(w.shape[2] for w in weights))
        self.grids = VGroup(*(Pattern(w.pick(checkpoint=0), pitch) for w in weights))
        self.grids.arrange(RIGHT, buff=units(430))
        centred(self.grids, 0.02)
        self.words, self.titles = VGroup(), VGroup()
        for grid, labels, title in zip(self.grids, rows, titles, strict=True):
            asked = VGroup()
            edge = grid.cells.get_left()[0] - units(18)
            for i, label in enumerate(labels):
                asked.add(word(label, "token", "ink2").settle(np.array([edge, grid.place(i, 0)[1], 0])).end_at(edge))
            self.words.add(VGroup(asked, grid.column_words()))
            self.titles.add(Words(title, "block").next_to(grid.cells, DOWN, buff=units(34)))
        self.states = [
            [self._state(g, w, k) for k in range(len(steps))] for g, w in zip(self.grids, weights, strict=True)
        ]
        self.times = steps.quantities()
        middle = (self.grids[0].cells.get_right()[0] + self.words[1].get_left()[0]) / 2
        self.clock = number(self.times[0], ",.0f", "large number")
        self.clock.move_to(np.array([middle, self.grids.get_y(), 0])).end_at(middle + units(70))
        self.clock_name = Words("step", "axis", "ink2").next_to(self.clock, UP, buff=units(16)).set_x(middle)
        super().__init__(self.grids, self.words, self.titles, self.clock, self.clock_name)

    @staticmethod
    def _state(grid: Pattern, weights: NamedTensor, checkpoint: int) -> VGroup:
        other = Pattern(weights.pick(checkpoint=checkpoint), grid.pitch * 135)
        return other.shift(grid.cells.get_center() - other.cells.get_center()).lines

    def run(self, kind: str = "slow") -> tuple[Count | Through, ...]:
        moves = (Through(grid.lines, states, kind) for grid, states in zip(self.grids, self.states, strict=True))
        return (*moves, Count(self.clock, self.times, ",.0f", kind))


class Starts(VGroup):
    """First patterns of untrained models that start at other scales, and what each of them learned."""

    def __init__(self, weights: Sequence[NamedTensor], names: Sequence[str], exact: Sequence[Quantity]) -> None:
        pitch = min(80.0, 320 / weights[0].shape[0])
        self.grids = VGroup(*(Pattern(w, pitch) for w in weights)).arrange(RIGHT, buff=units(250))
        self.row_words = self.grids[0].row_words()
        self.column_words = VGroup(*(grid.column_words() for grid in self.grids))
        self.names, self.bars = VGroup(), VGroup()
        for grid, name, share in zip(self.grids, names, exact, strict=True):
            self.names.add(Words(name, "block").next_to(grid, UP, buff=units(76)))
            bar = ShareBar(share, 320, "", 40).next_to(grid, DOWN, buff=units(66))
            told = number(share, "share", "large number").next_to(bar.track, RIGHT, buff=units(20))
            self.bars.add(VGroup(bar, told))
        self.bar_name = Words("new sentences right, after a short training", "axis", "ink2")
        self.bar_name.next_to(self.bars, UP, buff=units(14)).align_to(self.bars[0], LEFT)
        super().__init__(self.grids, self.row_words, self.column_words, self.names, self.bars, self.bar_name)
        centred(self)


class Bill(VGroup):
    """Cells of a sentence and of one twice as long; beside it the measured times of a layer's two parts by length."""

    def __init__(self, words: int, lengths: NamedTensor, times: NamedTensor, meeting: Quantity) -> None:
        side = min(46.0, 400 / (2 * words))
        self.small = self._grid(words, side, "weight")
        self.large = self._grid(2 * words, side, "ink3")
        self.large.move_to(np.zeros(3))
        self.small.move_to(self.large, aligned_edge=UP + LEFT)
        spans = [float(n) for n in lengths.values], [float(t) for t in times.values.reshape(-1)]
        self.plot = Plot(
            *spans, ("words in the sequence, log scale", "milliseconds, log scale"), 640, 470, (True, True)
        )
        self.plot.next_to(self.large, RIGHT, buff=units(250))
        VGroup(self.large, self.small).set_y(self.plot.axes.get_y())
        self.curves, self.labels = VGroup(), VGroup()
        for part, name, role, thick in ((0, "scores and blends", "weight", 8), (1, "everything else", "ink2", 5)):
            column = times.values[:, part]
            row = [times.quantity(k, part) for k in range(len(column))]
            self.curves.add(self.plot.curve(lengths, row, role, thick))
            label = Words(name, "fact", role)
            self.labels.add(self.plot.label(label, spans[0][-1], float(column[-1])))
        ends = [lengths.quantity(k) for k in (0, len(lengths) // 2, len(lengths) - 1)]
        self.ticks = self.plot.ticks(ends, ",.0f")
        level = float(np.exp(np.interp(np.log(float(meeting)), np.log(spans[0]), np.log(times.values[:, 0]))))
        spot = self.plot.point(float(meeting), level)
        self.meeting = VGroup(means(dot(spot, 12, "focus"), self.plot.course([meeting], [level])))
        self.meeting.add(number(meeting, ".0f", "number").next_to(spot, UP + LEFT, buff=units(16)))
        super().__init__(self.small, self.large, self.plot, self.curves, self.labels, self.ticks, self.meeting)
        centred(self)

    @staticmethod
    def _grid(count: int, side: float, role: str) -> VMobject:
        places = units(side) * np.array([(j, -i) for i in range(count) for j in range(count)], float)
        return squares(places, np.full(len(places), units(side) * 0.86), role, outline=role != "weight")


class Loop(VGroup):
    """Guess, loss, gradient, step, and again: a ring of boxes."""

    def __init__(self, names: Sequence[str]) -> None:
        colours = palette()
        spots = [at(*spot) for spot in ((600, 330), (1320, 330), (1320, 640), (600, 640))]
        self.boxes = VGroup()
        for name, spot in zip(names, spots, strict=True):
            box = Box(440, 120, colours.surface, 14, colours.line, 2.5).move_to(spot)
            self.boxes.add(VGroup(box, Words(name, "block", paper=box).settle(spot)))
        a, b, c, d = self.boxes
        away = units(14)
        self.ways = VGroup(
            arrow(a.get_right() + RIGHT * away, b.get_left() + LEFT * away, "residual", 6, 22),
            arrow(b.get_bottom() + DOWN * away, c.get_top() + UP * away, "residual", 6, 22),
            arrow(c.get_left() + LEFT * away, d.get_right() + RIGHT * away, "residual", 6, 22),
            arrow(d.get_top() + UP * away, a.get_bottom() + DOWN * away, "residual", 6, 22),
        )
        super().__init__(self.boxes, self.ways)
