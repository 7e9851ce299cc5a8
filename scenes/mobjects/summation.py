"""Sums of many terms: factors entry over entry, and below them the sum that their products build up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from manim import PI, RIGHT, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import Along, Count, Flight, Sweep, Travel, appear, leave
from scenes.layout import Room
from scenes.mobjects.cells import Cell
from scenes.mobjects.equations import equation_of
from scenes.mobjects.marks import Away, Ground, Length, Shade, means
from scenes.mobjects.operands import (
    OperandPlate,
    lines_of,
    name_of,
    names_of,
    narrowed,
    place_text,
    places,
    spec_for,
    spec_of,
    value_text,
)
from scenes.mobjects.shapes import Box, dashes, frame, rule
from scenes.mobjects.terms import TermColumns
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, palette, pixels, signed, units
from transformer_core.tracing.explain import Entry
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px of the narrowest column, of a column that has room for a number, and of the columns beside the strips.
NARROWEST, NUMBERED, NAMES, NUMBERS = 6.0, 100.0, 250.0, 290.0
#: The share of the largest step that gets the full colour: its length says the rest.
FULL_COLOUR = 0.4
#: Px of the widest step, and of what is added last.
WIDEST, LAST = 150.0, 16.0


class Summation(VGroup):
    """The terms of a sum as columns: factors, products, and the running sum.

    Args:
        entry: the sum.
        room: where it stands.
        names: what stands in the place of a tensor's name, by the last part of that name.
        products, sums: the traced products, and the traced sums up to each of them, if there are any.
    """

    def __init__(
        self,
        entry: Entry,
        room: Room,
        names: Mapping[str, VMobject],
        products: NamedTensor | None = None,
        sums: NamedTensor | None = None,
    ) -> None:
        self.entry, self.room, self.given = entry, room, names
        self.left, self.right = room.left + NAMES, room.right - NUMBERS
        self.columns = TermColumns(entry, int((self.right - self.left) / NARROWEST), products, sums)
        self._divide()
        self.rows = [self._row(factor, y) for factor, y in zip(self.columns.factors, self.ys, strict=True)]
        self.inputs: list[VMobject] = list(self.rows)
        self.products = self._products()
        self.chart = RunningSum(self.columns, self.below, self.right + 56)
        self.labels = VGroup(*(self._label(i) for i in range(len(self.rows))), *self._lower_labels())
        self.heads = self._heads()
        self.counters = self._counters()
        self.plate, self.bias = self._outcome()
        self.result: Words = self.plate.number
        self.playhead = frame(max(self.pitch + 6, 14), self.block.height + 12, "focus", 4, 6).move_to(self._spot(0))
        #: What belongs to a single term.
        self.passing = [self.playhead, *(words for words, own, _ in self.counters if own is not self.columns.sums)]
        self.equation = equation_of(entry, room.width - 2 * NUMBERS - 40, 40, self.foot.height)
        parts = [*self.rows, self.products, self.chart, self.labels, self.heads, self.bias, self.plate]
        if self.equation:
            parts.append(self.equation.move_to(self.foot.centre))
        super().__init__(*parts, self.playhead, self.sum_names[1], *(words for words, _, _ in self.counters))

    def _divide(self) -> None:
        """Cut the room: the heads, the strips, the chart, and the equation at the foot."""
        room, count = self.room, len(self.columns.factors)
        self.pitch = (self.right - self.left) / len(self.columns)
        body, self.foot = room.split_rows(-min(96.0, 0.14 * room.height), space=6)
        top, self.high = body.top + 44, min(64.0, max(40.0, 0.085 * room.height))
        self.ys = [top + self.high / 2 + i * (self.high + 10) for i in range(count)]
        self.product_y = self.ys[-1] + self.high + 22
        bottom = (self.product_y if self.columns.multiplied else self.ys[-1]) + self.high / 2
        self.block = Room(self.left, top, self.right, bottom)
        self.below = Room(self.left, bottom + 34, self.right, body.bottom - 6)

    def _x(self, i: int) -> float:
        """The middle of column i, in px."""
        return self.left + (i + 0.5) * self.pitch

    def _spot(self, i: int) -> np.ndarray:
        return at(self._x(i), (self.block.top + self.block.bottom) / 2)

    def _row(self, cells: Sequence[Entry], y: float) -> VGroup:
        """The entries of one factor as a strip, with numbers where they have room."""
        scale, row = max(abs(cell.value) for cell in cells) or 1.0, VGroup()
        wide = self.pitch - min(6.0, self.pitch * 0.14)
        for i, cell in enumerate(cells):
            if self.pitch >= NUMBERED:
                part: VMobject = Cell(cell.quantity, (wide, self.high), spec_of(cell.quantity), "large cell", scale)
            else:
                part = Box(wide, self.high, signed(cell.value, scale), min(4, self.pitch / 5))
                means(part, Shade(cell.quantity, scale))
            row.add(part.move_to(at(self._x(i), y)))
        return row

    def _products(self) -> VGroup:
        """The products of all columns, as a strip: their digits are in no trace."""
        row, wide = VGroup(), self.pitch - min(6.0, self.pitch * 0.14)
        scale = FULL_COLOUR * max(map(abs, self.columns.adding)) or 1.0
        for i, step in enumerate(self.columns.adding if self.columns.multiplied else ()):
            box = Box(wide, self.high, signed(step, scale), min(4, self.pitch / 5))
            row.add(box.move_to(at(self._x(i), self.product_y)))
        return row

    def _label(self, i: int) -> VGroup:
        """The name of a factor, and where it is taken from, left of its strip."""
        entry = self.columns.factors[i][0]
        given = self.given.get(entry.name.rpartition(".")[2])
        name = narrowed(given.copy() if given else names_of(self.columns.factors[i]), NAMES - 24)
        free = NAMES - 38 - pixels(name.width)
        parts = places(entry, {*self.columns.axes, "head"})
        sizes = (lines_of(parts, style, "ink2", free)[:1] for style in ("fact", "note"))
        where = next((each for each in sizes if all(text.width <= units(free) for text in each)), [])
        right, y = at(self.left - 24, 0)[0], at(0, self.ys[i])[1]
        for text in where:
            text.settle(np.array([0, y, 0])).end_at(right)
            right = text.get_left()[0] - units(14)
        spot = np.array([right - name.width / 2, y, 0])
        return VGroup(name.settle(spot) if isinstance(name, Words) else name.move_to(spot), *where)

    def _lower_labels(self) -> list[VMobject]:
        """The names of the products and of the running sum, with the line under the factors."""
        end = at(self.left - 24, 0)[0]
        middle = min(max(self.chart.ground, self.below.top + 12), self.below.bottom - 12)
        if self.columns.multiplied and self.columns.sums is not None:  # level with its number
            middle = self.product_y + self.high + 24
        #: What the steps add up to while they come, and in the end.
        self.sum_names = [
            Words(text, "aside", "ink2").settle(at(0, middle)).end_at(end) for text in ("sum so far", "sum")
        ]
        if not self.columns.multiplied:
            return []
        name = (
            Words("squares" if self.columns.squared else "products", "aside", "ink2")
            .settle(at(0, self.product_y))
            .end_at(end)
        )
        y = self.ys[-1] + self.high / 2 + 16
        return [name, rule(at(self.left, y), at(self.right, y))]

    def _heads(self) -> VGroup:
        """Words over the columns; or else the first and the last place of the axis."""
        labels, y = [self.columns.label(term) for term in self.columns.terms], self.block.top - 26
        if self.columns.worded:
            texts = [word(label, "small token").settle(at(self._x(i), y)) for i, label in enumerate(labels)]
            if max(text.width for text in texts) <= units(self.pitch - 10):
                return VGroup(*texts)
        first, last = self._end_of_axis(labels[0], y), self._end_of_axis(labels[-1], y)
        first.begin_at(at(self.left, 0)[0])
        return VGroup(first, last.end_at(at(self.right, 0)[0]))

    def _end_of_axis(self, label: Label, y: float) -> Words:
        text = place_text(label, self.columns.worded)
        return Words(text, "fact", "ink2").settle(at((self.left + self.right) / 2, y))

    def _counters(self) -> list[tuple[Words, list[Quantity], str]]:
        """The numbers of the current column, right of the strips: where each stands, what it runs through, and how."""
        lists = [([cell.quantity for cell in f], y) for f, y in zip(self.columns.factors, self.ys, strict=True)]
        if self.columns.multiplied and self.columns.products is not None:
            lists.append((self.columns.products, self.product_y))
        if self.columns.multiplied and self.columns.sums is not None:
            lists.append((self.columns.sums, self.product_y + self.high + 24))
        found, right = [], at(self.room.right - 40, 0)[0]
        for quantities, y in lists:
            spec = spec_for(quantities)
            found.append((number(quantities[0], spec, "number").settle(at(0, y)).end_at(right), quantities, spec))
        return found

    def _outcome(self) -> tuple[OperandPlate, VGroup]:
        """The plate of the result, level with the end of the sum, and what is added last above or below it."""
        upper = self.block.bottom + (90 if len(self.counters) > len(self.rows) + 1 else 24)
        column = Room(self.right + 60, upper, self.room.right, self.below.bottom + 6)
        tall = min(column.height, 230.0)
        top = min(max(self.chart.level - tall / 2, column.top), column.bottom - tall)
        plate = OperandPlate(self.entry, Room(column.left, top, column.right, top + tall), lit=True)
        if not self.columns.rest:
            return plate, VGroup()
        above = top - column.top >= 60
        y = (
            top + tall + 34
            if column.bottom - top - tall >= 60
            else top - 34
            if above
            else (self.foot.top + self.foot.bottom) / 2
        )
        last = self.columns.rest[0][0]
        bias = VGroup(name_of(last), Words(value_text(last), "number")).arrange(RIGHT, buff=units(24))
        return plate, VGroup(narrowed(bias.move_to(at((column.left + column.right) / 2, y)), column.width))

    def _run(self, first: int, last: int | None, kind: str) -> Animation:
        """The columns from `first` up to `last`, each with its step of the sum."""
        span = slice(first, last)
        spots = [self._spot(i) for i in range(len(self.columns))][span]
        parts = [row for row in (self.products, self.chart.steps) if len(row)]
        return AnimationGroup(
            Along(self.playhead, spots, kind),
            *(Sweep(VGroup(*row[span]), kind) for row in parts),
            *(Count(words, quantities[span], spec, kind) for words, quantities, spec in self.counters),
        )

    def _to_the_strongest(self) -> Animation:
        """Back to the largest term, whose numbers stay, beside the whole sum: it is followed next."""
        here, spot = self.columns.strongest, [self._spot(self.columns.strongest)]
        counts = [
            Count(words, [quantities[-1 if quantities is self.columns.sums else here]], spec, "transform")
            for words, quantities, spec in self.counters
        ]
        return AnimationGroup(Along(self.playhead, spot, "transform"), *counts)

    def plays(
        self, sources: Sequence[VMobject | None] = (), into: VMobject | None = None, known: bool = False
    ) -> list[list[Any]]:
        """Inputs, the first three terms, the others, the result."""
        given = [*sources, *[None] * len(self.rows)]
        come = [
            Travel(_standing(row, source), row, kind="row") if source is not None else appear(row)
            for source, row in zip(given, self.rows, strict=False)
        ]
        marks = [*(words for words, _, _ in self.counters), self.chart.zero, self.sum_names[0], self.playhead]
        others = [self._run(3, None, "slow")] if len(self.columns) > 3 else []
        last = [appear(*self.chart.last, *self.bias, rise=False)] if self.columns.rest else []
        outcome = [*self.chart.end, *([self.equation] if self.equation else []), *([] if known else [self.plate])]
        return [
            [(*come,), appear(self.labels, self.heads)],
            [appear(*marks, rise=False), self._run(0, 3, "cell")],
            [*others, *last],
            [
                (appear(*outcome, rise=False), leave(self.sum_names[0])),
                *([Flight(self.result, into)] if into else []),
                # Numbers of a single term would look like the parts of the whole sum, if none is followed.
                (self._to_the_strongest() if known else leave(*self.passing), appear(self.sum_names[1], rise=False)),
            ],
        ]


def _standing(row: VMobject, source: VMobject) -> VMobject:
    """Return where a row of cells comes from: out of an upright source it turns, entry by entry, until it lies."""
    if source.height <= source.width or row.height >= row.width:
        return source
    upright = row.copy().rotate(-PI / 2)
    return upright.stretch(source.width / upright.width, 0).stretch(source.height / upright.height, 1).move_to(source)


class RunningSum(VGroup):
    """Steps of a sum over a zero line, what is added last behind them, and a level from the last one on.

    The steps and the sum share one unit, so that they end where the entry lies.
    """

    def __init__(self, columns: TermColumns, room: Room, end: float) -> None:
        self.room, self.pitch = room, room.width / len(columns)
        sums = np.concatenate([[0.0], np.cumsum([*columns.adding, *columns.added_last])])
        self.unit = room.height / (float(np.ptp(sums)) or 1.0)
        self.ground = room.top + float(sums.max()) * self.unit
        ground = Ground()
        self.zero = means(rule(at(room.left, self.ground), at(room.right, self.ground), "ink3", 2), ground)
        scale = FULL_COLOUR * max(map(abs, columns.adding)) or 1.0
        self.steps, self.last = VGroup(), VGroup()
        wide = min(max(self.pitch - 4, 3), WIDEST)
        for i, step in enumerate(columns.adding):
            x = room.left + (i + 0.5) * self.pitch
            self.steps.add(self._step(x, (sums[i], sums[i + 1]), wide, signed(step, scale), columns.exact(i)))
        for i, term in enumerate(columns.rest):
            place, exact = len(columns) + i, term[0].quantity if len(term) == 1 else None
            x = room.right + 18 + 22 * i
            self.last.add(self._step(x, (sums[place], sums[place + 1]), LAST, palette().ink2, exact))
        self.level = room.top + float(sums.max() - sums[-1]) * self.unit
        self.total = float(sums[-1])
        self.end = VGroup()
        if np.isclose(self.total, columns.entry.value, rtol=1e-3, atol=0.3 / self.unit):
            line = dashes(at(room.left, self.level), at(end, self.level), "focus", 2.5)
            self.end.add(means(line, Away(columns.entry.quantity, 0.0, 1, self.unit, end - room.left, ground)))
        super().__init__(self.zero, self.steps, self.last, self.end)

    def _step(self, x: float, sums: tuple[float, float], wide: float, fill: str, exact: Quantity | None) -> VGroup:
        """A bar between two sums, and the level of the second."""
        tall = max(abs(sums[1] - sums[0]) * self.unit, 2.0)
        bar = Box(wide, tall, fill, 2).move_to(at(x, self.ground - sum(sums) / 2 * self.unit))
        if exact is not None:
            means(bar, Length(exact, "height", self.unit, wide, 2.0))
        y, half = self.ground - sums[1] * self.unit, 11.0 if wide == LAST else self.pitch / 2
        return VGroup(bar, rule(at(x - half, y), at(x + half, y), "ink2", 2.5))
