"""The likeliest next words of the decoder as bars, and the table of what met in training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.animations import ring_around
from scenes.mobjects.marks import Around, Length, means
from scenes.mobjects.shapes import Box
from scenes.mobjects.tensors import TensorGrid
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, gap, palette, units
from transformer_core.studies.measures.training_pairs import neighbours
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: How many words get a bar.
BARS = 6


class NextWord(VGroup):
    """One step of writing: the likeliest words, their probabilities as bars, the first one brightest."""

    def __init__(self, probs: NamedTensor, left: float, top: float, pitch: float = 62, room: float = 430) -> None:
        order = np.argsort(-probs.values, kind="stable")[:BARS]
        colours = palette()
        self.lines = VGroup()
        for k, entry in enumerate(order):
            quantity = probs.quantity(int(entry))
            y = top + k * pitch
            name = word(probs.label("vocab", int(entry)), "token", "ink" if k == 0 else "ink2")
            name.settle(at(left, y)).end_at(at(left - 18, y)[0])
            bar = Box(max(room * float(quantity), 3), 34, colours.weight if k == 0 else colours.ink3, 5)
            means(bar, Length(quantity, "width", room, 34, 3)).move_to(at(left, y), aligned_edge=LEFT)
            share = number(quantity, "share", "cell", "ink" if k == 0 else "ink2")
            share.next_to(bar, RIGHT, buff=units(14)).stand_on(at(0, y + 9)[1])
            self.lines.add(VGroup(name, bar, share))
        super().__init__(self.lines)

    def line_of(self, label: Label) -> VGroup | None:
        """The line of a word, if it is among the likeliest."""
        return next((line for line in self.lines if line[0].text == str(label)), None)


class Written(VGroup):
    """The start mark and the words that the decoder writes, in a row of slots."""

    def __init__(self, words: Sequence[Label], y: float) -> None:
        high = 52.0 if len(words) <= 9 else 44.0
        widths = [chip_width(word, high < 48) for word in words]
        space = min(16.0, (1720.0 - sum(widths)) / max(1, len(words) - 1))
        self.chips = VGroup(*(Token(word, "", 0, high) for word in words)).arrange(RIGHT, buff=units(space))
        self.chips.move_to(at(960, y))
        self.slots = VGroup(
            *(
                Box(chip.width * 135, 4, palette().line, 2).move_to(chip.get_bottom() + DOWN * units(10))
                for chip in self.chips
            )
        )
        super().__init__(self.slots, self.chips)


class PairTable(VGroup):
    """How often nouns met adjectives in training: the pair in question among its nearest friends."""

    def __init__(self, table: NamedTensor, noun: Label, adjective: Label, most: int = 6) -> None:
        rows, columns = neighbours(table, noun.position, adjective.position, most)
        part = table.pick(noun=tuple(rows), adjective=tuple(columns))
        self.grid = TensorGrid(part, "normal", ",.0f", wide=148, high=72)
        self.rows = self.grid.row_labels()
        self.columns = VGroup(
            *(
                Token(label, "", max(140.0, chip_width(label, small=True)), 44).next_to(line, UP, buff=gap("chip"))
                for label, line in zip(part.words("adjective"), self.grid.columns, strict=True)
            )
        )
        here, there = rows.index(noun.position), columns.index(adjective.position)
        self.cell = self.grid.cells[here, there]
        self.row, self.column = self.grid.row(here), self.grid.column(there)
        self.ring = means(ring_around(self.cell), Around(table.quantity(noun.position, adjective.position)))
        self.mine = VGroup(self.rows[here], self.columns[there])
        self.corner = Words("adjectives", "aside", "ink2").next_to(self.columns, UP, buff=units(14))
        super().__init__(self.grid, self.rows, self.columns, self.corner, self.ring)

    @property
    def others(self) -> list[VGroup]:
        """Every cell but that of the pair."""
        return [cell for cell in self.grid.cells.values() if cell is not self.cell]

    @property
    def aside(self) -> list[VGroup]:
        """Every cell that is neither in the row nor in the column of the pair."""
        near = {id(cell) for cell in [*self.row, *self.column]}
        return [cell for cell in self.grid.cells.values() if id(cell) not in near]
