"""One row and its three views: what enters an attention, and how a matrix makes queries, keys and values of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, Transform, VGroup, VMobject, rate_functions

from scenes.layout import HEIGHT, LEFT_EDGE, RIGHT_EDGE, centred
from scenes.mobjects.formulas import Formula
from scenes.mobjects.shapes import Box, arrow, curve, ellipsis, frame
from scenes.mobjects.tensors import Heatmap, TensorGrid, abridged
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Tag, Token, chip_width
from scenes.theme import at, gap, pace, palette, signed, units
from transformer_core.cast import Cast
from transformer_core.provenance import Label, Quantity
from transformer_core.trace import NamedTensor, Trace

JOBS = {
    "query": ("It asks", "“What am I looking for?”"),
    "key": ("It is found", "“What can I be matched by?”"),
    "value": ("It hands over", "“What do I hand over?”"),
}
LETTERS = {"query": "Q", "key": "K", "value": "V"}


def entering(trace: Trace, cast: Cast) -> NamedTensor:
    """What the queries of this attention are made of, as the trace says: position × d_model."""
    return trace[trace.parents[f"{cast.path}.q"][0]].pick(batch=0)


def counted(quantity: Quantity, noun: str) -> str:
    """ "1 row", "4 rows"."""
    return f"{quantity} {noun}" if quantity == 1 else f"{quantity} {noun}s"


ALIKE = 0.9


def alike(cosine: Quantity) -> bool:
    """Whether two vectors point almost the same way."""
    return cosine > ALIKE


def strongest(vector: NamedTensor) -> Label:
    """Where the entry with the largest absolute value stands."""
    label: Label = max(vector.largest(), vector.smallest(), key=lambda found: abs(found[-1]))[0]
    return label


def decimals(*tensors: NamedTensor) -> str:
    """The format of numbers in narrow cells: two decimals where none is longer than one digit before them."""
    return ".2f" if max(float(np.abs(tensor.values).max()) for tensor in tensors) < 9.995 else ".1f"


class Strip(VGroup):
    """A whole vector as narrow cells in a row, one for each entry, without numbers."""

    def __init__(self, vector: NamedTensor, wide: float, high: float, scale: float = 0) -> None:
        pitch = wide / len(vector)
        scale = scale or float(np.abs(vector.values).max()) or 1.0
        cells = []
        for i, value in enumerate(vector.values):
            cell = Box(pitch - min(2.5, pitch * 0.14), high, signed(float(value), scale), min(4, pitch / 5))
            cells.append(cell.move_to(np.array([units((i + 0.5) * pitch - wide / 2), 0, 0])))
        super().__init__(*cells)


class ThreeJobs(VGroup):
    """The row of a token above its three jobs: each with its tag, its name, and its question or the vector made for it.

    Args:
        row: the row, all its entries.
        token: whose row it is.
        views: for each role the query, key or value made of the row; the questions are shown without them.
    """

    def __init__(self, row: NamedTensor, token: Label, views: Mapping[str, NamedTensor] | None = None) -> None:
        self.chip = Token(token)
        self.strip = Strip(row, 1300, 60)
        self.chip.next_to(self.strip, LEFT, buff=gap("chip"))
        top = VGroup(self.chip, self.strip)
        top.shift(at(960, 300 if views is None else 236) - self.strip.get_center())
        self.jobs: dict[str, VGroup] = {}
        for i, role in enumerate(JOBS):
            self.jobs[role] = self._job(role, at(960 + (i - 1) * 560, 590 if views is None else 432), views)
        super().__init__(top, *self.jobs.values())

    def _job(self, role: str, centre: np.ndarray, views: Mapping[str, NamedTensor] | None) -> VGroup:
        name, question = JOBS[role]
        tag = Tag(role).scale(1.35).move_to(centre)
        start = np.array([self.strip.get_center()[0] + (centre[0] - at(960, 0)[0]) * 0.62, self.strip.get_bottom()[1], 0])
        line = curve(start + DOWN * units(14), tag.get_top() + UP * units(14), role, 5)
        if views is None:
            title = Words(name, "block").settle(centre + DOWN * units(104))
            return VGroup(line, tag, title, Words(question, "aside", "ink2").settle(centre + DOWN * units(164)))
        strip = Strip(views[role], 420, 60).move_to(centre + DOWN * units(96))
        return VGroup(line, tag, strip, Words(name, "block").settle(centre + DOWN * units(166)))


def rows_shown(tensor: NamedTensor, axis: str, most: int, token: Label) -> list[int | None]:
    """The rows of a sentence that `most` rows have room for, with the row of `token` among them."""
    size = tensor.size(axis)
    return list(range(size)) if size <= most else abridged(size, most - 3, 2, keep=(token.position,))


class Entering(VGroup):
    """The rows of the stream, the norm that they pass (or not), and what enters the attention.

    Args:
        stream, entering: position × d_model; the same tensor where nothing stands between.
        token: a row to keep in view.
        size: the true size, as text with its sources.
    """

    def __init__(self, stream: NamedTensor, entering: NamedTensor, token: Label, size: str) -> None:
        normed = stream.name != entering.name
        rows = rows_shown(stream, "position", 8, token)
        high = min(72.0, 0.66 * HEIGHT / len(rows) - 4)
        cell, first = ("large", 3) if len(rows) <= 5 else ("normal", 4)
        columns = abridged(stream.size("d_model"), *((first, 1) if normed else (2 * first + 2, 2)))
        self.stream = TensorGrid(stream, cell, rows=rows, columns=columns, high=high)
        self.labels = self.stream.row_labels()
        self.before = VGroup(self.stream, self.labels)
        parts = [self.before]
        self.way = VGroup()
        self.x = self.stream
        if normed:
            self.x = TensorGrid(entering, cell, rows=rows, columns=columns, high=high)
            box = Box(150, 84, palette().surface, 12, palette().line, 2.5)
            name = Words("Norm", "block", paper=box).settle(box.get_center())
            room = LEFT * units(64)
            self.way = VGroup(
                arrow(box.get_left() + room, box.get_left() + LEFT * units(8), "residual", 4),
                VGroup(box, name),
                arrow(box.get_right() + RIGHT * units(8), box.get_right() - room, "residual", 4),
            )
            parts += [self.way, self.x]
        VGroup(*parts).arrange(RIGHT, buff=units(26))
        self.way.set_y(self.x.get_y())
        self.heads = VGroup(Words("the stream", "block", "residual").next_to(self.stream, UP, buff=units(26)))
        self.letter = Formula("X").next_to(self.x, UP, buff=units(24))
        if not normed:
            self.heads.align_to(self.stream, LEFT)
        self.size = Words(size, "note", "ink2").next_to(self.x, DOWN, buff=units(24))
        super().__init__(*parts, self.heads, self.letter, self.size)
        centred(self)


class Rows(VGroup):
    """Rows of a matrix as strips without numbers. Where some are left out stands an ellipsis.

    `lines[i]` is the strip of row i of the tensor; the one of `token` has a mobject for each entry.
    """

    def __init__(self, tensor: NamedTensor, token: int, shown: Sequence[int | None], wide: float, pitch: float, scale: float = 0) -> None:
        scale = scale or float(np.abs(tensor.values).max()) or 1.0
        self.lines: dict[int, VGroup] = {}
        dots = VGroup()
        y = 0.0
        axis = tensor.axes[0]
        for i in shown:
            step = pitch if i is not None else pitch * 0.55
            centre = np.array([0, -units(y + step / 2), 0])
            y += step
            if i is None:
                dots.add(ellipsis(vertical=True).scale(0.8).move_to(centre))
            elif i == token:
                self.lines[i] = Strip(tensor.pick(**{axis: i}), wide, pitch - 7, scale).move_to(centre)
            else:
                line = Heatmap(tensor.pick(**{axis: (i,)}), wide, (pitch - 7) / 0.86, scale)
                line.remove(line.backdrop)
                self.lines[i] = line.move_to(centre)
        self.dots = dots
        super().__init__(*self.lines.values(), dots)

    def others(self, token: int) -> list[VMobject]:
        """Everything but the row of one token."""
        return [*(line for i, line in self.lines.items() if i != token), self.dots]


class View(VGroup):
    """A matrix, and below it the rows that it makes."""

    def __init__(self, matrix: NamedTensor, made: NamedTensor, token: int, shown: Sequence[int | None], wide: float, pitch: float, scales: tuple[float, float]) -> None:
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

    def __init__(self, x: NamedTensor, token: Label, parts: Sequence[tuple[NamedTensor, NamedTensor]], wide: float, space: float, scales: Sequence[tuple[float, float]], aside: float = 0) -> None:
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
            view.move_to(at(start + (room + space) * k, 240), aligned_edge=LEFT + UP)
        self.x.move_to(at(left + wide / 2, 0)).set_y(self.views[0].rows.get_y())
        for i, mark in self.chips.items():
            mark.move_to(at(LEFT_EDGE + chip / 2, 0)).set_y(self.x.lines[i].get_y())
        corner = [(self.x.get_left()[0] + self.x.get_right()[0]) / 2, self.views[0].matrix.get_y(), 0]
        self.corner = np.array(corner)
        super().__init__(self.x, *self.chips.values(), *self.views)

    #: The letter of each matrix and its role.
    LETTERED = tuple((letter, role) for role, letter in LETTERS.items())

    @classmethod
    def of_heads(cls, trace: Trace, cast: Cast) -> Meeting:
        """X, the query matrix of every head, and their queries."""
        matrix, made = trace[f"parameters.{cast.path}.w_q"], trace[f"{cast.path}.q"].pick(batch=0)
        parts = [(matrix[head], made[head]) for head in range(len(matrix))]
        return cls(entering(trace, cast), cast.asker, parts, 470, 26, [_scale(parts)] * len(parts), aside=72)

    @classmethod
    def of_roles(cls, trace: Trace, cast: Cast) -> Meeting:
        """X, and the three matrices of one head with what they make; the query's part as in `of_heads`."""
        head, weights = cast.seen(trace), trace.under(f"parameters.{cast.path}", head=cast.head)
        parts = [(weights[f"w_{letter.lower()}"], head[letter.lower()]) for letter in LETTERS.values()]
        queries = trace[f"parameters.{cast.path}.w_q"], trace[f"{cast.path}.q"]
        return cls(entering(trace, cast), cast.asker, parts, 350, 56, [_scale([queries]), *(_scale([part]) for part in parts[1:])])

    @property
    def row(self) -> VGroup:
        """Every entry that the followed row makes, from left to right."""
        return VGroup(*(cell for view in self.views for cell in view.rows.lines[self.here]))

    def size_under(self, part: VMobject, text: str) -> Words:
        """A true size, below a part."""
        return Words(text, "note", "ink2").next_to(part, DOWN, buff=units(16))

    def named(self, view: View, letter: str, role: str) -> Formula:
        """The name of a matrix, above it."""
        return Formula(f"{{{{ W_{letter} : {role} }}}}", 32).next_to(view.matrix, UP, buff=units(14))

    def size_over(self, text: str) -> Words:
        """The true size of all matrices together, above them."""
        whole = VGroup(*(view.matrix for view in self.views))
        return Words(text, "note", "ink2").next_to(whole, UP, buff=units(14)).align_to(whole, LEFT)

    def in_corner(self, text: str, name: str, quantity: Quantity) -> VGroup:
        """A text above a named number, in the free corner over X."""
        lines = VGroup(Words(text, "note", "ink2"), Words(name, "aside", "ink2"), number(quantity, ".2f", "large number"))
        lines.arrange(DOWN, buff=units(18))
        return lines.move_to(self.corner)

    def tag_of(self, view: View, role: str) -> Tag:
        """The tag of what a view makes, at the right of its rows."""
        return Tag(role).next_to(view.rows, RIGHT, buff=units(24))

    def tag_under(self, view: View, role: str) -> Tag:
        """The tag of what a view makes, below its rows."""
        return Tag(role).next_to(view.rows, DOWN, buff=units(26))


def _scale(parts: Sequence[tuple[NamedTensor, NamedTensor]]) -> tuple[float, float]:
    """The largest absolute value of the matrices, and of what they make."""
    matrices, made = (max(float(np.abs(part[k].values).max()) for part in parts) for k in (0, 1))
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
