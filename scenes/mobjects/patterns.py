"""Patterns of attention: a square for each pair, as large as the share, and many grids side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, UP, VGroup, VMobject

from scenes.layout import LEFT_EDGE, WIDTH
from scenes.mobjects.marks import Beside, Squares, means
from scenes.mobjects.shapes import Box, stroke
from scenes.mobjects.text import Words, word
from scenes.mobjects.tokens import in_line
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: The share of a cell's side that a whole share fills.
FULL = 0.9
#: The side of a cell, as a share of the distance to the next.
CELL = 0.92
#: More heads than this stand in two lines; px of a grid there.
MOST_IN_A_LINE, GALLERY = 6, 210.0
#: Px from the top of the frame to grids whose column words take no room, so that their letters stand clear of the map.
HIGHEST = 250.0


def squares(centres: np.ndarray, sides: np.ndarray, role: str, outline: bool = False) -> VMobject:
    """Upright squares as one shape: centres (n × 2) and sides (n) in units."""
    colour = palette().role(role)
    shape = VMobject(fill_color=colour, fill_opacity=0 if outline else 1, stroke_color=colour)
    shape.set_stroke(width=stroke(1.5) if outline else 0)
    corners = np.array([(-1, 1), (1, 1), (1, -1), (-1, -1)]) / 2
    starts = centres[:, None] + corners * sides[:, None, None]
    ends = np.roll(starts, -1, axis=1)
    lines = np.stack([starts, starts + (ends - starts) / 3, ends - (ends - starts) / 3, ends], axis=2).reshape(-1, 2)
    shape.points = np.column_stack([lines, np.zeros(len(lines))])
    return shape


class Pattern(VGroup):
    """Shares as squares in a grid: queries run down, keys to the right; the area is the share.

    `lines[i]` is the row of query i, one shape of a square for each key, so that patterns can turn into each other.
    Where `masked` is minus infinity, a pair has no cell: its query may not look there.
    """

    def __init__(self, weights: NamedTensor, pitch: float, masked: NamedTensor | None = None) -> None:
        rows, columns = weights.shape
        self.weights, self.pitch = weights, units(pitch)
        self.at = np.array([[(j, -i) for j in range(columns)] for i in range(rows)]) * self.pitch
        open_to = np.ones((rows, columns), bool) if masked is None else ~np.isneginf(masked.values)
        full = np.full(int(open_to.sum()), self.pitch * CELL)
        self.cells = squares(self.at[open_to], full, "line", outline=True)
        sides = self.pitch * FULL * np.sqrt(weights.values)
        self.lines = VGroup(*(squares(self.at[i], sides[i], "weight") for i in range(rows)))
        for i, line in enumerate(self.lines):
            means(line, Squares(weights, i, FULL))
        super().__init__(self.cells, self.lines)

    def band(self, row: int) -> VMobject:
        """The place of a row, for a ring around it."""
        height = self.cells.height / len(self.lines)
        box = Box(self.cells.width * 135, height * 135, palette().background, 2)
        top = self.cells.get_top()[1] - height * (row + 0.5)
        return box.move_to(np.array([self.cells.get_x(), top, 0]))

    def place(self, row: int, column: int) -> np.ndarray:
        """The centre of a pair's cell."""
        corner = self.cells.get_corner(UP + LEFT)
        return corner + np.array([column + CELL / 2, -row - CELL / 2, 0]) * self.pitch

    def row_words(self, style: str = "map") -> VGroup:
        """The words of the queries, at the left of their rows."""
        words = [means(word(label, style, "ink2"), Beside(label)) for label in self.weights.words("query")]
        edge = self.cells.get_left()[0] - units(16)
        for i, text in enumerate(words):
            text.settle(np.array([edge, self.place(i, 0)[1], 0])).end_at(edge)
        return VGroup(*words)

    def column_words(self, style: str = "map") -> VGroup:
        """The words of the keys on top of their columns, upright where they would touch."""
        labels = self.weights.words("key")
        return VGroup(*self._heads(labels, style, upright=self.crowded(labels, style)))

    def crowded(self, labels: Sequence[Label], style: str) -> bool:
        return max(word(label, style).width for label in labels) > self.pitch - units(10)

    def _heads(self, labels: Sequence[Label], style: str, upright: bool) -> list[Words]:
        texts = [means(word(label, style, "ink2"), Beside(label)) for label in labels]
        return on_columns(texts, [self.place(0, j)[0] for j in range(len(texts))], self.cells.get_top()[1], upright)


