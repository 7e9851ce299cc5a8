"""A feed-forward network at work: a vector widens, is bent and narrows; and every vector goes through the same one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from manim import Animation, AnimationGroup, LaggedStart, VGroup, VMobject

from scenes.animations import Flight, Travel, appear, draw, pulses
from scenes.layout import STAGE, Room
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.marks import Ground, Hue, Length, Rises, Thickness, means
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, drop, rule, stroke
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector, under
from scenes.mobjects.weighted_sum import thin
from scenes.theme import at, pace, palette, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

SAID = {"relu": "ReLU", "gelu": "GELU", "gelu-tanh": "GELU", "silu": "SiLU"}
#: Px at the left for the names of rows, and a vector is at most so wide and high.
GUTTER, NARROW, STRIP, TOKEN = 250.0, 760.0, 64.0, 56.0
#: More neurons than this are not shown as bars; and so many lines are drawn from those that fire.
MOST_BARS, MOST_WAYS = 384, 24
#: Px of the thinnest line from a neuron, and of that from the one that fires hardest.
THIN, THICK = 1.0, 9.0
#: Of the lines by which neurons read: from so many places of the vector to so many neurons.
READ, READERS = 9, 40


def rooms() -> tuple[Room, Room]:
    """The stage without, and with, the room for the names of rows."""
    return STAGE.split_columns(GUTTER, 30)


def row_name(text: str, side: Room, y: float, style: str = "fact", role: str = "ink2") -> Words:
    """The name of a row of a picture, in the room at its left, as high as `y` in units."""
    words = Words(text, style, role)
    words.scale(min(1.0, units(side.width) / words.width))
    return words.settle(np.array([side.centre[0], y, 0])).begin_at(at(side.left, 0)[0])


def chip_in(side: Room, token: Label, y: float) -> Token:
    """The token of a row, in the room at its left."""
    chip = Token(token, "", 0, TOKEN)
    chip.scale(min(1.0, units(side.width) / chip.width))
    chip.move_to(np.array([at(side.left, 0)[0] + chip.width / 2, y, 0]))
    return chip


def entering_under(ribbon: Ribbon, x: NamedTensor) -> list[Vector]:
    """The vectors that a network reads, each under its token."""
    row = ribbon.below(STAGE).split_rows(STRIP)[0]
    return under(ribbon, row, x, "residual", full_colour(x))


def activation_bar(value: Quantity, unit: float, wide: float, x: float, floor: float, ground: Ground) -> Box:
    """Activation of a neuron as a bar from a zero line at `floor`; `unit` is the height of a one, in units."""
    length = float(value) * unit
    bar = Box(wide, max(abs(length) * 135, 1.5), signed(float(np.sign(value)), 1.0), min(4, wide / 3))
    bar.move_to(np.array([x, floor + length / 2, 0]))
    return means(bar, Length(value, "height", unit * 135, wide, 1.5), Rises(value, 1, ground), Hue(value))


def risen(bar: VMobject, floor: float) -> Animation:
    """A bar grows out of its zero line."""
    flat = bar.copy().stretch(0.01, 1)
    return Travel(flat.set_y(floor), bar, 0.0, "row")


class Widening(VGroup):
    """The vector that enters, its neurons as bars before and after the bend, and the vector that leaves.

    Args:
        enters, leaves: d_model.
        pre, post: its neurons before and after the activation, d_ff.
        sizes: how many numbers a vector has, and how many neurons there are.
        keep: a neuron that has a bar in any case.
        formulas: what stands at the foot, one formula a stage.
        token: whose vector it is.
    """

    def __init__(
        self,
        enters: NamedTensor,
        pre: NamedTensor,
        post: NamedTensor,
        leaves: NamedTensor,
        sizes: tuple[Quantity, Quantity],
        keep: int,
        formulas: list[str],
        token: Label,
    ) -> None:
        side, body = rooms()
        foot = body.split_rows(-76)[1]
        lines = Room(body.left, body.top, body.right, foot.top - 20)
        fan = (lines.height - 2 * STRIP) * 0.17
        high = lines.height - 2 * STRIP - 2 * fan - 16
        wide = min(NARROW, body.width * 0.6)
        tops = lines.split_rows(STRIP)[0], lines.split_rows(-STRIP)[1]
        self.enters, self.leaves = (
            Vector(vector, wide, STRIP, "residual").move_to(row.centre)
            for vector, row in zip((enters, leaves), tops, strict=True)
        )
        reach = np.concatenate([pre.values, post.values, [0.0]])
        self.unit = units(high) / float(np.ptp(reach))
        top = lines.top + STRIP + fan + 8
        self.ground, self.floor = Ground(), at(0, top)[1] - float(reach.max()) * self.unit
        self.zero = rule(at(body.left, 0), at(body.right, 0), "ink3", 2).set_y(self.floor)
        means(self.zero, self.ground)
        #: The neurons that have a bar: all, or some at even distances where there are more than bars have room.
        self.shown = sorted({*np.linspace(0, len(pre) - 1, min(len(pre), MOST_BARS)).astype(int).tolist(), keep})
        self.pitch, self.left = body.width / len(self.shown), body.left
        self.before, self.after = self._bars(pre), self._bars(post)
        #: What the bend takes away, left behind as a shade.
        self.ghosts = self._bars(pre)
        for ghost in self.ghosts:
            ghost.meanings = tuple(one for one in ghost.meanings if not isinstance(one, Hue))
            ghost.set_fill(palette().line, 0.55).set_z_index(-1)
        #: All neurons, as a place to fly to.
        self.reach = Box(body.width, high, palette().background).move_to(
            at((body.left + body.right) / 2, top + high / 2)
        )
        self.reads = self._fan(self.enters.get_bottom()[1], at(0, top - 8)[1], wide)
        self.ways, self.fires = self._ways(post, wide)
        self.chip = chip_in(side, token, self.enters.get_y())
        self.names = [
            row_name(f"{sizes[0]} numbers", side, self.enters.get_y()).next_to(self.enters, buff=units(30)),
            row_name(f"{sizes[1]} neurons", side, self.floor),
            row_name(f"{sizes[0]} numbers", side, self.leaves.get_y()).next_to(self.leaves, buff=units(30)),
        ]
        if len(self.shown) < len(pre):
            self.names[1] = VGroup(self.names[1], row_name("(some are shown)", side, self.names[1].get_y() - units(42)))
        self.formulas = [foot.fit(Formula(source, LARGE), most=1.0) for source in formulas]
        super().__init__(self.enters, self.leaves, self.chip, self.zero, self.before, *self.names)

    def _bars(self, values: NamedTensor) -> VGroup:
        bars = VGroup()
        for i, neuron in enumerate(self.shown):
            x = at(self.left + (i + 0.5) * self.pitch, 0)[0]
            value = values.quantity(neuron)
            bar = activation_bar(value, self.unit, self.pitch * 0.74, x, self.floor, self.ground)
            bar.key = ("entry", value.name, value.index)
            bars.add(bar)
        return bars

    def _fan(self, above: float, below: float, wide: float) -> VMobject:
        """Lines from all over the vector to neurons everywhere: each of them reads the whole of it."""
        fan = VMobject(stroke_color=palette().residual, stroke_width=stroke(1.5), stroke_opacity=0.3)
        bars = self.before[:: max(1, len(self.before) // READERS)]
        lines = [
            (np.array([self.enters.get_x() + share * units(wide), above, 0]), np.array([bar.get_x(), below, 0]))
            for bar in bars
            for share in np.linspace(-0.48, 0.48, READ)
        ]
        fan.points = np.array([start + (end - start) * t for start, end in lines for t in (0, 1 / 3, 2 / 3, 1)])
        return fan

    def widen(self) -> Animation:
        """The whole vector goes to all neurons, which rise one after another."""
        turns = LaggedStart(*(risen(bar, self.floor) for bar in self.before), lag_ratio=0.03)
        turns.set_run_time(pace("slow"))
        return AnimationGroup(Flight(self.enters, self.reach, 0.0, kind="slow"), turns)

    def narrow(self) -> Animation:
        """Let the neurons' activations run to the output, whose entries rise."""
        rise = LaggedStart(*(Travel(thin(cell), cell, 0.0, "row") for cell in self.leaves.cells), lag_ratio=0.03)
        rise.set_run_time(pace("slow"))
        return AnimationGroup(self.flow()(pace("slow")), appear(self.leaves.plate), rise)

    def _ways(self, post: NamedTensor, wide: float) -> tuple[VGroup, list[int]]:
        """A line from each neuron that fires to the output, as thick as it fires hard; and their places among bars."""
        values = post.values[self.shown]
        order = [int(i) for i in np.argsort(-values, kind="stable")[:MOST_WAYS] if values[i] > 0]
        ways, most = VGroup(), float(values.max(initial=0.0)) or 1.0
        for i in order:
            value, bar = post.quantity(self.shown[i]), self.after[i]
            share = (i + 0.5) / len(self.shown) - 0.5
            start = np.array([bar.get_x(), self.floor, 0])
            end = np.array([self.leaves.get_x() + share * units(wide), self.leaves.get_top()[1], 0])
            bend = np.array([0, (end - start)[1] * 0.5, 0])
            thick = (THICK - THIN) / most
            way = VMobject(stroke_color=palette().residual, stroke_width=stroke(THIN + thick * float(value)))
            way.points = np.array([start, start + bend, end - bend, end])
            ways.add(means(way, Thickness(value, thick, THIN)))
        return ways, order

    def flow(self) -> Callable[[float], Animation]:
        """For `beat(ambient=...)`: what the neurons write runs to the output; the area of a dot is the activation."""
        most = max([float(self.after[i].height) for i in self.fires], default=1.0)
        return pulses([*self.ways], [float(self.after[i].height) / most for i in self.fires], "ink")


