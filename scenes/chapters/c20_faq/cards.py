"""A network that is given zeros, a row that is cut for more heads, and claims with their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.animations import ring_around
from scenes.layout import STAGE
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.marks import AxisSpan, Filled, Shade, Tick, means
from scenes.mobjects.pause import Pause
from scenes.mobjects.shapes import Box, arrow, curve, dot, frame, path, rule
from scenes.mobjects.strips import Strip
from scenes.mobjects.text import Words, number
from scenes.theme import at, gap, palette, pixels, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px of the names beside a figure, between its rows, of a row, around an arrow, of a verdict, and from an arrow's end.
NAMED, AIR, HIGH, REST, VERDICTS, GOAL = 300.0, 24.0, 64.0, 20.0, 385.0, 10.0
#: More than this is most; how much larger a verdict's sign is than usual; cases of a claim, the fewest rows of claims,
#: px of a plate, and how far a thread goes that does not land.
HALF, STAMP, CASES, ROWS, PLATE, BENT = 0.5, 1.5, 100, 3, 52.0, 0.6


class ZeroRow:
    """A feed-forward network without its activation: a row of zeros, and what its biases make of it.

    Args:
        made: the row inside, if there are biases, and the row that comes out.

    `rows` are the zeros and what becomes of them, `pairs` each and the next, and `ways` the arrows between them.
    """

    def __init__(self, made: Sequence[NamedTensor]) -> None:
        side, body = STAGE.split_columns(NAMED)
        rooms, unit = body.rows(1 + len(made), AIR), body.width / max(map(len, made))
        strips = [Strip(row, unit * len(row), HIGH) for row in made]
        zeros = VGroup(frame(pixels(cell.width), HIGH, "line", 2, 2).move_to(cell) for cell in strips[-1])
        self.rows = [zeros, *strips]
        for row, room in zip(self.rows, rooms, strict=True):
            row.move_to(room.centre)
        self.pairs = [*pairwise(self.rows)]
        self.ways = VGroup(
            arrow(one.get_bottom() + DOWN * units(REST), other.get_top() + UP * units(REST), "ink3", 4)
            for one, other in self.pairs
        )
        first, whole = Formula("dot W + b", LARGE, "ink2"), Formula("dot W W'", LARGE, "ink2")
        told = [first, Formula("dot W' + b'", LARGE, "ink2")] if len(made) > 1 else [whole]
        for way, formula in zip(self.ways, told, strict=True):
            way.add(formula.next_to(way, RIGHT, buff=gap("chip")))
        self.name = Words("zeros", "block").begin_in(side.cross(rooms[0]))
        self.pause = Pause((body.left + body.right) / 2, (rooms[-1].top + rooms[-1].bottom) / 2 + REST)

    def measured(self, length: Quantity) -> VGroup:
        """The length of the row that comes out, at its right."""
        told = VGroup(Words("length", "block", "ink2"), number(length, ".2f", "large number"))
        return told.arrange(RIGHT, buff=gap("chip")).next_to(self.rows[-1], RIGHT, buff=gap("chip"))


#: Px of a row and of its left end, and how far the pieces lie from its middle, as a share of its height.
WIDE, LEFT_AT, STEP = 1060.0, 420.0, 0.3


class HeadSplits:
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
            line = self._line(int(heads), y, min(46.0, pitch - 34))
            mine = int(heads) == own
            look = ("number", "ink") if mine else ("fact", "ink2")
            self.lines.add(line)
            noun = "head" if int(heads) == 1 else "heads"
            self.lefts.add(Words(f"{heads} {noun}", *look).next_to(line, LEFT, buff=units(34)))
            self.rights.add(Words(f"{heads} × {width}", *look).next_to(line, RIGHT, buff=units(34)))
            if mine:
                self.own = k
                self.ring.add(ring_around(line))

    def _line(self, heads: int, y: float, high: float) -> VGroup:
        """All entries of the row in as many pieces, which lie higher and lower in turn: each entry where it was."""
        count = len(self.entries)
        cell, cells = WIDE / count, VGroup()
        for i, entry in enumerate(self.entries):
            fill = signed(entry, self.scale_value)
            step = STEP * high * (-1) ** (i * heads // count) if heads > 1 else 0
            box = Box(cell, high, fill, 0).move_to(at(LEFT_AT + (i + 0.5) * cell, y + step))
            cells.add(means(box, Shade(entry, self.scale_value)))
        return cells


@dataclass(frozen=True)
class MeasuredClaim:
    """A claim that is often made, in two parts, the share measured, the share it needs, what is told, and of what."""

    looks: str
    goal: str
    share: Quantity
    needed: Quantity | None
    told: str
    of: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """True if the share is as large as it needs to be: without one that it needs, more than half is enough."""
        return bool(self.share >= (HALF if self.needed is None else self.needed))


def mark(holds: bool) -> VGroup:
    """A tick or a cross."""
    if holds:
        sign = path([np.array([units(x), units(y), 0]) for x, y in ((-15, 0), (-4, -13), (17, 16))], "residual", 7)
        return VGroup(sign)
    ways = [np.array([units(14), units(14) * side, 0]) for side in (1, -1)]
    return VGroup(path([-way, way], "warning", 7) for way in ways)


class CaseThreads:
    """Each claim as two plates: of a hundred cases, a thread leads from the first to the second, or bends off.

    `asked` are the plates, with a line where the threads that land have to reach to, and an arrow; `threads`, their
    ends and `verdicts` come when the viewer has guessed.
    """

    def __init__(self, claims: Sequence[MeasuredClaim]) -> None:
        body, side = STAGE.split_columns(-VERDICTS, 2 * AIR)
        ways, body = body.split_columns(REST, REST)
        self.asked, self.arrows, self.units = list[VGroup](), VGroup(), VGroup()
        self.threads, self.ends, self.verdicts = list[VGroup](), list[VGroup](), VGroup()
        for claim, room in zip(claims, body.rows(max(ROWS, len(claims)), AIR + REST), strict=False):
            first, rest = room.split_rows(PLATE)
            way, last = rest.split_rows(-PLATE)
            plates = [Box.of(line, palette().surface, 8) for line in (first, last)]
            words = [
                Words(text, "block", paper=plate).begin_in(line.inset(REST, 0))
                for text, plate, line in zip((claim.looks, claim.goal), plates, (first, last), strict=True)
            ]
            needed, span = HALF if claim.needed is None else claim.needed, AxisSpan(0, 0.0, 1.0)
            x = span.spot(needed, means(plates[1], span))
            foot, top = (x * RIGHT + edge * UP for edge in (plates[1].get_bottom(), plates[0].get_bottom()))
            goal = means(rule(foot, top, "query", 6), Tick(needed, span)).set_z_index(1)
            least = "more than half" if claim.needed is None else f"at least {claim.needed:share}"
            told = Words(least, "fact", "query", plates[1]).settle(last.centre).end_at(x - units(REST))
            self.asked.append(VGroup(*plates, *words, goal, told))
            start, end = (ways.cross(line).centre for line in (first, last))
            self.arrows.add(arrow(start, end, "weight", 5))
            landed, pitch = round(CASES * float(claim.share)), way.width / CASES
            tops = [at(way.left + (k + HALF) * pitch, way.top) for k in range(CASES)]
            feet = [top + DOWN * units(way.height) for top in tops]
            bent = DOWN * units(way.height * BENT) + RIGHT * units(pitch)
            stops = [*(top + bent for top in tops[:-1]), tops[-1] + bent * UP]
            self.threads.append(
                VGroup(
                    rule(top, foot, "weight", pitch / 3) if k < landed else curve(top, stop, "warning", pitch / 3)
                    for k, (top, foot, stop) in enumerate(zip(tops, feet, stops, strict=True))
                )
            )
            ends = VGroup(dot(foot, pitch / 3, "weight") for foot in feet)
            VGroup(*ends[landed:]).set_fill(opacity=0)
            self.ends.append(means(ends, Filled(claim.share)))
            verdict = VGroup(number(claim.share, "share", "large number"), mark(claim.holds).scale(STAMP))
            verdict.add(Words("holds" if claim.holds else "fails", "block")).arrange(RIGHT, buff=units(REST))
            verdict = VGroup(verdict, *(Words(line, "fact", "ink2") for line in claim.of))
            verdict.arrange(DOWN, buff=units(GOAL), aligned_edge=LEFT).move_to(room.centre)
            self.verdicts.add(verdict.align_to(at(side.left, 0), LEFT))
            unit = Words("each line: one in a hundred", "fact", "ink2", plates[0]).settle(first.centre)
            self.units.add(unit.end_at(at(first.right - REST, 0)[0]))
        self.pause = Pause((side.left + side.right) / 2 - 10, (side.top + side.bottom) / 2)
