"""Short answers side by side, a row that is cut for more heads, and claims with their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.animations import ring_around
from scenes.language import Told, told
from scenes.layout import STAGE
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import Length, Shade, means
from scenes.mobjects.pause import Pause
from scenes.mobjects.shapes import Box, arrow, path, rule
from scenes.mobjects.strips import Strip
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, shared, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

TOP, MIDDLE, FOOT = 250.0, 520.0, 800.0


@dataclass
class Small:
    """An answer: the question, with bars between its lines; its picture; the figures below."""

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
                Words(Told(line), "fact", "ink2").settle(at(x, TOP + 40 * i + 20 * (2 - len(lines))))
                for i, line in enumerate(lines)
            )
            figures = VGroup(
                Words(line, *(("fact", "ink2") if i else ("number", "ink"))).settle(at(x, FOOT - 46 + 46 * i))
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
        bar = bar_of(value, "height", unit, 78, role, 4, 2.5)
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


WIDE, LEFT_AT, CUT = 1060.0, 420.0, 32.0


class Splits:
    """The row uncut on top, and below it the same row cut in other numbers of heads.

    Args:
        row: one row of W_Q as the model has it, head × d_head.
        splits: choice × (heads, width).
        own: how many heads the model has.
    """

    def __init__(self, row: NamedTensor, splits: NamedTensor, own: int) -> None:
        values = row.values.reshape(-1)
        scale = float(np.abs(values).max()) or 1.0
        self.entries, self.scale_value = row.quantities(), scale
        pitch = min(112.0, 480.0 / len(splits))
        self.whole = self._line(1, 246.0, 54.0)
        self.whole_name = Words("one row of the query matrix", "aside", "ink2")
        self.whole_name.next_to(self.whole, np.array([0, -1.0, 0]), buff=units(14))
        self.lines, self.lefts, self.rights, self.ring = VGroup(), VGroup(), VGroup(), VGroup()
        for k in range(len(splits)):
            heads, width = splits.quantity(k, 0), splits.quantity(k, 1)
            y = 402.0 + (k + 0.5) * pitch
            line = self._line(int(heads), y, min(54.0, pitch - 30))
            mine = int(heads) == own
            look = ("number", "ink") if mine else ("fact", "ink2")
            self.lines.add(line)
            noun = "head" if int(heads) == 1 else "heads"
            self.lefts.add(Words(f"{heads} {noun}", *look).next_to(line, LEFT, buff=units(34)))
            self.rights.add(Words(f"{heads} × {width}", *look).next_to(line, RIGHT, buff=units(34)))
            if mine:
                self.ring.add(ring_around(line))

    def _line(self, heads: int, y: float, high: float) -> VGroup:
        """All entries of the row in as many pieces, together always as wide."""
        count = len(self.entries)
        space = min(CUT, 0.35 * WIDE / heads)
        cell = (WIDE - (heads - 1) * space) / count
        cells = VGroup()
        for i, entry in enumerate(self.entries):
            fill = signed(entry, self.scale_value)
            x = LEFT_AT + (i + 0.5) * cell + (i * heads // count) * space
            box = Box(cell * 0.9, high, fill, min(4, cell / 5)).move_to(at(x, y))
            cells.add(means(box, Shade(entry, self.scale_value)))
        return cells


HOLDS, FAILS = "holds", "fails"


@dataclass(frozen=True)
class Claim:
    """Statement, the figure that was measured (with its sources), and the verdict."""

    text: str
    figure: str
    verdict: str


def mark(verdict: str) -> VGroup:
    """A tick or a cross."""
    if verdict == HOLDS:
        sign = path([np.array([units(x), units(y), 0]) for x, y in ((-15, 0), (-4, -13), (17, 16))], "residual", 7)
        return VGroup(sign)
    ways = [np.array([units(14), units(14) * side, 0]) for side in (1, -1)]
    return VGroup(path([-way, way], "warning", 7) for way in ways)


class ClaimList:
    """A line for each claim: the words at the left, the figure in the middle, sign and verdict at the right.

    `lines` are the parts of each, as they come: the statement, the figure, and the verdict. `pause` is above those.
    """

    def __init__(self, claims: Sequence[Claim]) -> None:
        pitch = min(92.0, 620.0 / len(claims))
        top = 545.0 - pitch * len(claims) / 2
        self.lines: list[list[VMobject]] = []
        self.rules = VGroup()
        self.pause = Pause(STAGE.right - 200, top - 36)
        for k, claim in enumerate(claims):
            y = top + (k + 0.5) * pitch
            base = at(0, y + 12)[1]
            text = Words(claim.text, "block").begin_at(at(STAGE.left, 0)[0])
            figure = Words(claim.figure, "fact", "ink2").end_at(at(STAGE.right - 330, 0)[0])
            name = Words(claim.verdict, "fact").begin_at(at(STAGE.right - 236, 0)[0])
            verdict = VGroup(mark(claim.verdict).move_to(at(STAGE.right - 276, y)), name.stand_on(base))
            self.lines.append([text.stand_on(base), figure.stand_on(base), verdict])
            if k:
                self.rules.add(rule(at(STAGE.left, y - pitch / 2), at(STAGE.right, y - pitch / 2), "line", 1.5))
