"""Dot products of positions: all as a map, each against its distance, and as a head sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from manim import LEFT, RIGHT, UP, VGroup

from scenes.layout import LEFT_EDGE, RIGHT_EDGE
from scenes.mobjects.marks import Ground, Length, Reach, Rises, Shade, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, dot, rule
from scenes.mobjects.tensors import Heatmap
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

SIDE = 560.0


#: Where a few products lie so many times farther apart than all others, the map keeps its shades for the others.
OUTLYING = 3.0


class Likeness(VGroup):
    """The map of p_i · p_j at the left, the same products over their distance at the right.

    Args:
        products: position × position.
        numbers: the number of each position, which are the distances, too.
        distance: which diagonal to follow.
    """

    def __init__(self, products: NamedTensor, numbers: NamedTensor, distance: int) -> None:
        values, count = products.values, len(products)
        self.count, self.cell = count, SIDE / count
        low, top = float(values.min()), float(values.max())
        ordinary = np.quantile(values, (0.02, 0.98))
        if top - low > OUTLYING * np.ptp(ordinary):
            low, top = ordinary
        level = np.clip((values - low) / ((top - low) or 1.0), 0, 1)
        self.map = Heatmap(replace(products, values=level), SIDE, SIDE, 1, weights=True)
        self.map.meanings = ()  # levels between the lowest and the highest, not entries
        self.map.move_to(at(LEFT_EDGE + 110 + SIDE / 2, 540))
        self.map_names = VGroup(
            Words("one position", "axis", "ink2").next_to(self.map, UP, buff=units(12)),
            Words("another", "axis", "ink2").next_to(self.map, LEFT, buff=units(14)).align_to(self.map, UP),
        )
        reach = [float(values.min()), float(values.max())]
        self.plot = Plot([0, count - 1], [min(0.0, reach[0]), reach[1]], ("how far apart", "dot product"), 760, 480)
        self.plot.move_to(at(RIGHT_EDGE - 430, 540))
        self.ticks = self.plot.ticks([numbers.quantity(i) for i in sorted({0, distance, count - 1})])
        pairs = [np.diagonal(values, k) for k in range(count)]
        self.columns = VGroup(*(self.plot.dots([k] * len(d), d.tolist(), "weight", 7) for k, d in enumerate(pairs)))
        here = pairs[distance]
        self.band = VGroup(*(dot(self._spot(i, i + distance), self.cell * 0.36, "focus") for i in range(len(here))))
        self.landed = self.plot.dots([distance] * len(here), here.tolist(), "focus", 10)
        spot = self.landed[0].get_center() + RIGHT * units(70) + UP * units(28)
        self.value = number(products.quantity(0, distance), ".2f", "number").settle(spot)
        self._clear_of_dots()
        super().__init__(
            self.map, self.map_names, self.plot, self.ticks, self.columns, self.band, self.landed, self.value
        )  # fmt: skip

    def _clear_of_dots(self) -> None:
        """Where pairs equally far apart differ, many dots stand above each other: the number goes over them."""
        left, right = self.value.get_left()[0], self.value.get_right()[0]
        near = [some for some in self.columns if left - units(12) < some.get_x() < right + units(12)]
        low, high = self.value.get_bottom()[1] - units(6), self.value.get_top()[1] + units(6)
        if any(some.get_top()[1] > low and some.get_bottom()[1] < high for some in near):
            top = max(some.get_top()[1] for some in near)
            self.value.shift(UP * (top + units(16) - self.value.get_bottom()[1]))

    def _spot(self, row: int, column: int) -> np.ndarray:
        corner = self.map.backdrop.get_corner(UP + LEFT) + np.array([units(5), -units(5), 0])
        return corner + np.array([units((column + 0.43) * self.cell), -units((row + 0.43) * self.cell), 0])


class Panel(VGroup):
    """Bars over offsets, the key before the query at the left, behind it at the right; whiskers are a spread.

    Args:
        entries: a value for each offset.
        offsets: by how much the key stands after the query.
        marked: the offsets whose numbers are written.
        spread: a deviation for each, or none.
        distance: the distance of both marked offsets, written below them.
        reach: the lowest and the highest value to make room for; those of this panel if not given.
    """

    def __init__(
        self,
        title: str,
        entries: Sequence[Quantity],
        offsets: Sequence[int],
        marked: Sequence[int],
        spread: Sequence[float] | None = None,
        distance: Quantity | None = None,
        reach: tuple[float, float] | None = None,
        spec: str = ".1f",
    ) -> None:
        values = np.array([float(entry) for entry in entries])
        whiskers = [0.0] * len(values) if spread is None else list(spread)
        ground, wide = Ground(), units(2 * 57.0 * (max(offsets) + 0.7))
        low, top = reach or reach_of(entries, spread)
        unit, pitch = units(400) / ((top - low) or 1.0), 57.0
        self.bars, self.whiskers, self.numbers = VGroup(), VGroup(), VGroup()
        scale = float(np.abs(values).max())
        for entry, offset, deviation in zip(entries, offsets, whiskers, strict=True):
            x, height = units(offset * pitch), float(entry) * unit
            bar = Box(pitch * 0.62, max(abs(height) * 135, 2), signed(float(entry), scale), 4)
            long = Length(entry, "height", unit * 135, pitch * 0.62, 2)
            means(bar, long, Rises(entry, 1, ground), Shade(entry, scale))
            self.bars.add(bar.move_to(np.array([x, height / 2, 0])))
            if deviation:
                ends = [np.array([x, height + side * deviation * unit, 0]) for side in (-1, 1)]
                self.whiskers.add(
                    means(rule(ends[0], ends[1], "ink3", 3), Reach(deviation, 1, 2 * unit / wide, ground))
                )
            if offset in marked:
                side = 1 if height >= 0 else -1
                tip = np.array([x, height + side * (deviation * unit + units(26)), 0])
                self.numbers.add(number(entry, spec, "number").settle(tip))
        ends = [np.array([units(side * pitch * (max(offsets) + 0.7)), 0, 0]) for side in (-1, 1)]
        self.zero = means(rule(ends[0], ends[1], "ink3", 2.5), ground)
        floor = low * unit - units(70)
        self.sides = self._sides(ends, floor)
        if distance is not None:
            feet = (np.array([units(offset * pitch), floor, 0]) for offset in marked)
            self.sides.add(*(number(distance, "", "cell", "ink2").settle(foot) for foot in feet))
        self.title = Words(title, "block").move_to(np.array([0, top * unit + units(84), 0]))
        if spread is not None:
            note = Words("lines: the spread", "axis", "ink2")
            self.whiskers.add(note.move_to(np.array([0, floor - units(44), 0])))
        super().__init__(self.zero, self.bars, self.whiskers, self.numbers, self.sides, self.title)

    @staticmethod
    def _sides(ends: Sequence[np.ndarray], floor: float) -> VGroup:
        """The names of both directions, under the ends of the zero line."""
        names = (("key before", LEFT), ("key after", RIGHT))
        return VGroup(
            *(
                Words(name, "axis", "ink2").move_to(np.array([end[0], floor, 0]), aligned_edge=edge)
                for end, (name, edge) in zip(ends, names, strict=True)
            )
        )

    def stand_beside(self, other: Panel) -> Panel:
        """Bring both zeros to one height: two panels on one scale can then be compared."""
        self.shift(np.array([0, other.zero.get_y() - self.zero.get_y(), 0]))
        return self


def reach_of(entries: Sequence[float], spread: Sequence[float] | None = None) -> tuple[float, float]:
    """The lowest and the highest that bars from zero reach, with their spread."""
    values = np.array([float(entry) for entry in entries])
    around = np.zeros(len(values)) if spread is None else np.array(spread)
    return min(0.0, float((values - around).min())), max(0.0, float((values + around).max()))


class IndexAndWave(VGroup):
    """The plain number of each position as a bar that grows, a wave that stays; and how large a word's entries are."""

    def __init__(self, numbers: NamedTensor, wave: NamedTensor, largest: Quantity, names: tuple[str, str]) -> None:
        count = len(numbers)
        reach = [min(-1.0, float(wave.values.min())), count - 1]
        self.plot = Plot([-0.6, count - 0.4], reach, ("position", "number"), 1180, 560)
        self.plot.move_to(at(760, 540))
        self.plot.remove(self.plot.axes, self.plot.names)
        floor = self.plot.point(0, 0)[1]
        self.bars = VGroup()
        for i in range(count):
            tip = self.plot.point(i, float(numbers.values[i]))
            bar = Box(26, max((tip[1] - floor) * 135, 2), palette().ink3, 4)
            means(bar, Length(numbers.quantity(i), "height", self.plot.high * 135 / (reach[1] - reach[0]), 26, 2))
            self.bars.add(bar.move_to(np.array([tip[0], (tip[1] + floor) / 2, 0])))
        left, right = self.plot.point(-0.6, 0), self.plot.point(count - 0.4, 0)
        self.zero = means(rule(left, right, "ink2", 2), self.plot.across)
        last = numbers.quantity(count - 1)
        self.last = number(last, "", "large number").settle(self.bars[-1].get_top() + UP * units(34))
        level = self.plot.point(0, float(largest))[1]
        self.level = rule(np.array([left[0], level, 0]), np.array([right[0], level, 0]), "value", 4)
        fine, heights = self._smooth(wave)
        self.wave = self.plot.curve(fine, heights, "key", 6)
        self.spots = self.plot.dots(range(count), wave.values.tolist(), "key", 9)
        edge = right[0] + units(24)
        self.names = VGroup(
            Words("the position’s number", "fact", "ink2").next_to(self.bars[-1], RIGHT, buff=units(38)),
            Words(names[0], "fact", "value"),
            Words(names[1], "fact", "key"),
        )
        self.names[0].move_to(self.plot.point(count * 0.42, count * 0.66))
        apart = max(level - floor, units(44))
        for text, height in ((self.names[1], floor + apart), (self.names[2], floor)):
            text.move_to(np.array([edge, height, 0]), aligned_edge=LEFT)
        super().__init__(self.bars, self.zero, self.level, self.wave, self.spots, self.names, self.last)
        self.shift(RIGHT * (at(960, 0)[0] - self.get_x()))

    @staticmethod
    def _smooth(wave: NamedTensor) -> tuple[list[float], list[float]]:
        """The sine through the entries, for the eye, if they lie on one; the dots stand at the entries."""
        places = np.arange(len(wave))
        fine = np.linspace(0, len(wave) - 1, 12 * len(wave))
        speed = np.arcsin(np.clip(wave.values[1], -1, 1)) if len(wave) > 1 else 0.0
        smooth = np.sin(fine * speed)
        fits = np.allclose(np.sin(places * speed), wave.values, atol=1e-6)
        x, y = (fine, smooth) if fits else (places, wave.values)
        return [float(a) for a in x], [float(b) for b in y]
