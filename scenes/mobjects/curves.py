"""Curves of an experiment on one plot, each with its name and its last value at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np
from manim import DOWN, RIGHT, UP, VGroup, VMobject, rate_functions

from scenes.animations import Come, appear, draw, fill
from scenes.layout import Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import Called, Rises, Tick, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import dashes, stroke
from scenes.mobjects.text import Words, number
from scenes.theme import pace, palette, shape, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px of a plot, at least, and of what is written above and below it.
WIDE, HIGH, WORDS = 1150.0, 400.0, 170.0
#: Px of the axes in a narrow frame, at least, and those that the numbers before them need.
NARROWEST, BESIDE = 300.0, 100.0
#: Px from the bar of a total to the next.
TOTAL = 124.0
#: Px of the dot where a curve comes to its goal; it comes in the last moments of the curve.
GOAL, LAST = 14.0, rate_functions.squish_rate_func(rate_functions.smooth, 0.9, 1)


def spread(labels: Sequence[Words]) -> None:
    """Move labels apart that would stand on each other, the lowest first."""
    for lower, upper in zip(ordered := sorted(labels, key=lambda label: label.get_y()), ordered[1:], strict=False):
        missing = 2 * upper.height - (upper.get_y() - lower.get_y())
        upper.shift(UP * max(0.0, missing))


class Curves(VGroup):
    """Curves over one axis, such as the steps of a training: a line for each seed, or one with dots.

    Args:
        x: what runs along the first one.
        rows: the values of each curve, or of each of its seeds, by the name along `axis` of their tensor.
        names: what each curve is called, and in which role: `{"nothing": ("with Add", "residual")}`.
        ends: the number that stands beside the name, and its format, where one does.
        ticks: the places along the first axis that have a number.
        room: the rectangle that is filled.
        powers: True if the second axis counts in powers; else it leads from none to all.
        linear: True if the first axis does not count in powers, too.
        totals: of each curve, a number of the second axis, which stands as a bar at the right under the name `total`.

    Example::

        run = trace.under("experiment.gradient_by_depth")
        rows = {way: run["first"].pick(choice=way) for way in ("pre-norm", "post-norm")}
        names = {"pre-norm": ("pre-norm", "residual"), "post-norm": ("post-norm", "ink2")}
        ends, depths = {way: (row.quantity(3), ".2f") for way, row in rows.items()}, run["depths"]
        room = Room(360, 190, 1560, 690)
        figure = Curves(depths, rows, names, ends, depths.quantities(), room, powers=True)
    """

    def __init__(
        self,
        x: NamedTensor,
        rows: Mapping[str, NamedTensor],
        names: Mapping[str, tuple[str, str]],
        ends: Mapping[str, tuple[Quantity, str]],
        ticks: Sequence[Quantity],
        room: Room,
        axis: str = "choice",
        powers: bool = False,
        linear: bool = False,
        totals: Mapping[str, Quantity] | None = None,
        total: str = "",
    ) -> None:
        reach = [float(value) for row in rows.values() for value in row.values.ravel()] if powers else [0.0, 1.0]
        labels: dict[str, Words] = {}
        for key, (name, role) in names.items():
            end, spec = ends.get(key, (None, ""))
            told = name if end is None else f"{name} {end:{spec}}"
            labels[key] = means(Words(told, "stage word", role), Called(key, axis))
        beside = max(label.width for label in labels.values()) / units(1) + BESIDE
        wide = max(room.width - beside, NARROWEST) if shape().narrow else WIDE
        whole = wide + beside + TOTAL * len(totals or {})
        high = HIGH if shape().narrow else max(HIGH, room.height * whole / room.width - WORDS)
        across = [*([] if powers and not linear else [0.0]), *map(float, x.values)]
        plot = self.plot = Plot(
            x, next(iter(rows.values())), (across, reach), wide, high, (powers and not linear, powers)
        )
        self.roles = {key: role for key, (_, role) in names.items()}
        self.lines: dict[str, VGroup] = {}
        self.labels: dict[str, Words] = {}
        for key, (_, role) in names.items():
            row = rows[key]
            seeds = [row] if len(row.axes) == 1 else [*row]
            lines = [plot.curve(x, one, role, 6 if len(seeds) == 1 else 4) for one in seeds]
            dots = plot.dots(x, row, role, 10) if len(seeds) == 1 else VGroup()
            self.lines[key] = VGroup(*lines, dots)
            words = labels[key]
            last = sum(float(one.values[-1]) for one in seeds) / len(seeds)
            self.labels[key] = plot.label(words, float(x.values[-1]), last)
            lift = plot.axes[0].get_y() + units(30) - words.get_y()
            words.shift(UP * max(0.0, lift))
        spread([*self.labels.values()])
        entries = [entry for row in rows.values() for entry in row.quantities()]
        heights = plot.heights([min(entries), max(entries)], ".0e") if powers else plot.shares()
        self.ticks = VGroup(*plot.ticks(ticks, ",.0f", "fact"), *heights)
        #: The bar of each curve, with its number.
        self.totals: dict[str, VGroup] = {}
        foot = plot.axes[0].get_right() + RIGHT * units(beside + TOTAL)
        self.total = Words(total or " ", "fact", "ink2")
        if totals:
            self.total.settle(foot + RIGHT * units(TOTAL) + DOWN * units(28))
        for key, value in (totals or {}).items():
            bar = bar_of(value, "height", high, TOTAL / 2, self.roles[key]).move_to(foot, aligned_edge=DOWN)
            means(bar, Rises(value, 1, plot.across))
            text = number(value, "share", "stage number").settle(bar.get_top() + UP * units(26))
            self.totals[key], foot = VGroup(bar, text), foot + RIGHT * units(TOTAL)
        parts = [plot, self.ticks, *self.lines.values(), *self.labels.values(), *self.totals.values()]
        super().__init__(*parts, *([self.total] if totals else []))
        room.fit(self)

    def level(self, y: Quantity | float, name: str, side: np.ndarray = UP) -> VGroup:
        """A line across at a height, with its name above or below."""
        start = self.plot.beside(float(y))
        words = Words(name, "fact", "ink2").next_to(start, side + RIGHT, buff=units(10))
        line = dashes(start, start + RIGHT * self.plot.axes[0].width, "ink3", 2.5)
        return VGroup(means(line, Tick(y, self.plot.up)), words)

    def reached(self, key: str, x: NamedTensor, row: NamedTensor, goals: NamedTensor) -> VGroup:
        """A dot on the line of each seed where it came to its goal along `x`, and ends; if it did not, a hollow one at
        its end.
        """
        spots = VGroup()
        for k, (one, goal) in enumerate(zip(row, goals.quantities(), strict=True)):
            place = x.values.tolist().index(goal) if isfinite(goal) else len(x) - 1
            until = slice(max(place, 1) + 1)  # a line has two ends
            self.lines[key][k] = self.plot.curve(x.quantities()[until], one.quantities()[until], self.roles[key])
            (spot,) = self.plot.dots([x.quantity(place)], [one.quantity(place)], self.roles[key], GOAL)
            spots.add(spot if isfinite(goal) else hollow(spot))
        return spots

    def drawn(self, *keys: str, spots: Sequence[VMobject] = ()) -> list[object]:
        """A play: these curves run to their ends beside their names; each of `spots` comes on the way."""
        both = [appear(*(self.labels[key] for key in keys))]
        longest = max(line.width for lines in self.lines.values() for line in lines)
        for key in keys:
            *lines, dots = self.lines[key]
            times = [max(pace("slow") * line.width / longest, pace("row")) for line in lines]
            both += [draw(line).set_run_time(time) for line, time in zip(lines, times, strict=True)]
            both += [fill(dots, "slow")] if len(dots) else []
            landed = zip(spots, times, strict=False)
            both += [Come(spot, run_time=time, rate_func=LAST) for spot, time in landed]
        return [tuple(both)]


def hollow(spot: VMobject) -> VMobject:
    """A dot as a ring."""
    colour = spot.get_fill_color()
    return spot.set_fill(palette().surface).set_stroke(colour, stroke(5), 1)
