"""Small pictures side by side, each the answer to a question: what is asked on top, the figure below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from manim import DOWN, UP, VGroup

from scenes.language import Told, told
from scenes.layout import STAGE
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import Length, Shade, means
from scenes.mobjects.shapes import Box, arrow, rule
from scenes.mobjects.strips import Strip
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, shared, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

TOP, MIDDLE, FOOT = 250.0, 520.0, 800.0


@dataclass
class Small:
    """One answer: the question, with bars between its lines; its picture; the figures below."""

    asks: str
    picture: VGroup
    told: Sequence[str]


class Cards:
    """Up to four answers in columns, parted by thin lines: of each the question, the picture and the figures."""

    def __init__(self, answers: Sequence[Small]) -> None:
        pitch = STAGE.width / len(answers)
        self.columns: list[tuple[VGroup, VGroup, VGroup]] = []
        self.lines = VGroup()
        for k, answer in enumerate(answers):
            x = STAGE.left + (k + 0.5) * pitch
            lines = [line.strip() for line in told(answer.asks).split("|")]
            asked = VGroup(
                Words(Told(line), "aside", "ink2").settle(at(x, TOP + 40 * i + 20 * (2 - len(lines))))
                for i, line in enumerate(lines)
            )
            figures = VGroup(
                Words(line, *(("note", "ink2") if i else ("number", "ink"))).settle(at(x, FOOT - 46 + 46 * i))
                for i, line in enumerate(answer.told)
            )
            self.columns.append((asked, answer.picture.shift(at(x, MIDDLE) - answer.picture.get_center()), figures))
            if k:
                edge = STAGE.left + k * pitch
                self.lines.add(rule(at(edge, TOP - 20), at(edge, FOOT + 24), "line", 2))


def two_bars(values: Sequence[Quantity], names: Sequence[str]) -> VGroup:
    """Two upright bars from a common floor, with their numbers and names."""
    ups, downs = max(0.0, *map(float, values)), max(0.0, *(-float(value) for value in values))
    unit, found = 250 / ((ups + downs) or 1.0), VGroup()
    for k, (value, name) in enumerate(zip(values, names, strict=True)):
        way, role = (1, "weight") if value >= 0 else (-1, "ink3")
        bar = bar_of(abs(value), "height", unit, 78, role, 4, 2.5)
        bar.move_to(np.array([units(150 * k), way * units(unit * abs(float(value)) / 2), 0]))
        text = number(value, ".1f", "number").settle(bar.get_edge_center(UP * way) + UP * way * units(26))
        label = Words(name, "note", "ink2").settle(bar.get_edge_center(DOWN * way) + DOWN * way * units(26))
        found.add(VGroup(bar, text, label))
    return found


def shares_of(row: NamedTensor) -> VGroup:
    """A row of shares as columns; the largest has its number."""
    pitch, columns = min(74.0, 330 / len(row)), VGroup()
    for j, share in enumerate(row.quantities()):
        high = max(2.5, 240 * float(share))
        column = Box(pitch * 0.72, high, shared(0.25 + 0.75 * float(share)), 3)
        means(column, Length(share, "height", 240, pitch * 0.72, 2.5), Shade(share, least=0.25))
        columns.add(column.move_to(np.array([units(j * pitch), units(high / 2), 0])))
    floor = rule(np.array([-units(pitch), 0, 0]), np.array([units(pitch * len(row)), 0, 0]), "ink3", 2.5)
    best = int(np.argmax(row.values))
    mark = number(row.quantity(best), ".1%", "number").settle(columns[best].get_top() + UP * units(26))
    return VGroup(columns, floor, mark)


def zeros_under(strip: Strip) -> VGroup:
    """A row of zeros, cell for cell under another one."""
    return VGroup(Box(cell.width * 135, 40, palette().surface, 2).set_x(cell.get_x()) for cell in strip)


def passing(row: NamedTensor) -> VGroup:
    """A row as a ribbon, a sublayer that gives zeros, and the row after it."""
    scale = float(np.abs(row.values).max()) or 1.0
    before, after = (Strip(row, 360, 52, scale) for _ in range(2))
    plus, equals = (Words(sign, "symbol", "ink2") for sign in "+=")
    return VGroup(before, plus, zeros_under(before), equals, after).arrange(DOWN, buff=units(16))


def out_of_zeros(row: NamedTensor) -> VGroup:
    """A row of zeros, and the row that becomes of it."""
    after, way = Strip(row, 360, 52), arrow(np.zeros(3), DOWN * units(96), "ink3", 4)
    return VGroup(Words("zeros", "note", "ink2"), zeros_under(after), way, after).arrange(DOWN, buff=units(18))
