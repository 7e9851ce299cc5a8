"""A dot product laid open, the plane of two vectors, and the board where every query meets every key."""

from __future__ import annotations

from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.layout import HEIGHT, WIDTH, centred
from scenes.mobjects.bars import SignedBars
from scenes.mobjects.cells import Closed
from scenes.mobjects.shapes import Box, arrow, dashes, dot, path
from scenes.mobjects.strips import decimals
from scenes.mobjects.tensors import TensorGrid, abridged, column_width
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Tag, Token, chip_width
from scenes.theme import gap, palette, units
from transformer_core.studies.measures.naming import attention_input
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: A cell with a number in it is not lower than this, in px.
LOWEST = 25.0


class DotProduct(VGroup):
    """A query above a key, entry over entry, and their products as bars from a zero line.

    Args:
        head: the tensors of one attention head.
        query_token, answer: which query and which key.
    """

    def __init__(self, head: Trace, query_token: Label, answer: Label) -> None:
        products = head["terms"].pick(query=query_token, key=answer)
        entries = abridged(len(products), 12, 3)
        shown = [i for i in entries if i is not None]
        q, k = (head[attention_input(head, letter)] for letter in "qk")
        scale = float(max(np.abs(q.values).max(), np.abs(k.values).max()))
        pair = q.pick(query=query_token), k.pick(key=answer)
        spec = decimals(*pair)
        self.query, self.key = (TensorGrid(v, "slim", spec, scale, columns=entries, high=58) for v in pair)
        self.key.next_to(self.query, DOWN, buff=units(26))
        self.bars = SignedBars(products.pick(d_head=tuple(shown)), VGroup(*self.key.columns), room=260, width=54)
        self.bars.next_to(self.key, DOWN, buff=units(44))
        self.query_token = Token(query_token, "query").next_to(self.query, LEFT, buff=gap("chip"))
        self.answer = Token(answer, "key").next_to(self.key, LEFT, buff=gap("chip"))
        self.note = Words("products", "axis", "ink2").next_to(self.bars.zero, LEFT, buff=gap("chip"))
        self.pairs = [VGroup(above, below) for above, below in zip(self.query.columns, self.key.columns, strict=True)]
        super().__init__(self.query, self.key, self.bars, self.query_token, self.answer, self.note)
        centred(self, -0.06)


class PlaneOfTwo(VGroup):
    """The plane through a query and a key, where both keep their lengths and their angle."""

    def __init__(self, head: Trace, query_token: Label, answer: Label, wide: float = 860, high: float = 540) -> None:
        points: NamedTensor = head["plane"].pick(query=query_token, key=answer)
        tip: NamedTensor = points.pick(other=answer.position)
        length = float(head["q_norm"].pick(query=query_token))
        reach: np.ndarray = np.vstack([tip.values, np.array([[length, 0], [0, 0]])])
        spread = np.ptp(reach, axis=0)
        self.unit = min(units(wide) / max(spread[0], 1e-9), units(high) / max(spread[1], 1e-9))
        self.origin = dot(np.zeros(3), 7, "ink2")
        self.query = arrow(np.zeros(3), self._point(length, 0), "query", 6, 22)
        self.key = arrow(np.zeros(3), self._point(*tip.values), "key", 6, 22)
        foot = self._point(tip.values[0], 0)
        self.drop = VGroup(
            dashes(self._point(*tip.values), foot, "ink3"),
            number(tip.quantity(0), ".2f", "number").settle(foot + DOWN * units(44)),
        )
        turn = float(np.arctan2(tip.values[1], tip.values[0]))
        bend = [np.array([np.cos(t), np.sin(t), 0]) * units(110) for t in np.linspace(0, turn, 24)]
        middle = np.array([np.cos(turn / 2), np.sin(turn / 2), 0]) * units(142)
        self.angle = VGroup(path(bend, "ink2", 3), Words("θ", "aside").settle(middle))
        q_chip = Token(query_token, "query", height=44)
        k_chip = Token(answer, "key", height=44)
        self.names = VGroup(
            q_chip.next_to(self.query, UP, buff=units(14)).align_to(self.query, RIGHT),
            k_chip.next_to(self._point(*tip.values), UP, buff=units(12)),
        )
        super().__init__(self.drop, self.angle, self.origin, self.query, self.key, self.names)

    def _point(self, x: float, y: float) -> np.ndarray:
        return np.array([x, y, 0]) * self.unit