def on_columns(texts: list[Words], xs: Sequence[float], top: float, upright: bool) -> list[Words]:
    """Put texts on the columns in the middle of which the `xs` lie, turned to stand `upright` or as they are read."""
    foot = top + units(12)
    for text, x in zip(texts, xs, strict=True):
        if upright:
            text.rotate(np.pi / 2)
            text.turned = True
            text.move_to(np.array([x, foot, 0]), aligned_edge=DOWN)
        else:
            text.settle(np.array([x, 0, 0])).stand_on(foot + units(4))
    return texts


class Patterns(VGroup):
    """The heads of a layer side by side, with the sentence at the left and on top of each.

    Args:
        weights: head × query × key.
        letters: the name of each head.
        masked: the masked scores of one of these heads; a mask is the same for all of them.
        high: px for a grid at most.
    """

    def __init__(
        self, weights: NamedTensor, letters: Sequence[str], masked: NamedTensor | None = None, high: float = 400
    ) -> None:
        heads, rows, columns = weights.shape
        space = 40.0
        if heads > MOST_IN_A_LINE:
            self._gallery(weights, letters, masked)
            return
        widest = max(word(label, "map").width for label in weights.words("query")) * 135 + 24
        room = WIDTH - 20 - widest - (heads - 1) * space
        pitch = min(room / heads / columns, high / rows)
        self.grids = VGroup(*(Pattern(weights[head], pitch, masked) for head in range(heads)))
        taken = widest + heads * pitch * columns + (heads - 1) * space
        left = LEFT_EDGE + (WIDTH - taken) / 2 + widest
        longest = max(word(label, "map").width for label in weights.words("key")) * 135
        top = max(560 - pitch * rows / 2, HIGHEST + (longest if longest > pitch - 10 else 0))
        for head, grid in enumerate(self.grids):
            spot = at(left + head * (pitch * columns + space), top)
            grid.shift(spot - grid.cells.get_corner(UP + LEFT))
        self.row_words = self.grids[0].row_words()
        self.column_words = VGroup(*(grid.column_words() for grid in self.grids))
        self.letters = VGroup(
            *(
                Words(f"head {letter}", "block").next_to(VGroup(grid, words), UP, buff=units(22))
                for letter, grid, words in zip(letters, self.grids, self.column_words, strict=True)
            )
        )
        for letter, grid in zip(self.letters, self.grids, strict=True):
            letter.set_x(grid.get_x())
        super().__init__(self.grids, self.row_words, self.column_words, self.letters)

    def _gallery(self, weights: NamedTensor, letters: Sequence[str], masked: NamedTensor | None) -> None:
        """Many heads in two lines: small grids without words, and the sentence once above them."""
        heads, rows, columns = weights.shape
        across = -(-heads // 2)
        pitch = min(GALLERY / rows, (WIDTH / across - 60) / columns)
        self.grids = VGroup(*(Pattern(weights[head], pitch, masked) for head in range(heads)))
        self.letters, self.column_words = VGroup(), VGroup()
        for head, (grid, letter) in enumerate(zip(self.grids, letters, strict=True)):
            line, place = divmod(head, across)
            spot = at(LEFT_EDGE + WIDTH * (place + 0.5) / across, 426 + 322 * line)
            grid.shift(spot - grid.cells.get_center())
            name = Words(f"head {letter}", "fact", "ink2").next_to(grid.cells, UP, buff=units(14))
            self.letters.add(name)
        self.row_words = in_line(weights.words("query"), WIDTH - 520).move_to(at(1120, 216))
        super().__init__(self.grids, self.row_words, self.letters)

    def named(self, text: str) -> Words:
        """What these heads are: below them, or beside the sentence where they fill the stage."""
        name = Words(text, "block")
        if len(self.grids) <= MOST_IN_A_LINE:
            return name.next_to(self.grids, DOWN, buff=units(116)).set_x(0)
        return name.settle(at(0, 216)).begin_at(at(LEFT_EDGE, 0)[0])

    def favourites(self, rows: NamedTensor) -> VGroup:
        """Below each grid, whom a row looks at most, and with which share; `rows` has this row of each head."""
        found = VGroup()
        style, drop = ("number", 44) if len(self.grids) <= MOST_IN_A_LINE else ("note", 24)
        for grid, row in zip(self.grids, rows, strict=True):
            top_key, share = row.largest()
            foot = grid.cells.get_bottom() + DOWN * units(drop)
            found.add(Words(f"{top_key} {share:share}", style).settle(foot))
        return found


def sharpest(weights: NamedTensor) -> int:
    """The head whose rows spend most on their top keys, of head × query × key."""
    return int(weights.values.max(-1).mean(-1).argmax())
