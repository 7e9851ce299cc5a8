"""A softmax along an axis: bars of scores, of e to the power of each, and of the shares that they become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from manim import DOWN, VGroup, VMobject

from scenes.animations import Flight, Travel, appear, appear_in_turn
from scenes.layout import Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.equations import equation_of
from scenes.mobjects.formulas import Formula
from scenes.mobjects.marks import Length, means
from scenes.mobjects.operands import OperandPlate, name_of, narrowed, spec_for, value_text
from scenes.mobjects.shapes import Box, ellipsis, frame, rule
from scenes.mobjects.text import Words, word
from scenes.theme import at, palette, signed, units
from transformer_core.tracing.explain import Entry
from transformer_core.tracing.operations import softmax

#: Px of the columns beside the bars, the widest bar, and the most columns.
NAMES, NUMBERS, WIDEST, MOST = 170.0, 340.0, 240.0, 12


def is_softmax(entry: Entry) -> bool:
    """True if an entry is a share of a softmax."""
    return entry.operation is not None and entry.operation.compute is softmax


class SoftmaxBars(VGroup):
    """A row of a softmax: a column for each key or word, in three panels below each other."""

    def __init__(self, entry: Entry, room: Room) -> None:
        self.entry, self.room = entry, room
        self.axis = "key" if "key" in entry.at else "vocab"
        self.left, self.right = room.left + NAMES, room.right - NUMBERS
        self._choose()
        self.pitch = (self.right - self.left) / len(self.columns)
        self.wide = min(WIDEST, self.pitch * 0.68)
        body, foot = room.split_rows(-min(100.0, 0.15 * room.height), space=6)
        panels, words = body.split_rows(-44, space=6)
        self.panels = panels.rows(3, 18)
        self.tokens = VGroup(*self._tokens(words))
        self.scores, self.digits, self.zero = self._scores()
        self.raised = self._raised()
        self.shares = self._shares()
        self.names = self._names()
        self.floors = VGroup(rule(at(self.left, p.bottom), at(self.right, p.bottom), "ink3") for p in self.panels[1:])
        column = Room(self.right + 40, room.top, room.right, room.bottom)
        self.plate = OperandPlate(entry, column.inset(0, max(0.0, column.height / 2 - 170)), lit=True)
        self.result: Words = self.plate.number
        self.equation = equation_of(entry, foot.width - NUMBERS, 38, foot.height)
        if self.equation:
            self.equation.move_to(at((self.left + self.right) / 2, (foot.top + foot.bottom) / 2))
        self.lit = self._lit()
        self.inputs: list[VMobject] = [self.scores]
        parts = [self.tokens, self.more, self.zero, self.scores, self.digits, self.raised, self.shares, self.names]
        super().__init__(*parts, self.floors, self.plate, self.lit, *([self.equation] if self.equation else []))

    def _choose(self) -> None:
        """The columns: all, or the entry's own and the largest scores, as many as their words have room for."""
        cells = [cell for (cell,) in self.entry.terms]
        tensor, own = self.entry.tensor, self.entry.index[self.entry.tensor.axes.index(self.axis)]
        order = sorted(range(len(cells)), key=lambda i: (i != own, -cells[i].value))
        most = min(len(cells), MOST)
        while most > 1:
            shown = order[:most]
            texts = [word(tensor.label(self.axis, i), "small token") for i in shown]
            if max(text.width for text in texts) <= units((self.right - self.left) / most - 12):
                break
            most -= 1
        shown = sorted(order[:most], key=lambda i: -cells[i].value) if self.axis == "vocab" else sorted(order[:most])
        self.columns, self.own, self.all = shown, shown.index(own), cells
        self.more = VGroup()
        if len(shown) < len(cells):
            self.more.add(ellipsis())

    def _x(self, i: int) -> float:
        return self.left + (i + 0.5) * self.pitch

    def _tokens(self, room: Room) -> list[Words]:
        y = (room.top + room.bottom) / 2
        if len(self.more):
            self.more.move_to(at(self.right + 22, y))
        labels = [self.entry.tensor.label(self.axis, i) for i in self.columns]
        role = "key" if self.axis == "key" else "ink"
        return [word(label, "small token", role).settle(at(self._x(i), y)) for i, label in enumerate(labels)]

    def _scores(self) -> tuple[VGroup, VGroup, VMobject]:
        """Bars from zero, up and down, with their numbers; nothing for a hidden key but its number."""
        panel, cells = self.panels[0].inset(0, 40), [self.all[i] for i in self.columns]
        finite = [cell.value for cell in cells if np.isfinite(cell.value)]
        top, low = max([0.0, *finite]), min([0.0, *finite])
        unit = panel.height / ((top - low) or 1.0)
        ground, most = panel.top + top * unit, max(map(abs, finite), default=1.0) or 1.0
        bars, digits = VGroup(), VGroup()
        spec = spec_for([cell.quantity for cell in cells])
        for i, cell in enumerate(cells):
            seen = cell.value if np.isfinite(cell.value) else 0.0
            tall = max(abs(seen) * unit, 2.0)
            bar = Box(self.wide, tall, signed(seen, most), 3).move_to(at(self._x(i), ground - seen * unit / 2))
            if np.isfinite(cell.value):
                means(bar, Length(cell.quantity, "height", unit, self.wide, 2.0))
            bars.add(bar)
            text = Words(format(cell.quantity, spec) if np.isfinite(cell.value) else value_text(cell), "cell")
            beyond = ground - seen * unit - 20 if seen >= 0 else ground - seen * unit + 20
            digits.add(text.settle(at(self._x(i), beyond)))
        narrow = max(text.width for text in digits) > units(self.pitch - 6)
        kept = VGroup(d for i, d in enumerate(digits) if i == self.own) if narrow else digits
        return bars, kept, rule(at(self.left, ground), at(self.right, ground), "ink3", 2)

    def _raised(self) -> VGroup:
        """Bars of e to the power of each score, against the largest of them."""
        panel, top = self.panels[1].inset(0, 6), max(cell.value for cell in self.all)
        bars = VGroup()
        for i, cell in enumerate(self.all[j] for j in self.columns):
            tall = max(panel.height * float(np.exp(cell.value - top)) if np.isfinite(top) else 0.0, 2.0)
            bars.add(Box(self.wide, tall, palette().ink3, 3).move_to(at(self._x(i), self.panels[1].bottom - tall / 2)))
        return bars

    def _shares(self) -> VGroup:
        """Bars of the shares, one of which is the entry."""
        panel, bars = self.panels[2].inset(0, 6), VGroup()
        axis = self.entry.tensor.axes.index(self.axis)
        for i, place in enumerate(self.columns):
            index = tuple(place if k == axis else j for k, j in enumerate(self.entry.index))
            share = Entry(self.entry.trace, self.entry.name, dict(zip(self.entry.tensor.axes, index, strict=True)))
            bar = bar_of(share.quantity, "height", panel.height, self.wide, radius=3)
            bars.add(bar.move_to(at(self._x(i), self.panels[2].bottom), aligned_edge=DOWN))
        return bars

    def _names(self) -> VGroup:
        """The names of the panels, left of them."""
        names = [name_of(self.all[0]), Formula("e^x", 44, "ink2"), name_of(self.entry)]
        for name, panel in zip(names, self.panels, strict=True):
            narrowed(name, NAMES - 24)
            name.move_to(at(self.left - 24, (panel.top + panel.bottom) / 2))
            name.shift(np.array([-name.width / 2, 0, 0]))
        return VGroup(*names)

    def _lit(self) -> VMobject:
        """A ring around the column of the entry in the last panel."""
        panel = self.panels[2]
        ring = frame(min(self.pitch - 4, self.wide + 22), panel.height + 14, "focus", 4)
        return ring.move_to(at(self._x(self.own), (panel.top + panel.bottom) / 2))

    def _below(self, i: int) -> VMobject:
        """The source of a power's bar: its score, or the floor where the score's number is in the way."""
        if self.all[self.columns[i]].value > 0:
            return self.scores[i]
        return Box(self.wide, 2, palette().ink3, 1).move_to(at(self._x(i), self.panels[1].bottom - 1))

    def plays(
        self, sources: Sequence[VMobject | None] = (), into: VMobject | None = None, known: bool = False
    ) -> list[list[Any]]:
        """The scores, their exponentials, the shares, the result."""
        source = sources[0] if sources else None
        come = Travel(source, self.scores, kind="flow") if source is not None else appear_in_turn(self.scores)
        raised = [Travel(self._below(i), bar) for i, bar in enumerate(self.raised)]
        shares = [Travel(bar, other) for bar, other in zip(self.raised, self.shares, strict=True)]
        landing = [] if known else [appear(self.plate)]
        flights = [Flight(self.result, into)] if into is not None else []
        equation = [appear(self.equation)] if self.equation else []
        return [
            [(appear(self.tokens, self.more, self.zero, rise=False), appear(self.names[0])), come, appear(self.digits)],
            [(appear(self.names[1], self.floors[0]), *raised)],
            [(appear(self.names[2], self.floors[1]), *shares), *equation],
            [appear(self.lit, rise=False), *landing, *flights],
        ]
