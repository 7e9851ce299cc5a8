"""Small pictures side by side, each the answer to a question: what is asked on top, the figure below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from manim import DOWN, UP, VGroup, VMobject

from scenes.language import Told, told
from scenes.layout import STAGE
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
    """One answer: the question, with bars between its lines; its picture; the figures below; what moves."""

    asks: str
    picture: VGroup
    told: Sequence[str]
    moves: list[tuple[VMobject, VMobject]] = field(default_factory=list)


class Cards(VGroup):
    """Up to four answers in columns, parted by thin lines."""

    def __init__(self, answers: Sequence[Small]) -> None:
        pitch = STAGE.width / len(answers)
        self.asks, self.pictures, self.told, self.lines = VGroup(), VGroup(), VGroup(), VGroup()
        for k, answer in enumerate(answers):
            x = STAGE.left + (k + 0.5) * pitch
            lines = [line.strip() for line in told(answer.asks).split("|")]
            self.asks.add(
                VGroup(
                    Words(Told(line), "aside", "ink2").settle(at(x, TOP + 40 * i + 20 * (2 - len(lines))))
                    for i, line in enumerate(lines)
                )
            )
            shift = at(x, MIDDLE) - answer.picture.get_center()
            answer.picture.shift(shift)
            for _, goal in answer.moves:
                goal.shift(shift)
            self.pictures.add(answer.picture)
            style = ("number", "note")
            self.told.add(
                VGroup(
                    Words(line, style[min(i, 1)], "ink" if i == 0 else "ink2").settle(at(x, FOOT - 46 + 46 * i))
                    for i, line in enumerate(answer.told)
                )
            )
            if k:
                edge = STAGE.left + k * pitch
                self.lines.add(rule(at(edge, TOP - 20), at(edge, FOOT + 24), "line", 2))
        super().__init__(self.lines, self.asks, self.pictures, self.told)

    @property
    def columns(self) -> list[tuple[VGroup, VGroup, VGroup]]:
        """Question, picture and figure, answer by answer."""
        return [*zip(self.asks, self.pictures, self.told, strict=True)]


def two_bars(values: Sequence[Quantity], names: Sequence[str], spec: str, high: float = 250) -> VGroup:
    """Two upright bars from a common floor, with their numbers and names."""
    ups, downs = max(0.0, *map(float, values)), max(0.0, *(-float(value) for value in values))
    scale = (ups + downs) or 1.0
    found = VGroup()
    for k, (value, name) in enumerate(zip(values, names, strict=True)):
        length = high * abs(float(value)) / scale
        x, way = units(150 * k), 1 if value >= 0 else -1
        fill = palette().weight if value >= 0 else palette().ink3
        bar = Box(78, max(length, 2.5), fill, 4).move_to(np.array([x, way * units(length / 2), 0]))
        means(bar, Length(value, "height", high / scale, 78, 2.5))
        beyond = bar.get_edge_center(UP * way) + UP * way * units(26)
        text = number(value, spec, "number").settle(beyond)
        low = bar.get_bottom() if value >= 0 else bar.get_top()
        label = Words(name, "note", "ink2").settle(low + (DOWN if value >= 0 else UP) * units(26))
        found.add(VGroup(bar, text, label))
    return found


def shares_of(row: NamedTensor, spec: str = ".0%", two: int = 2, wide: float = 330) -> VGroup:
    """A row of shares as columns; the `two` largest have their words."""
    order = np.argsort(-row.values, kind="stable")[:two]
    pitch = min(74.0, wide / len(row))
    found = VGroup()
    for j, share in enumerate(row.quantities()):
        high = max(2.5, 240 * float(share))
        column = Box(pitch * 0.72, high, shared(0.25 + 0.75 * float(share)), 3)
        means(column, Length(share, "height", 240, pitch * 0.72, 2.5), Shade(share, least=0.25))
        found.add(column.move_to(np.array([units(j * pitch), units(high / 2), 0])))
    floor = rule(np.array([-units(pitch), 0, 0]), np.array([units(pitch * len(row)), 0, 0]), "ink3", 2.5)
    marks = VGroup(
        number(row.quantity(int(j)), spec, "number").settle(found[int(j)].get_top() + UP * units(26)) for j in order[:1]
    )
    return VGroup(found, floor, marks)


def passing(strip: NamedTensor, wide: float = 360) -> VGroup:
    """A row as a ribbon, a sublayer that gives zeros, and the row after it."""
    scale = float(np.abs(strip.values).max()) or 1.0
    before, after = Strip(strip, wide, 52, scale), Strip(strip, wide, 52, scale)
    zeros = VGroup(Box(cell.width * 135, 40, palette().surface, 2).set_x(cell.get_x()) for cell in before)
    parts = VGroup(before, Words("+", "symbol", "ink2"), zeros, Words("=", "symbol", "ink2"), after)
    return parts.arrange(DOWN, buff=units(16))


def out_of_zeros(row: NamedTensor, wide: float = 360) -> VGroup:
    """A row of zeros, and the row that becomes of it."""
    after = Strip(row, wide, 52)
    zeros = VGroup(Box(cell.width * 135, 40, palette().surface, 2).set_x(cell.get_x()) for cell in after)
    way = arrow(np.zeros(3), DOWN * units(96), "ink3", 4)
    name = Words("zeros", "note", "ink2")
    return VGroup(name, zeros, way, after).arrange(DOWN, buff=units(18))
