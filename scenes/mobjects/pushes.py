"""The gradient of one row of attention: what a nudge of each score does to the loss, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, Animation, Create, Mobject, VGroup, rate_functions

from scenes.animations import Count, Through
from scenes.layout import Room
from scenes.mobjects.marks import Ground, Hue, Length, Rises, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, dot, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, pace, palette, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px of the row of weights and of that of pushes; between them lie the plots.
WEIGHTS, PUSHES = 168.0, 74.0
#: How far a tangent reaches from its point, as a change of the score.
REACH = 1.4


def shares_over(row: NamedTensor, ribbon: Ribbon, room: Room) -> tuple[VGroup, VGroup, VGroup]:
    """Attention weights as bars in tracks, lying in the columns of their keys, and a number in front of each."""
    tracks, bars, numbers = VGroup(), VGroup(), VGroup()
    wide, high = ribbon.wide - 150, min(56.0, room.height * 0.6)
    y = at(0, (room.top + room.bottom) / 2)[1]
    for column, weight in zip(ribbon.columns, row.quantities(), strict=True):
        track = Box(wide, high, palette().surface, 5).move_to(np.array([at(column.right - wide / 2 - 10, 0)[0], y, 0]))
        bar = Box(max(wide * float(weight), 3.0), high, palette().weight, 5)
        means(bar, Length(weight, "width", wide, high, 3.0)).align_to(track, LEFT).set_y(y)
        text = number(weight, "share", "stage number").settle(np.array([0, y, 0]))
        tracks.add(track)
        bars.add(bar)
        numbers.add(text.end_at(track.get_left()[0] - units(16)))
    return tracks, bars, numbers


def signed_bars(
    entries: Sequence[Quantity], ribbon: Ribbon, room: Room, spec: str = "+.2f", most: float = 0.0
) -> tuple[VGroup, VGroup, VGroup]:
    """Signed numbers as bars to the left and right of a zero line in each column, with the numbers beside them."""
    lines, bars, numbers = VGroup(), VGroup(), VGroup()
    high = min(46.0, room.height * 0.6)
    unit = (ribbon.wide / 2 - 110) / (most or max((abs(float(one)) for one in entries), default=1.0) or 1.0)
    y = (room.top + room.bottom) / 2
    for column, entry in zip(ribbon.columns, entries, strict=True):
        middle, ground, side = (column.left + column.right) / 2, Ground(), 1 if entry >= 0 else -1
        line = means(rule(at(middle, room.top + 4), at(middle, room.bottom - 4), "ink3", 3), ground)
        bar = Box(max(abs(entry) * unit, 3.0), high, signed(side, 1.0), 4)
        bar.move_to(at(middle, y), aligned_edge=LEFT if side > 0 else RIGHT)
        means(bar, Length(entry, "width", unit, high, 3.0), Hue(entry), Rises(entry, 0, ground))
        text = number(entry, spec, "stage number").settle(bar.get_edge_center(RIGHT * side) + RIGHT * side * units(62))
        lines.add(line)
        bars.add(bar)
        numbers.add(text)
    return lines, bars, numbers


class Nudges:
    """Below each key: its attention weight, the loss as its score is moved, the slope there, and the push.

    Args:
        losses: "key nudge", with the score of one key moved and all others left.
        weights: "other nudge key", with the score of key `other` moved.
        nudges: what is added.
        slopes: the gradient of the loss on the score of each key.
        pushes: what descent does to each score.
        ribbon: the keys; `side` is the room beside them, for names, and `room` that below them.
    """

    def __init__(
        self,
        losses: NamedTensor,
        weights: NamedTensor,
        nudges: NamedTensor,
        slopes: NamedTensor,
        pushes: NamedTensor,
        ribbon: Ribbon,
        side: Room,
        room: Room,
    ) -> None:
        self.losses, self.weights, self.ribbon = losses, weights, ribbon
        self.middle = len(nudges) // 2
        above, rest = room.split_rows(WEIGHTS / 2)
        plots, below = rest.split_rows(-PUSHES, 8)
        plots = plots.inset(0, 26)
        self.tracks, self.bars, self.numbers = shares_over(weights[0][self.middle], ribbon, above)
        self.states = [
            [shares_over(weights[k][n], ribbon, above)[1] for n in range(len(nudges))] for k in range(len(losses))
        ]
        reach = float(losses.values.min()), float(losses.values.max())
        wide, high = ribbon.wide - 40, plots.height - 60
        self.plots = [Plot(nudges.values, reach, ("change of the score", "loss"), wide, high) for _ in ribbon.columns]
        start = float(losses.values[0, self.middle])
        self.axes, self.tangents, self.curves, self.ticks = VGroup(), VGroup(), [], VGroup()
        self.dots, self.spots = [], []
        for k, (plot, column) in enumerate(zip(self.plots, ribbon.columns, strict=True)):
            goal = at((column.left + column.right) / 2, plots.top + high / 2)
            plot.shift(goal - plot.axes.get_center())
            zero = rule(plot.point(0, reach[0]), plot.point(0, reach[1]), "line", 2)
            self.axes.add(VGroup(plot.axes, zero))
            x, y = nudges.quantities(), losses[k].quantities()
            halves = [
                plot.curve(x[self.middle :], y[self.middle :], "ink", 6),
                plot.curve(x[self.middle :: -1], y[self.middle :: -1], "ink", 6),
            ]
            self.curves.append(halves)
            spots = [
                means(dot(plot.point(a, b), 13, "focus"), plot.course([a], [b])) for a, b in zip(x, y, strict=True)
            ]
            self.spots.append([VGroup(spot) for spot in spots])
            self.dots.append(VGroup(spots[self.middle].copy()))
            slope = float(slopes.values[k])
            self.tangents.add(plot.curve((-REACH, REACH), (start - slope * REACH, start + slope * REACH), "warning", 5))
            self.ticks.add(*plot.ticks([x[0], x[self.middle], x[-1]], "+.0f", "fact"))
        self.lines, self.pushes, self.push_numbers = signed_bars(pushes.quantities(), ribbon, below)
        self.loss = number(losses[0].quantity(self.middle), ".2f", "large number")
        names = (("attention", above), ("loss", plots), ("push", below))
        self.names = VGroup(
            *(Words(text, "block", "ink2").settle(place.centre).begin_at(at(side.left, 0)[0]) for text, place in names)
        )
        self.loss.next_to(self.names[1], DOWN, buff=units(20)).align_to(self.names[1], LEFT)

    def move(
        self, key: int, start: int, end: int, kind: str = "slow", half: int | None = None
    ) -> tuple[Animation, ...]:
        """Move the score of one key from one nudge to another: weights, point and numbers along; draw half a curve."""
        way = range(start, end + 1) if end >= start else range(start, end - 1, -1)
        drawn = (
            []
            if half is None
            else [Create(self.curves[key][half], run_time=pace(kind), rate_func=rate_functions.linear)]
        )
        return (
            Through(self.bars, [self.states[key][n] for n in way], kind),
            *(
                Count(words, [self.weights[key][n].quantity(j) for n in way], "share", kind)
                for j, words in enumerate(self.numbers)
            ),
            Through(self.dots[key], [self.spots[key][n] for n in way], kind),
            Count(self.loss, [self.losses[key].quantity(n) for n in way], ".2f", kind),
            *drawn,
        )

    @property
    def last(self) -> int:
        """The place of the largest nudge."""
        return len(self.spots[0]) - 1

    def plot_of(self, key: int) -> list[Mobject]:
        """The axes of a key with its point."""
        return [self.axes[key], *self.ticks[3 * key : 3 * key + 3]]


class Pushes:
    """Below each key: its weight, times how much its value would lower the loss, is the push on its score."""

    def __init__(
        self,
        weights: NamedTensor,
        decreases: NamedTensor,
        pushes: NamedTensor,
        ribbon: Ribbon,
        side: Room,
        room: Room,
    ) -> None:
        rows, self.foot = room.split_rows(-110, 10)
        places = rows.rows(3, 40)
        self.tracks, self.bars, self.numbers = shares_over(weights, ribbon, places[0])
        most = float(np.abs(decreases.values).max())
        self.zero, self.ways, self.way_numbers = signed_bars(decreases.quantities(), ribbon, places[1], most=most)
        self.lines, self.pushes, self.push_numbers = signed_bars(pushes.quantities(), ribbon, places[2], most=most)
        texts = (("attention weight",), ("fall of the loss,", "if value were output"), ("push on the score",))
        self.names = VGroup()
        for text, place in zip(texts, places, strict=True):
            lines = VGroup(*(Words(line, "block", "ink2") for line in text)).arrange(DOWN, buff=units(10))
            for line in lines:
                line.align_to(lines, LEFT)
            self.names.add(lines.move_to(place.centre).align_to(at(side.left, 0), LEFT))
        self.signs = VGroup(
            *(
                VGroup(
                    *(
                        Words(sign, "title", "ink2").settle(at((column.left + column.right) / 2, y))
                        for column in ribbon.columns
                    )
                )
                for sign, y in (
                    ("×", (places[0].bottom + places[1].top) / 2),
                    ("=", (places[1].bottom + places[2].top) / 2),
                )
            )
        )

    def factors(self, key: int) -> VGroup:
        """The two numbers that are multiplied for one key."""
        return VGroup(self.numbers[key], self.way_numbers[key])
