"""What a decoder is taught: the right words, its guesses, and how wrong each guess is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.animations import Count, Through, ring_around
from scenes.layout import RIGHT_EDGE, centred
from scenes.mobjects.marks import Length, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, arrow, dot
from scenes.mobjects.shifted import NAMES, on_places
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, gap, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Heights of the four lines of a lesson, in px.
TRUTH, GUESS, MACHINE, READS = 262.0, 408.0, 566.0, 724.0


class Lesson(VGroup):
    """The right words above, what the decoder guesses, the decoder, and below what it reads: the right words, too."""

    def __init__(self, reads: Sequence[Label], guesses: Sequence[Label], end: Label, hits: Sequence[float]) -> None:
        truth = [*reads[1:], end]
        count = len(reads)
        room = RIGHT_EDGE - NAMES - 60
        pitch = min(270.0, room / count)
        width = max(chip_width(label) for label in (*reads, *guesses, end))
        left = NAMES + 90 + (room - pitch * count) / 2
        xs = [left + (i + 0.5) * pitch for i in range(count)]
        self.truth = on_places(truth, xs, TRUTH, pitch, width)
        self.sources = on_places(truth[:-1], xs[:-1], TRUTH, pitch, width)
        self.reads = on_places(reads, xs, READS, pitch, width)
        self.guesses = on_places(guesses, xs, GUESS, pitch, width)
        colours = palette()
        self.box = Box(pitch * count - 16, 96, colours.surface, 14, colours.line, 2.5)
        self.box.move_to(at((xs[0] + xs[-1]) / 2, MACHINE))
        self.title = Words("decoder, in training", "block", paper=self.box).settle(self.box.get_center())
        self.ways = VGroup(*(self._way(x) for x in xs))
        self.signs = VGroup()
        for x, hit in zip(xs, hits, strict=True):
            sign = Words("=", "symbol", "ink3") if hit else Words("≠", "symbol", "warning")
            self.signs.add(sign.move_to(at(x, (TRUTH + GUESS) / 2)))
        self.names = VGroup(
            Words("it should write", "axis", "ink2").settle(at(0, TRUTH)),
            Words("it guesses", "axis", "ink2").settle(at(0, GUESS)),
            Words("it reads", "axis", "ink2").settle(at(0, READS)),
        )
        edge = self.box.get_left()[0] - units(36)
        for name in self.names:
            name.end_at(edge)
        super().__init__(self.truth, self.reads, self.guesses, self.box, self.title, self.ways, self.signs, self.names)

    def _way(self, x: float) -> VGroup:
        low, high = self.box.get_bottom()[1], self.box.get_top()[1]
        column = at(x, 0)[0]
        ends = [(at(0, READS - 36)[1], low), (high, at(0, GUESS + 38)[1])]
        return VGroup(*(arrow(np.array([column, a, 0]), np.array([column, b, 0]), "residual", 5, 16) for a, b in ends))


class SlidingLoss(VGroup):
    """The probability of a word as a column, and minus its logarithm as a point on a curve, look by look."""

    def __init__(self, probs: NamedTensor, losses: NamedTensor, steps: NamedTensor, target: Label) -> None:
        self.probs, self.losses = probs.quantities(), losses.quantities()
        self.times = steps.quantities()
        colours = palette()
        most = float(max(losses.values))
        self.plot = Plot((0, 1), (0, most), ("probability of the right word", "loss"), 760, 440)
        heights = np.linspace(0, most, 80)
        self.curve = self.plot.curve(np.exp(-heights).tolist(), heights.tolist(), "ink2", 4)
        self.track = Box(120, 440, colours.surface, 6).next_to(self.plot.axes, LEFT, buff=units(330))
        self.track.align_to(self.plot.axes, DOWN)
        parts = VGroup(self.plot, self.curve, self.track)
        centred(parts).shift(RIGHT * units(10) + UP * units(14))
        self.chip = Token(target).next_to(self.track, UP, buff=gap("chip"))
        self.bar, self.bars = VGroup(self._bar(0)), [VGroup(self._bar(k)) for k in range(len(self.probs))]
        self.point = VGroup(self._point(0))
        self.spots = [VGroup(self._point(k)) for k in range(len(self.probs))]
        side = self.track.get_right() + RIGHT * units(160)
        self.share = number(self.probs[0], ".3f", "large number").move_to(side).shift(UP * units(40))
        corner = self.plot.axes[0].get_right() + LEFT * units(60) + UP * units(330)
        self.loss = number(self.losses[0], ".3f", "large number").move_to(corner)
        self.loss_name = Words("− log p", "block", "ink2").next_to(self.loss, LEFT, buff=units(60))
        self.loss_name.stand_on(self.loss.baseline)
        self.share_name = Words("p", "block", "ink2").next_to(self.share, UP, buff=units(20))
        self.clock = number(self.times[0], ",.0f", "number", "ink2")
        self.clock.move_to(side).shift(DOWN * units(120)).end_at(self.share.get_right()[0])
        self.clock_name = Words("step", "axis", "ink2").next_to(self.clock, UP, buff=units(12))
        self.clock_name.set_x(self.share.get_x())
        super().__init__(
            self.plot,
            self.curve,
            self.track,
            self.chip,
            self.bar,
            self.point,
            self.share,
            self.loss,
            self.loss_name,
            self.share_name,
            self.clock,
            self.clock_name,
        )

    def _bar(self, k: int) -> Box:
        bar = Box(120, max(440 * float(self.probs[k]), 4), palette().weight, 6)
        means(bar, Length(self.probs[k], "height", 440, 120, 4))
        return bar.move_to(self.track.get_bottom(), aligned_edge=DOWN)

    def _point(self, k: int) -> Box:
        spot = dot(self.plot.point(float(self.probs[k]), float(self.losses[k])), 13, "focus")
        return means(spot, self.plot.course([self.probs[k]], [self.losses[k]]))

    def run(self, kind: str = "slow") -> tuple[Count | Through, ...]:
        """All looks, one after another: column, point and numbers together."""
        return (
            Through(self.bar, self.bars, kind),
            Through(self.point, self.spots, kind),
            Count(self.share, self.probs, ".3f", kind),
            Count(self.loss, self.losses, ".3f", kind),
            Count(self.clock, self.times, ",.0f", kind),
        )


class Progress(VGroup):
    """Looks at one sentence in training: a line for each, right words on chips, wrong ones bare; and two measures.

    Args:
        looks: which checkpoints.
        steps, loss, exact: by checkpoint.
        probs: checkpoint × position × vocab.
        hits: checkpoint × position.
    """

    def __init__(
        self,
        looks: Sequence[int],
        steps: NamedTensor,
        probs: NamedTensor,
        hits: NamedTensor,
        loss: NamedTensor,
        exact: NamedTensor,
    ) -> None:
        colours = palette()
        self.lines, self.losses, self.shares = VGroup(), VGroup(), VGroup()
        pitch = min(82.0, 560 / len(looks))
        guesses = [[probs.pick(checkpoint=k, position=i).largest()[0] for i in range(probs.shape[1])] for k in looks]
        width = max(chip_width(label) for row in guesses for label in row)
        most = float(max(loss.values[looks[0]], 1e-9))
        starts = [300 + (width + 14) * i for i in range(probs.shape[1])]
        bars = starts[-1] + width / 2 + 74
        for n, (k, row) in enumerate(zip(looks, guesses, strict=True)):
            y = 300 + n * pitch
            line = VGroup(number(steps.quantity(k), ",.0f", "number", "ink2").settle(at(0, y)).end_at(at(180, 0)[0]))
            for x, label, hit in zip(starts, row, hits.pick(checkpoint=k).values, strict=True):
                if hit:
                    line.add(Token(label, "", width, 52).move_to(at(x, y)))
                else:
                    line.add(word(label, "token", "ink3").settle(at(x, y)))
            self.lines.add(line)
            bar = Box(max(330 * float(loss.values[k]) / most, 3), 34, colours.ink3, 5)
            means(bar, Length(loss.quantity(k), "width", 330 / most, 34, 3)).move_to(at(bars, y), aligned_edge=LEFT)
            value = number(loss.quantity(k), ".2f", "cell", "ink").next_to(bar, RIGHT, buff=units(14))
            self.losses.add(VGroup(bar, value))
            share = number(exact.quantity(k), "share", "number").settle(at(0, y)).end_at(at(bars + 640, 0)[0])
            self.shares.add(share)
        self.names = VGroup(
            Words("step", "axis", "ink2").end_at(at(180, 0)[0]),
            Words("its guesses", "axis", "ink2").begin_at(at(starts[0] - width / 2, 0)[0]),
            Words("loss of new sentences", "axis", "ink2").begin_at(at(bars, 0)[0]),
            Words("of these, right", "axis", "ink2").end_at(at(bars + 640, 0)[0]),
        )
        for name in self.names:
            name.stand_on(at(0, 244)[1])
        super().__init__(self.lines, self.losses, self.shares, self.names)
        centred(self)

    def ring(self, line: int) -> VGroup:
        return ring_around(self.shares[line])
