"""A feed-forward network at work: a vector widens, is bent and narrows; and every vector goes through the same one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from manim import LEFT, RIGHT, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import Flight, Play, Travel, appear, deal, draw, lagged, leave, pulses, reshape, through
from scenes.layout import STAGE, Room
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.marks import Ground, Hue, Length, Rises, Thickness, means
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, dot, drop, path, rule, segments, stroked
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector, thin, under, vector_in
from scenes.theme import at, pace, palette, pixels, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

ACTIVATION_NAMES = {"relu": "ReLU", "gelu": "GELU", "gelu-tanh": "GELU", "silu": "SiLU"}
#: Px at the left for the names of rows, and a vector is at most so wide and high.
GUTTER, NARROW, STRIP, TOKEN = 250.0, 760.0, 64.0, 56.0
#: Px from the name of a row down to a remark on it.
MORE = 42.0
#: More neurons than this are not shown as bars; and so many lines are drawn from those that fire.
MOST_BARS, MOST_WAYS = 384, 24
#: Px of the thinnest line from a neuron, and of that from the one that fires hardest.
THIN, THICK = 0.8, 4.0
#: Px of the radius of a dot below a neuron that fires, and to so many places of the output it writes.
MARK, WRITTEN = 7.0, 7
#: Of the lines by which neurons read: from so many places of the vector to so many neurons.
READ, READERS = 9, 40


def all_but(here: int, *hands: Iterable[Any]) -> list[Any]:
    """The parts of each hand without the one at `here`: those of all tokens but one."""
    return [part for hand in hands for i, part in enumerate(hand) if i != here]


def rooms() -> tuple[Room, Room]:
    """The stage without, and with, the room for the names of rows."""
    return STAGE.split_columns(GUTTER, 30)


def row_name(text: str, side: Room, y: float, role: str = "ink2") -> Words:
    """The name of a row of a picture, in the room at its left, as high as `y` in units."""
    words = side.fit(Words(text, "fact", role), most=1.0)
    return words.settle(np.array([side.centre[0], y, 0])).begin_at(at(side.left, 0)[0])


def remarked(name: Words, remark: str, side: Room) -> VGroup:
    """The name of a row, and a remark below it."""
    return VGroup(name, row_name(remark, side, name.get_y() - units(MORE)))


def chip_in(side: Room, token: Label, y: float) -> Token:
    """The token of a row, in the room at its left."""
    return side.fit(Token(token, height=TOKEN), most=1.0).set_x(at(side.left, 0)[0], LEFT).set_y(y)


def entering_under(ribbon: Ribbon, x: NamedTensor) -> list[Vector]:
    """The vectors that a network reads, each under its token."""
    return under(ribbon, ribbon.below(STAGE).split_rows(STRIP)[0], x, "residual", full_colour(x))


def zero_line(plot: Room, *values: NamedTensor) -> tuple[VMobject, float, float, Ground]:
    """The zero line of bars that fill a room; the length of a one and the height of the line, in units; its ground."""
    reach = np.concatenate([*(one.values for one in values), [0.0]])
    unit, ground = units(plot.height) / float(np.ptp(reach) or 1.0), Ground()
    floor = at(0, plot.top)[1] - float(reach.max()) * unit
    return means(rule(at(plot.left, 0), at(plot.right, 0), "ink3", 2).set_y(floor), ground), unit, floor, ground


def activation_bar(value: Quantity, unit: float, wide: float, x: float, floor: float, ground: Ground) -> Box:
    """Activation of a neuron as a bar from a zero line at `floor`; `unit` is the height of a one, in units."""
    length = float(value) * unit
    bar = Box(wide, max(pixels(abs(length)), 1.5), signed(float(np.sign(value)), 1.0), min(4, wide / 3))
    bar.move_to(np.array([x, floor + length / 2, 0]))
    bar.key = ("entry", value.name, value.index)
    return means(bar, Length(value, "height", pixels(unit), wide, 1.5), Rises(value, 1, ground), Hue(value))


def risen(bar: VMobject, floor: float) -> Animation:
    """A bar grows out of its zero line."""
    flat = bar.copy().stretch(0.01, 1)
    return Travel(flat.set_y(floor), bar, 0.0, "row")


class Widening(VGroup):
    """The vector that enters, its neurons as bars before and after the activation, and the vector that leaves.

    Args:
        rows: what enters, d_model; its neurons before and after the activation, d_ff; and what leaves, d_model.
        sizes: how many numbers a vector has, and how many neurons there are.
        keep: a neuron that has a bar in any case.
        formulas: what stands at the foot, one formula a stage.
        token: whose vector it is.
    """

    def __init__(
        self, rows: Sequence[NamedTensor], sizes: Sequence[Quantity], keep: int, formulas: Sequence[str], token: Label
    ) -> None:
        (enters, pre, post, leaves), (side, body) = rows, rooms()
        foot = body.split_rows(-76)[1]
        lines = body.split_rows(-76, 20)[0]
        fan = (lines.height - 2 * STRIP) * 0.17
        high = lines.height - 2 * STRIP - 2 * fan - 16
        wide = min(NARROW, body.width * 0.6)
        tops = lines.split_rows(STRIP)[0], lines.split_rows(-STRIP)[1]
        self.enters, self.leaves = (
            Vector(vector, wide, STRIP, "residual").move_to(row.centre)
            for vector, row in zip((enters, leaves), tops, strict=True)
        )
        top = lines.top + STRIP + fan + 8
        self.plot = Room(body.left, top, body.right, top + high)
        self.zero, self.unit, self.floor, self.ground = zero_line(self.plot, pre, post)
        #: The neurons that have a bar: all, or some at even distances where there are more than bars have room.
        self.shown = sorted({*np.linspace(0, len(pre) - 1, min(len(pre), MOST_BARS)).astype(int).tolist(), keep})
        self.pitch = body.width / len(self.shown)
        self.before, self.after = self._bars(pre), self._bars(post)
        #: What the activation takes away, left behind as a shade.
        self.ghosts = self._bars(pre)
        for ghost in self.ghosts:
            ghost.meanings = tuple(one for one in ghost.meanings if not isinstance(one, Hue))
            ghost.set_fill(palette().line, 0.55).set_z_index(-1)
        self.reads = self._fan(self.enters.get_bottom()[1], at(0, top - 8)[1], wide)
        self.ways, self.lanes, self.fires = self._ways(post, wide)
        #: A dot below each neuron that fires, however little.
        self.counted = VGroup(
            dot(np.array([self.after[i].get_x(), self.floor - units(2 * MARK), 0]), MARK, "focus")
            for i in sorted(self.fires)
        )
        self.chip = chip_in(side, token, self.enters.get_y())
        self.names = [
            row_name(f"{sizes[0]} numbers", side, self.enters.get_y()).next_to(self.enters, buff=units(30)),
            row_name(f"{sizes[1]:,.0f} neurons", side, self.floor),
            row_name(f"{sizes[0]} numbers", side, self.leaves.get_y()).next_to(self.leaves, buff=units(30)),
        ]
        if len(self.shown) < len(pre):
            self.names[1] = remarked(self.names[1], "(some are shown)", side)
        self.formulas = [foot.fit(Formula(source, LARGE), most=1.0) for source in formulas]
        super().__init__(self.enters, self.leaves, self.chip, self.zero, self.before, *self.names)

    def _bars(self, values: NamedTensor) -> VGroup:
        bars = VGroup()
        for i, neuron in enumerate(self.shown):
            x = at(self.plot.left + (i + 0.5) * self.pitch, 0)[0]
            value = values.quantity(neuron)
            bars.add(activation_bar(value, self.unit, self.pitch * 0.74, x, self.floor, self.ground))
        return bars

    def _fan(self, above: float, below: float, wide: float) -> VMobject:
        """Lines from all over the vector to neurons everywhere: each of them reads the whole of it."""
        bars = self.before[:: max(1, len(self.before) // READERS)]
        starts = [[self.enters.get_x() + share * units(wide), above, 0] for share in np.linspace(-0.48, 0.48, READ)]
        ends = np.array([[[bar.get_x(), below, 0]] for bar in bars])
        return stroked(segments(np.array(starts), ends), "residual", 1.5).set_stroke(opacity=0.3)

    def widen(self) -> Animation:
        """The whole vector goes to all neurons, which rise one after another."""
        turns = lagged((risen(bar, self.floor) for bar in self.before), 0.03)
        everywhere = Box(self.plot.width, 8, palette().background).move_to(self.reads.get_bottom())
        return AnimationGroup(Flight(self.enters, everywhere, 0.0, kind="slow"), turns)

    def narrow(self) -> Animation:
        """Let the neurons' activations run to the output, whose entries rise."""
        rise = (Travel(thin(cell), cell, 0.0, "row") for cell in self.leaves.cells)
        rising = lagged(rise, 0.03)
        return AnimationGroup(self.flow()(pace("slow")), appear(self.leaves.plate), rising)

    def _ways(self, post: NamedTensor, wide: float) -> tuple[VGroup, list[VMobject], list[int]]:
        """Lines from each neuron that fires to all over the output, as thick as it fires hard: what it writes is a
        whole row. With them the ways on which dots run, and the places of these neurons among the bars."""
        values = post.values[self.shown]
        order = [int(i) for i in np.argsort(-values, kind="stable")[:MOST_WAYS] if values[i] > 0]
        ways, lanes, most = VGroup(), [], float(values.max(initial=0.0)) or 1.0
        ends = [self.leaves.get_top() + RIGHT * share * units(wide) for share in np.linspace(-0.48, 0.48, WRITTEN)]
        for k, i in enumerate(order):
            value, start = post.quantity(self.shown[i]), np.array([self.after[i].get_x(), self.floor, 0])
            thick = (THICK - THIN) / most
            way = stroked(segments(start, np.array(ends)), "residual", THIN + thick * float(value))
            ways.add(means(way.set_stroke(opacity=0.6), Thickness(value, thick, THIN)))
            lanes.append(path([start, ends[3 * k % WRITTEN]], "residual", 1))
        return ways, lanes, order

    def flow(self) -> Callable[[float], Animation]:
        """For `beat(ambient=...)`: what the neurons write runs to the output; the area of a dot is the activation."""
        most = max([float(self.after[i].height) for i in self.fires], default=1.0)
        return pulses(self.lanes, [float(self.after[i].height) / most for i in self.fires], "ink")


