"""A training from afar: when what was learned, how a pattern formed, where it started, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, Create, VGroup, VMobject, rate_functions

from scenes.animations import Count, Shades, Through
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Away, Beside, Ground, Spread, Tick, means
from scenes.mobjects.patterns import Pattern, squares
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, dashes, dot, frame, rule
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.wording import CALLED
from scenes.theme import at, between, pace, palette, pixels, units
from transformer_core.studies.measures.learning import ALIGNMENT, SENTENCES
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the dot of one training, of a pattern with its name at the left of its trainings, and of their mean.
RUN, START, TOLD = 14.0, 520.0, 190.0
#: From this share of its rise on, a line is abrupt.
HALF = 0.5
LINES = {ALIGNMENT: "the decoder looks at the right word", SENTENCES: "new sentences right"} | CALLED


class Skills:
    """A line for each thing that is learned, each with a curve of how often it is right; where it stays is marked.

    Where a line makes more than half of its rise within one doubling of the steps, this part is thick.
    """

    def __init__(self, run: Trace, earned: Quantity) -> None:
        learned, since, steps = run["learned"], run["learned_onset"], run["step"]
        looks = tuple(k for k in range(len(steps)) if steps.values[k] > 0)
        names = since.labels["line"]
        body, foot = STAGE.split_rows(-70)
        side, body = body.split_columns(560, 110)
        body, right = body.split_columns(-200, 24)
        self.plots, self.curves, self.calls, self.marks, self.doublings = (VGroup() for _ in range(5))
        rises, doubling = run["largest_rise_in_doubling"], run["steepest_doubling"]
        times = steps.pick(checkpoint=looks)
        for i, row in enumerate(body.rows(len(names), 26)):
            plot = Plot.filling(row, times, learned, (None, (0, 1)), (True, False))
            track = Box.of(row, palette().surface, 6)
            start, end = (plot.point(x, earned) for x in times.values[[0, -1]])
            level = means(dashes(start, end, "ink2"), Tick(earned, plot.up))
            self.plots.add(VGroup(track, plot.axes, level))
            if not i:
                self.plots.add(plot.heights([earned], ".0%"))
            if rises.values[i] > HALF:
                a, b = doubling.values[i]
                part = tuple(k for k in looks if a <= steps.values[k] <= b)
                rise = learned.pick(checkpoint=part, line=i)
                self.doublings.add(plot.curve(steps.pick(checkpoint=part), rise, "query", 16))
            self.curves.add(plot.curve(times, learned.pick(checkpoint=looks, line=i), "weight", 7))
            self.calls.add(Words(LINES[names[i]], "fact").end_in(side.cross(row)))
            step = since.quantity(i)
            if step < 0:
                self.marks.add(VGroup())
                continue
            flag = rule(plot.point(float(step), 0), plot.point(float(step), 1), "focus", 6)
            told = number(step, ",.0f", "stage number").end_in(right.cross(row))
            self.marks.add(VGroup(means(flag, Tick(step, plot.across)), told))
        ends = learned.values[:, -1].argmin(), learned.values[:, -1].argmax()
        self.plots.add(plot.heights([learned.quantity(int(end), len(names) - 1) for end in ends], "share"))
        first, last = times.quantity(0), times.quantity(len(looks) - 1)
        self.axis_name = Words("step of the training, log scale", "aside", "ink2").settle(foot.centre)
        self.axis_name.set_x(self.plots.get_x())
        self.ends = VGroup(
            number(first, ",.0f", "large number", "ink2").settle(foot.centre).begin_at(self.plots.get_left()[0]),
            number(last, ",.0f", "large number", "ink2").settle(foot.centre).end_at(self.plots.get_right()[0]),
        )
        self.stays = Words("stays from", "fact", "ink2").end_in(right.cross(foot))

    def draw(self) -> Animation:
        """All curves at the same pace: each moment is one step of the training."""
        return Create(self.curves, run_time=pace("slow"), lag_ratio=0, rate_func=rate_functions.linear)


class TimeLapse:
    """A training in fast motion: the guesses of a sentence, two of its patterns, and what new sentences come to.

    Args:
        run: the training that was watched.
        patterns: by title, "checkpoint query key" with the words of the rows.
    """

    def __init__(self, run: Trace, patterns: Mapping[str, tuple[NamedTensor, Sequence[Label]]]) -> None:
        probs, steps = run["probs"].pick(batch=0), run["step"]
        self.exact, self.times = run["exact"].quantities(), steps.quantities()
        above, below = STAGE.split_rows(64, 70)
        clock, line = above.split_columns(330, 30)
        self.clock_name = Words("step", "block", "ink2").begin_in(clock)
        self.clock = number(self.times[0], ",.0f", "large number").settle(clock.centre)
        self.clock.end_at(at(clock.right - 60, 0)[0])
        self.guesses = [
            [probs.pick(checkpoint=k, position=i).largest()[0] for k in range(len(steps))]
            for i in range(probs.shape[1])
        ]
        self.hits = run["checkpoint_hits"].values
        self.slots, self.words = VGroup(), VGroup()
        for i, slot in enumerate(line.columns(len(self.guesses), 16)):
            box = Box.of(slot, self._fill(0, i), 10, palette().line, 2)
            self.slots.add(box)
            text = word(self.guesses[i][0], "stage word").settle(slot.centre)
            self.words.add(text.begin_at(box.get_left()[0] + units(20)))
        first, second, third = below.columns(3, 40)
        self._patterns(patterns, (first, second))
        self.plot = Plot.filling(third.inset(60, 65), steps, run["exact"], (steps.values[1:], (0, 1)), (True, False))
        self.plot.add(self.plot.heights([min(self.exact), max(self.exact)], "share"))
        self.share = number(self.exact[0], "share", "large number")
        self.share.settle(self.plot.axes.get_corner(UP + LEFT) + DOWN * units(80))
        widest = max(number(one, "share", "large number").width for one in self.exact)
        self.share.end_at(self.plot.axes[0].get_left()[0] + units(30) + widest)

        #: The rows of both patterns, one after another; and what is on screen before the first look.
        self.rows = VGroup(line for grid in self.grids for line in grid.lines)
        cells = (grid.cells for grid in self.grids)
        said = Words("its guess for each next word", "fact", "ink2")
        said.settle(self.slots.get_bottom() + DOWN * units(34)).begin_at(self.slots.get_left()[0])
        self.standing = [said, self.slots, self.titles, self.plot, self.clock_name, self.clock, *cells]

    def _patterns(self, patterns: Mapping[str, tuple[NamedTensor, Sequence[Label]]], rooms: Sequence[Room]) -> None:
        self.grids, self.labels, self.titles, self.states = VGroup(), VGroup(), VGroup(), []
        for (title, (one, labels)), room in zip(patterns.items(), rooms, strict=True):
            head, inner = room.split_rows(44, 62)
            _, inner = inner.split_columns(130, 14)
            pitch = min(inner.width / one.shape[2], inner.height / one.shape[1])
            grid = Pattern(one.pick(checkpoint=0), pitch)
            grid.shift(at(inner.left, inner.top) - grid.cells.get_corner(UP + LEFT))
            edge = grid.cells.get_left()[0] - units(14)
            asked = VGroup(
                self._row_word(label, i).settle(np.array([edge, grid.place(i, 0)[1], 0])).end_at(edge)
                for i, label in enumerate(labels)
            )
            self.grids.add(grid)
            if labels[0].position != 0:
                asked.add(Words("writes", "fact", "ink2").next_to(grid.cells, UP, buff=units(12)).end_at(edge))
            self.labels.add(VGroup(asked, grid.column_words("fact")))
            self.titles.add(Words(title, "block").settle(head.centre).begin_at(at(room.left, 0)[0]))
            self.states.append([self._state(grid, one, k) for k in range(one.shape[0])])

    @staticmethod
    def _row_word(label: Label, row: int) -> Words:
        """The word of a row; a row of the cross-attention is called by the word that it writes, not by its own."""
        text = word(label, "stage word", "ink2")
        return means(text, Beside(label)) if label.position == row else text

    @staticmethod
    def _state(grid: Pattern, weights: NamedTensor, checkpoint: int) -> VGroup:
        other = Pattern(weights.pick(checkpoint=checkpoint), pixels(grid.pitch))
        return other.shift(grid.cells.get_center() - other.cells.get_center()).lines

    def _fill(self, k: int, i: int) -> str:
        return between(palette().surface, palette().residual, 0.45) if self.hits[k, i] else palette().surface

    def under(self, before: Quantity, after: Quantity) -> Words:
        """Two weights of one row of the second pattern, before the training and after it, below that."""
        return Words(f"first {before:share}, now {after:share}", "fact").next_to(self.grids[1], DOWN, buff=units(30))

    def run(self, end: int, start: int = 0, kind: str = "tour") -> tuple[Animation, ...]:
        """All looks up to one: patterns, guesses, clock and curve together."""
        looks = slice(start, end + 1)
        drawn = [k for k in range(start, end + 1) if self.times[k] > 0]
        curve = self.plot.curve([self.times[k] for k in drawn], [self.exact[k] for k in drawn], "weight", 7)
        patterns, words = zip(self.grids, self.states, strict=True), zip(self.words, self.guesses, strict=True)
        fills = [[self._fill(k, i) for i in range(len(self.slots))] for k in range(start, end + 1)]
        return (
            *(Through(grid.lines, states[looks], kind) for grid, states in patterns),
            *(Count(text, guesses[looks], "", kind) for text, guesses in words),
            Shades(self.slots, fills, kind=kind),
            Count(self.clock, self.times[looks], ",.0f", kind),
            Count(self.share, self.exact[looks], "share", kind),
            Create(curve, run_time=pace(kind), rate_func=rate_functions.linear),
        )


class Starts:
    """First patterns of untrained models that start at other scales; then each at the left of what it learned.

    All trainings of a scale are dots in one line, over the same axis from none to all.

    Args:
        weights, names, exact, trainings: of each scale.
        usual: the place of the scale that the others are compared with.
        chance: how far chance alone may carry the mean of the first from that one's.
        steps: of each training.
    """

    def __init__(
        self,
        weights: Sequence[NamedTensor],
        names: Sequence[str],
        exact: Sequence[Quantity],
        trainings: Sequence[NamedTensor],
        usual: int,
        chance: Quantity,
        steps: Quantity,
    ) -> None:
        self.large, self.grids, self.titles, self.names = VGroup(), VGroup(), VGroup(), VGroup()
        self.means, self.dots, self.middles = VGroup(), VGroup(), VGroup()
        for w, name, column in zip(weights, names, STAGE.columns(len(weights), 60), strict=True):
            head, body = column.split_rows(64, 20)
            self.titles.add(Words(name, "title").settle(head.centre))
            self.large.add(Pattern(w, min(body.width, body.height) * 0.9 / len(w)).move_to(body.centre))
        head, body = STAGE.split_rows(54, 16)
        side, rest = body.split_columns(START)
        plot, numbers = rest.split_columns(rest.width - TOLD, 30)
        self.zero, self.whole = Ground(), Ground()
        left, right = (rule(at(x, plot.top), at(x, plot.bottom), "ink3", 3) for x in (plot.left, plot.right))
        means(left, self.zero)
        middle = plot.left + plot.width * float(exact[usual])
        self.usual = means(dashes(at(middle, plot.top), at(middle, plot.bottom), "residual", 4), self.whole)
        text = f"new sentences right after {steps:,.0f} steps; a dot is one training"
        name = Words(text, "fact", "ink2").settle(head.centre)
        ends = [Words(text, "fact", "ink2").settle(at(x, head.centre[1])).set_y(name.get_y())
                for text, x in (("none", plot.left), ("all", plot.right))]  # fmt: skip
        self.axis = VGroup(left, right, name.set_x((left.get_x() + right.get_x()) / 2), *ends)
        rows = body.rows(len(weights), 24)
        for k, (row, w, share, runs) in enumerate(zip(rows, weights, exact, trainings, strict=True)):
            y, spot = (row.top + row.bottom) / 2, side.cross(row)
            self.grids.add(Pattern(w, row.height / len(w)).move_to(spot.centre).align_to(at(side.left, 0), LEFT))
            text = Words(names[k], "block").settle(at(0, y))
            self.names.add(text.begin_at(self.grids[-1].get_right()[0] + units(26)))
            role = "residual" if k == usual else "weight"
            self.means.add(number(share, "share", "large number", role).settle(numbers.cross(row).centre))
            self.dots.add(VGroup(self._dot(one, y, role, plot) for one in runs.quantities()))
            mark = Box(7, 0.7 * row.height, palette().role(role), 2).move_to(
                at(plot.left + plot.width * float(share), y)
            )
            self.middles.add(means(mark, Away(share, 0.0, 0, plot.width, 7, self.zero)))
        y, reach = (rows[0].top + rows[0].bottom) / 2, plot.width * float(chance)
        self.band = frame(2 * reach, 0.9 * rows[0].height, "residual", 4, 4).move_to(at(middle, y))
        means(self.band.set_z_index(-1), Spread(chance, 0, plot.width, 0.9 * rows[0].height, self.whole))
        self.reach = (
            Words("chance", "fact", "residual").next_to(self.band, LEFT, buff=units(14)).align_to(self.band, UP)
        )

    def _dot(self, one: Quantity, y: float, role: str, plot: Room) -> VMobject:
        spot = at(plot.left + plot.width * float(one), y)
        return means(dot(spot, RUN, role), Away(one, 0.0, 0, plot.width, 2 * RUN, self.zero))


class Bill(VGroup):
    """Cells of a sentence and of one twice as long; beside it the measured times of a layer's two parts by length."""

    def __init__(self, words: int, lengths: NamedTensor, times: NamedTensor, growth: Quantity) -> None:
        side = min(46.0, 400 / (2 * words))
        self.small = self._grid(words, side, "weight")
        self.large = self._grid(2 * words, side, "ink3")
        self.small.move_to(self.large, aligned_edge=UP + LEFT)
        span = [float(n) for n in lengths.values]
        self.plot = Plot(lengths, times, wide=640, high=470, logarithmic=(True, True))
        self.plot.next_to(self.large, RIGHT, buff=units(250))
        VGroup(self.large, self.small).set_y(self.plot.axes.get_y())
        self.curves, self.labels = VGroup(), VGroup()
        for part, name, role, thick in ((0, "scores and sums", "weight", 8), (1, "everything else", "ink2", 5)):
            column = times.values[:, part]
            row = [times.quantity(k, part) for k in range(len(column))]
            self.curves.add(self.plot.curve(lengths, row, role, thick))
            label = Words(name, "fact", role)
            self.labels.add(self.plot.label(label, span[-1], float(column[-1])))
        across, up = (float(np.exp(np.log(some[-2:]).mean())) for some in (span, times.values[:, 0]))
        self.labels.add(self.plot.label(Words(f"{growth:.1f} times", "fact"), across, up, LEFT + UP))
        # Four times the time for twice the words: it fits the last of the lengths, and is drawn there alone.
        near, far = span[-2:]
        most = float(times.values[-1, 0])
        line = self.plot.curve([near, far], [most * (near / far) ** 2, most], "query", 14)
        self.square = VGroup(line, self.plot.label(Words("n²", "stage number", "query"), far, most, UP + LEFT))
        ends = [lengths.quantity(k) for k in (0, len(lengths) // 2, len(lengths) - 1)]
        reach = [times.quantity(k, part) for k, part in ((0, 0), (len(lengths) - 1, 0))]
        self.ticks = VGroup(self.plot.ticks(ends, ",.0f", "fact"), self.plot.heights(reach, ".2f"))
        super().__init__(self.small, self.large, self.plot, self.curves, self.labels, self.square, self.ticks)

    @staticmethod
    def _grid(count: int, side: float, role: str) -> VMobject:
        places = units(side) * np.array([(j, -i) for i in range(count) for j in range(count)], float)
        return squares(places, np.full(len(places), units(side) * 0.86), role, outline=role != "weight")
