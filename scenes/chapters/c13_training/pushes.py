"""The gradient of one row of attention: what a nudge of each score does to the loss, and why."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, Animation, Create, Mobject, VGroup, VMobject, rate_functions

from scenes.animations import Count, Through, gather
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of, bar_on
from scenes.mobjects.marks import Ground, Hue, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, dot, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, pace, palette, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the row of weights and of that of pushes; between them lie the plots.
WEIGHTS, PUSHES = 92.0, 84.0
#: Px of the names at the left.
NAMES = 220.0
#: A relative difference below this is rounding: the early step was kept in single precision.
ROUNDING = 1e-4
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


def signed_bars(
    entries: Sequence[Quantity], ribbon: Ribbon, room: Room, most: float = 0.0
) -> tuple[VGroup, VGroup, VGroup]:
    """Signed numbers as bars from a zero line in the middle of each column, with the number on the other side."""
    lines, bars, numbers = VGroup(), VGroup(), VGroup()
    high = min(56.0, room.height * 0.6)
    unit = (ribbon.wide / 2 - 8) / (most or max((abs(float(one)) for one in entries), default=1.0) or 1.0)
    y = (room.top + room.bottom) / 2
    for column, entry in zip(ribbon.columns, entries, strict=True):
        middle, ground, side = (column.left + column.right) / 2, Ground(), 1 if entry >= 0 else -1
        line = means(rule(at(middle, room.top + 4), at(middle, room.bottom - 4), "ink3", 3), ground)
        look = {"radius": 4, "least": 3, "fill": signed(side, 1.0)}
        lines.add(line)
        bars.add(means(bar_on(at(middle, y), ground, entry, "width", unit, high, **look), Hue(entry)))
        numbers.add(number(entry, "+.2f", "stage number").settle(at(middle - side * 86, y)))
    return lines, bars, numbers


class NudgedLoss:
    """The loss as one score is moved: axes with a line at no change, a curve in two halves, and a point on it.

    The first of several has the ends of the `reach`, the same for all, in numbers.
    """

    def __init__(self, run: Trace, reach: Sequence[Quantity], key: int, room: Room, first: bool) -> None:
        losses, nudges = run["nudged_loss"][key], run["nudge"]
        names, (low, high) = ("change of its attention score", "loss"), reach
        ends = low - FLOOR * (high - low), high
        self.plot = plot = Plot(nudges.values.tolist(), ends, names, room.width - 84, room.height - 60)
        plot.shift(at((room.left + room.right) / 2, (room.top + room.bottom - 60) / 2) - plot.axes.get_center())
        zero = rule(plot.point(0, ends[0]), plot.point(0, high), "line", 2)
        self.axes = VGroup(plot.axes, zero, plot.broken())
        x, y, middle = nudges.quantities(), losses.quantities(), len(nudges) // 2
        self.halves = [plot.curve(x[middle:], y[middle:], "ink", 7), plot.curve(x[middle::-1], y[middle::-1], "ink", 7)]
        self.spots = [
            VGroup(means(dot(plot.point(a, b), 15, "focus"), plot.course([a], [b]))) for a, b in zip(x, y, strict=True)
        ]
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


class Nudges:
    """Below each key: its attention weight, the loss as its score is moved, the slope there, and the push.

    Args:
        run: an early step of the training, with each score nudged by itself.
        slopes: the gradient of the loss on the score of each key.
        pushes: what descent does to each score; `large` is a plot, over all columns, of the one that is pushed most.
    """

    def __init__(self, run: Trace, slopes: NamedTensor, pushes: NamedTensor) -> None:
        #: "key nudge", with the score of one key moved and all others left; "other nudge key", with that of `other`.
        self.losses, self.weights = losses, weights = run["nudged_loss"], run["nudged_weights"]
        side, columns = STAGE.split_columns(NAMES, 30)
        self.ribbon = ribbon = Ribbon(losses.words("key"), columns)
        room, count = ribbon.below(STAGE), len(run["nudge"])
        self.middle, self.last = count // 2, count - 1
        self.key = pushes.largest()[0].position
        #: The loss with the score of this key as it is, raised, and lowered.
        self.start, self.up, self.down = (float(losses.values[self.key, n]) for n in (self.middle, self.last, 0))
        above, rest = room.split_rows(WEIGHTS)
        plots, below = rest.split_rows(-PUSHES, 8)
        plots = plots.inset(0, 44)
        self.tracks, self.bars, self.numbers = shares_over(weights[0][self.middle], ribbon, above)
        self.states = [shares_over(row, ribbon, above)[1] for row in weights[self.key]]
        spots = (np.unravel_index(find(losses.values), losses.shape) for find in (np.argmin, np.argmax))
        reach = [losses.quantity(*map(int, spot)) for spot in spots]
        self.curves = [NudgedLoss(run, reach, k, column.cross(plots), not k) for k, column in enumerate(ribbon.columns)]
        wide = Room(ribbon.columns[0].left, plots.top, ribbon.columns[-1].right, room.bottom)
        self.large = NudgedLoss(run, reach, self.key, wide, True)
        start = float(losses.values[0, self.middle])
        self.tangents = VGroup(
            curve.plot.curve((-REACH, REACH), (start - slope * REACH, start + slope * REACH), "warning", 6)
            for curve, slope in zip(self.curves, slopes.values.tolist(), strict=True)
        )
        self.lines, self.pushes, self.push_numbers = signed_bars(pushes.quantities(), ribbon, below)
        names = (("attention", above), ("loss", plots), ("push", below))
        self.names = VGroup(
            Words(text, "block", "ink2").settle(place.centre).begin_at(at(side.left, 0)[0]) for text, place in names
        )
        self.loss = number(losses[self.key].quantity(self.middle), ".2f", "large number")
        self.loss.next_to(self.names[1], DOWN, buff=units(20)).align_to(self.names[1], LEFT)

    def raised(self) -> tuple[Animation, ...]:
        """The score that is pushed most is raised."""
        return self._move(self.middle, self.last, half=0)

    def lowered(self) -> list[tuple[Animation, ...]]:
        """It comes back, is lowered, and comes back again."""
        return [
            self._move(self.last, self.middle, "row"),
            self._move(self.middle, 0, half=1),
            self._move(0, self.middle, "row"),
        ]

    def _move(self, start: int, end: int, kind: str = "slow", half: int | None = None) -> tuple[Animation, ...]:
        """Move the score that is pushed most from one nudge to another: weights, point and numbers along."""
        way = range(start, end + 1) if end >= start else range(start, end - 1, -1)
        weights, losses = self.weights[self.key], self.losses[self.key]
        ways = [[weights.quantity(n, j) for n in way] for j in range(len(self.numbers))]
        counts = [Count(text, shares, "share", kind) for text, shares in zip(self.numbers, ways, strict=True)]
        counts.append(Count(self.loss, [losses.quantity(n) for n in way], ".2f", kind))
        return Through(self.bars, [self.states[n] for n in way], kind), *counts, *self.large.trace(way, kind, half)

    def move_others(self) -> list[tuple[Animation, ...]]:
        """Each of the other scores is moved by itself, all at the same time: up, down, and back."""
        others = [curve for k, curve in enumerate(self.curves) if k != self.key]
        up, down = range(self.middle, self.last + 1), range(self.middle, -1, -1)
        back = range(self.middle + 1)
        return [
            tuple(one for curve in others for one in curve.trace(way, kind, half))
            for way, kind, half in ((up, "row", 0), (up[::-1], "row", None), (down, "row", 1), (back, "row", None))
        ]


class Pushes:
    """Below each key: its weight, times how much its value would lower the loss, is the push on its score."""

    def __init__(self, weights: NamedTensor, decreases: NamedTensor, pushes: NamedTensor) -> None:
        side, columns = STAGE.split_columns(1.5 * NAMES, 30)
        self.ribbon = ribbon = Ribbon(weights.words("key"), columns)
        rows, self.foot = ribbon.below(STAGE).split_rows(-110, 10)
        places = rows.rows(3, 40)
        self.tracks, self.bars, self.numbers = shares_over(weights, ribbon, places[0])
        most = float(np.abs(decreases.values).max())
        self.zero, self.ways, self.way_numbers = signed_bars(decreases.quantities(), ribbon, places[1], most)
        self.lines, self.pushes, self.push_numbers = signed_bars(pushes.quantities(), ribbon, places[2], most)
        texts = (("attention weight",), ("its value lowers (+)", "or raises (−) the loss"), ("push on the score",))
        self.names = VGroup()
        for text, place in zip(texts, places, strict=True):
            lines = VGroup(Words(line, "block", "ink2") for line in text).arrange(DOWN, buff=units(10))
            for line in lines:
                line.align_to(lines, LEFT)
            self.names.add(lines.move_to(place.centre).align_to(at(side.left, 0), LEFT))
        borders = ((one.bottom + two.top) / 2 for one, two in pairwise(places))
        self.signs = VGroup(
            Words(sign, "title", "ink2").settle(at(0, y)).begin_at(at(side.left, 0)[0])
            for sign, y in zip("×=", borders, strict=True)
        )

    @staticmethod
    def reading(formula: VMobject) -> Words:
        """The letter that no picture has named and its meaning, at the right of the formula."""
        return Words("z: the output, g: its gradient", "fact", "ink2").next_to(formula, RIGHT, buff=units(60))

    def multiply(self) -> tuple[Animation, ...]:
        """The two numbers of each key fly to their product."""
        factors = zip(self.numbers, self.way_numbers, self.pushes, strict=True)
        return tuple(gather(VGroup(one, other), bar) for one, other, bar in factors)
