"""Plots of recorded runs: a light frame, curves and points whose coordinates are entries of a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.language import translated
from scenes.layout import Room, across
from scenes.mobjects.marks import AxisSpan, Course, Names, Slope, Tick, means, row_of
from scenes.mobjects.shapes import dashes, dot, path, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.wording import entry_name
from scenes.theme import units
from transformer_core.tracing.provenance import Quantity, plain
from transformer_core.tracing.trace import NamedTensor

#: Values along an axis: numbers, or a row of a tensor.
Row = Sequence[float] | NamedTensor
#: For each of two axes the values that it holds, where they are not those of its tensor.
Reach = tuple[Sequence[float] | None, Sequence[float] | None]


class Plot(VGroup):
    """Two axes and what is drawn between them; `logarithmic` axes count in powers.

    The axes take their names from the tensors whose entries run along them, and reach over their values, or over those
    of `reach`. Without a width the plot has somewhat more than half of the stage's.

    Example::

        run = trace.under("training")
        steps, loss = run["step"], run["loss"]
        plot = Plot(steps, loss, (None, (0, loss.values.max())), high=340)
        curve, ticks = plot.curve(steps, loss), plot.ticks(steps.quantities()[39::40])
        figure = Room(360, 190, 1560, 690).fit(VGroup(plot, curve, ticks))
    """

    def __init__(
        self,
        x: NamedTensor | Quantity,
        y: NamedTensor | Quantity,
        reach: Reach = (None, None),
        wide: float = 0,
        high: float = 520,
        logarithmic: tuple[bool, bool] = (False, False),
    ) -> None:
        self.logarithmic = logarithmic
        self.x, self.y = (
            self._span(self._entries(tensor) if values is None else values, axis)
            for axis, (tensor, values) in enumerate(zip((x, y), reach, strict=True))
        )
        self.wide, self.high = units(wide or across(980)), units(high)
        self.across, self.up = AxisSpan(0, *self.x, logarithmic[0]), AxisSpan(1, *self.y, logarithmic[1])
        self.axes = VGroup(
            means(rule(np.zeros(3), np.array([self.wide, 0, 0]), "ink3", 2.5), self.across),
            means(rule(np.zeros(3), np.array([0, self.high, 0]), "ink3", 2.5), self.up),
        )
        names = entry_name(x), entry_name(y)
        self.names = VGroup(
            Words(names[0], "fact", "ink2").next_to(self.axes[0], DOWN, buff=units(52)).align_to(self.axes[0], RIGHT),
            Words(names[1], "fact", "ink2").next_to(self.axes[1], UP, buff=units(14)).align_to(self.axes[1], LEFT),
        )
        for name, span, text in zip(self.names, (self.across, self.up), names, strict=True):
            means(name, Names(span, text, plain(translated(text))))
        super().__init__(self.axes, self.names)

    @classmethod
    def filling(
        cls,
        room: Room,
        x: NamedTensor | Quantity,
        y: NamedTensor | Quantity,
        reach: Reach = (None, None),
        logarithmic: tuple[bool, bool] = (False, False),
    ) -> Self:
        """A plot whose axes fill a room; their names and numbers stand outside of it."""
        plot = cls(x, y, reach, room.width, room.height, logarithmic)
        return plot.shift(room.centre - plot.axes.get_center())

    @staticmethod
    def _entries(tensor: NamedTensor | Quantity) -> Sequence[float]:
        return [tensor] if isinstance(tensor, Quantity) else row_of(tensor)

    def _span(self, values: Sequence[float] | np.ndarray, axis: int) -> tuple[float, float]:
        numbers = np.log10(np.asarray(values, float)) if self.logarithmic[axis] else np.asarray(values, float)
        return float(numbers.min()), float(numbers.max())

    def _share(self, value: float, axis: int) -> float:
        low, high = (self.x, self.y)[axis]
        return ((np.log10(value) if self.logarithmic[axis] else value) - low) / ((high - low) or 1.0)

    def point(self, x: float, y: float) -> np.ndarray:
        """Return the point on screen, in scene units, at (x, y) of the plot where it stands now."""
        return self.beside(y) + RIGHT * self._share(x, 0) * self.axes[0].width

    def beside(self, y: float) -> np.ndarray:
        """Return the point of the upright axis that stands for `y`."""
        return self.axes[0].get_left() + UP * self._share(y, 1) * self.axes[1].height

    def course(self, x: Row, y: Row) -> Course:
        """The corners of a line through these values; entries of tensors are read from the trace again."""
        return Course(row_of(x), row_of(y), self.across, self.up)

    def curve(self, x: Row, y: Row, role: str = "ink", thick: float = 4) -> VMobject:
        """A line through the points, from left to right."""
        course = self.course(x, y)
        line = path([self.point(a, b) for a, b in zip(course.x, course.y, strict=True)], role, thick)
        return means(line, course)

    def tangent(self, x: float, y: float, slope: Quantity, far: float, thick: float = 6) -> VMobject:
        """A line of this slope through a point, so `far` along the first axis to either side."""
        line = path([self.point(x + side * far, y + slope * side * far) for side in (-1, 1)], "warning", thick)
        return means(line, Slope(slope, x, y, self.across, self.up))

    def level(self, y: float = 0.0) -> VMobject:
        """A line across, from the one end of the plot to the other."""
        return rule(self.beside(y), self.beside(y) + RIGHT * self.axes[0].width, "ink", 2)

    def drop(self, x: float, y: float) -> VGroup:
        """Dashes from a point to either axis."""
        spot = self.point(x, y)
        return VGroup(dashes(self.axes[0].get_left() * UP + spot * RIGHT, spot), dashes(spot, self.beside(y)))

    def dots(self, x: Row, y: Row, role: str = "ink", radius: float = 9) -> VGroup:
        spots = zip(row_of(x), row_of(y), strict=True)
        return VGroup(means(dot(self.point(a, b), radius, role), self.course([a], [b])) for a, b in spots)

    def ticks(self, quantities: Sequence[Quantity], spec: str = "", style: str = "cell") -> VGroup:
        """Numbers under the horizontal axis."""
        marks = VGroup()
        for quantity in quantities:
            foot = self.axes[0].get_left() + RIGHT * self._share(float(quantity), 0) * self.wide
            text = number(quantity, spec, style, "ink2").settle(foot + DOWN * units(28))
            stem = means(rule(foot, foot + DOWN * units(8), "ink3", 2), Tick(quantity, self.across))
            marks.add(VGroup(stem, means(text, Tick(quantity, self.across, 12))))
        return marks

    def heights(self, quantities: Sequence[Quantity], spec: str = "") -> VGroup:
        """Numbers beside the upright axis."""
        marks = VGroup()
        for quantity in quantities:
            spot = self.beside(float(quantity))
            text = number(quantity, spec, "fact", "ink2").settle(spot).end_at(spot[0] - units(16))
            marks.add(means(text, Tick(quantity, self.up, 12)))
        return marks

    def broken(self) -> VGroup:
        """Two strokes across the foot of the upright axis: it does not begin at zero."""
        foot, half = self.axes[0].get_left() + UP * units(16), (RIGHT + 0.5 * UP) * units(11)
        return VGroup(*(rule(foot + UP * up - half, foot + UP * up + half, "ink2", 3) for up in (0.0, units(10))))

    def shares(self) -> VGroup:
        """The ends of an upright axis of shares, in words."""
        ends = VGroup()
        for y, name in ((0.0, "none"), (1.0, "all")):
            text = Words(name, "fact", "ink2").settle(self.beside(y)).end_at(self.beside(y)[0] - units(16))
            ends.add(means(text, Tick(y, self.up, 12)))
        return ends

    def label(self, words: Words, x: float, y: float, side: np.ndarray = RIGHT) -> Words:
        """Put a text beside a point."""
        return words.next_to(self.point(x, y), side, buff=units(16))
