"""A feed-forward network at work: one vector widens, is bent and narrows; and all vectors beside one that is alone."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.layout import Room
from scenes.mobjects.formulas import Formula
from scenes.mobjects.marks import Ground, Hue, means
from scenes.mobjects.norm_stages import bars_of
from scenes.mobjects.shapes import Box, arrow, rule
from scenes.mobjects.strips import Rows, Strip, rows_shown
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, gap, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

SAID = {"relu": "ReLU", "gelu": "GELU", "gelu-tanh": "GELU", "silu": "SiLU"}
NARROW, WIDE, MIDDLE = 640.0, 1500.0, 960.0
HIGH = 230.0
#: More units than this are not shown as bars.
MOST_BARS = 384
#: The line from which the bars of the units lead.
ORIGIN = Ground()


def funnel(above: VMobject, below: VMobject, role: str) -> VMobject:
    """A light wedge from the whole width of one thing to the width of another."""
    wedge = VMobject(fill_color=palette().role(role), fill_opacity=0.13, stroke_width=0)
    top, foot = above.get_bottom()[1] - units(8), below.get_top()[1] + units(8)
    corners = [(above.get_left()[0], top), (above.get_right()[0], top)]
    corners += [(below.get_right()[0], foot), (below.get_left()[0], foot)]
    wedge.set_points_as_corners([np.array([*corner, 0]) for corner in [*corners, corners[0]]])
    return wedge


class Widening(VGroup):
    """The vector that enters, its neurons as bars before and after the bend, and the vector that leaves.

    Args:
        enters, leaves: the row, d_model.
        pre, post: its units before and after the activation, d_ff.
        token: whose vector it is.
        activation: its name in the config.
        gated: whether a gate multiplies the units, and bends.
        biased: whether biases are added.
    """

    def __init__(
        self, enters: NamedTensor, pre: NamedTensor, post: NamedTensor, leaves: NamedTensor, token: Label,
        activation: str, gated: bool, biased: bool,
    ) -> None:  # fmt: skip
        self.enters = Strip(enters, NARROW, 54).move_to(at(MIDDLE, 246))
        self.leaves = Strip(leaves, NARROW, 54).move_to(at(MIDDLE, 800))
        self.tokens = VGroup(
            *(Token(token).next_to(strip, LEFT, buff=gap("chip")) for strip in (self.enters, self.leaves))
        )
        reach = np.concatenate([pre.values, post.values, [0.0]])
        self.unit = HIGH / float(np.ptp(reach))
        self.ground = at(0, 522 - HIGH / 2)[1] - float(reach.max()) * units(self.unit)
        self.zero = rule(at(MIDDLE - WIDE / 2, 0), at(MIDDLE + WIDE / 2, 0), "ink3", 2).set_y(self.ground)
        means(self.zero, ORIGIN)
        #: The neurons that have a bar: all, or some at even distances where there are more than bars have room.
        self.units = [int(i) for i in np.linspace(0, len(pre) - 1, min(len(pre), MOST_BARS))]
        self.before, self.after = self._bars(pre), self._bars(post)
        self.part = Words("some of the neurons, evenly spread", "axis", "ink2").settle(at(MIDDLE, 664))
        room = Box(WIDE, HIGH + 20, palette().background).move_to(at(MIDDLE, 522))
        self.funnels = VGroup(funnel(self.enters, room, "residual"), funnel(room, self.leaves, "residual"))
        inside, after = ("x W + b", " + b'") if biased else ("x W", "")
        bent = f'op("{SAID[activation]}")'
        if gated:
            gate = inside.replace("W", "W_g").replace("b", "b_g")
            self.formula = Formula(f"({bent}({gate}) dot.o ({inside})) W'{after}", 36)
        else:
            self.formula = Formula(f"{bent}({inside}) W'{after}", 36)
        self.formula.move_to(at(MIDDLE, 884))
        #: What the bend takes away, left behind as a shade.
        self.ghosts = self._bars(pre, hued=False).set_fill(palette().line, 0.55)
        self.x_name = Formula("x", 36).next_to(self.enters, RIGHT, buff=units(24))
        super().__init__(
            self.enters, self.leaves, self.tokens, self.zero, self.before, self.funnels, self.formula, self.x_name
        )  # fmt: skip

    def _bars(self, values: NamedTensor, hued: bool = True) -> VGroup:
        """The units as bars on the zero line."""
        room, row = Room(MIDDLE - WIDE / 2, 0, MIDDLE + WIDE / 2, HIGH), [values.quantity(unit) for unit in self.units]
        bars = bars_of(row, room, self.ground, self.unit, ORIGIN)
        for bar, value in zip(bars, row if hued else [], strict=False):
            means(bar, Hue(value))
        return bars


class EveryRow(VGroup):
    """All vectors on their way through the same two matrices, and below them one that goes alone.

    Args:
        enters, post, out: position × entry.
        alone: the output of the one vector, computed without any other, d_model.
        token: whose vector it is.
        gated: whether a gate multiplies the neurons.
    """

    STARTS, WIDTHS = (280.0, 700.0, 1390.0), (310.0, 580.0, 310.0)

    def __init__(
        self, enters: NamedTensor, post: NamedTensor, out: NamedTensor, alone: NamedTensor, token: Label, gated: bool
    ) -> None:
        parts = [enters, post, out]
        shown = rows_shown(parts[0], "position", 6, token)
        slots = sum(1 if i is not None else 0.55 for i in shown)
        pitch = min(58.0, 330 / slots)
        self.here = token.position
        self.rows = [
            Rows(part, self.here, shown, wide, pitch).move_to(at(start + wide / 2, 400))
            for part, start, wide in zip(parts, self.STARTS, self.WIDTHS, strict=True)
        ]
        labels = {i: parts[0].label("position", i) for i in shown if i is not None}
        width = max(chip_width(label, small=True) for label in labels.values())
        self.chips = {i: Token(label, "", width, min(46.0, pitch - 4)) for i, label in labels.items()}
        for i, chip in self.chips.items():
            chip.move_to(at(self.STARTS[0] - 24 - width / 2, 0)).set_y(self.rows[0].lines[i].get_y())
        self.letters = (("W_g", "W"), ("W'",)) if gated else (("W",), ("W'",))
        self.matrices = self._matrices(400)
        last = [parts[0].pick(position=self.here), parts[1].pick(position=self.here), alone]
        scales = [full_colour(part) for part in parts]
        self.single = [
            Strip(row, wide, pitch - 7, scale).move_to(at(start + wide / 2, 740))
            for row, start, wide, scale in zip(last, self.STARTS, self.WIDTHS, scales, strict=True)
        ]
        self.single_chip = self.chips[self.here].copy().set_y(self.single[0].get_y())
        self.single_matrices = self._matrices(740)
        self.titles = VGroup(self._title("the whole sentence", 0), self._title("alone", 680))
        self.titles[0].stand_on(self.rows[0].get_top()[1] + units(24))
        super().__init__(
            *self.rows, *self.chips.values(), self.matrices, *self.single, self.single_chip, self.single_matrices,
            self.titles,
        )  # fmt: skip

    def _matrices(self, y: float) -> VGroup:
        """An arrow and the letter of a matrix in each of the two gaps; a second matrix stands below its arrow."""
        drawn = VGroup()
        for k, letters in enumerate(self.letters):
            start, end = self.STARTS[k] + self.WIDTHS[k] + 16, self.STARTS[k + 1] - 16
            way = arrow(at(start, y), at(end, y), "ink2", 4, 16)
            sides = zip(letters, (UP, DOWN), strict=False)
            drawn.add(VGroup(way, *(Formula(each, 34).next_to(way, side, buff=units(14)) for each, side in sides)))
        return drawn

    def _title(self, text: str, y: float) -> Words:
        return Words(text, "aside", "ink2").settle(at(0, y)).begin_at(at(self.STARTS[0], 0)[0])

    @staticmethod
    def difference(quantity: Quantity) -> VGroup:
        """The difference of the two outputs, written below."""
        value = number(quantity, ".0e", "large number").settle(at(1545, 836))
        name = Words("largest difference", "axis", "ink2").next_to(value, LEFT, buff=units(18))
        return VGroup(name.stand_on(value.baseline), value)
