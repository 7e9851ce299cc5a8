"""One row and its three views: what enters an attention, and how a matrix makes queries, keys and values of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, Transform, VGroup, VMobject, rate_functions

from scenes.animations import ring_around
from scenes.layout import LEFT_EDGE, RIGHT_EDGE
from scenes.mobjects.formulas import Formula
from scenes.mobjects.shapes import frame
from scenes.mobjects.strips import Rows, rows_shown
from scenes.mobjects.tensors import Heatmap, full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Tag, Token, chip_width
from scenes.theme import at, pace, units
from transformer_core.studies.focus import Focus
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

LETTERS = {"query": "Q", "key": "K", "value": "V"}


def entering(trace: Trace, focus: Focus) -> NamedTensor:
    """What the queries of this attention are made of, as the trace says: position × d_model."""
    return trace[trace.parents[f"{focus.path}.q"][0]].pick(batch=0)


def counted(quantity: Quantity, noun: str) -> str:
    """ "1 row", "4 rows"."""
    return f"{quantity} {noun}" if float(quantity) == 1 else f"{quantity} {noun}s"


ALIKE = 0.9


def alike(cosine: Quantity) -> bool:
    """Whether two vectors point almost the same way."""
    return cosine > ALIKE


def strongest(vector: NamedTensor) -> Label:
    """Where the entry with the largest absolute value stands."""
    label: Label = max(vector.largest(), vector.smallest(), key=lambda found: abs(found[-1]))[0]
    return label


class View(VGroup):
    """A matrix, and below it the rows that it makes."""

    def __init__(
        self,
        matrix: NamedTensor,
        made: NamedTensor,
        token: int,
        shown: Sequence[int | None],
        wide: float,
        pitch: float,
        scales: tuple[float, float],
    ) -> None:
        self.matrix = Heatmap(matrix, wide, 270, scales[0])
        self.rows = Rows(made, token, shown, wide, pitch, scales[1])
        self.rows.next_to(self.matrix, DOWN, buff=units(28))
        super().__init__(self.matrix, self.rows)


class Meeting(VGroup):
    """X at the left, matrices on top, and where a row meets a matrix, what it makes.

    Args:
        x: position × d_model.
        token: the row to follow.
        parts: for each matrix (d_model × d_head) the rows (position × d_head) that it makes.
        wide: px for the entries of X.
        space: px between two matrices.
        scales: for each matrix, and for what it makes, the value that gets the full colour.
        aside: px to leave free at the right.
    """

    def __init__(
        self,
        x: NamedTensor,
        token: Label,
        parts: Sequence[tuple[NamedTensor, NamedTensor]],
        wide: float,
        space: float,
        scales: Sequence[tuple[float, float]],
        aside: float = 0,
    ) -> None:
        here = self.here = token.position
        shown = rows_shown(x, "position", 6, token)
        slots = sum(1 if i is not None else 0.55 for i in shown)
        pitch = min(58.0, 262 / slots)
        self.x = Rows(x, here, shown, wide, pitch)
        labels = {i: x.label("position", i) for i in shown if i is not None}
        chip = max(chip_width(label, small=True) for label in labels.values())
        self.chips = {i: Token(label, "", chip, min(46.0, pitch - 4)) for i, label in labels.items()}
        left = LEFT_EDGE + chip + 20
        start = left + wide + 48
        room = (RIGHT_EDGE - 12 - aside - start - (len(parts) - 1) * space) / len(parts)
        self.views = [View(*part, here, shown, room, pitch, scale) for part, scale in zip(parts, scales, strict=True)]
        for k, view in enumerate(self.views):
            view.move_to(at(start + (room + space) * k, 268), aligned_edge=LEFT + UP)
        self.x.move_to(at(left + wide / 2, 0)).set_y(self.views[0].rows.get_y())
        for i, mark in self.chips.items():
            mark.move_to(at(LEFT_EDGE + chip / 2, 0)).set_y(self.x.lines[i].get_y())
        corner = [(self.x.get_left()[0] + self.x.get_right()[0]) / 2, self.views[0].matrix.get_y(), 0]
        self.corner = np.array(corner)
        super().__init__(self.x, *self.chips.values(), *self.views)

    @classmethod
    def of_heads(cls, trace: Trace, focus: Focus) -> Meeting:
        """X, the query matrix of every head, and their queries."""
        matrix, made = trace[f"parameters.{focus.path}.w_q"], trace[f"{focus.path}.q"].pick(batch=0)
        parts = [(matrix[head], made[head]) for head in range(len(matrix))]
        return cls(entering(trace, focus), focus.query_token, parts, 470, 26, [_scale(parts)] * len(parts), aside=72)

    @classmethod
    def of_roles(cls, trace: Trace, focus: Focus) -> Meeting:
        """X, and the three matrices of one head with what they make; the query's part as in `of_heads`."""
        head, weights = focus.seen(trace), trace.under(f"parameters.{focus.path}", **focus.places(trace))
        parts = [(weights[f"w_{letter.lower()}"], head[letter.lower()]) for letter in LETTERS.values()]
        queries = trace[f"parameters.{focus.path}.w_q"], trace[f"{focus.path}.q"]
        return cls(
            entering(trace, focus),
            focus.query_token,
            parts,
            350,
            56,
            [_scale([queries]), *(_scale([part]) for part in parts[1:])],
        )

    @property
    def matrices(self) -> VGroup:
        return VGroup(*(view.matrix for view in self.views))

    @property
    def made(self) -> VGroup:
        """The rows that all matrices make."""
        return VGroup(*(view.rows for view in self.views))

    @property
    def other_rows(self) -> VGroup:
        """What all rows but the followed one become."""
        return VGroup(*(part for view in self.views for part in view.rows.others(self.here)))

    @property
    def entering(self) -> VGroup:
        """X and its names."""
        return VGroup(self.x, *self.chips.values())

    @property
    def row(self) -> VGroup:
        """Every entry that the followed row makes, from left to right."""
        return VGroup(*(cell for view in self.views for cell in view.rows.lines[self.here]))

    def size_under(self, part: VMobject, text: str) -> Words:
        """A true size, below a part."""
        return Words(text, "note", "ink2").next_to(part, DOWN, buff=units(16))

    def names(self) -> list[Formula]:
        """The names of the three matrices, above them."""
        return [
            Formula(f"{{{{ W_{LETTERS[role]} : {role} }}}}", 32).next_to(view.matrix, UP, buff=units(14))
            for role, view in zip(LETTERS, self.views, strict=True)
        ]

    def tags(self) -> list[Tag]:
        """The tags of queries, keys and values, below them."""
        pairs = zip(LETTERS, self.views, strict=True)
        return [Tag(role).next_to(view.rows, DOWN, buff=units(26)) for role, view in pairs]

    def rings(self) -> VGroup:
        """Outlines around the query, the key and the value of the followed row."""
        pairs = zip(LETTERS, self.views, strict=True)
        return VGroup(*(ring_around(view.rows.lines[self.here], role) for role, view in pairs))

    def size_over(self, text: str) -> Words:
        """The true size of all matrices together, above them."""
        size = Words(text, "note", "ink2").next_to(self.matrices, UP, buff=units(24))
        return size.align_to(self.matrices, LEFT)

    def in_corner(self, text: str, name: str, quantity: Quantity) -> VGroup:
        """A text above a named number, in the free corner over X."""
        lines = VGroup(
            Words(text, "note", "ink2"), Words(name, "aside", "ink2"), number(quantity, ".2f", "large number")
        )
        lines.arrange(DOWN, buff=units(18))
        return lines.move_to(self.corner)

    def tag_beside(self, role: str) -> Tag:
        """The tag of what all matrices make together, at its right."""
        return Tag(role).next_to(self.made, RIGHT, buff=units(24))


def _scale(parts: Sequence[tuple[NamedTensor, NamedTensor]]) -> tuple[float, float]:
    """The largest absolute value of the matrices, and of what they make."""
    matrices, made = (full_colour(*(part[k] for part in parts)) for k in (0, 1))
    return matrices, made


def refit(old: VMobject, new: VMobject) -> Animation:
    """A picture takes the size and the place of another one with the same parts."""
    return Transform(old, new, run_time=pace("row"), rate_func=rate_functions.smooth)


def column_scan(board: Meeting) -> tuple[VMobject, Animation]:
    """An outline on the first column of all matrices, and its way over the other ones."""
    matrices = VGroup(*(view.matrix.backdrop for view in board.views))
    narrow = matrices.width * 135 / len(board.row)
    outline = frame(max(narrow, 8) + 4, matrices.height * 135 + 6, "query", 4, 5).move_to(matrices)
    outline.align_to(matrices, LEFT)
    last = outline.copy().align_to(matrices, RIGHT)
    return outline, Transform(outline, last, run_time=pace("row"), rate_func=rate_functions.linear)