class OneForAll(VGroup):
    """All vectors on their way through one network, under their tokens, and one of them that goes alone.

    Args:
        enters, out: position × entry.
        alone: the output of the one vector, computed without any other, d_model.
        here: the place of its token in the ribbon.
        ribbon: the sentence, above.
        matrices: their letters, as Typst.
    """

    def __init__(
        self, enters: NamedTensor, out: NamedTensor, alone: NamedTensor, here: int, ribbon: Ribbon, matrices: str
    ) -> None:
        side, body = rooms()
        side, body = (ribbon.below(room) for room in (side, body))
        top, rest = body.split_rows(body.height * 0.17)
        middle, last = rest.split_rows(-2 * top.height - 24)
        first, second = last.rows(2, 24)
        scale = full_colour(out)

        self.enters = under(ribbon, top, enters, "residual", full_colour(enters))
        self.out = under(ribbon, first, out, "residual", scale)
        self.alone = Vector(alone, ribbon.wide, second.height, "residual", scale)
        self.alone.move_to(np.array([ribbon.centre(here), second.centre[1], 0]))
        box = middle.inset(0, 26)
        self.machine = Box(box.width, box.height, palette().surface, 18, palette().residual, 4).move_to(box.centre)
        label = Formula(matrices, LARGE)
        self.label = label.scale(min(1.0, units(box.height - 24) / label.height)).move_to(self.machine)
        rows = ((self.enters[0], "vectors"), (self.machine, "one FFN"), (self.out[0], "outputs"), (self.alone, "alone"))
        self.names = [row_name(text, side, row.get_y()) for row, text in rows]
        super().__init__(*self.enters, self.machine, self.label, *self.out, self.alone, *self.names)


