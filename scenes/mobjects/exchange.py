"""Two words are swapped: what a chain makes of it, and what a grid makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, UP, VGroup, VMobject

from scenes.mobjects.chain import Chain
from scenes.mobjects.patterns import FULL, Pattern, squares
from scenes.mobjects.shapes import Box, curve
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor


class Noticed(VGroup):
    """The chain of a sentence above, that of the exchanged one below, and how far each word's state is from before.

    Args:
        plain, turned: position × d_state.
        change: for each word of the exchanged sentence.
        order: where each word of the exchanged sentence stood.
    """

    def __init__(self, plain: NamedTensor, turned: NamedTensor, change: NamedTensor, order: Sequence[int]) -> None:
        self.upper = Chain(plain.words("position"), plain, 286, columns=16, widest=200)
        self.lower = Chain(turned.words("position"), turned, 700, columns=16, widest=200, above=True)
        self.ways = VGroup(
            *(
                curve(self.upper.words[j].get_bottom() + DOWN * units(6), self.lower.words[i].get_top() + UP * units(6),
                      "weight" if i != j else "ink3", 5 if i != j else 2)
                for i, j in enumerate(order)
            )
        )  # fmt: skip
        self.changes = VGroup()
        for cell, quantity in zip(self.lower.cells, change.quantities(), strict=True):
            foot = cell.get_bottom() + DOWN * units(34)
            self.changes.add(number(quantity, ".2f", "number", "warning" if quantity >= 0.005 else "ink2").settle(foot))
        self.called = Words("largest change of the word’s state, relative to the largest entry", "axis", "ink2")
        self.called.next_to(self.changes, DOWN, buff=units(22))
        self.rings = VGroup(
            *(
                self._ring(cell)
                for cell, quantity in zip(self.lower.cells, change.quantities(), strict=True)
                if quantity >= 0.005
            )
        )
        super().__init__(self.upper, self.lower, self.ways, self.changes, self.called, self.rings)

    @staticmethod
    def _ring(cell: VMobject) -> VMobject:
        box = Box(cell.width * 135 + 4, cell.height * 135 + 4, palette().background, 11, palette().warning, 4)
        return box.set_fill(opacity=0).move_to(cell)


class Traded(VGroup):
    """A grid of a sentence without positions, and that of the exchanged sentence: its cells come from the first.

    Args:
        plain, turned: query × key.
        order: where each word of the exchanged sentence stood.
        most: the largest change of a vector.
    """

    def __init__(self, plain: NamedTensor, turned: NamedTensor, order: Sequence[int], most: Quantity) -> None:
        count = len(plain)
        pitch = min(104.0, 430 / count)
        self.grids = [self._placed(Pattern(tensor, pitch), x) for tensor, x in ((plain, 560.0), (turned, 1360.0))]
        self.rows = [grid.row_words("token") for grid in self.grids]
        self.columns = [grid.column_words() for grid in self.grids]
        moved = {j for i, j in enumerate(order) if i != j}
        for words in (*self.rows, *self.columns):
            for i, text in enumerate(words):
                text.set_fill(palette().role("ink" if i in moved else "ink3"))
        first, second = self.grids
        pairs = [(i, j) for i in range(count) for j in range(count)]
        self.before = VGroup(*(self._cell(first, order[i], order[j]) for i, j in pairs))
        self.after = VGroup(*(self._cell(second, i, j) for i, j in pairs))
        self.called = Words("the largest difference between a word’s two vectors", "axis", "ink2")
        self.most = number(most, ".0e", "large number")
        line = VGroup(self.called, self.most).arrange(buff=units(30)).move_to(at(960, 858))
        self.called.stand_on(self.most.baseline)
        line.set_x(0)
        super().__init__(*self.grids, *self.rows, *self.columns, self.called, self.most)

    @staticmethod
    def _placed(grid: Pattern, x: float) -> Pattern:
        grid.shift(at(x, 530) - grid.cells.get_center())
        return grid

    @staticmethod
    def _cell(grid: Pattern, row: int, column: int) -> VMobject:
        side = grid.pitch * FULL * np.sqrt(grid.weights.values[row, column])
        return squares(grid.place(row, column)[None, :2], np.array([side]), "weight")


class Ledger(VGroup):
    """A chain and a grid side by side, and line by line what each has.

    Args:
        rows: what is compared, and what chain and grid have of it.
    """

    def __init__(self, rows: Sequence[tuple[str, str, str]]) -> None:
        self.heads = VGroup(self._chain().move_to(at(840, 262)), self._grid().move_to(at(1400, 262)))
        self.lines = VGroup()
        for k, (name, chain, grid) in enumerate(rows):
            y = 420 + 92 * k
            self.lines.add(
                VGroup(
                    Words(name, "aside", "ink2").settle(at(0, y)).end_at(at(560, 0)[0]),
                    Words(chain, "block", "residual").settle(at(840, y)),
                    Words(grid, "block", "weight").settle(at(1400, y)),
                )
            )
        super().__init__(self.heads, self.lines)

    @staticmethod
    def _chain() -> VGroup:
        cells = VGroup(*(Box(58, 58, palette().residual, 8) for _ in range(4))).arrange(buff=units(28))
        band = Box(300, 8, palette().residual, 0).move_to(cells)
        return VGroup(band, cells)

    @staticmethod
    def _grid() -> VGroup:
        places = units(36) * np.array([(j, -i) for i in range(4) for j in range(4)], float)
        return VGroup(squares(places, np.full(16, units(31)), "weight"))
