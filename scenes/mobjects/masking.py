"""A causal mask before the softmax, and what goes wrong when it comes after."""

from __future__ import annotations

import numpy as np
from manim import LEFT, RIGHT, UP, Animation, FadeIn, VGroup, VMobject, rate_functions

from scenes.animations import Morph, leave
from scenes.layout import HEIGHT, LEFT_EDGE, right_of
from scenes.mobjects.marks import Length, Shade, means
from scenes.mobjects.rounding import all_in_sight
from scenes.mobjects.shapes import Box, frame, hatching
from scenes.mobjects.tensors import TensorGrid, column_width
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, ink_on, pace, palette, shared, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a budget, of its height, and of the room between two of its pieces.
WIDE, HIGH, CUT = 1300.0, 68.0, 4.0


class Masked(VGroup):
    """A hatched cell, with the entry that stands there."""

    def __init__(self, quantity: Quantity, spec: str, width: float, height: float) -> None:
        box = Box(width, height, palette().background, 5, palette().line, 1.5)
        text = number(quantity, spec, "cell", "ink2").settle(box.get_center())
        plate = Box(text.width * 135 + 12, text.height * 135 + 10, palette().background, 4).move_to(text)
        text.paper = box
        self.back = VGroup(box, hatching(width - 4, height - 4))
        self.front = VGroup(plate, text)
        super().__init__(self.back, self.front)


class MaskBoard(VGroup):
    """Scores of a decoder's queries; those of later tokens masked; the attention weights that are left.

    Args:
        head: the tensors of one head of a decoder's self-attention.
    """

    def __init__(self, head: Trace) -> None:
        scaled, masked, weights = head["scaled"], head["masked"], head["weights"]
        labels = scaled.words("key")
        count = len(labels)
        wide = column_width(labels, 168 if count <= 5 else 94)
        self.upright = count * wide > 1260
        wide = min(wide, max(88.0, 1260 / count))
        high = min(84.0, (HEIGHT - (170 if self.upright else 80)) / count - 4)
        cell = "large" if count <= 5 else "normal"
        spec = ".2f" if np.abs(scaled.values).max() < 9.995 or wide > 100 else ".1f"
        self.scores = TensorGrid(scaled, cell, spec, wide=wide, high=high)
        self.shares = TensorGrid(weights, cell, "weight", weights=True, wide=wide, high=high)
        self.query_tokens = self.scores.row_labels("query")
        self.answers = VGroup()
        for j, label in enumerate(labels):
            chip = Token(label, "key", 0 if self.upright else wide, 44)
            chip = chip.turn() if self.upright else chip
            self.answers.add(chip.next_to(self.scores.column(j), UP, buff=units(12)))
        for chip in self.answers:
            chip.align_to(self.answers, np.array([0, -1.0, 0]))
        self.sums = VGroup(
            *(
                number(q, ".0f", "number", "ink2").next_to(self.shares.row(i), RIGHT, buff=units(60))
                for i, q in enumerate(head["weight_sums"].quantities())
            )
        )
        whole = all_in_sight(weights.values.T, head["weight_sums"].values)
        self.sum_name = Words("sum" if whole else "sum of all", "axis", "ink2").next_to(self.sums, UP, buff=units(34))
        right_of(self.sum_name, self.answers)
        self.hidden = [at for at in self.scores.cells if np.isneginf(masked.values[at])]
        self.hatches, self.zeros = (
            VGroup(
                *(Masked(tensor.quantity(*at), spec, wide, high).move_to(self.scores.cells[at]) for at in self.hidden)
            )
            for tensor, spec in ((masked, ".2f"), (weights, "weight"))
        )
        super().__init__(
            self.scores,
            self.shares,
            self.query_tokens,
            self.answers,
            self.hatches,
            self.zeros,
            self.sums,
            self.sum_name,
        )

    def soften(self) -> tuple[Animation, ...]:
        """Scores turn into attention weights: fills change over, numbers cross; what is masked stays hatched."""
        pairs = [(cell, self.shares.cells[at]) for at, cell in self.scores.cells.items() if at not in self.hidden]
        numbers = [(a.number, b.number) for a, b in pairs if a.number and b.number]
        fronts = [(a.front, b.front) for a, b in zip(self.hatches, self.zeros, strict=True)]
        new = VGroup(*(b for _, b in numbers), *(b for _, b in fronts))
        return (
            Morph([(a.box, b.box) for a, b in pairs], "row"),
            leave(*(a for a, _ in numbers), *(a for a, _ in fronts)),
            FadeIn(new, run_time=pace("row"), rate_func=rate_functions.ease_in_cubic),
        )

    @property
    def behind(self) -> list[VMobject]:
        """The cells that the mask covers, numbers and all."""
        return [self.scores.cells[at] for at in self.hidden]