class Board(VGroup):
    """Queries down the left, keys along the top, and one cell where each pair meets.

    The sizes follow the sentence, so that four words fill the stage and twelve still fit. `lying` are the same keys
    as rows, before K is turned; `closed` what stands, by its place, where a mask keeps a key from a query.
    """

    def __init__(self, head: Trace) -> None:
        pairs: NamedTensor = head["scores"]
        q, k = (head[attention_input(head, letter)] for letter in "qk")
        words, d_head = len(pairs), k.size("d_head")
        entries = abridged(d_head, 14, 1)
        labels = pairs.words("key")
        wide = column_width(labels, 150 if words <= 5 else 94)
        self.upright_labels = words * wide > 0.62 * WIDTH
        wide = min(wide, max(88.0, 0.60 * WIDTH / words))
        high = 64.0 if words <= 5 else 56.0 if words == 6 else max(40.0, min(50.0, 0.56 * HEIGHT / words))
        heads_up = 44 + 30.0
        if self.upright_labels:
            heads_up = max(chip_width(label, small=True) for label in labels) + 24
        thin = max(4.0, min(20.0, (HEIGHT - heads_up - 60 - words * (high + 4)) / len(entries) - 4))
        if words > 6:  # as high as what stands above leaves room
            above = heads_up + 24 + len(entries) * (thin + (4 if thin > 14 else 1.5))
            high = min(high, max(LOWEST, (HEIGHT + 20 - above) / words - 4))
        cell = "large" if words <= 5 else "normal"
        reach = np.abs(pairs.values).max()
        spec = ".2f" if words <= 5 or reach < 10 else ".1f" if reach < 99.95 else ".0f"
        self.grid = TensorGrid(pairs, cell, spec, wide=wide, high=high)
        scale = float(max(np.abs(q.values).max(), np.abs(k.values).max()))
        across = 24.0 if words <= 5 else 20.0 if words <= 8 else 12.0
        self.query = TensorGrid(q, "thin", scale=scale, wide=across, high=high, columns=entries)
        self.key = TensorGrid(k.transpose("d_head", "key"), "flat", scale=scale, wide=wide, high=thin, rows=entries)
        self.query_labels = self.query.row_labels("query", least=high)
        self.query.next_to(self.grid, LEFT, buff=units(30))
        self.query_labels.next_to(self.query, LEFT, buff=gap("chip"))
        self.key.next_to(self.grid, UP, buff=units(24))
        self.key_labels = self._labels_on_top(labels, wide)
        self.query_tag = Tag("query").next_to(self.query, UP, buff=units(18))
        self.key_tag = Tag("key").next_to(self.key, RIGHT, buff=units(22))
        super().__init__(
            self.grid, self.query, self.query_labels, self.key, self.key_labels, self.query_tag, self.key_tag
        )
        centred(self)
        self.empty = VGroup(*(self._hollow(c.box) for c in self.grid.cells.values()))
        masked, style = head["masked"], self.grid.style
        self.closed = {
            place: Closed(masked.quantity(*place), self.grid.size_px, "", style).move_to(cell)
            for place, cell in self.grid.cells.items()
            if np.isneginf(masked.values[place])
        }

    def _labels_on_top(self, labels: tuple[Label, ...], wide: float) -> VGroup:
        chips = VGroup()
        for j, label in enumerate(labels):
            chip = Token(label, "key", 0 if self.upright_labels else wide, 44)
            if self.upright_labels:
                chip.turn()
            chips.add(chip.next_to(self.key.column(j), UP, buff=units(12)))
        for chip in chips:
            chip.align_to(VGroup(*chips), DOWN)
        return chips

    @staticmethod
    def _hollow(box: VMobject) -> VMobject:
        colours = palette()
        hollow = Box(box.width * 135, box.height * 135, colours.background, 5, colours.line, 1.5)
        return hollow.move_to(box)

    def hollow_row(self, row: int) -> VGroup:
        """The empty cells of a row, before it is filled."""
        keys = list(self.grid.cells)
        return VGroup(*(self.empty[i] for i, (r, _) in enumerate(keys) if r == row))

    def lying(self) -> TensorGrid:
        """The keys as rows, standing where the turned ones will come from."""
        return TensorGrid(
            self.key.tensor.transpose("key", "d_head"),
            "thin",
            scale=self.key.scale_value,
            wide=self.query.size_px[0],
            high=self.grid.size_px[1],
            columns=self.key.row_order,
        )

    def as_turned(self, lying: TensorGrid) -> list[tuple[Any, Any]]:
        """Each lying cell with the cell that it becomes when K is turned on its side."""
        return [(cell, self.key.cells[j, i]) for (i, j), cell in lying.cells.items()]


def value_line(name: str, quantity: Any, spec: str, role: str = "ink", unit: str = "") -> VGroup:
    """A name and a number on one baseline: "length of the query  3.21"."""
    label = Words(name, "fact", "ink2")
    value = number(quantity, spec, "large number", role)
    parts = [label, value]
    value.next_to(label, RIGHT, buff=gap("chip")).stand_on(label.baseline)
    if unit:
        parts.append(Words(unit, "fact", "ink2"))
        parts[-1].next_to(value, RIGHT, buff=gap("word")).stand_on(label.baseline)
    return VGroup(*parts)
