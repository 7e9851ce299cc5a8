"""The likeliest next words of the decoder as bars, and the table of what met in training."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.animations import ring_around
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import Around, means
from scenes.mobjects.ribbon import HIGH, gutter
from scenes.mobjects.shapes import frame
from scenes.mobjects.tensors import TensorGrid
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token
from scenes.theme import at, pixels, units
from transformer_core.studies.measures.training_pairs import neighbours
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: How many words get a bar, or a line in a table; how many a line in a table with a title; px of the number at a bar.
BARS, FEW, NUMBER = 6, 4, 170.0
#: What the bar of all other words is called.
OTHERS = "all others"
#: Px at the end of a row, and of a column, for its total, or above them for a title.
ACROSS, DOWNWARDS, TITLE = 210.0, 66.0, 36.0
#: How far the ways of the chips beside a cell bend.
NEAR, ASIDE = 0.25, 0.4


class NextWord(VGroup):
    """A step of writing: the likeliest words, their probabilities as bars, the first one brightest.

    Args:
        probs: the probabilities of all words, or of the likeliest.
        room: the rectangle that is filled.
        bars: how many words have a bar.
        names: px of the column of words; by default as wide as these words.
        rest: the probability of all other words together, which has the last bar.
    """

    def __init__(
        self,
        probs: NamedTensor,
        room: Room,
        bars: int = BARS,
        names: float = 0,
        rest: Quantity | None = None,
    ) -> None:
        axis = probs.axes[0]
        order = [int(entry) for entry in np.argsort(-probs.values, kind="stable")[:bars]]
        shares = [probs.quantity(entry) for entry in order]
        labels = [probs.label(axis, entry) for entry in order]
        texts = [word(label, "stage number", "ink2" if k else "ink") for k, label in enumerate(labels)]
        if rest is not None:
            shares.append(rest)
            texts.append(Words(OTHERS, "stage number", "ink2"))
        side = max(names, pixels(max(text.width for text in texts)) + 24)
        self.lines = VGroup()
        rooms = room.rows(max(len(shares), 4), 14)
        for k, (quantity, name, line) in enumerate(zip(shares, texts, rooms, strict=False)):
            start, y = line.left + side, (line.top + line.bottom) / 2
            name.settle(at(start, y)).end_at(at(start - 24, y)[0])
            long, high = line.width - side - NUMBER, min(line.height * 0.74, 84)
            bar = bar_of(quantity, "width", long, high, "ink3" if k else "weight", 6, 3)
            bar.move_to(at(start, y), aligned_edge=LEFT)
            share = number(quantity, "share", "stage number", "ink2" if k else "ink")
            share.settle(at(start, y)).begin_at(bar.get_right()[0] + units(18))
            self.lines.add(VGroup(name, bar, share))
        super().__init__(self.lines)

    @staticmethod
    def widest(probs: NamedTensor, bars: int = BARS) -> float:
        """Px that the words of several steps take, "position vocab"."""
        entries = {int(entry) for row in probs.values for entry in np.argsort(-row, kind="stable")[:bars]}
        return pixels(max(word(probs.label("vocab", entry), "stage number").width for entry in entries)) + 24

    def line_of(self, label: Label) -> VGroup | None:
        """The line of a word, if it is among the likeliest."""
        return next((line for line in self.lines if line[0].text == str(label)), None)


class PairTable(VGroup):
    """Counts of nouns with adjectives in training: the pair in question among its neighbours.

    There is room for totals, or above it for a title.
    """

    def __init__(self, table: NamedTensor, noun: Label, adjective: Label, room: Room = STAGE, title: str = "") -> None:
        top, below = room.split_rows(TITLE)
        self.title = Words(title, "stage word").settle(top.centre)
        room = below if title else room.split_columns(-ACROSS)[0].split_rows(-DOWNWARDS)[0]
        rows, columns = neighbours(table, noun.position, adjective.position, FEW if title else BARS)
        part = table.pick(noun=tuple(rows), adjective=tuple(columns))
        side = gutter(part.words("noun")) + 20
        head, body = room.split_columns(side)[1].split_rows(84)
        wide, high = (body.width + 4) / len(columns) - 4, (body.height + 4) / len(rows) - 4
        self.grid = TensorGrid(part, "huge", ",.0f", wide=wide, high=high).move_to(body.centre)
        here, there, tall = rows.index(noun.position), columns.index(adjective.position), min(HIGH, high)
        self.hollow = VGroup(frame(wide, high, "line", 2).move_to(cell) for cell in self.grid.cells.values())
        self.rows, self.columns = (
            VGroup(Token(label, "", 0, tall, "stage word") for label in part.words(axis)) for axis in part.axes
        )
        for chip, line in zip(self.rows, self.grid.rows, strict=True):
            chip.move_to(at(room.left, 0), aligned_edge=LEFT).set_y(line.get_y())
        for chip, line in zip(self.columns, self.grid.columns, strict=True):
            chip.move_to(head.centre).set_x(line.get_x())
        self.cell = self.grid.cells[here, there]
        self.row, self.column = self.grid.row(here), self.grid.column(there)
        #: Whether the noun met more adjectives, and the adjective more nouns, than are shown.
        self.more = [
            np.count_nonzero(line) > sum(cell.quantity > 0 for cell in shown)
            for line, shown in (
                (table.values[noun.position], self.row),
                (table.values[:, adjective.position], self.column),
            )
        ]
        self.ring = means(ring_around(self.cell), Around(table.quantity(noun.position, adjective.position)))
        self.mine = VGroup(self.rows[here], self.columns[there])
        #: The same two chips, beside the cell of the pair and above it.
        self.beside = VGroup(
            chip.copy().next_to(self.ring, side, buff=units(20))
            for chip, side in zip(self.mine, (LEFT, UP), strict=True)
        )
        super().__init__(self.hollow, self.grid, self.rows, self.columns, self.ring)

    def totals(self, of_noun: Quantity, of_adjective: Quantity) -> list[Words]:
        """At the end of the row and of the column, how often its word came with any other, whether shown or not."""
        across, down = (
            Words(f"… all: {one:,.0f}" if more else f"all: {one:,.0f}", "stage number")
            for one, more in zip((of_noun, of_adjective), self.more, strict=True)
        )
        right, foot = self.row.get_right() + RIGHT * units(24), self.column.get_bottom() + DOWN * units(DOWNWARDS / 2)
        return [across.settle(right).begin_at(right[0]), down.settle(foot)]

    def bend(self, chip: VMobject, goal: VMobject) -> float:
        """The bend of the way of a chip beside the cell to a goal above: the upper one goes aside before it rises."""
        return NEAR if chip is self.beside[0] else float(ASIDE * np.sign(chip.get_x() - goal.get_x()))

    @property
    def others(self) -> list[VGroup]:
        """Every cell but that of the pair."""
        return [cell for cell in self.grid.cells.values() if cell is not self.cell]

    @property
    def aside(self) -> VGroup:
        """Every pair that is neither in the row nor in the column of the pair in question."""
        return VGroup(cell for cell in self.grid.others(self.row) if cell not in [*self.column])