class OneForAll:
    """All vectors on their way through one network, under their tokens, and one of them that goes alone.

    Args:
        ribbon: the sentence, above.
        enters: position × entry.
        part: the tensors of the network, with what it makes of each vector by itself.
        here: the place in the ribbon of the token that goes alone.
        formula: what it computes, as Typst.
        called: whose network it is.
    """

    def __init__(self, ribbon: Ribbon, enters: NamedTensor, part: Trace, here: int, formula: str, called: str) -> None:
        side, body = (ribbon.below(room) for room in rooms())
        top, rest = body.split_rows(body.height * 0.17)
        middle, last = rest.split_rows(-2 * top.height - 24)
        first, second = last.rows(2, 24)
        alone = part["per_position"].pick(position=ribbon.chips[here].label)
        scale = full_colour(alone)

        self.enters = under(ribbon, top, enters, "residual", full_colour(enters))
        self.out = under(ribbon, first, part["out"], "residual", scale)
        self.alone = vector_in(ribbon.columns[here].cross(second), alone, "residual", scale)
        box = middle.inset(0, 26)
        self.machine = Box.of(box, palette().surface, 18, palette().residual, 4)
        self.label = box.inset(0, 12).fit(Formula(formula, LARGE), most=1.0)
        rows = ((self.enters[0], "vectors"), (self.machine, called), (self.out[0], "outputs"), (self.alone, "alone"))
        self.names = [row_name(text, side, row.get_y()) for row, text in rows]


