"""From a row of scores to shares, and from shares to a blend of value rows."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.layout import HEIGHT, right_of
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.cells import Cell, Closed, fitting
from scenes.mobjects.marks import Shade, means
from scenes.mobjects.rounding import adding_up, all_in_sight
from scenes.mobjects.shapes import rule
from scenes.mobjects.tensors import TensorGrid, abridged, column_width
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Tag, Token, chip_width
from scenes.theme import gap, signed, units
from transformer_core.studies.focus import within_reach
from transformer_core.studies.measures.naming import attention_input
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace


class SoftmaxTable(VGroup):
    """One row of attention, a line a key: its score, the score over the root, its exponential, its share.

    What a mask keeps from the row is hatched.
    """

    def __init__(self, head: Trace, query_token: Label) -> None:
        labels = head["weights"].words("key")
        self.pitch = min(112.0, (HEIGHT - 120) / len(labels))
        high = min(64.0, self.pitch - 8)
        width = max(chip_width(label, high < 48) for label in labels)
        self.tokens = VGroup(*(Token(label, "key", width, max(36.0, high)) for label in labels))
        for i, token in enumerate(self.tokens):
            token.shift(DOWN * units(i * self.pitch))
        self.scores = self._cells(head, "scores", query_token, high)
        self.scaled = self._cells(head, "masked", query_token, high)
        self.leads = self._cells(head, "scores_minus_max", query_token, high)
        rows = [
            (head[name].pick(query=query_token).quantities(), head[total].pick(query=query_token))
            for name, total in (("exponentials", "exponential_sums"), ("weights", "weight_sums"))
        ]
        self.specs = [adding_up(parts, total, 3) or ".3f" for parts, total in rows]
        self.rounded = not all(adding_up(parts, total, 3) for parts, total in rows)
        self.whole = all(all_in_sight(parts, total) for parts, total in rows)
        self.raised, self.raised_numbers = self._bars(
            head, "exponentials", query_token, high, 190, self.specs[0], "ink2"
        )
        self.shares, self.share_numbers = self._bars(head, "weights", query_token, high, 300, self.specs[1], "weight")
        self.heads = VGroup()
        self._stand_in_columns()
        names = ("score", "over the root", "gap", "e to the gap", "share")
        columns = (self.scores, self.scaled, self.leads, self.raised, self.shares)
        for name, column in zip(names, columns, strict=True):
            title = Words(name, "axis", "ink2").next_to(column, UP, buff=gap("line"))
            self.heads.add(title.align_to(column, LEFT).stand_on(self.tokens.get_top()[1] + units(24)))
        self._totals(head, query_token)
        super().__init__(
            self.tokens,
            self.scores,
            self.scaled,
            self.leads,
            self.raised,
            self.raised_numbers,
            self.shares,
            self.share_numbers,
            self.heads,
            self.line,
            self.raised_total,
            self.share_total,
        )

    def _cells(self, head: Trace, name: str, query_token: Label, high: float) -> VGroup:
        row = head[name].pick(query=query_token)
        scale = float(np.abs(head["scores"].values).max())
        size, style = (118, high), "large cell"
        spec = fitting(row.quantities(), size[0], ".2f", style)

        def cell(q: Quantity) -> Cell:
            return Closed(q, size, "", style) if np.isneginf(q) else Cell(q, size, spec, style, signed(q, scale))

        cells = VGroup(*(cell(q) for q in row.quantities()))
        for part in (one for one in cells if not isinstance(one, Closed)):
            means(part.box, Shade(part.quantity, scale))
        return cells

    def _bars(
        self, head: Trace, name: str, query_token: Label, high: float, width: float, spec: str, role: str
    ) -> tuple[VGroup, VGroup]:
        bars, numbers = VGroup(), VGroup()
        for quantity in head[name].pick(query=query_token).quantities():
            bar = ShareBar(quantity, width, "", high * 0.8, role)
            bars.add(bar)
            numbers.add(number(quantity, spec, "number"))
        return bars, numbers

    def _stand_in_columns(self) -> None:
        left = self.tokens.get_right()[0] + gap("chip")
        for column, numbers in (
            (self.scores, None),
            (self.scaled, None),
            (self.leads, None),
            (self.raised, self.raised_numbers),
            (self.shares, self.share_numbers),
        ):
            for i, part in enumerate(column):
                part.move_to(np.array([left, -units(i * self.pitch), 0]), aligned_edge=LEFT)
            left = column.get_right()[0] + gap("chip")
            if numbers is not None:
                room = max(units(88), max(text.width for text in numbers) + units(8))
                for i, text in enumerate(numbers):
                    text.settle(np.array([left, -units(i * self.pitch), 0])).end_at(left + room)
                left += room
            left += gap("grid") * 0.55

    def _totals(self, head: Trace, query_token: Label) -> None:
        foot = self.tokens.get_bottom()[1] - units(26)
        self.line = rule(
            np.array([self.raised.get_left()[0], foot, 0]), np.array([self.share_numbers.get_right()[0], foot, 0])
        )
        self.raised_total = number(head["exponential_sums"].pick(query=query_token), self.specs[0], "number")
        self.share_total = number(head["weight_sums"].pick(query=query_token), self.specs[1], "number")
        for total, column in ((self.raised_total, self.raised_numbers), (self.share_total, self.share_numbers)):
            total.settle(np.array([0, foot - units(34), 0])).end_at(float(column[0].get_right()[0]))
        if self.rounded or not self.whole:
            said = "rounded" if self.whole else "of all tokens"
            note = Words(said, "aside", "ink2").settle(np.array([0, foot - units(34), 0]))
            note.begin_at(float(self.raised.get_left()[0]))
            if note.get_right()[0] > (right := self.raised_total.get_left()[0] - gap("chip")):
                note.end_at(float(right))
            self.line = VGroup(self.line, note)


OUT_OF_SIGHT = "each row times its share; others out of sight"


class Blend(VGroup):
    """Value rows lit by their shares, and the row that they add up to; what a mask keeps from it is left out.

    `plain` are the value rows before they are weighed, `weighed` the same rows times their shares.
    """

    def __init__(self, head: Trace, query_token: Label) -> None:
        keys = within_reach(head, query_token)
        v, weights = head[attention_input(head, "v")].pick(key=keys), head["weights"].pick(query=query_token, key=keys)
        entries = abridged(v.size("d_head"), 6, 1)
        scale = float(np.abs(v.values).max())
        high = min(60.0, (HEIGHT - 190) / len(v) - 4)
        cell = "normal" if high >= 44 else "slim"
        wide, high = 98.0, max(40.0, high)
        z = head["z"].pick(query=query_token)
        terms = head["weighted_v"].pick(query=query_token, key=keys)
        whole = all_in_sight(terms.values, z.values)
        self.plain = TensorGrid(v, cell, scale=scale, columns=entries, wide=wide, high=high)
        self.weighed = TensorGrid(terms, cell, scale=scale, columns=entries, wide=wide, high=high)
        self.weighed.move_to(self.plain)
        self.tokens = VGroup()
        self.bars, self.numbers = VGroup(), VGroup()
        for i, share in enumerate(weights.quantities()):
            bar = ShareBar(share, 260, "", high * 0.8)
            bar.next_to(self.plain.row(i), LEFT, buff=units(150))
            self.bars.add(bar)
            token = Token(weights.label("key", i), "value", 0, min(52.0, high))
            self.tokens.add(token.next_to(bar, LEFT, buff=gap("chip")))
            text = number(share, ".3f", "number").settle(bar.get_center())
            self.numbers.add(text.end_at(bar.get_right()[0] + units(120)))
        self.query_tokens = Words(f"shares of “{query_token}”", "axis", "ink2").next_to(self.bars, UP, buff=units(18))
        self.query_tokens.align_to(self.bars, LEFT)
        self.line = rule(np.array([self.bars.get_left()[0], 0, 0]), np.array([self.plain.get_right()[0], 0, 0]))
        self.line.next_to(self.plain, DOWN, buff=units(22)).set_x(
            (self.bars.get_left()[0] + self.plain.get_right()[0]) / 2
        )
        self.output = TensorGrid(z, "normal", scale=scale, columns=entries, wide=98, high=58)
        self.output.next_to(self.line, DOWN, buff=units(22)).set_x(self.plain.get_x())
        self.output_name = Words(f"output for “{query_token}”", "token").next_to(self.output, LEFT, buff=gap("grid"))
        self.value_tag = Tag("value").next_to(self.plain, UP, buff=units(16)).align_to(self.plain, LEFT)
        self.headings = VGroup(
            *(
                Words(name, "axis", "ink2").next_to(self.value_tag, RIGHT, buff=gap("chip"))
                for name in ("rows as they are", "each row times its share, rounded" if whole else OUT_OF_SIGHT)
            )
        )
        super().__init__(
            self.plain,
            self.weighed,
            self.tokens,
            self.bars,
            self.numbers,
            self.query_tokens,
            self.line,
            self.output,
            self.output_name,
            self.value_tag,
            self.headings,
        )


class WeightBoard(VGroup):
    """All rows of shares: queries down the left, keys along the top; every row sums to one.

    What a mask keeps from a row is hatched.
    """

    def __init__(self, head: Trace) -> None:
        weights = head["weights"]
        labels = weights.words("key")
        wide = column_width(labels, 176 if len(labels) <= 5 else 94)
        self.upright = len(labels) * wide > 1350
        wide = min(wide, max(88.0, 1350 / len(labels)))
        high = 96.0 if len(labels) <= 5 else max(38.0, min(50.0, 480 / len(labels)))
        self.grid = TensorGrid(
            weights, "large" if len(labels) <= 5 else "normal", "weight", weights=True, wide=wide, high=high,
            masked=head["masked"],
        )  # fmt: skip
        self.query_tokens = self.grid.row_labels("query")
        self.answers = VGroup()
        for j, label in enumerate(labels):
            chip = Token(label, "key", 0 if self.upright else wide, 44)
            chip = chip.turn() if self.upright else chip
            self.answers.add(chip.next_to(self.grid.column(j), UP, buff=units(12)))
        sums = head["weight_sums"]
        self.sums = VGroup(
            *(
                number(q, ".0f", "number", "ink2").next_to(self.grid.row(i), RIGHT, buff=units(60))
                for i, q in enumerate(sums.quantities())
            )
        )
        whole = all_in_sight(weights.values.T, sums.values)
        self.sum_name = Words("sum" if whole else "sum of all", "axis", "ink2").next_to(self.sums, UP, buff=gap("line"))
        self.sum_name.set_y(self.answers[0].get_y() if not self.upright else self.sum_name.get_y())
        right_of(self.sum_name, self.answers)
        super().__init__(self.grid, self.query_tokens, self.answers, self.sums, self.sum_name)
