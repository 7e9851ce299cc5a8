"""What goes into a box and what comes out of it: the rows of all tokens, each in its lane, from left to right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, VGroup, VMobject

from scenes.animations import ring_around
from scenes.layout import LEFT_EDGE, RIGHT_EDGE
from scenes.mobjects.marks import End, Thickness, means
from scenes.mobjects.shapes import Box, stroke
from scenes.mobjects.strips import Rows, rows_shown
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity, plain
from transformer_core.tracing.trace import NamedTensor, Trace

#: The most lanes that a passage has; tokens that find none are left out with an ellipsis.
LANES = 6
TOP = 478.0


class Lanes(VGroup):
    """The sentence's tokens as chips, one lane each: the frame in which rows of every kind stand.

    Args:
        rows: position × anything, for its labels.
        token: a token that must have a lane.
        top: px of the upper edge of the first lane.
        pitch: px from lane to lane at most.
        room: px for all lanes.
        middle: px of their middle, in place of their upper edge.
    """

    def __init__(
        self,
        rows: NamedTensor,
        token: Label,
        top: float = TOP,
        pitch: float = 76,
        room: float = 304,
        middle: float = 0,
    ) -> None:
        self.token = token
        self.shown = rows_shown(rows, "position", LANES, token)
        slots = sum(1 if i is not None else 0.55 for i in self.shown)
        self.pitch = min(pitch, room / slots)
        self.deep = slots * self.pitch
        self.top = middle - self.deep / 2 if middle else top
        self.y: dict[int, float] = {}
        labels = {i: rows.label("position", i) for i in self.shown if i is not None}
        self.chip = max(chip_width(label, small=True) for label in labels.values())
        self.chips: dict[int, Token] = {}
        y = self.top
        for i in self.shown:
            step = self.pitch * (1 if i is not None else 0.55)
            if i is not None:
                self.y[i] = y + step / 2
                token_chip = Token(labels[i], "", self.chip, min(46.0, self.pitch - 6))
                self.chips[i] = token_chip.move_to(at(LEFT_EDGE + self.chip / 2, self.y[i]))
            y += step
        #: Where rows may begin.
        self.left = LEFT_EDGE + self.chip + 24
        super().__init__(*self.chips.values())

    @property
    def middle(self) -> float:
        return self.top + self.deep / 2

    def place(self, tensor: NamedTensor, left: float, wide: float, scale: float = 0) -> Rows:
        """The rows of a tensor, each in its lane, as wide as asked for."""
        rows = Rows(tensor, self.token.position, self.shown, wide, self.pitch, scale)
        return rows.move_to(at(left + wide / 2, self.middle))

    def others(self, rows: Rows) -> list[VMobject]:
        """Every row but the one that is followed."""
        return [part for part in rows.others(self.token.position) if part.family_members_with_points()]


def heading(text: str, over: VMobject) -> Words:
    """A name above rows, all on one line."""
    return Words(text, "aside", "ink2").move_to(over).stand_on(over.get_top()[1] + units(20))


def footing(text: str, under: VMobject) -> Words:
    """A true size below rows."""
    return Words(text, "note", "ink2").next_to(under, DOWN, buff=units(18))


def honest_entry(first: NamedTensor, second: NamedTensor, total: NamedTensor) -> int:
    """An entry in which both terms weigh something, and which adds up as it is rounded on screen."""
    a, b = first.values, second.values
    fair = np.round(a, 2) + np.round(b, 2)
    good = np.abs(fair - np.round(total.values, 2)) < 0.005
    weight = np.where(good, np.minimum(np.abs(a), np.abs(b)), -1.0)
    # Not at an edge, so that the outline is seen to stand inside a row.
    edge = max(1, len(a) // 10)
    weight[:edge] -= 0.5
    weight[-edge:] -= 0.5
    return int(weight.argmax())


class Sum(VGroup):
    """first + second = total, row by row: one entry slowly, its row quickly, all rows at once."""

    def __init__(self, lanes: Lanes, tensors: Sequence[NamedTensor], names: Sequence[str], size: str) -> None:
        self.lanes = lanes
        scale = full_colour(*tensors)
        space = 84.0
        wide = (RIGHT_EDGE - 6 - lanes.left - 2 * space) / 3
        lefts = [lanes.left + k * (wide + space) for k in range(3)]
        self.parts = [lanes.place(t, left, wide, scale) for t, left in zip(tensors, lefts, strict=True)]
        self.names = [heading(name, part) for name, part in zip(names, self.parts, strict=True)]
        self.signs = VGroup(
            *(
                Words(sign, "symbol", "ink2").settle(at(left - space / 2, lanes.middle))
                for sign, left in zip(("+", "="), lefts[1:], strict=True)
            )
        )
        here = lanes.token.position
        rows = [tensor.pick(position=here) for tensor in tensors]
        entry = honest_entry(*rows)
        self.quantities: list[Quantity] = [row.quantity(entry) for row in rows]
        self.cell = self.parts[2].lines[here].of(entry)
        self.rings = VGroup(*(ring_around(part.lines[here].of(entry)) for part in self.parts))
        a, b, c = self.quantities
        tail = f"+ {b:.2f}" if b >= 0 or plain(f"{b:.2f}") == "0.00" else f"+ ({b:.2f})"
        self.line = Words(f"{a:.2f} {tail} = {c:.2f}", "large number")
        self.line.settle(at(960, lanes.top + lanes.deep + 86))
        self.size = footing(size, self.parts[2])
        super().__init__(*self.parts, *self.names, self.signs, self.line, self.size)

    @property
    def row(self) -> VGroup:
        """The followed row of the sum but for the entry that came first, from left to right."""
        return VGroup(*(cell for cell in self.parts[2].lines[self.lanes.token.position] if cell is not self.cell))

    @property
    def rest(self) -> list[VMobject]:
        return self.lanes.others(self.parts[2])


def fan(lanes: Lanes, shares: NamedTensor, left: float, right: float, least: float = 0.02) -> VGroup:
    """A line from lane j at the left to lane i at the right, as thick as the share that row i takes from row j."""
    lines = VGroup()
    for i, y in lanes.y.items():
        for j, other in lanes.y.items():
            line = strand(at(left, other), at(right, y), float(shares.values[i, j]), least)
            lines.add(weigh(line, shares.quantity(i, j), least))
    return lines


def strand(start: np.ndarray, end: np.ndarray, share: float, least: float, most: float = 13.0) -> VMobject:
    """One line of a fan; it leaves and arrives level."""
    seen = share >= least
    line = VMobject(stroke_color=palette().weight, stroke_width=stroke(1.5 + (most - 1.5) * share if seen else 1.5))
    bend = RIGHT * (end - start)[0] * 0.5
    line.points = np.array([start, start + bend, end - bend, end])
    return line.set_stroke(opacity=(0.35 + 0.6 * share) if seen else 0.0)


def weigh(line: VMobject, share: Quantity, least: float, to: Label | None = None) -> VMobject:
    """Write on a strand which share it means, whose row it leads from, and to whose.

    One below `least` is not seen. `to` is the token at its end, where that is not the query of the share.
    """
    if share < least:
        return line
    # A row may be on stage entry by entry, and is then no token.
    ends = End(share, first=True, axis="key", alone=True), End(to or share, axis="query", alone=True)
    return means(line, Thickness(share, 11.5, 1.5), *ends)


def rows_of(trace: Trace, name: str) -> NamedTensor:
    """A tensor of the first sentence of the batch: position × its width."""
    return trace[name].pick(batch=0)


class Talk(VGroup):
    """Rows go in at the left, each head lets them look at each other, and new rows come out at the right."""

    def __init__(
        self, lanes: Lanes, reads: NamedTensor, weights: NamedTensor, out: NamedTensor, names: Sequence[str], size: str
    ) -> None:
        wide = 500.0
        left, right = lanes.left + wide + 16, RIGHT_EDGE - 6 - wide - 16
        self.reads = lanes.place(reads, lanes.left, wide)
        self.out = lanes.place(out, RIGHT_EDGE - 6 - wide, wide)
        self.fans = [fan(lanes, weights[head], left, right) for head in range(len(weights))]
        self.names = [heading(name, rows) for name, rows in zip(names, (self.reads, self.out), strict=True)]
        colours = palette()
        tabs = [Box(26, 26, colours.surface, 6, colours.ink3, 2) for _ in self.fans]
        self.tabs = VGroup(*tabs).arrange(RIGHT, buff=units(12))
        self.tab_name = Words("heads", "aside", "ink2").next_to(self.tabs, LEFT, buff=units(20))
        VGroup(self.tab_name, self.tabs).move_to(at((left + right) / 2, 0))
        self.tabs.set_y(self.names[0].get_center()[1])
        self.tab_name.stand_on(self.names[0].baseline)
        self.size = footing(size, self.out)
        super().__init__(self.reads, self.out, *self.fans, *self.names, self.tabs, self.tab_name, self.size)

    def spotlight(self, lanes: Lanes, best: int, query_token: Label, answer: Label) -> VGroup:
        """The lines of head `best` with all but one stepping back."""
        lines = self.fans[best].copy()
        wanted = [(i, j) for i in lanes.y for j in lanes.y].index((query_token.position, answer.position))
        for k, line in enumerate(lines):
            if k != wanted and line.get_stroke_opacity() > 0:
                line.set_stroke(opacity=0.16)
        lines[wanted].set_stroke(palette().focus, opacity=1)
        return lines

    def row(self, lanes: Lanes) -> VGroup:
        """The followed row of what comes out, entry by entry."""
        return VGroup(*self.out.lines[lanes.token.position])

    def rest(self, lanes: Lanes) -> list[VMobject]:
        return lanes.others(self.out)
