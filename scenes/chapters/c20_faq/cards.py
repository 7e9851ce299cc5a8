"""A network that is given zeros, a row that is cut for more heads, and claims with their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import appear, move_ring, reshape, ring_around
from scenes.layout import Room
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.marks import AxisSpan, Filled, Tick, means
from scenes.mobjects.pause import Pause
from scenes.mobjects.shapes import Box, arrow, dot, frame, path, rule
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import Heatmap, full_colour
from scenes.mobjects.text import Words, number
from scenes.theme import at, gap, palette, pixels, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px of the names beside a figure, between its rows, of a row, around an arrow, of a claim above and below its lines,
#: and of a verdict.
NAMED, AIR, HIGH, REST, SPOKEN, VERDICTS = 300.0, 24.0, 64.0, 20.0, 44.0, 390.0
#: More than this is most; how much larger a verdict's sign is than usual; cases of a claim, the fewest rows of claims,
#: px of a line, and how far a thread goes that does not land.
HALF, STAMP, CASES, ROWS, EDGE, BENT = 0.5, 1.5, 100, 3, 4.0, 0.6


class ZeroRow:
    """A feed-forward network without its activation: a row of zeros, and what its biases make of it.

    Args:
        made: the row inside, if there are biases, and the row that comes out.
        room: the rectangle that is filled.

    `rows` are the zeros and what becomes of them, `pairs` each and the next, and `ways` the arrows between them.
    """

    def __init__(self, made: Sequence[NamedTensor], room: Room) -> None:
        side, body = room.split_columns(NAMED)
        rooms, unit = body.rows(2 * len(made) + 1, 0)[::2], body.width / max(map(len, made))
        strips = [Strip(row, unit * len(row), HIGH) for row in made]
        zeros = VGroup(frame(pixels(cell.width), HIGH, "line", 2, 2).move_to(cell) for cell in strips[-1])
        self.rows = [zeros, *strips]
        for row, place in zip(self.rows, rooms, strict=True):
            row.move_to(place.centre)
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


#: Px of a matrix, of its name, between two of its pieces, from it to other names, and between these.
SIDE, HEAD, SPLIT, BESIDE, LINE = 400.0, 40.0, 26.0, 90.0, 84.0


class SplitMatrix(VGroup):
    """A matrix of all heads as one square, whose columns come apart where they are divided among heads.

    Args:
        matrix: head × d_model × d_head, as the model has it.
        splits: choice × (heads, width).
    """

    def __init__(self, matrix: NamedTensor, splits: NamedTensor, side: float, centre: np.ndarray) -> None:
        (heads, _, own), self.splits = matrix.shape, splits
        self.size = heads * own
        counts = {heads, *map(int, splits.values[:, 0])}
        self.cuts = sorted({k * self.size // count for count in counts for k in range(count + 1)})
        scale, pitch, parts = full_colour(matrix), side / self.size, []
        for start, end in pairwise(self.cuts):
            columns = tuple(range(start % own, start % own + end - start))
            part = Heatmap(matrix.pick(head=start // own, d_head=columns), pitch * (end - start), side, scale)
            part.remove(part.backdrop)
            parts.append(part.shift(RIGHT * units(pitch * start)))
        super().__init__(*parts)
        self.move_to(centre)

    def among(self, heads: int) -> VGroup:
        """The matrix with its columns moved apart into one block for each of so many heads."""
        state = self.copy()
        for part, start in zip(state, self.cuts, strict=False):
            part.shift(RIGHT * units(SPLIT * (start * heads // self.size - (heads - 1) / 2)))
        return state


class HeadSplits:
    """The query matrix, and at its sides among how many heads its columns are divided.

    Args:
        matrix, splits: see `SplitMatrix`.
        own: how many heads the model has.
    """

    def __init__(self, matrix: NamedTensor, splits: NamedTensor, own: int, room: Room) -> None:
        head, room = room.split_rows(HEAD)
        self.matrix = SplitMatrix(matrix, splits, SIDE, room.centre)
        self.name = Words("the query matrix", "block", "ink2").settle(head.centre)
        self.states = [self.matrix.among(int(heads)) for heads in splits.values[:, 0]]
        self.lefts, self.rights = VGroup(), VGroup()
        reach = max(state.width for state in self.states) / 2 * RIGHT + units(BESIDE) * RIGHT
        for k in range(len(splits)):
            heads, width = splits.quantity(k, 0), splits.quantity(k, 1)
            look = ("number", "ink") if int(heads) == own else ("fact", "ink2")
            spot = room.centre + UP * units(LINE) * ((len(splits) - 1) / 2 - k)
            left = Words(f"{heads} {'head' if int(heads) == 1 else 'heads'}", *look).settle(spot)
            self.lefts.add(left.end_at((spot - reach)[0]))
            self.rights.add(Words(f"{heads} × {width}", *look).settle(spot).begin_at((spot + reach)[0]))
        self.own = [int(heads) for heads in splits.values[:, 0]].index(own)
        self.ring = ring_around(self.rights[0], roomy=True)

    def cut(self, k: int) -> tuple[Animation, ...]:
        """Its columns come apart for so many heads, which the ring marks."""
        ring = move_ring(self.ring, self.rights[k], roomy=True) if k else appear(self.ring)
        return reshape(self.matrix, self.states[k]), appear(self.lefts[k], self.rights[k]), ring

    def ringed(self, k: int) -> tuple[Animation, ...]:
        """The ring moves on, and the columns come apart for so many heads again."""
        return move_ring(self.ring, self.rights[k], roomy=True), reshape(self.matrix, self.states[k], "emphasise")


@dataclass(frozen=True)
class MeasuredClaim:
    """A claim, the share measured and the share that it needs, what is told, which head, of what."""

    text: str
    share: Quantity
    needed: Quantity | None
    told: str
    head: str = ""
    of: str = "in the best head"

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
    """A claim as two lines: of a hundred cases, a thread leads from the upper to the lower one, or bends off.

    `said` is the claim on a line of its own, `words` the same above the two lines; `asked` are both lines, and a third
    one where the threads that land have to reach to; `threads`, their `ends` and the `verdict` come when the viewer
    has guessed.
    """

    def __init__(self, claim: MeasuredClaim, row: Room, line: Room) -> None:
        self.claim, (room, side) = claim, row.split_columns(-VERDICTS, AIR)
        ways, upper, lower = room.inset(0, SPOKEN), room.split_rows(SPOKEN)[0], room.split_rows(-SPOKEN)[1]
        edges = ways.split_rows(EDGE)[0], ways.split_rows(-EDGE)[1]
        first, last = (Box.of(line, palette().ink3) for line in edges)
        self.said, self.words = (Words(claim.text, "fact").begin_in(place) for place in (line, upper))
        self.pause = Pause((side.left + side.right) / 2, (line.top + line.bottom) / 2)
        needed, span = HALF if claim.needed is None else claim.needed, AxisSpan(0, 0.0, 1.0)
        x = span.spot(needed, means(last, span))
        foot_of, top_of = (x * RIGHT + edge * UP for edge in (last.get_bottom(), first.get_top()))
        goal = means(rule(foot_of, top_of, "query", 6), Tick(needed, span)).set_z_index(1)
        least = "more than half" if claim.needed is None else f"at least {claim.needed:share}"
        told = Words(least, "fact", "query").settle(lower.centre).end_at(min(x, at(lower.right, 0)[0]))
        self.unit = Words("each line: one in a hundred", "fact", "ink2").end_in(upper)
        self.asked = VGroup(first, last, goal, told)
        landed, pitch = round(CASES * float(claim.share)), ways.width / CASES
        tops = [at(ways.left + (k + HALF) * pitch, ways.top + EDGE) for k in range(CASES)]
        feet = [top + DOWN * units(ways.height - 2 * EDGE) for top in tops]
        bent = DOWN * units(ways.height * BENT) + RIGHT * units(pitch / 2)
        ways_of = [(top, foot, "weight") for top, foot in zip(tops, feet, strict=True)][:landed]
        ways_of += [(top, top + bent, "warning") for top in tops[landed:]]
        self.threads = VGroup(rule(*way, pitch / 3) for way in ways_of)
        ends = VGroup(dot(foot, pitch / 3, "weight") for foot in feet)
        VGroup(*ends[landed:]).set_fill(opacity=0)
        self.ends = means(ends, Filled(claim.share))
        verdict = VGroup(number(claim.share, "share", "large number"), mark(claim.holds).scale(STAMP))
        verdict.add(Words("holds" if claim.holds else "fails", "block")).arrange(RIGHT, buff=units(REST))
        self.verdict = VGroup(verdict, *(Words(text, "fact", "ink2") for text in [claim.of] if text))
        self.verdict.arrange(DOWN, buff=units(REST), aligned_edge=LEFT)
        self.verdict.move_to(side.centre).align_to(at(side.left, 0), LEFT)
