"""Teacher forcing: the right words, the decoder's guesses, and the loss of a guess."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, Create, VGroup, VMobject, rate_functions

from scenes.animations import Count, Through, appear, exchange, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_on
from scenes.mobjects.marks import Around, Ground, Shade, means
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.plots import Plot
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, arrow, frame, rule
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token
from scenes.theme import at, pace, palette, pixels, signed, units
from transformer_core.studies.measures.learning import candidates
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

#: Px of the names at the left, of a chip, and of the box in the middle.
NAMES, CHIP, MACHINE = 190.0, 66.0, 150.0
#: Px above the bars for their numbers, and below them for their name.
AIR = 56.0
#: How much higher than the largest loss its axis is; px of a ring around a cell, and from it to the cell.
ROOMY, CLEAR = 1.12, 6.0


class TeacherForcing:
    """The right words above, the guesses of the decoder, the decoder, and below what it reads: the right words, too.

    A clock counts the `steps` of the training up to the last of them, at which it guesses so.
    """

    def __init__(
        self, reads: Sequence[Label], guesses: Sequence[Label], end: Label, source: str, steps: Sequence[Quantity]
    ) -> None:
        right = [*reads[1:], end]
        self.steps, self.hits = steps, [str(a) == str(b) for a, b in zip(guesses, right, strict=True)]
        side, body = STAGE.split_columns(NAMES, 20)
        columns = body.columns(len(reads), 36)
        truth, guess, read = STAGE.top + CHIP / 2, STAGE.top + 3 * CHIP, STAGE.bottom - CHIP / 2
        high, low = guess + 1.7 * CHIP, read - 1.7 * CHIP
        #: The room above what is read.
        self.above = Room(body.left, STAGE.top, body.right, STAGE.bottom - 1.5 * CHIP)
        self.truth = self._chips(right, columns, truth)
        self.guesses = self._chips(guesses, columns, guess)
        self.reads = self._chips(reads, columns, read)
        self.box = Box(body.width, low - high, palette().surface, 18, palette().line, 2.5)
        self.box.move_to(at((body.left + body.right) / 2, (high + low) / 2))
        self.clock = VGroup(Words("step", "block", "ink2"), number(steps[-1], ",.0f", "large number"))
        self.clock.arrange(DOWN, buff=units(16)).move_to(self.box).align_to(at(side.right - AIR, 0), RIGHT)
        self.clock[1].rewrite(f"{steps[0]:,.0f}")
        title = Words("decoder", "title", paper=self.box).settle(self.box.get_center() + UP * units(24))
        given = Words(f"from the encoder: “{source}”", "fact", "ink2", self.box)
        self.title = VGroup(title, given.settle(self.box.get_center() + DOWN * units(36)))
        self.ways, self.signs = VGroup(), VGroup()
        for column, hit in zip(columns, self.hits, strict=True):
            x = (column.left + column.right) / 2
            for foot, top in ((read - 0.62 * CHIP, low + 8), (high - 8, guess + 0.62 * CHIP)):
                self.ways.add(arrow(at(x, foot), at(x, top), "residual", 6, 20))
            sign = Words("=", "title", "ink2") if hit else Words("≠", "title", "warning")
            self.signs.add(sign.move_to(at(x, (truth + guess) / 2)))
        self.names = VGroup(
            Words(text, "block", "ink2").settle(at(0, y)).begin_at(at(side.left, 0)[0])
            for text, y in (("right word", truth), ("guess", guess), ("input", read))
        )

    def count(self) -> Animation:
        """The clock counts the steps."""
        return Count(self.clock[1], self.steps, ",.0f", "slow")

    @staticmethod
    def _chips(labels: Sequence[Label], columns: Sequence[Room], y: float) -> VGroup:
        return VGroup(
            Token(label, "", column.width, CHIP, "stage word").move_to(at((column.left + column.right) / 2, y))
            for label, column in zip(labels, columns, strict=True)
        )


class CrossEntropy:
    """Candidates for one word as bars, of their logits and of their probabilities; beside them, minus the logarithm.

    Args:
        early: an early step of the training, with the place of the word.
        run: the training, of which later looks are shown.
        forcing: the step before, of which what is read and the clock stay.

    The `target` is the last of the candidates; it has `probs` and `losses` for the first look and for the later ones.
    """

    def __init__(self, early: Trace, run: Trace, forcing: TeacherForcing) -> None:
        self.clock = forcing.clock[1]
        place, step = int(early["place"]), early["step"]
        logits, probs = (early[name].pick(batch=0, position=place) for name in ("logits", "probs"))
        ids = candidates(logits, str(early["probs"].label("position", place + 1)))
        logits, probs, last = logits.pick(vocab=ids), probs.pick(vocab=ids), len(ids) - 1
        after = tuple(k for k, one in enumerate(run["step"].values) if one > float(step))
        later = run["probs"].pick(batch=0, position=place, vocab=ids, checkpoint=after)
        left, right = forcing.above.golden_columns()
        self.ribbon, self.target = Ribbon(logits.words("vocab"), left), logits.label("vocab", last)
        below, foot = self.ribbon.below(left).split_rows(-AIR)
        self.wide = min(120.0, self.ribbon.wide * 0.7)
        low, high = min(0.0, float(logits.values.min())), max(0.0, float(logits.values.max()))
        unit = (below.height - AIR) / (high - low)
        self.floors = VGroup(
            means(rule(at(below.left, y), at(below.right, y), "ink3", 3), Ground())
            for y in (below.bottom + low * unit, below.bottom)
        )
        runs = [probs, *later]
        self.states = [self._bars(row.quantities(), below.height - AIR, self.floors[1], 0) for row in runs]
        self.stages = [self._bars(logits.quantities(), unit, self.floors[0], high), self.states[0]]
        specs = (".1f", ".4f")
        self.numbers = [
            VGroup(
                number(entry, spec, "stage number").settle(bar.get_top() + UP * units(AIR / 2))
                for entry, bar in [*zip(row.quantities(), bars, strict=True)][::every]
            )
            for row, bars, spec, every in zip((logits, probs), self.stages, specs, (1, last), strict=True)
        ]
        self.names = [
            Words(text, "block", "ink2").settle(foot.centre)
            for text in ("logits", "probabilities; all other words are left out")
        ]
        self.probs = [row.quantity(last) for row in runs]
        losses = run["checkpoint_losses"].pick(position=place, checkpoint=after)
        self.losses = [early["word_loss"], *losses.quantities()]
        self.steps = [step, *run["step"].pick(checkpoint=after).quantities()]
        self._draw_plot(right)

    def _bars(self, entries: Sequence[Quantity], unit: float, floor: VGroup, scale: float) -> VGroup:
        bars = VGroup()
        for column, entry in zip(self.ribbon.columns, entries, strict=True):
            zero, fill = np.array([column.centre[0], floor.get_y(), 0]), signed(entry, scale) if scale else ""
            bar = bar_on(zero, floor.meanings[0], entry, "height", unit, self.wide, radius=4, least=3, fill=fill)
            bars.add(means(bar, Shade(entry, scale)) if scale else bar)
        return bars

    def _draw_plot(self, room: Room) -> None:
        most = float(max(self.losses))
        _, plot_room = room.inset(0, 70).split_columns(70)
        reach = (0, 1), (0, ROOMY * most)
        self.plot = Plot(self.probs[-1], self.losses[-1], reach, plot_room.width, plot_room.height - 20)
        self.plot.move_to(plot_room.centre)
        self.plot.add(self.plot.heights(self.losses[:1], ".2f").shift(LEFT * units(14)))
        #: From one on, the probability halves, and halves again.
        halvings = range(int(most / np.log(2)) + 1)
        across = [0.5 ** max(k - late, 0) for k in halvings for late in (1, 0)]
        self.stairs = self.plot.curve(across, [k * float(np.log(2)) for k in halvings for _ in range(2)], "query", 4)
        heights = np.linspace(0, most, 80)
        self.curve = self.plot.curve(np.exp(-heights).tolist(), heights.tolist(), "ink2", 6)
        self.spots = [self.plot.dots([p], [loss], "focus", 15) for p, loss in zip(self.probs, self.losses, strict=True)]
        self.point = self.spots[0].copy()
        corner = self.plot.axes[1].get_top() + np.array([units(plot_room.width - 10), -units(AIR), 0])
        #: The probability and the loss at each look, and their names.
        self.reading = VGroup()
        for entries, spec, name in ((self.probs, ".4f", "p"), (self.losses, ".2f", "− ln p")):
            self.reading.add(number(entries[0], spec, "large number").settle(corner).end_at(corner[0]))
            self.reading.add(Words(name, "block", "ink2").settle(corner).end_at(corner[0] - units(190)))
            corner = corner + DOWN * units(76)

    def softmax(self) -> list[tuple[Animation, ...] | Animation]:
        """The plays by which logits turn into probabilities."""
        old, new = ([*bars, floor] for bars, floor in zip(self.stages, self.floors, strict=True))
        turned = leave(self.numbers[0], self.names[0]), *exchange(old, new, "row")
        return [turned, appear(self.numbers[1], self.names[1])]

    def run(self) -> tuple[Animation, ...]:
        """All later looks, one after another: bars, point and numbers together."""
        bars, point = Through(self.stages[1], self.states, "tour"), Through(self.point, self.spots, "tour")
        told = (
            (self.reading[0], self.probs, ".4f"),
            (self.reading[2], self.losses, ".2f"),
            (self.clock, self.steps, ",.0f"),
        )
        return bars, point, *(Count(*one, "tour") for one in told)


class FollowedWeight:
    """The attention weight of one key, and the probability of the word that it helps, through a whole training.

    Args:
        early: the step at which the score was nudged: its numbers stand in the middle of those of `run`.
        path, row: the attention, and the place of the weight in it.
        target: the word.
        room: where the plot stands.
        cells: the cells in whose place the pattern of that attention stands, twice as wide.
        grid, states: this pattern, and its rows at each look.
    """

    def __init__(
        self, early: Trace, run: Trace, path: str, row: dict[str, int], target: Label, room: Room, cells: VMobject,
        grid: Pattern, states: Sequence[VGroup],
    ) -> None:  # fmt: skip
        steps, place = run["step"], row["query"]
        looks = [k for k, one in enumerate(steps.values) if one > 0]
        before = [float(steps.values[k]) for k in looks].index(float(early["step"]))
        self.times = [steps.quantity(k) for k in looks]
        self.shares = [run[f"{path}.weights"].pick(checkpoint=k, **row) for k in looks]
        self.probs = [run["checkpoint_true_probs"].quantity(k, place) for k in looks]
        self.now = self.shares[before] = early[f"{path}.weights"].pick(**row)
        self.probs[before] = early["probs"].pick(batch=0, position=place, vocab=str(target))
        self.plot = Plot.filling(room, steps, run["checkpoint_true_probs"], (self.times, (0, 1)), (True, False))
        whole = [run["exact"].quantity(k) for k in (0, len(steps) - 1)]
        here = self.times[before]
        self.ticks = VGroup(
            self.plot.heights(whole, "share"), self.plot.ticks([self.times[0], here, self.times[-1]], ",.0f", "fact")
        )
        self.clock = rule(self.plot.point(here, 0), self.plot.point(here, 1), "line", 3)
        self.curves, self.ends, self.spots = [], [], []
        key = early[f"{path}.weights"].label("key", row["key"])
        for values, role, name, lift in (
            (self.shares, "weight", f"attention to “{key}”", UP),
            (self.probs, "residual", f"probability of “{target}”", DOWN),
        ):
            self.curves.append(self.plot.curve(self.times, values, role, 8))
            self.spots.append(self.plot.dots([here], [values[before]], role, 15))
            end = VGroup(Words(name, "fact", role), number(values[-1], "share", "large number", role))
            self.ends.append(end.arrange(DOWN, buff=units(12)).next_to(self.curves[-1].get_end(), RIGHT + lift))
        larger, self.states = 2 * cells.width / grid.cells.width, states
        VGroup(grid, *states).scale(larger).move_to(cells.get_corner(UP + LEFT), UP + LEFT)
        grid.pitch *= larger
        self.rows, self.names = grid.lines, VGroup(grid.cells, *grid.column_words("stage word"))
        #: At first, each score has the whole of its cell.
        for line, full in zip(self.rows, grid.cells.points.reshape(len(grid.lines), -1, 3), strict=True):
            line.points, line.meanings = full.copy(), ()
        side = pixels(grid.pitch) + CLEAR
        ring = frame(side, side, "query", CLEAR).move_to(grid.place(place, row["key"]))
        self.ring = means(ring, Around(self.shares[-1]))
        for i, label in enumerate(early["probs"].words("position")[1:]):
            told = word(label, "stage word", "ink" if i == place else "ink2")
            self.names.add(told.settle(grid.place(i, 0)).begin_at(grid.cells.get_right()[0] + units(AIR / 2)))

    def shrink(self) -> Animation:
        """Each cell of a score becomes its first weight."""
        return Through(self.rows, [self.rows.copy(), self.states[0]], "flow")

    def draw(self, name: str) -> list[tuple[Animation, ...] | Animation]:
        """The curve of the "attention" or of the "probability", from the beginning of the training to its end."""
        which = ("attention", "probability").index(name)
        line = Create(self.curves[which], run_time=pace("slow"), rate_func=rate_functions.linear)
        weights = () if which else (Through(self.rows, self.states),)
        return [(appear(self.spots[which]), line, *weights), appear(self.ends[which])]