class MoveAndCompute(VGroup):
    """Attention between tokens as arcs, and below each of them the same network.

    Args:
        words: the tokens.
        query: the place of the one that attends.
        weights: its attention weights, "key".
        enters, out: the vectors before and after the network, position × entry.
    """

    def __init__(
        self, words: Sequence[Label], query: int, weights: NamedTensor, enters: NamedTensor, out: NamedTensor
    ) -> None:
        self.foot = STAGE.split_rows(-76)[1]
        above, below = STAGE.split_rows(-96)[0].split_rows(0.54 * STAGE.height, 20)
        self.arcs = Arcs(words, query, weights, above)
        ribbon = self.arcs.ribbon
        column = Room(STAGE.left, ribbon.columns[0].top, STAGE.right, below.bottom)
        air = min(36.0, column.height / 10)
        first, middle, last = column.inset(0, air).rows(3, air)
        scales = full_colour(enters), full_colour(out)
        self.enters, self.boxes, self.out, self.ways = [], [], [], []
        for i, (one, other) in enumerate(zip(enters, out, strict=True)):
            x = ribbon.centre(i)

            def place(figure: VMobject, row: Room, x: float = x) -> VMobject:
                return figure.move_to(np.array([x, row.centre[1], 0]))

            self.enters.append(place(Vector(one, ribbon.wide, first.height, "residual", scales[0]), first))
            box = Box(ribbon.wide, middle.height, palette().surface, 12, palette().residual, 3)
            name = Words("FFN", "stage word", "residual", box)
            name.scale(min(1.0, units(ribbon.wide - 16) / name.width))
            self.boxes.append(place(VGroup(box, name.settle(box.get_center())), middle))
            self.out.append(place(Vector(other, ribbon.wide, last.height, "residual", scales[1]), last))
            ends = (self.arcs.chips[i], self.enters[-1], self.boxes[-1], self.out[-1])
            self.ways.append([drop(a, b, "residual", 5) for a, b in pairwise(ends)])
        super().__init__(self.arcs, *self.enters, *self.boxes, *self.out)

    def at_foot(self, formula: Formula) -> Formula:
        """Put a formula below the vectors."""
        self.foot.fit(formula, most=1.0)
        return formula

    def down(self) -> list[Animation]:
        """Each vector goes through the network below its token."""
        stops = (self.arcs.chips, self.enters, self.boxes, self.out)
        return [
            LaggedStart(
                *(AnimationGroup(draw(way[k]), Travel(stop[i], after[i], kind="row"))
                  for k, (stop, after) in enumerate(pairwise(stops))),
                lag_ratio=0.8,
            )
            for i, way in enumerate(self.ways)
        ]  # fmt: skip

    def moving(self) -> Callable[[float], Animation]:
        """For `beat(ambient=...)`: attention brings in, in proportion to its weights."""
        return pulses([*self.arcs.arcs], self.arcs.drawn_weights)

    def computing(self) -> Callable[[float], Animation]:
        """For `beat(ambient=...)`: each vector goes down through the network, by itself."""
        return pulses([line for way in self.ways for line in way], role="ink")
