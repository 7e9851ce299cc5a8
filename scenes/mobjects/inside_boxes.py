"""What happens inside a box: the norm's two steps, and the feed-forward network's widening."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.layout import LEFT_EDGE, RIGHT_EDGE
from scenes.mobjects.formulas import Formula
from scenes.mobjects.passage import Lanes, footing, heading, rows_of
from scenes.mobjects.shapes import Box, path, rule, stroke
from scenes.mobjects.strips import Rows, Strip
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace


class Scales(VGroup):
    """The numbers of each row as ticks on one axis: a band marks their mean and their spread.

    `after` has the same parts, for the normalized rows.
    """

    def __init__(self, lanes: Lanes, rows: NamedTensor, mean: NamedTensor, variance: NamedTensor, reach: float) -> None:
        self.left, self.right = lanes.left + 40, 1380.0
        self.reach = reach
        self.ticks, self.bands = VGroup(), VGroup()
        self.numbers = VGroup()
        for i, y in lanes.y.items():
            middle, spread = mean.pick(position=i), variance.pick(position=i)
            self.ticks.add(self._ticks(rows.pick(position=i).values, y, lanes, i == lanes.token.position))
            self.bands.add(self._band(float(middle), float(spread) ** 0.5, y, lanes.pitch - 14))
            for quantity, x in ((middle, 1530.0), (spread, 1740.0)):
                text = number(quantity, ".2f", "number", "ink" if i == lanes.token.position else "ink2")
                self.numbers.add(text.settle(at(x, y)))
        zero = self._x(0)
        self.axis = path([at(zero, lanes.top - 6), at(zero, lanes.top + lanes.deep + 6)], "ink3", 2)
        self.zero_name = Words("zero", "aside", "ink2").move_to(at(zero, 0))
        self.zero_name.stand_on(at(0, lanes.top - 20)[1])
        self.formula = Formula('(x - "mean") slash sqrt("variance")', 34)
        self.formula.move_to(at(self._x(0), lanes.top + lanes.deep + 76))
        self.heads = VGroup(
            *(
                Words(name, "aside", "ink2").move_to(at(x, 0)).stand_on(at(0, lanes.top - 20)[1])
                for name, x in (("mean", 1530.0), ("variance", 1740.0))
            )
        )
        super().__init__(self.bands, self.axis, self.ticks, self.zero_name, self.heads, self.numbers, self.formula)

    @classmethod
    def both(cls, lanes: Lanes, trace: Trace, path_of: str) -> tuple[Scales, Scales]:
        """The rows that the norm at a path reads, and the same rows normalized, on one axis."""
        norm, rows = trace.under(path_of, batch=0), rows_of(trace, trace.parents[f"{path_of}.mean"][0])
        reach = max(float(np.abs(tensor.values).max()) for tensor in (rows, norm["normalized"]))
        before = cls(lanes, rows, norm["mean"], norm["var"], reach)
        return before, cls(lanes, norm["normalized"], norm["mean_after"], norm["var_after"], reach)

    def _x(self, value: float) -> float:
        return (self.left + self.right) / 2 + value / self.reach * (self.right - self.left) / 2

    def _ticks(self, values: np.ndarray, y: float, lanes: Lanes, followed: bool) -> VMobject:
        """All entries of a row as upright strokes, in one outline."""
        colours = palette()
        half = (lanes.pitch - 26) / 2
        ticks = VMobject(stroke_color=colours.ink if followed else colours.ink3, stroke_width=stroke(2.5))
        starts = np.array([at(self._x(float(v)), y - half) for v in values])
        ends = np.array([at(self._x(float(v)), y + half) for v in values])
        thirds = (ends - starts) / 3
        ticks.points = np.stack([starts, starts + thirds, ends - thirds, ends], axis=1).reshape(-1, 3)
        return ticks

    def _band(self, middle: float, spread: float, y: float, high: float) -> VMobject:
        wide = self._x(spread) - self._x(0)
        band = Box(2 * wide, high, palette().residual, 8).set_fill(opacity=0.28)
        return band.move_to(at(self._x(middle), y))


class EachAlone(VGroup):
    """All rows through the feed-forward network, each in its own lane: narrow, wide, narrow."""

    def __init__(
        self, lanes: Lanes, tensors: Sequence[NamedTensor], names: Sequence[str], sizes: Sequence[str]
    ) -> None:
        space = 110.0
        room = RIGHT_EDGE - 6 - lanes.left - space * (len(tensors) - 1)
        whole = sum(tensor.shape[1] for tensor in tensors)
        self.parts: list[Rows] = []
        self.names: list[Words] = []
        self.strands = VGroup()
        x = lanes.left
        for tensor, name in zip(tensors, names, strict=True):
            wide = room * tensor.shape[1] / whole
            if self.parts:
                self.strands.add(*(rule(at(x - space + 14, y), at(x - 14, y), "weight", 5) for y in lanes.y.values()))
            self.parts.append(lanes.place(tensor, x, wide))
            self.names.append(heading(name, self.parts[-1]))
            x += wide + space
        self.sizes = VGroup(*(footing(size, part) for size, part in zip(sizes, self.parts, strict=True)))
        super().__init__(*self.parts, *self.names, self.strands, self.sizes)

    @classmethod
    def of(cls, lanes: Lanes, trace: Trace, path_of: str, size: str) -> EachAlone:
        """All rows of the sentence through the feed-forward network at a path."""
        ffn, reads = trace.under(path_of, batch=0), rows_of(trace, trace.parents[f"{path_of}.pre"][0])
        wide = f"{trace['config.words']} × {trace['config.d_ff']}"
        names = (
            "rows, after the norm" if trace.about["norm_order"] == "pre" else "every row",
            "widened and bent",
            "narrowed",
        )
        return cls(lanes, [reads, ffn["post"], ffn["out"]], names, (size, wide, size))


class Widening(VGroup):
    """One row grows wide, is bent by the activation, and grows narrow again: four strips below each other."""

    def __init__(
        self, vectors: Sequence[NamedTensor], token: Label, names: Sequence[str], sizes: Sequence[str]
    ) -> None:
        longest = max(len(vector) for vector in vectors)
        chip = Token(token)
        left, room = LEFT_EDGE + chip.width * 135 + 40, 1240.0
        middle = left + room / 2
        self.strips: list[Strip] = []
        self.names: list[VGroup] = []
        heights = (470.0, 590.0, 710.0, 830.0)
        inner = full_colour(*vectors[1:3])
        for vector, name, size, y in zip(vectors, names, sizes, heights, strict=True):
            wide = room * len(vector) / longest
            strip = Strip(vector, wide, 58, inner if len(vector) == longest else 0).move_to(at(middle, y))
            self.strips.append(strip)
            label = Words(name, "aside", "ink2")
            end = at(middle + room / 2 + 36, y)
            label.move_to(end).begin_at(end[0]).stand_on(end[1] + units(4))
            count = Words(size, "note", "ink2").move_to(end).begin_at(end[0]).stand_on(end[1] - units(30))
            self.names.append(VGroup(label, count))
        self.chip = chip.next_to(self.strips[0], LEFT, buff=units(20))
        self.slopes = VGroup(*(self._slope(a, b) for a, b in zip(self.strips, self.strips[1:], strict=False)))
        super().__init__(self.chip, *self.strips, *self.names, self.slopes)

    @classmethod
    def of(cls, trace: Trace, path_of: str, token: Label) -> Widening:
        """The row of a token through the feed-forward network at a path."""
        ffn, narrow, wide = trace.under(path_of, batch=0), trace["config.d_model"], trace["config.d_ff"]
        tensors = [rows_of(trace, trace.parents[f"{path_of}.pre"][0]), ffn["pre"], ffn["post"], ffn["out"]]
        names = ("after the norm" if trace.about["norm_order"] == "pre" else "its row", "widened", "bent", "narrowed")
        sizes = (narrow, wide, wide, narrow)
        vectors = [tensor.pick(position=token.position) for tensor in tensors]
        return cls(vectors, token, names, [f"{size}" for size in sizes])

    @staticmethod
    def _slope(upper: VGroup, lower: VGroup) -> VGroup:
        """The outline between two strips: everything above feeds everything below, or each its own."""
        corners = [(upper.get_corner(DOWN + side), lower.get_corner(UP + side)) for side in (LEFT, RIGHT)]
        return VGroup(*(path([a + DOWN * units(5), b + UP * units(5)], "ink3", 2.5) for a, b in corners))
