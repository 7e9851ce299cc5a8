"""A training from afar: when what was learned, how a pattern formed, where it started, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, Create, VGroup, VMobject, rate_functions

from scenes.animations import Count, Leave, Motion, Shades, Through, exchange, reshape
from scenes.animations.motions import passing
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Away, Beside, Ground, means
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.patterns import CELL, Pattern, squares
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, arch, dashes, dot, frame, rule, stroke
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token
from scenes.mobjects.wording import CALLED
from scenes.theme import at, between, pace, palette, pixels, units
from transformer_core.studies.measures.learning import ALIGNMENT, SENTENCES
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a training’s dot, of a pattern with its name at the left of its trainings, and of their mean.
RUN, START, TOLD = 9.0, 570.0, 190.0
#: Px of the share of new sentences that is right by now, of what is told below a pattern, and around a
#: plot; how much wider than a pattern the room at its left is; and px for the ends of names at a plot’s right.
RIGHT_NOW, UNDER, SIDE, WIDER, NAMED = 340.0, 60.0, 70.0, 3.3, 120.0
#: From this share of its rise on, a line is abrupt.
HALF = 0.5
LINES = {SENTENCES: ["new sentences right"], ALIGNMENT: ["the decoder looks", "at the right word"]}
LINES |= {role: [text] for role, text in CALLED.items()}
#: The words of the watched sentence between which a skill has its link.
PAIRS = {
    "determiner->noun": ("The", "car"),
    "copula->adjective": ("is", "red"),
    "adjective(inflected)->noun": ("red", "car"),
}
#: Px of the curves of all skills with their numbers.
CURVES = 340.0, 350.0
#: Px of a link of nothing and of one of all, of a chip, from the translation down to it, and from a chip's middle to a
#: link; how deep a link hangs below the sentence, as a share of its width; and the way to the name of those above it.
THIN, THICK, HIGH, LOW, FOOT, DEEP, ASIDE = 2.0, 18.0, 64.0, 280.0, 40.0, 0.62, np.array([285, -156, 0])


class Swelling(Motion):
    """Lines are as thick as what they mean at each look, and have the colour of a role at each."""

    def __init__(self, lines: VGroup, rows: Sequence[Sequence[Quantity]], roles: Sequence[Sequence[str]]) -> None:
        self.rows, self.roles = rows, roles
        super().__init__(lines, run_time=pace("slow"), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        here, after, share = passing(self.rate_func(alpha), len(self.rows[0]))
        for line, row, roles in zip(self.mobject, self.rows, self.roles, strict=True):
            thick = THIN + (THICK - THIN) * (row[here] * (1 - share) + row[after] * share)
            line.set_stroke(palette().role(roles[here]), stroke(thick))

    def finish(self) -> None:
        super().finish()
        for line, row in zip(self.mobject, self.rows, strict=True):
            line.meanings = ()
            as_thick_as(row[-1], line, THIN, THICK)


class SkillLinks:
    """The sentence below its translation, and a link for each skill: as thick as it is often right in new sentences.

    While a skill makes more than half of its rise within one doubling of the steps, its link has another colour; it is
    bright from the step on at which it stays, which `marks` tell.

    Args:
        lapse: the step before, of which the translation and the clock stay.
        looked: the attention at the end, for each word of the translation and for its end, to those of the sentence.
        earned: the share above which a skill stays.
    """

    def __init__(self, run: Trace, lapse: TimeLapse, looked: NamedTensor, earned: Quantity) -> None:
        learned, since, steps, keys = run["learned"], run["learned_onset"], run["step"], looked.words("key")
        rises, doubling = run["largest_rise_in_doubling"].values, run["steepest_doubling"].values
        looks = tuple(k for k in range(len(steps)) if steps.values[k] > 0)
        self.slots, self.places, self.clock = lapse.slots, {str(key): key.position for key in keys}, lapse.clock
        wide = pixels(self.slots[0].width)
        self.chips = [Token(key, "", wide, HIGH, "stage word") for key in keys]
        for chip, slot in zip(self.chips, self.slots, strict=False):
            chip.move_to(slot).shift(DOWN * units(LOW))
        self.times = [steps.quantity(k) for k in looks]
        self.links, self.names, self.marks, self.doublings = VGroup(), VGroup(), VGroup(), VGroup()
        self.rows, self.roles = [], []
        right = STAGE.split_columns(-CURVES[0])[1].split_rows(-CURVES[1])[1].inset(FOOT, SIDE)
        times, ends = steps.pick(checkpoint=looks), [self.times[0], self.times[-1]]
        plot = Plot.filling(right, times, learned, (None, (0, 1)), (True, False))
        level = plot.heights([earned], ".0%").add(dashes(plot.beside(earned), plot.point(ends[1], earned)))
        self.plot = VGroup(plot.axes, plot.names[0], level, plot.ticks(ends, ",.0f", "fact"))
        self.plot.add(Words("while the steps double", "fact", "query").next_to(plot.axes, UP, buff=units(12)))
        self.curves = VGroup()
        for i, name in enumerate(since.labels["line"]):
            row, step = learned.pick(checkpoint=looks, line=i).quantities(), since.quantity(i)
            a, b = doubling[i] if rises[i] > HALF else (0, 0)
            self.curves.add(plot.curve(times, learned.pick(checkpoint=looks, line=i), "ink2", 3))
            if b:
                part = tuple(k for k in looks if a <= steps.values[k] <= b)
                rise = plot.curve(steps.pick(checkpoint=part), learned.pick(checkpoint=part, line=i), "query", 7)
                self.doublings.add(rise)
            lines, spot = self._drawn(name, looked)
            roles = ["weight" if 0 < step <= t else "query" if a <= t <= b else "ink3" for t in self.times]
            for line in lines:
                self.links.add(as_thick_as(row[0], line, THIN, THICK))
                self.rows.append(row)
                self.roles.append(roles)
            told = VGroup(*(Words(text, "fact", "ink2") for text in LINES[name]))
            told.add(Words(f"from step {step:,.0f}", "stage number"))
            told.arrange(DOWN, buff=units(14)).move_to(spot)
            told.shift(LEFT * max(0.0, told.get_right()[0] - self.slots.get_right()[0]))
            self.names.add(told[:-1])
            if step > 0:
                self.marks.add(told[-1])
        told = "thickness: share in new sentences", f"bright: above {earned:.0%}"
        self.note = VGroup(Words(text, "aside", "ink2") for text in told).arrange(DOWN, units(14), aligned_edge=LEFT)
        self.note.move_to(at(STAGE.left, STAGE.bottom), DOWN + LEFT)

    def _drawn(self, name: str, looked: NamedTensor) -> tuple[list[VMobject], np.ndarray]:
        """The lines of a skill, and where its name stands."""
        if name == SENTENCES:
            around = pixels(self.slots.width) + 2 * THICK, pixels(self.slots.height) + 2 * THICK
            foot = self.slots[-1].get_bottom() + DOWN * units(HIGH + THICK)
            return [frame(*around, "ink3").move_to(self.slots)], foot
        if name == ALIGNMENT:
            asked = [row.largest()[0].position for row in looked][:-1]
            feet = [slot.get_bottom() + DOWN * units(2 * THICK) for slot in self.slots]
            pairs = zip(feet, (self.chips[key].get_top() + UP * units(THICK) for key in asked), strict=False)
            return [rule(*pair, "ink3") for pair in pairs], feet[len(asked) - 1] + units(1) * ASIDE
        first, last = (self.chips[place] for place in sorted(self.places[key] for key in PAIRS[name]))
        near = last is self.chips[self.chips.index(first) + 1]
        air = units(FOOT if near else 0) * RIGHT, units(FOOT if near else 0) * LEFT
        start, end = (chip.get_bottom() + DOWN * units(THICK) for chip in (first, last))
        way = arch(start + air[0], end + air[1], -DEEP * pixels(last.get_x() - first.get_x()), "ink3")
        # Below its middle; that of a short link leaves room for a longer one that passes at its right.
        below = way.point_from_proportion(0.5) + DOWN * units(UNDER)
        return [way], below * UP + (first if near else way).get_x() * RIGHT

    def begin(self) -> tuple[Animation, ...]:
        """Run the clock back, take the colour off the translation: its frame tells how often sentences are right."""
        fills = [[part.get_fill_color().to_hex() for part in self.slots], [palette().surface] * len(self.slots)]
        return Shades(self.slots, fills, kind="row"), Count(self.clock, self.times[::-1], ",.0f", "row")

    def run(self) -> tuple[Animation, ...]:
        """All links through all looks, with the clock."""
        draws = Create(self.curves, run_time=pace("slow"), lag_ratio=0, rate_func=rate_functions.linear)
        return Swelling(self.links, self.rows, self.roles), Count(self.clock, self.times, ",.0f", "slow"), draws


class CentredCount(Count):
    """A count of words, each of which stands in the middle of the first."""

    def interpolate_mobject(self, alpha: float) -> None:
        middle = self.mobject.get_x()
        super().interpolate_mobject(alpha)
        self.mobject.set_x(middle)


class TimeLapse:
    """A training in fast motion: the guesses of a sentence, two of its patterns, and what new sentences come to.

    Args:
        run: the training that was watched.
        patterns: by title, "checkpoint query key" with the words of the rows.
        plate, losses: the card on which a loss is told, and that of one word, `called`, at each look.
    """

    def __init__(
        self, run: Trace, patterns: Mapping[str, tuple[NamedTensor, Sequence[Label]]], plate: VGroup,
        losses: NamedTensor, called: str,
    ) -> None:  # fmt: skip
        self.losses = losses.quantities()
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
            self.slots.add(Box.of(slot, self._fill(0, i), 10, palette().line, 2))
            self.words.add(word(self.guesses[i][0], "stage word").settle(slot.centre))
        below, side = below.split_columns(-RIGHT_NOW, 40)
        middle = (at(side.centre[0], above.bottom) + plate.get_top()) / 2 * UP + side.centre * RIGHT
        self._patterns(patterns, below.split_rows(-UNDER)[0].columns(2, 40))
        self.share = number(self.exact[-1], "share", "large number").scale(2).settle(middle)
        self.share.rewrite(f"{self.exact[0]:share}")
        told = VGroup(Words(text, "fact", "ink2") for text in ("new sentences right", "in a sample"))
        told.arrange(DOWN, buff=units(16)).next_to(self.share, DOWN, buff=units(30)).set_x(middle[0])
        self.loss = number(self.losses[0], ".2f", "large number").next_to(plate[1], DOWN, buff=units(14))
        of_what = Words(called, "fact", "ink2").next_to(plate, DOWN, buff=units(20))
        #: The rows of both patterns, one after another; and what is on screen before the first look.
        self.rows = VGroup(line for grid in self.grids for line in grid.lines)
        cells = (grid.cells for grid in self.grids)
        said = Words("its guess for each next word", "fact", "ink2")
        said.settle(self.slots.get_bottom() + DOWN * units(34)).begin_at(self.slots.get_left()[0])
        self.standing = [said, told, self.slots, self.titles, self.clock_name, self.clock, *cells]
        self.standing += [plate, self.loss, of_what]

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

    def watch(self, shares: Sequence[Quantity], row: Label, key: Label) -> None:
        """Have one weight of the second pattern, look by look, counted below it."""
        cells = self.grids[1].cells
        told = Words(f"“{row}” gives “{key}”", "fact", "ink2"), number(shares[0], "share", "large number")
        self.told, self.shares = VGroup(*told).next_to(cells, DOWN, buff=units(26)), shares
        told[0].stand_on(told[1].baseline).begin_at(self.labels[1].get_left()[0])
        told[1].end_at(cells.get_right()[0])

    def run(self, end: int, start: int = 0, kind: str = "tour") -> tuple[Animation, ...]:
        """All looks up to one: patterns, guesses, clock and share together."""
        looks = slice(start, end + 1)
        patterns, words = zip(self.grids, self.states, strict=True), zip(self.words, self.guesses, strict=True)
        fills = [[self._fill(k, i) for i in range(len(self.slots))] for k in range(start, end + 1)]
        return (
            *(Through(grid.lines, states[looks], kind) for grid, states in patterns),
            *(CentredCount(text, guesses[looks], "", kind) for text, guesses in words),
            Shades(self.slots, fills, kind=kind),
            Count(self.clock, self.times[looks], ",.0f", kind),
            Count(self.share, self.exact[looks], "share", kind),
            Count(self.loss, self.losses[looks], ".2f", kind),
            Count(self.told[1], self.shares[looks], "share", kind),
        )


class InitialScales:
    """First patterns of untrained models that start at other scales, each at the left of what it learned.

    All trainings of a scale are dots in one line, over the same axis from none to all; those of the first two scales
    once more over an axis from the least to the most of them.

    Args:
        run: the trainings.
        scales: their names, by how they are called there; the second is that with which the others are compared.
        head: the one whose first patterns are shown.
    """

    def __init__(self, run: Trace, scales: Mapping[str, str], head: int) -> None:
        first, mean, exact = (
            [run[of].pick(choice=name) for name in scales] for of in ("first_weights", "exact.over_seeds", "exact")
        )
        weights, names = [one[head] for one in first], scales.values()
        self.grids, self.names, self.means = VGroup(), VGroup(), VGroup()
        top, body = STAGE.split_rows(54, 16)
        side, rest = body.split_columns(START)
        self.room, numbers = rest.split_columns(rest.width - TOLD, 30)
        self.zero = Ground()
        left, right = (rule(at(x, body.top), at(x, body.bottom), "ink3", 3) for x in (self.room.left, self.room.right))
        means(left, self.zero)
        text = f"new sentences right after {run['steps']:,.0f} steps; a dot is one training"
        name = Words(text, "fact", "ink2").settle(top.centre).set_x((left.get_x() + right.get_x()) / 2)
        low, *_, high = sorted(one for runs in exact[:2] for one in runs.quantities())
        told = [Words(text, "fact", "ink2") for text in ("none", "all", f"{low:.0%}", f"{high:.0%}")]
        for text, line in zip(told, (left, right) * 2, strict=True):
            text.settle(top.centre).set_x(line.get_x())
        #: The ends of the axis, as it is first and from nearby.
        self.ends, self.closer = told[:2], told[2:]
        self.axis = VGroup(left, right, name, *self.ends)
        rows = body.rows(len(weights), 24)
        for row, w, text, share in zip(rows, weights, names, mean, strict=True):
            place = side.cross(row).centre
            self.grids.add(Pattern(w, row.height / len(w)).move_to(place).align_to(at(side.left, 0), LEFT))
            self.names.add(Words(text, "block").settle(place).begin_at(self.grids[-1].get_right()[0] + units(26)))
            self.means.add(number(share, "share", "large number").settle(numbers.cross(row).centre))
        parts = [*zip(mean, exact, rows, ("weight", "residual", "weight"), strict=True)]
        #: Of each scale a line for the mean, and the dots of its trainings; and those of two scales from nearby.
        self.marks, self.spread = (
            VGroup(self._marks(*part, *reach) for part in some)
            for some, reach in ((parts, (0.0, 1.0)), (parts[:2], (low, high)))
        )
        # Where the dots of the scale begin that the others are compared with.
        x = min(mark.get_x() for mark in self.spread[1][1:])
        start, end = (np.array([x, marks.get_y(), 0]) for marks in self.spread)
        self.least = dashes(start, end, "ink2", 4)

    def _marks(self, mean: Quantity, trainings: NamedTensor, row: Room, role: str, low: float, high: float) -> VGroup:
        """The mean of a scale and its trainings, over an axis that reaches so far."""
        unit, parts = self.room.width / float(high - low), VGroup()
        for one in (mean, *trainings.quantities()):
            mark = dot(at(0, 0), RUN, role) if len(parts) else Box(7, 0.7 * row.height, palette().role(role), 2)
            mark.move_to(at(self.room.left + unit * float(one - low), (row.top + row.bottom) / 2))
            parts.add(means(mark, Away(one, low, 0, unit, 2 * RUN if len(parts) else 7, self.zero)))
        return parts

    def come_close(self) -> tuple[Animation, ...]:
        """The axis is stretched to where two scales lie; the third is left behind."""
        moved = (reshape(old, new) for old, new in zip(self.marks, self.spread, strict=False))
        off = Leave(self.marks[2], shift=units(TOLD) * LEFT, run_time=pace("row"))
        return *moved, *exchange(self.ends, self.closer, "row"), off


class CostByLength:
    """Cells of a sentence and of one twice as long; beside it the measured times of a layer's two parts by length.

    Args:
        words: how many words the sentence has.
        like: a pattern in whose place its cells stand.
    """

    def __init__(self, words: int, lengths: NamedTensor, times: NamedTensor, growth: Quantity, like: Pattern) -> None:
        wide = like.cells.width
        places = np.array([(j, -i) for i in range(words) for j in range(words)], float) * wide / words
        sides = np.full(len(places), wide / words * CELL)
        #: The cells of the sentence, and the three times as many that come with twice the words.
        self.small = squares(places, sides, "weight").move_to(like)
        ways = (RIGHT, DOWN, RIGHT + DOWN)
        self.others = [squares(places, sides, "ink3", True).move_to(like).shift(way * wide) for way in ways]
        reach = (0, float(lengths.values[-1])), (0, float(times.values.max()))
        self.plot = Plot.filling(beside(like, NAMED), lengths, times, reach)
        last, x = len(lengths) - 1, lengths.quantities()
        scores, rest = (times[:, part] for part in range(2))
        self.dots, self.rest = self.plot.dots(x, scores, "weight", 14), self.plot.curve(x, rest, "ink2", 7)
        self.dots.set_z_index(1)
        self.labels = VGroup(
            self.plot.label(Words(name, "fact", role), x[-1], float(part.values[-1]), side)
            for part, name, role, side in (
                (scores, "scores and sums", "weight", UP), (rest, "everything else", "ink2", UP + LEFT)
            )
        )  # fmt: skip
        # Four times the time for twice the words, through the last of the times that were measured.
        most, spots = times.quantity(last, 0), np.linspace(0, x[-1], 65)
        square = most * (spots / x[-1]) ** 2
        self.square, beneath = self.plot.curve([*spots], [*square], "query", 7), 3 * len(spots) // 4
        self.named = self.plot.label(Words("n²", "large number", "query"), spots[beneath], square[beneath], UP + LEFT)
        #: From each of the last two lengths to the time that it takes, and between them how many times as much that is.
        ends = [(x[k], times.quantity(k, 0)) for k in (last - 1, last)]
        self.ways = VGroup(self.plot.drop(*end) for end in ends)
        self.growth = Words(f"{growth:.1f} times", "large number")
        self.growth.settle(self.plot.axes.get_center()).align_to(self.plot.axes, LEFT).shift(RIGHT * units(30))
        self.ticks = VGroup(self.plot.ticks(x[-2:], ",.0f", "fact"), self.plot.heights([y for _, y in ends], ".1f"))


def beside(pattern: Pattern, named: float = RIGHT_NOW) -> Room:
    """The room of a plot beside the cells of two sentences that begin at a pattern; its words have `named` px."""
    return STAGE.split_columns(WIDER * pixels(pattern.width))[1].split_columns(-named)[0].inset(0, SIDE)