class MoveAndCompute:
    """Attention between tokens as arcs, and below them the network that takes each vector by itself.

    Args:
        query: the token that attends.
        weights: its attention weights, "key".
        enters, out: the vectors before and after the network, position × entry.
        called: what the network is called, at the foot.
    """

    def __init__(self, query: Label, weights: NamedTensor, enters: NamedTensor, out: NamedTensor, called: str) -> None:
        self.foot = STAGE.split_rows(-76)[1]
        self.called = Words(called, "fact", "ink2").begin_in(self.foot)
        above, below = STAGE.split_rows(-96)[0].split_rows(0.54 * STAGE.height, 20)
        self.arcs = Arcs(weights.words("key"), weights.position("key", query), weights, above)
        ribbon = self.arcs.ribbon
        lines = ribbon.below(below, 0)
        air = min(36.0, lines.height / 10)
        first, middle, last = lines.inset(0, air).rows(3, air)
        self.lines = first, last
        entering = under(ribbon, first, enters, "residual", full_colour(enters))
        leaving = under(ribbon, last, out, "residual", full_colour(out))
        box = Box(lines.width, middle.height, palette().surface, 12, palette().residual, 3).move_to(middle.centre)
        self.network = VGroup(box, Words("FFN", "stage word", "residual", box).settle(middle.centre))
        self.entering, self.leaving = entering, leaving
        feet = [np.array([out.get_x(), box.get_bottom()[1], 0]) for out in leaving]
        self.ways = [
            [drop(chip, into, "residual", 5) for chip, into in zip(self.arcs.chips, entering, strict=True)],
            [drop(into, box, "residual", 5) for into in entering],
            [rule(foot, out.get_top(), "residual", 5) for foot, out in zip(feet, leaving, strict=True)],
        ]

    def instead(self, enters: NamedTensor, out: NamedTensor) -> tuple[tuple[Animation, ...], tuple[Animation, ...]]:
        """Replace the vector that enters at each token, and then the one that leaves."""
        (above, below), scale = self.lines, full_colour(out)
        into, outof = [], []
        for entering, column in zip(self.entering, self.arcs.ribbon.columns, strict=True):
            into.append(reshape(entering, vector_in(column.cross(above), enters, "residual", scale)))
            outof.append(Travel(self.network[1], vector_in(column.cross(below), out, "residual", scale), kind="row"))
        return (*into, leave(*self.leaving, *self.arcs.arcs)), tuple(outof)

    def at_foot(self, formula: Formula) -> Formula:
        """Put a formula below the vectors."""
        return self.foot.fit(formula, most=1.0)

    def down(self) -> tuple[Play | None, ...]:
        """Attention moves; then every vector goes through the network by itself, and its output comes out."""
        into, within, outof = self.ways
        dealt = deal(self.arcs.chips, self.entering, kind="flow")
        first = draw(*self.arcs.arcs, kind="row", back=True), draw(*into), dealt
        go_in, come_out = through(self.entering, self.network[1], self.leaving)
        return first, (appear(self.network, self.called), draw(*within), go_in), (draw(*outof), come_out)

    def go_in(self) -> Play | None:
        """Vectors go into the network."""
        return through(self.entering, self.network[1], ())[0]

    def flow(self) -> Callable[[float], Animation]:
        """For `beat(ambient=...)`: attention brings in, by its weights; and each vector goes down by itself."""
        down = [line for row in self.ways for line in row]
        return pulses([*self.arcs.arcs, *down], [*self.arcs.drawn_weights, *[0.5] * len(down)], "value")
