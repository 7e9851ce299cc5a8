"""One entry of a query, made slowly: a row, a column, their products, and the sum that they build up."""

from __future__ import annotations

import numpy as np
from manim import LEFT, Animation, AnimationGroup, VGroup, VMobject, rate_functions

from scenes.animations import Along, Count, Sweep, appear, leave
from scenes.mobjects.formulas import Formula
from scenes.mobjects.marks import Length, means
from scenes.mobjects.rounding import adding_up
from scenes.mobjects.shapes import Box, frame, rule
from scenes.mobjects.strips import Strip, decimals
from scenes.mobjects.tensors import TensorGrid, abridged
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Tag, Token
from scenes.theme import at, gap, pace, palette, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Where the strips begin and end, and where the numbers beside them end, in px.
BEGIN, END, NUMBERS = 316.0, 1560.0, 1822.0
#: The share of the largest product that gets the full colour as a step: its length says the rest.
FULL_COLOUR = 0.4


class OneCell(VGroup):
    """Three strips, entry under entry, and below them each product as a step of the sum.

    Args:
        head: the tensors of one head.
        x: the row that enters.
        column: the weights that meet it.
        token: whose row it is.
        entry: which entry of the query is made.
        bias: what is added last, or None.
        size: how many entries the query has.
    """

    def __init__(
        self,
        head: Trace,
        x: NamedTensor,
        column: NamedTensor,
        token: Label,
        entry: int,
        bias: Quantity | None,
        size: str,
    ) -> None:
        here = {"query": token, "d_head": entry}
        self.products, self.sums = head["q_terms"].pick(**here), head["q_partial_sums"].pick(**here)
        self.value, self.bias = head["q"].pick(**here), bias
        added = [] if bias is None else [float(bias)]
        self.spec = adding_up([float(self.sums.quantity(len(self.sums) - 1)), *added], self.value, 3) or ".3f"
        self.vectors = [x, column, self.products]
        wide, self.pitch = END - BEGIN, (END - BEGIN) / len(x)
        self.strips = [
            Strip(vector, wide, 50).move_to(at((BEGIN + END) / 2, y))
            for vector, y in zip(self.vectors, (226, 292, 376), strict=True)
        ]
        self.line = rule(at(BEGIN, 334), at(END, 334), "line", 2)
        self.names: list[VMobject] = [
            Token(token),
            Formula("{{ W_Q : query }}", 32),
            Words("products", "aside", "ink2"),
        ]
        for name, strip in zip(self.names, self.strips, strict=True):
            name.next_to(strip, LEFT, buff=gap("chip"))
        self.numbers = [
            self._beside(vector.quantity(0), strip) for vector, strip in zip(self.vectors, self.strips, strict=True)
        ]
        self.steps = self._steps(430, 748)
        self.playhead = frame(self.pitch + 8, 222, "focus", 4, 6).move_to(self._place(0))
        self.row = self._row(head["q"].pick(query=token), entry, size)
        super().__init__(*self.strips, self.line, *self.names, *self.numbers, self.steps, self.zero, self.row)
        self._account()

    def _beside(self, quantity: Quantity, strip: VMobject, style: str = "number", role: str = "ink") -> Words:
        return number(quantity, self.spec, style, role).settle(strip.get_center()).end_at(at(NUMBERS, 0)[0])

    def _place(self, i: int) -> np.ndarray:
        return np.array([self._x(i), at(0, 301)[1], 0])

    def _x(self, i: int) -> float:
        """Where entry i stands, from left to right."""
        return float(at(BEGIN + (i + 0.5) * self.pitch, 0)[0])

    def _steps(self, top: float, bottom: float) -> VGroup:
        """Each product as a bar from the sum before it to the sum after it."""
        sums = np.concatenate([[0.0], self.sums.values, [float(self.value)]])
        unit = self.unit = units(bottom - top) / (float(np.ptp(sums)) or 1.0)
        self.ground = at(0, top)[1] - float(sums.max()) * unit
        scale = FULL_COLOUR * float(np.abs(self.products.values).max()) or 1.0
        self.zero = rule(at(BEGIN, 0), at(END, 0), "ink3", 2).set_y(self.ground)
        self.zero_name = Words("sum so far", "aside", "ink2")
        self.zero_name.next_to(self.zero, LEFT, buff=gap("chip"))
        steps = VGroup()
        for i, product in enumerate(self.products.values):
            x = self._x(i)
            bar = self._bar(x, sums[i], sums[i + 1], self.pitch - 4, signed(float(product), scale))
            if self.pitch > 4:  # of very many entries the bars have no width
                means(bar, Length(self.products.quantity(i), "height", unit * 135, self.pitch - 4, 2))
            half, high = units(self.pitch / 2), self.ground + sums[i + 1] * unit
            level = rule(np.array([x - half, high, 0]), np.array([x + half, high, 0]), "ink2", 2.5)
            steps.add(VGroup(bar, level))
        x = self._x(len(self.sums) - 1) + units(self.pitch + 8)
        self.bias_bar = self._bar(x, sums[-2], sums[-1], 14, palette().ink2)
        return steps

    def _bar(self, x: float, low: float, high: float, wide: float, fill: str) -> Box:
        bar = Box(wide, max(abs(high - low) * self.unit * 135, 2), fill, 2)
        return bar.move_to(np.array([x, self.ground + (low + high) / 2 * self.unit, 0]))

    def _row(self, q: NamedTensor, entry: int, size: str) -> VGroup:
        """The query of this row, still empty, and the one cell that is made here."""
        columns = abridged(len(q), 9, 2, keep=(entry,))
        left_out = columns.count(None)
        wide = (END - BEGIN - 44 * left_out) / (len(columns) - left_out) - 4
        grid = TensorGrid(q, "slim", decimals(q), columns=columns, wide=wide, high=56)
        grid.move_to(at((BEGIN + END) / 2, 826))
        self.cell = grid.cell(0, entry)
        colours = palette()
        hollow = [
            Box(c.box.width * 135, 56, colours.background, 5, colours.line, 2).move_to(c) for c in grid.cells.values()
        ]
        self.tag = Tag("query").next_to(grid, LEFT, buff=gap("chip"))
        length = Words(size, "note", "ink2").next_to(grid, np.array([1.0, 0, 0]), buff=units(46))
        return VGroup(*hollow, grid.gaps_left_out, self.tag, length)

    def _account(self) -> None:
        """The sum, the bias and the entry, one below the other, beside the steps."""
        ys = (500, 556, 634)
        self.total = self._beside(self.sums.quantity(0), VGroup(Box(1, 1, "#000000").move_to(at(NUMBERS, ys[0]))))
        self.total_name = Words("sum", "note", "ink2").begin_at(at(END + 46, 0)[0]).stand_on(self.total.baseline)
        self.result = self._beside(self.value, Box(1, 1, "#000000").move_to(at(NUMBERS, ys[2])), role="query")
        self.result_name = Words("entry", "note", "ink2").begin_at(at(END + 46, 0)[0]).stand_on(self.result.baseline)
        self.under = rule(at(END + 46, 594), at(NUMBERS, 594), "ink3", 2)
        self.bias_parts = VGroup(self.bias_bar)
        if self.bias is not None:
            added = self._beside(self.bias, Box(1, 1, "#000000").move_to(at(NUMBERS, ys[1])))
            name = Words("bias", "note", "ink2").begin_at(at(END + 46, 0)[0]).stand_on(added.baseline)
            self.bias_parts.add(added, name)

    def opening(self) -> list[tuple[Animation, ...]]:
        """Row and column come up, with the place that the entry is for."""
        return [
            (appear(self.names[0], self.strips[0]),),
            (appear(self.names[1], self.strips[1]), appear(self.row)),
        ]

    def terms(self, first: int, last: int | None, kind: str) -> Animation:
        """The products from `first` up to `last`, each with its step of the sum."""
        span = slice(first, last)
        places = [self._place(i) for i in range(len(self.products))][span]
        counts = [
            Count(words, vector.quantities()[span], self.spec, kind)
            for words, vector in zip(self.numbers, self.vectors, strict=True)
        ]
        return AnimationGroup(
            Along(self.playhead, places, kind),
            Sweep(VGroup(*self.strips[2][span]), kind),
            Sweep(VGroup(*self.steps[span]), kind),
            *counts,
            Count(self.total, self.sums.quantities()[span], self.spec, kind),
        )

    def first_terms(self) -> list[Animation]:
        """Three products, slowly."""
        marks = [
            self.playhead,
            self.line,
            self.names[2],
            *self.numbers,
            self.zero,
            self.zero_name,
            self.total,
            self.total_name,
        ]
        return [appear(*marks, rise=False), self.terms(0, 3, "cell")]

    def all_terms(self) -> list[Animation]:
        """The other products, quickly, and the bias."""
        return (
            [self.terms(3, None, "slow"), appear(self.bias_parts)]
            if self.bias is not None
            else [self.terms(3, None, "slow")]
        )

    def landing(self) -> list[Animation | tuple[Animation, ...]]:
        """The entry takes its place in the query."""
        ghost = self.result.copy()
        fall = ghost.animate(run_time=pace("transform"), rate_func=rate_functions.ease_in_out_sine, remover=True)
        return [
            appear(self.under, self.result, self.result_name),
            (
                fall.move_to(self.cell).set_opacity(0),
                appear(self.cell, rise=False),
                leave(self.playhead, *self.numbers),
            ),
        ]
