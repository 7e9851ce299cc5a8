"""Three questions that one vector has to answer, and the scores of every pair with and without keys of their own."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup

from scenes.animations import Travel, appear, fly
from scenes.layout import STAGE, Room
from scenes.mobjects.cells import Cell
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.shapes import Box, arrow, curve, dashes
from scenes.mobjects.tensors import TensorGrid, abridged
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Tag, Token, chip_width
from scenes.mobjects.vectors import Vector, vector_in
from scenes.theme import gap, palette, units
from transformer_core.tracing.provenance import Label, plain
from transformer_core.tracing.trace import NamedTensor, Trace

#: What each role asks, as a viewer would say it.
QUESTIONS = {
    "query": "What am I looking for?",
    "key": "What can I be found by?",
    "value": "What do I hand over?",
}


class ThreeRoles(VGroup):
    """Three panels side by side: the sign of a role, its name, its question, and a vector.

    Args:
        x: the vector itself, shown across the top as `whole`.
        vectors: for each role the vector in its panel.
        room: the rectangle that is filled.
        coloured: True if the vectors have the colours of their roles; else that of the residual stream.
    """

    def __init__(self, x: NamedTensor, vectors: dict[str, NamedTensor], room: Room, coloured: bool) -> None:
        top, room = room.split_rows(40)[1].split_rows(92, 28)
        self.whole = vector_in(top, x, "residual")
        self.panels: dict[str, VGroup] = {}
        self.vectors: dict[str, Vector] = {}
        for (role, tensor), part in zip(vectors.items(), room.columns(3, 36), strict=True):
            plate = Box(part.width, part.height, palette().surface, 18, palette().role(role), 4)
            symbol, question = f"X {{{{ W_{role[0].upper()} : {role} }}}}", QUESTIONS[role]
            last = Formula(symbol, LARGE) if coloured else Words(question, "stage word")
            lines = VGroup(Tag(role).scale(1.4), Words(role, "block", role), last).arrange(DOWN, buff=gap("chip"))
            top, foot = part.inset(34).split_rows(-110)
            top.fit(lines, most=1.0)
            self.panels[role] = VGroup(plate.move_to(part.centre), lines)
            self.vectors[role] = vector_in(foot, tensor, role if coloured else "residual", most=84)
        self.ways = [
            curve(np.array([panel.get_x(), self.whole.get_bottom()[1], 0]), panel.get_top(), "residual", 4)
            for panel in self.panels.values()
        ]
        super().__init__(self.whole, *self.ways, *self.panels.values(), *self.vectors.values())

    def opening(self) -> list[tuple[Animation, ...]]:
        """Role by role: its panel appears, and the vector comes into it."""
        return [
            (appear(panel, way), Travel(self.whole, vector, kind="row"))
            for panel, way, vector in zip(self.panels.values(), self.ways, self.vectors.values(), strict=True)
        ]


def _both_and_some(size: int, both: tuple[int, int]) -> list[int | None]:
    """Return the indices to show of `size` tokens: all up to six, else at most five with both compared and the last."""
    if size <= 6:
        return list(range(size))
    choices = (abridged(size, first, 1, keep=both) for first in (3, 2, 1))
    return next(shown for shown in choices if len(shown) - shown.count(None) <= 5)


#: Px of a token that has room for large type, and of one that has not.
TALL, LOW = 52.0, 42.0


class Pairs(VGroup):
    """Every token against every token as a grid, with one pair to read both ways."""

    def __init__(self, scores: NamedTensor, name: str, forth: Label, back: Label, scale: float, size: str) -> None:
        shown = _both_and_some(len(scores), (forth.position, back.position))
        kept = tuple(i for i in shown if i is not None)
        left_out = len(shown) - len(kept)
        labels = scores.pick(key=kept).words("key")
        pitch = min(148.0, (610 - 44 * left_out) / len(kept))
        #: True where a number has room in the type that can be read from the last row of a hall.
        self.large = pitch > 118
        longest = max(chip_width(label, small=not self.large) for label in labels)
        upright = longest > pitch - 2
        tall = TALL if self.large else LOW
        above = 64 + (longest if upright else tall) + 14
        high = min(88.0, (STAGE.height - above - 66 - 2 * tall - 44 * left_out) / len(kept))
        cell, spec = ("broad", ".2f") if self.large else ("normal", ".1f")
        self.grid = TensorGrid(scores, cell, spec, scale, rows=shown, columns=shown, wide=pitch - 4, high=high - 4)
        chip = max(36.0, min(tall + 4, high - 4))
        self.rows = VGroup(Token(label, "query", longest, chip) for label in scores.pick(query=kept).words("query"))
        self.columns = VGroup(Token(label, "key", 0 if upright else pitch - 6, tall) for label in labels)
        for row, line in zip(self.rows, self.grid.rows, strict=True):
            row.next_to(line, LEFT, buff=gap("chip"))
        for column, line in zip(self.columns, self.grid.columns, strict=True):
            (column.turn() if upright else column).next_to(line, UP, buff=units(14))
        farthest = min(float(chip.get_x()) for chip in self.rows)
        for row in self.rows:
            row.set_x(farthest)
        for column in self.columns:
            column.align_to(self.columns, DOWN)
        self.heading = Words(name, "block").next_to(VGroup(self.grid, self.columns), UP, buff=units(28))
        self.heading.set_x(self.grid.get_x())
        pair = [(forth, back), (back, forth)] if forth.position != back.position else [(forth, back)]
        self.pair = [self.grid.cell(scores.position("query", a), scores.position("key", b)) for a, b in pair]
        self.readings = VGroup(self._reading(scores, a, b) for a, b in pair).arrange(
            DOWN, buff=units(18), aligned_edge=RIGHT
        )
        self.readings.next_to(self.grid, DOWN, buff=units(34))
        self.size = Words(size, "note", "ink2").next_to(self.rows, DOWN, buff=units(38))
        super().__init__(self.grid, self.rows, self.columns, self.heading, self.readings, self.size)

        self.query_token, self.ways = forth, [scores.pick(query=a.position, key=b.position) for a, b in pair]

    @classmethod
    def both(cls, head: Trace, forth: Label, back: Label, size: str) -> tuple[Pairs, Pairs]:
        """The scores if keys were queries, and the scores: on one scale of colours."""
        tensors = head["scores_if_keys_were_queries"], head["scores"]
        scale = max(float(np.abs(tensor.values).max()) for tensor in tensors)
        names = "if keys were queries", "with keys of their own"
        mirrored, real = (
            cls(tensor, name, forth, back, scale, size) for tensor, name in zip(tensors, names, strict=True)
        )
        return mirrored, real

    def _reading(self, scores: NamedTensor, query_token: Label, answer: Label) -> VGroup:
        """ "query token → answer  score" on one line."""
        q, k = scores.words("query")[query_token.position], scores.words("key")[answer.position]
        width, tall = max(chip_width(label, small=not self.large) for label in (q, k)), TALL if self.large else LOW
        first, second = Token(q, "query", width, tall), Token(k, "key", width, tall)
        way = arrow(np.zeros(3), RIGHT * units(56), "ink3", 3)
        value = number(scores.pick(query=query_token.position, key=answer.position), ".2f", "number")
        line = VGroup(first, way, second).arrange(RIGHT, buff=units(14))
        value.settle(second.get_right() + RIGHT * units(80)).end_at(second.get_right()[0] + units(130))
        return VGroup(*line, value)

    def told(self, ahead: bool = False) -> tuple[str, str]:
        """Both scores of the pair, in two beats of narration; `ahead`: a mask will keep one of them from its row."""
        forth, back = f"{self.ways[0]:.2f}", f"{self.ways[-1]:.2f}"
        if len(self.ways) == 1:
            return (
                f"With keys of their own, “{self.query_token}” matches itself with {forth}.",
                "With more words, a match need not be mutual.",
            )
        if plain(forth) == plain(back):
            return f"Keys of their own give {forth} both ways here.", "A match need not be mutual, but it may be."
        return (
            f"Keys of their own give {forth} one way and {back} the other.",
            "Here only one way counts: a mask will hide later keys."
            if ahead
            else "Who needs whom is not mutual: keys need a matrix of their own.",
        )

    @property
    def itself(self) -> list[Cell]:
        """The cells of tokens with themselves."""
        return [cell for (i, j), cell in self.grid.cells.items() if i == j]

    @property
    def half(self) -> VGroup:
        """The diagonal and what lies above it."""
        upper = (cell for (i, j), cell in self.grid.cells.items() if i <= j)
        return VGroup(*upper, self.grid.gaps_left_out)

    def reflect(self) -> Animation | None:
        """Move what lies above the diagonal to its mirror place below; None if the grid has one cell."""
        flights = [fly(self.grid.cells[j, i], cell, "row") for (i, j), cell in self.grid.cells.items() if i > j]
        return AnimationGroup(*flights) if flights else None

    @property
    def axis(self) -> VGroup:
        """The mirror: the diagonal, drawn where it leaves the grid."""
        low, high = self.grid.get_corner(DOWN + RIGHT), self.grid.get_corner(UP + LEFT)
        way = (low - high) / np.linalg.norm(low - high)
        word = Words("mirror", "aside", "ink2").move_to(high - way * units(64) + UP * units(26))
        word.begin_at(self.rows.get_left()[0])
        return VGroup(
            dashes(low + way * units(8), low + way * units(64), "ink2", 3, 8),
            dashes(high - way * units(64), high - way * units(8), "ink2", 3, 8),
            word,
        )
