"""The gradient of one row of attention: what a nudge of each score does to the loss, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, Create, Mobject, VGroup, VMobject, rate_functions

from scenes.animations import Count, Through, ring_around
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of, bar_on
from scenes.mobjects.marks import Away, End, Ground, Hue, means
from scenes.mobjects.planes import Plane, add_at_tip
from scenes.mobjects.plots import Plot
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, arrow, dashes, dot, frame, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, pace, palette, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the row of weights and of that of pushes, between which the plots lie; of a push of one; and of what is written
#: above and below a plane.
WEIGHTS, PUSHES, PUSH, FACTORS = 92.0, 84.0, 220.0, 84.0
#: Px of the names at the left, of the dot that is the output, and from there to its name.
NAMES, OUTPUT, BESIDE = 290.0, 22.0, 44.0
#: Px of a column that are kept for the chip at the tip of a value.
CHIP = 110.0
#: How far an axis of losses goes below the least one, as a share of their range.
FLOOR = 0.15
#: How far a tangent reaches from its point, as a change of the score.
REACH = 1.5


def shares_over(row: NamedTensor, ribbon: Ribbon, room: Room) -> tuple[VGroup, VGroup, VGroup]:
    """Attention weights as bars in tracks, lying in the columns of their keys, and a number in front of each."""
    tracks, bars, numbers = VGroup(), VGroup(), VGroup()
    wide, high = ribbon.wide - 204, min(64.0, room.height * 0.7)
    y = (room.top + room.bottom) / 2
    for column, weight in zip(ribbon.columns, row.quantities(), strict=True):
        track = Box(wide, high, palette().surface, 5).move_to(at(column.right - wide / 2 - 10, y))
        tracks.add(track)
        bars.add(bar_of(weight, "width", wide, high, least=3).move_to(track.get_left(), aligned_edge=LEFT))
        text = number(weight, "share", "stage number").settle(at(0, y))
        numbers.add(text.end_at(track.get_left()[0] - units(16)))
    return tracks, bars, numbers


def signed_bars(entries: Sequence[Quantity], ribbon: Ribbon, room: Room, unit: float) -> tuple[VGroup, VGroup]:
    """Signed numbers as bars from a zero line in the middle of each column."""
    lines, bars = VGroup(), VGroup()
    high = min(56.0, room.height * 0.6)
    y = (room.top + room.bottom) / 2
    for column, entry in zip(ribbon.columns, entries, strict=True):
        middle, ground = (column.left + column.right) / 2, Ground()
        lines.add(means(rule(at(middle, room.top + 4), at(middle, room.bottom - 4), "ink3", 3), ground))
        look = {"radius": 4, "least": 3, "fill": signed(1 if entry >= 0 else -1, 1.0)}
        bars.add(means(bar_on(at(middle, y), ground, entry, "width", unit, high, **look), Hue(entry)))
    return lines, bars


class NudgedLoss:
    """The loss as one score is moved: axes with a line at no change, a curve in two halves, and a point on it.

    The first of several has the ends of the `reach`, the same for all, in numbers.
    """

    def __init__(self, run: Trace, reach: Sequence[Quantity], key: int, room: Room, first: bool) -> None:
        losses, nudges = run["nudged_loss"][key], run["nudge"]
        low, high = reach
        ends = low - FLOOR * (high - low), high
        self.plot = plot = Plot(nudges, losses, (None, ends), room.width - 84, room.height - 60)
        plot.shift(at((room.left + room.right) / 2, (room.top + room.bottom - 60) / 2) - plot.axes.get_center())
        zero = rule(plot.point(0, ends[0]), plot.point(0, high), "line", 2)
        self.axes = VGroup(plot.axes, zero, plot.broken())
        x, y, middle = nudges.quantities(), losses.quantities(), len(nudges) // 2
        self.halves = [plot.curve(x[middle:], y[middle:], "ink", 7), plot.curve(x[middle::-1], y[middle::-1], "ink", 7)]
        self.spots = [plot.dots([a], [b], "focus", 15).set_z_index(1) for a, b in zip(x, y, strict=True)]
        self.dot = self.spots[middle].copy()
        ticks = plot.ticks([x[0], x[middle], x[-1]], "+.0f", "fact")
        #: Axes and numbers, without the curve.
        self.frame: list[Mobject] = [self.axes, *ticks, *(plot.heights(reach, ".2f") if first else [])]
        for half, curve in enumerate(self.halves):
            curve.key = ("curve", key, half)
        self.dot.key = ("point", key)

    def trace(self, way: Sequence[int], kind: str, half: int | None = None) -> tuple[Animation, ...]:
        """The point goes along the curve, and half of it is drawn."""
        going = Through(self.dot, [self.spots[n] for n in way], kind)
        if half is None:
            return (going,)
        return going, Create(self.halves[half], run_time=pace(kind), rate_func=rate_functions.linear)


class ScoreSlopes:
    """Below each key: its attention weight, the loss as its score is moved, the slope there, and the push.

    Args:
        run: an early step of the training, with each score nudged by itself.
        slopes: the gradients of one row of attention. What descent does to each score is its push; `large` is a plot,
            over all columns, of the one that is pushed up most.
        where: the layer and the head.
    """

    def __init__(self, run: Trace, slopes: Trace, where: str) -> None:
        #: "key nudge", with the score of one key moved and all others left; "other nudge key", with that of `other`.
        self.losses, self.weights = losses, weights = run["nudged_loss"], run["nudged_weights"]
        pushes, spots = slopes["score_push"], slopes["push_plane"]
        side, columns = STAGE.split_columns(NAMES, 30)
        self.ribbon = ribbon = Ribbon(losses.words("key"), columns)
        room, last = ribbon.below(STAGE), len(run["nudge"]) - 1
        #: The nudge of none, and the ways from it to the largest nudges, up and down.
        self.middle = last // 2
        self.up_way, self.down_way = range(self.middle, last + 1), range(self.middle, -1, -1)
        self.key = pushes.largest()[0].position
        #: The two keys that are pushed most, down and up.
        self.keys = (pushes.smallest()[0].position, self.key)
        #: The loss with the score of this key as it is, raised, and lowered.
        self.start, self.up, self.down = (float(losses.values[self.key, n]) for n in (self.middle, last, 0))
        above, rest = room.split_rows(WEIGHTS)
        between, below = rest.split_rows(-PUSHES, 8)
        plots = between.inset(0, 44)
        #: A plane in units of the loss, with the values around the output, from below the weights to the foot.
        ends = np.vstack([spots.values[[*self.keys]], np.zeros((1, 2))])
        self.under = Room(ribbon.columns[0].left + CHIP, plots.top, ribbon.columns[-1].right - CHIP, STAGE.bottom)
        self.plane = Plane(ends, self.under.inset(0, FACTORS), OUTPUT, "weight")
        self.points = slopes["nudged_plane"].pick(key=self.key)
        self.tracks, self.bars, self.numbers = shares_over(weights[0][self.middle], ribbon, above)
        self.states = [shares_over(row, ribbon, above)[1] for row in weights[self.key]]
        reach = losses.smallest()[-1], losses.largest()[-1]
        self.curves = [NudgedLoss(run, reach, k, column.cross(plots), not k) for k, column in enumerate(ribbon.columns)]
        self.others = [curve for k, curve in enumerate(self.curves) if k != self.key]
        wide = Room(ribbon.columns[0].left, plots.top, ribbon.columns[-1].right, room.bottom)
        self.large = NudgedLoss(run, reach, self.key, wide, True)
        zero = run["nudge"].quantity(self.middle)
        self.tangents = VGroup(
            curve.plot.tangent(zero, losses.quantity(key, self.middle), slope, REACH)
            for key, (curve, slope) in enumerate(zip(self.curves, slopes["scaled"].quantities(), strict=True))
        )
        #: The slope at each point, above its plot.
        self.slopes = VGroup(
            Words(f"slope {slope:+.3f}", "stage number", "warning").next_to(curve.plot.axes, UP, buff=units(14))
            for curve, slope in zip(self.curves, slopes["scaled"].quantities(), strict=True)
        )
        self.lines, self.pushes = signed_bars(pushes.quantities(), ribbon, below, PUSH)
        names = (("cross-attention", above), ("loss", plots), ("push = − slope", below))
        self.names = VGroup(Words(text, "block", "ink2").begin_in(side.cross(row)) for text, row in names)
        clock = VGroup(Words("step", "block", "ink2"), number(run["step"], ",.0f", "number")).arrange(buff=units(16))
        clock[1].stand_on(clock[0].baseline)
        head = Words(where, "note", "ink2").next_to(self.names[0], DOWN, buff=units(8)).align_to(self.names[0], LEFT)
        #: When and where this attention was: the step of the training, the layer and the head.
        self.facts = VGroup(clock.move_to(ribbon.chips[0]).align_to(self.names[0], LEFT), head)
        #: The weights under their tokens, with their names; and the stage below.
        self.weighed = [*ribbon, self.names[0], self.facts, self.tracks, self.bars, self.numbers]
        self.below = Room(STAGE.left, rest.top + OUTPUT, STAGE.right, STAGE.bottom)
        self.loss = number(losses[self.key].quantity(self.middle), ".2f", "large number")
        self.loss.next_to(self.names[1], DOWN, buff=units(20)).align_to(self.names[1], LEFT)

    def raised(self) -> tuple[Animation, ...]:
        """The score that is pushed most is raised."""
        return self._move(self.up_way, "slow", 0)

    def lowered(self) -> list[tuple[Animation, ...]]:
        """It comes back, is lowered, and comes back again."""
        ways = (self.up_way[::-1], "row", None), (self.down_way, "slow", 1), (self.down_way[::-1], "row", None)
        return [self._move(*way) for way in ways]

    def _move(self, way: Sequence[int], kind: str, half: int | None) -> tuple[Animation, ...]:
        """Move the score that is pushed most along a way of nudges: weights, point and numbers along."""
        return *self.moved(way, kind), *self.large.trace(way, kind, half)

    def moved(self, way: Sequence[int], kind: str) -> tuple[Animation, ...]:
        """The weights and the loss along a way of nudges of that score."""
        weights, losses = self.weights[self.key], self.losses[self.key]
        ways = ([weights.quantity(n, key) for n in way] for key in range(len(self.numbers)))
        counts = (Count(text, shares, "share", kind) for text, shares in zip(self.numbers, ways, strict=True))
        loss = Count(self.loss, [losses.quantity(n) for n in way], ".2f", kind)
        return Through(self.bars, [self.states[n] for n in way], kind), *counts, loss

    def move_others(self) -> list[tuple[Animation, ...]]:
        """Each of the other scores is moved by itself, all at the same time: up, down, and back."""
        up, down = self.up_way, self.down_way
        return [
            tuple(one for curve in self.others for one in curve.trace(way, "row", half))
            for way, half in ((up, 0), (up[::-1], None), (down, 1), (down[::-1], None))
        ]


class OutputDownhill:
    """Below the weights of a `ScoreSlopes`: the output between two values, the way down, and how far down each lies.

    Of the keys, it has the two that are pushed most, up and down. Where the output lies, the right word has the
    probability of `probs`, by the nudge of the score that is pushed up.
    """

    def __init__(
        self, nudges: ScoreSlopes, slopes: Trace, weights: NamedTensor, probs: NamedTensor, target: Label
    ) -> None:
        self.nudges, plane = nudges, nudges.plane
        foot, falls, spots = plane.foot, slopes["loss_decrease_by_value"], slopes["push_plane"]
        top, bottom = (foot * RIGHT + at(0, edge) * UP for edge in (nudges.under.top, nudges.under.bottom))
        self.way = arrow(top, bottom, "warning", 7, 30)
        self.way_name = Words("downhill", "block", "warning").next_to(self.way, LEFT, buff=units(30))
        self.way_name.align_to(self.way, DOWN)
        output = Words("output z", "block").next_to(foot, RIGHT, buff=units(BESIDE)).shift(UP * units(10))
        spots_there = (self._dot(plane, spot) for spot in nudges.points)
        self.states = [VGroup(one, output.copy().shift(one.get_center() - foot)) for one in spots_there]
        self.dot = self.states[nudges.middle].copy()
        #: Where it is, once it moves no more.
        self.here = frame(2 * OUTPUT, 2 * OUTPUT, "focus", 6, OUTPUT).move_to(self.dot[0]).set_z_index(1)
        self.probs = probs.quantities()
        told = Words(f"“{target}”", "large word"), number(self.probs[nudges.middle], ".2%", "large number")
        corner = nudges.under.rows(2)[1].columns(2)[0]
        #: The right word, and its probability, below the line on which the output slides.
        self.prob = VGroup(*told).arrange(DOWN, buff=units(24)).move_to(corner.centre)
        self.values, self.chips, self.shadows, self.bars, self.numbers, self.factors = (VGroup() for _ in range(6))
        for key in nudges.keys:
            way, falls_by = spots[key].quantities(), falls.quantity(key)
            value = means(plane.arrow(foot, way, "value", 10, 32), End(way[0], axis="key"))
            tip, left = value[-1].points[0], way[0] < 0
            self.values.add(value)
            add_at_tip(self.chips, Token(falls.label("key", key), "value"), value, 12)
            self.shadows.add(dashes(tip, np.array([foot[0], tip[1], 0])))
            look = {"radius": 4, "least": 3, "fill": signed(1 if falls_by >= 0 else -1, 1.0)}
            bar = means(bar_on(foot, plane.ground, way[1], "height", plane.px, 36, **look), Hue(falls_by))
            told = number(falls_by, "+.2f", "large number").settle((3 * bar.get_center() - foot) / 2)
            edge = units(44) * (1 if left else -1)
            self.bars.add(bar)
            self.numbers.add(told.begin_at(foot[0] + edge) if left else told.end_at(foot[0] + edge))
            share, by = number(weights.quantity(key), "share", "stage number"), number(falls_by, "+.2f", "stage number")
            push = number(slopes["score_push"].quantity(key), "+.2f", "stage number")
            row = VGroup(share, Words("×", "stage number", "ink2"), by, Words("=", "stage number", "ink2"), push)
            for part in row.arrange(RIGHT, buff=units(14)):
                part.stand_on(share.baseline)
            self.factors.add(row.next_to(self.chips[-1], DOWN if falls_by >= 0 else UP, buff=units(16)))
        self.rings = VGroup(ring_around(nudges.numbers[key]) for key in nudges.keys)

    @staticmethod
    def _dot(plane: Plane, spot: NamedTensor) -> VMobject:
        """The output, where it lies from where it was."""
        x, y = spot.quantities()
        away = (Away(one, 0.0, axis, plane.px, 2 * OUTPUT, plane.ground) for axis, one in enumerate((x, y)))
        return means(dot(plane.point((float(x), float(y))), OUTPUT, "focus"), *away)

    def slide(self) -> list[tuple[Animation, ...]]:
        """The score that is pushed up most is raised, and the output slides to its value; then it comes back."""
        up = self.nudges.up_way
        return [self._go(up, "slow"), self._go(up[::-1], "row")]

    def _go(self, way: Sequence[int], kind: str) -> tuple[Animation, ...]:
        count = Count(self.prob[1], [self.probs[n] for n in way], ".2%", kind)
        return Through(self.dot, [self.states[n] for n in way], kind), count, *self.nudges.moved(way, kind)