class Budget(VGroup):
    """Shares of one row, end to end, in the order of the keys: together always as long as the frame."""

    def __init__(self, shares: NamedTensor) -> None:
        self.outline = frame(WIDE + 8, HIGH + 8, "line", 2, 8)
        self.pieces, self.names = VGroup(), VGroup()
        left = -WIDE / 2
        for j, share in enumerate(shares.quantities()):
            fill, wide = shared(0.25 + 0.75 * float(share)), WIDE * float(share)
            piece = Box(max(wide - CUT, 0.4), HIGH, fill, 6)
            means(piece, Length(share, "width", WIDE, HIGH, 0.4, -CUT), Shade(share, least=0.25))
            self.pieces.add(piece.move_to(np.array([units(left + wide / 2), 0, 0])))
            left += wide
            label = shares.label("key", j)
            if chip_width(label) < wide - CUT:
                name = word(label, "token").settle(piece.get_center())
                name.set_fill(ink_on(fill)).paper = piece
                self.names.add(name)
        super().__init__(self.outline, self.pieces, self.names)


class Spent(VGroup):
    """The attention weights of one query with their sum; what is zeroed after the softmax is hatched, and lost.

    Args:
        shares: the attention weights, by key.
        total: their sum.
        title: what was done.
    """

    def __init__(self, shares: NamedTensor, total: Quantity, title: str) -> None:
        self.budget, self.lost = Budget(shares), VGroup()
        outline, lost = self.budget.outline, (1 - float(total)) * WIDE
        if lost > 6:
            lines = hatching(lost - 6, HIGH - 4).move_to(outline.get_right() + LEFT * units(lost / 2 + 4))
            self.lost.add(lines)
        self.total = number(total, ".2f", "large number").next_to(outline, RIGHT, buff=units(30))
        self.title = Words(title, "aside", "ink2").next_to(outline, UP, buff=units(14)).align_to(outline, LEFT)
        super().__init__(self.budget, self.lost, self.total, self.title)

    @property
    def filled(self) -> VGroup:
        """The pieces and their names."""
        return VGroup(self.budget.pieces, self.budget.names)


class Leak(VGroup):
    """A query three ways: masked before the softmax, zeroed after it, and zeroed after it with another last word.

    Args:
        head, changed: the tensors of the same head, and those where the last word is another.
        token: whose query it is.
        last, other: the last word, and the one in its place.
    """

    def __init__(self, head: Trace, changed: Trace, token: Label, last: Label, other: Label) -> None:
        row = token.position
        self.before = Spent(
            head.in_full("weights", query=row), head["weight_sums"].pick(query=row), "masked before the softmax"
        )
        self.after, self.leaked = (
            Spent(part.in_full("post_softmax_mask", query=row), part["post_softmax_mask_sums"].pick(query=row), title)
            for part, title in (
                (head, f"zeroed after it; the last word is “{last}”"),
                (changed, f"zeroed after it; the last word is “{other}”"),
            )
        )
        lines = (self.before, self.after, self.leaked)
        for line, y in zip(lines, (300, 500, 700), strict=True):
            line.shift(at(1000, y) - line.budget.outline.get_center())
        self.token = Token(token, "query").move_to(at(LEFT_EDGE + 110, 300))
        self.sum_name = Words("sum", "axis", "ink2").next_to(self.before.total, UP, buff=units(22))
        super().__init__(*lines, self.token, self.sum_name)
