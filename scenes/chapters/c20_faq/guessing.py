"""Tasks with a pause: what is asked, a bar that runs out while the viewer thinks, and what the tensors say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, PI, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import OffAndOn, Play, appear, appear_in_turn, reshape, ring_around
from scenes.chapters.c20_faq.cards import STAMP, SplitMatrix, mark
from scenes.layout import STAGE, Room
from scenes.mobjects.patterns import on_columns
from scenes.mobjects.pause import Pause
from scenes.mobjects.shapes import arrow, dashes
from scenes.mobjects.strips import StripRows
from scenes.mobjects.tensors import TensorGrid, abridged, full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: The side of a grid in px, how far both are from the middle, and the most rows that are shown.
SIDE, AWAY, LANES = 460.0, 540.0, 13
#: Px of a matrix of parameters, and the heights of both.
MATRIX, HEIGHTS = 316.0, (398.0, 734.0)
#: The height of the verdicts and of what is said of halves in px, and px of a relative change and beside a row.
VERDICT, HALVES, CHANGE, AIR = 872.0, 828.0, 110.0, 22.0


class ScoreSquare(VGroup):
    """A square of scores as colours, with the tokens at the left and on top."""

    def __init__(self, scores: NamedTensor, name: str, scale: float, x: float) -> None:
        count = len(scores)
        pitch = min(124.0, SIDE / count)
        self.cells = TensorGrid(scores, "heat", scale=scale, wide=pitch - 4, high=pitch - 4)
        self.cells.move_to(at(x, 536))
        queries, keys = scores.words("query"), scores.words("key")
        edge, top = self.cells.get_left()[0] - units(14), self.cells.get_top()[1]
        rows = VGroup(
            word(label, "map", "ink2").settle(self.cells.row(i).get_center()).end_at(edge)
            for i, label in enumerate(queries)
        )
        texts = [word(label, "map", "ink2") for label in keys]
        upright, xs = max(text.width for text in texts) > units(pitch - 12), [one.get_x() for one in self.cells.columns]
        columns = VGroup(on_columns(texts, xs, top - units(0 if upright else 2), upright))
        self.words = VGroup(rows, columns)
        self.title = Words(name, "block").settle(at(x, 0)).stand_on(columns.get_top()[1] + units(24))
        super().__init__(self.cells, self.words, self.title)
        self.shift(DOWN * max(0.0, self.title.get_top()[1] - at(0, STAGE.top)[1]))

    def told(self, query_token: Label, top_key: Label, share: Quantity) -> VGroup:
        """ "red → car 99%" below the grid."""
        wide = max(chip_width(query_token, small=True), chip_width(top_key, small=True))
        first, second = Token(query_token, "query", wide, 44), Token(top_key, "key", wide, 44)
        way = arrow(np.zeros(3), RIGHT * units(56), "ink3", 3)
        line = VGroup(first, way, second, Words(f"{share:share}", "number")).arrange(RIGHT, buff=units(18))
        return line.move_to(np.array([self.cells.get_x(), at(0, 836)[1], 0]))


class SwappedScores:
    """Two matrices, at their left the scores, and at their right those of the same rows with the matrices swapped."""

    def __init__(
        self, scores: NamedTensor, swapped: NamedTensor, matrices: Sequence[NamedTensor], splits: NamedTensor
    ) -> None:
        scale, middle = float(np.abs(scores.values).max()), (STAGE.left + STAGE.right) / 2
        self.before = ScoreSquare(scores, "the scores", scale, middle - AWAY)
        self.after = ScoreSquare(swapped, "matrices swapped", scale, middle + AWAY)
        self.pause = Pause(middle + AWAY, 560)
        #: The query and the key matrix, each with its name.
        self.matrices = VGroup()
        for matrix, name, y in zip(matrices, ("W_Q", "W_K"), HEIGHTS, strict=True):
            square = SplitMatrix(matrix, splits, MATRIX, at(middle, y))
            self.matrices.add(VGroup(square, Words(name, "title").next_to(square, LEFT, units(24))))
        old, new = self.before.cells.cells, self.after.cells.cells
        #: The marks of negative cells.
        self.dashes = VGroup(cell.dash for cell in new.values() if cell.dash)
        #: Copies of all cells, first where the same pair of tokens stands at the right, and the line that they turn
        #: about: each becomes the cell whose row and column are traded.
        self.turned = [new[j, i].box for i, j in old]
        self.moved = [cell.box.copy().move_to(new[place].box) for place, cell in old.items()]
        self.copies = [cell.box.copy() for cell in old.values()]
        after = self.after.cells
        self.line = dashes(after.get_corner(UP + LEFT), after.get_corner(DOWN + RIGHT), "ink", 4)

    def swap(self) -> list[Animation]:
        """Both matrices change places."""
        goals = (one.copy().set_y(other.get_y()) for one, other in zip(self.matrices, self.matrices[::-1], strict=True))
        return [reshape(one, goal, turn=PI / 2) for one, goal in zip(self.matrices, goals, strict=True)]

    def rows(self, query_token: Label) -> list[VMobject]:
        """Rings around the row of a query, in both grids."""
        return [ring_around(grid.cells.row(query_token.position)) for grid in (self.before, self.after)]


class MovedRows:
    """Rows of one side of the model, what they were, and the relative change of each.

    `rows` become what they are now; `verdict` is whether those that were there before can be kept in a cache.
    """

    def __init__(
        self, rows: NamedTensor, old: NamedTensor, change: NamedTensor, name: str, room: Room, most: int, chip: float
    ) -> None:
        shown, pitch = abridged(len(rows), LANES - 3, 2), min(96.0, 520.0 / most)
        top, high, start = 545.0 - pitch * most / 2, min(60.0, pitch - 6), room.left + chip + AIR
        wide, scale, self.chips, self.numbers = room.right - start - AIR - CHANGE, full_colour(old), VGroup(), VGroup()
        self.rows, self.old = (
            StripRows(some, which, wide, pitch, scale).move_to(at(start, top), aligned_edge=LEFT + UP)
            for some, which in ((rows, shown), (old, shown[:-1]))
        )
        for i, line in self.rows.lines.items():
            self.chips.add(Token(rows.label("position", i), "", chip, high).next_to(line, LEFT, units(AIR)))
            if i in self.old.lines:
                self.numbers.add(number(change.quantity(i), "share", "number").next_to(line, RIGHT, units(AIR)))
        self.title = Words(name, "block").settle(at(0, top - 50)).begin_at(at(room.left, 0)[0])
        self.head = Words("relative change", "aside", "ink2").end_at(at(room.right, 0)[0]).stand_on(self.title.baseline)
        #: In which half of a row is what, once it is in two.
        self.halves = Words("above: now, below: before", "fact", "ink2").settle(at(0, HALVES)).begin_at(at(start, 0)[0])
        self.pause = Pause(y=VERDICT)
        #: What was there before the last token came, and what came with it.
        self.before, last = [*self.chips[:-1], *self.old], self.chips[-1]
        self.new = [last, self.rows.lines[len(rows) - 1], ring_around(last)]
        kept = bool((change.values[:-1] == 0).all())
        sign = mark(kept).scale(STAMP)
        self.verdict = VGroup(sign, Words("cache" if kept else "no cache", "title")).arrange(RIGHT, buff=units(24))
        self.verdict.move_to(at(start, VERDICT), aligned_edge=LEFT)

    def turn(self) -> list[Play]:
        """Each row becomes what it is with the new token, goes back and forth, and is measured."""
        now, told = VGroup(self.rows.lines[i] for i in self.old.lines), appear_in_turn([*self.numbers])
        return [appear(now, rise=False), OffAndOn(now), (OffAndOn(now), *([told] if told else []))]

    def halve(self) -> tuple[Animation, ...]:
        """Each row draws back to its upper half, and what it was is seen below."""
        lines = [self.rows.lines[i] for i in self.old.lines]
        return *(reshape(one, one.copy().stretch(0.5, 1).align_to(one, UP)) for one in lines), appear(self.halves)


def both_sides(
    rows: Sequence[NamedTensor], earlier: Sequence[NamedTensor], changes: Sequence[NamedTensor]
) -> list[MovedRows]:
    """Encoder at the left, decoder at the right."""
    most, sides = min(LANES, max(map(len, rows))), STAGE.columns(2, 80)
    chip = max(chip_width(label) for some in rows for label in some.words("position"))
    both = zip(rows, earlier, changes, ("encoder", "decoder"), sides, strict=True)
    return [MovedRows(*part, most, chip) for part in both]
