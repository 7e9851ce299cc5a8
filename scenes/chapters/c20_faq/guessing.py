"""Tasks with a pause: what is asked, a bar that runs out while the viewer thinks, and what the tensors say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.layout import STAGE
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.shapes import Box, arrow, frame
from scenes.mobjects.strips import Rows
from scenes.mobjects.tensors import TensorGrid, abridged
from scenes.mobjects.text import Words, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: The side of a grid in px, and the most rows that are shown.
SIDE, LANES = 500.0, 13


class Pause(VGroup):
    """ "Your guess?" over a bar that will run out."""

    def __init__(self, x: float = 960, y: float = 540, wide: float = 300) -> None:
        self.words = Words("your guess?", "block").settle(at(x, y - 40))
        self.track = Box(wide, 12, palette().surface, 6).move_to(at(x, y))
        self.bar = Box(wide, 12, palette().focus, 6).move_to(at(x, y))
        super().__init__(self.words, self.track, self.bar)


class Grid(VGroup):
    """A square of scores as colours, with the tokens at the left and on top."""

    def __init__(self, scores: NamedTensor, name: str, scale: float, x: float) -> None:
        count = len(scores)
        pitch = min(124.0, SIDE / count)
        self.cells = TensorGrid(scores, "heat", scale=scale, wide=pitch - 4, high=pitch - 4)
        self.cells.move_to(at(x, 536))
        queries, keys = scores.words("query"), scores.words("key")
        upright = max(word(label, "map").width for label in keys) > units(pitch - 12)
        rows, columns = VGroup(), VGroup()
        for i, label in enumerate(queries):
            text = word(label, "map", "ink2").settle(self.cells.row(i).get_center())
            rows.add(text.end_at(self.cells.get_left()[0] - units(14)))
        for j, label in enumerate(keys):
            text, top = word(label, "map", "ink2"), self.cells.get_top()[1]
            if upright:
                text.rotate(np.pi / 2)
                text.turned = True
                text.move_to(np.array([self.cells.column(j).get_x(), top + units(12), 0]), aligned_edge=DOWN)
            else:
                text.settle(np.array([self.cells.column(j).get_x(), 0, 0])).stand_on(top + units(14))
            columns.add(text)
        self.words = VGroup(rows, columns)
        self.title = Words(name, "block").settle(at(x, 0)).stand_on(columns.get_top()[1] + units(24))
        super().__init__(self.cells, self.words, self.title)
        self.shift(DOWN * max(0.0, self.title.get_top()[1] - at(0, STAGE.top)[1]))

    def told(self, query_token: Label, top_key: Label, share: Quantity) -> VGroup:
        """ "red → car 99%" below the grid."""
        wide = max(chip_width(query_token, small=True), chip_width(top_key, small=True))
        first, second = Token(query_token, "query", wide, 44), Token(top_key, "key", wide, 44)
        way = arrow(np.zeros(3), RIGHT * units(56), "ink3", 3)
        line = VGroup(first, way, second).arrange(RIGHT, buff=units(16))
        value = Words(f"{share:share}", "number").next_to(second, RIGHT, buff=units(20))
        found = VGroup(*line, value)
        return found.move_to(np.array([self.cells.get_x(), at(0, 836)[1], 0]))


class Swapped(VGroup):
    """The scores, and beside them those of the same rows with the two matrices swapped."""

    def __init__(self, scores: NamedTensor, swapped: NamedTensor) -> None:
        scale = float(np.abs(scores.values).max())
        self.before = Grid(scores, "the scores", scale, 520)
        self.after = Grid(swapped, "matrices swapped", scale, 1400)
        self.pause = Pause(1400, 560)
        super().__init__(self.before, self.after, self.pause)

    @property
    def dashes(self) -> VGroup:
        """The marks of negative cells."""
        return VGroup(cell.dash for cell in self.after.cells.cells.values() if cell.dash)

    @property
    def pairs(self) -> list[tuple[Box, Box]]:
        """A copy of each cell, and the cell that it becomes, its row and column traded."""
        return [
            (cell.box.copy(), self.after.cells.cells[j, i].box)
            for (i, j), cell in self.before.cells.cells.items()
        ]  # fmt: skip


class Moved(VGroup):
    """Rows of one side of the model, and how far each moves: a bar beside every row, as long as the change."""

    def __init__(self, rows: NamedTensor, change: NamedTensor, name: str, left: float, right: float, most: int) -> None:
        shown = abridged(len(rows), LANES - 3, 2)
        labels = {i: rows.label("position", i) for i in shown if i is not None}
        pitch = min(88.0, 540.0 / most)
        top = 570.0 - pitch * most / 2
        high = min(46.0, pitch - 6)
        chip = max(chip_width(label, small=True) for label in labels.values())
        self.chips, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        wide = (right - left - chip - 44 - 150) / 2
        start = left + chip + 22
        self.rows = Rows(rows, shown, wide, pitch)
        self.rows.move_to(at(start, top), aligned_edge=LEFT + UP)
        y = top
        for i in shown:
            y += pitch * (0.5 if i is not None else 0.55)
            if i is None:
                continue
            self.chips.add(Token(labels[i], "", chip, high).move_to(at(left + chip / 2, y)))
            quantity = change.quantity(i)
            bar = ShareBar(quantity, wide, "", min(34.0, high))
            if quantity > 1:  # a full track is the most
                bar.bar.stretch_to_fit_width(units(wide), about_edge=LEFT)
                bar.bar.meanings = ()
            bar.move_to(at(start + wide + 22 + wide / 2, y))
            self.bars.add(bar)
            text = Words(f"{quantity:share}", "fact", "ink")
            self.numbers.add(text.settle(at(0, y)).begin_at(at(start + 2 * wide + 40, 0)[0]))
            y += pitch * 0.5
        self.title = Words(name, "block").settle(at(left + (right - left) / 2, top - 50)).begin_at(at(left, 0)[0])
        self.head = Words("relative change", "aside", "ink2")
        self.head.begin_at(at(start + wide + 22, 0)[0]).stand_on(self.title.baseline)
        self.pause = Pause(start + wide * 1.5 + 22, top + pitch * len(labels) / 2)
        self.ring = VGroup(
            frame(self.chips[-1].width * 135 + 12, high + 12, "focus", 4, 12).move_to(self.chips[-1])
        )  # fmt: skip
        super().__init__(self.chips, self.rows, self.bars, self.numbers, self.title, self.head, self.ring)


def both_sides(trace_rows: list[NamedTensor], changes: list[NamedTensor], names: list[str]) -> list[Moved]:
    """Encoder at the left, decoder at the right."""
    middle = (STAGE.left + STAGE.right) / 2
    most = min(LANES, max(len(rows) for rows in trace_rows))
    edges = [(STAGE.left, middle - 40), (middle + 40, STAGE.right)]
    return [
        Moved(rows, change, name, *edge, most)
        for rows, change, name, edge in zip(trace_rows, changes, names, edges, strict=True)
    ]


class Spare(VGroup):
    """Heads as squares: those that nobody misses go dark together; and what is right with and without them.

    Args:
        run: the results of the experiment, by name.
    """

    def __init__(self, run: Mapping[str, Any]) -> None:
        alone, right = run["alone"], run["right"]
        spare = {k for k, off in enumerate(run["which"].values) if off}
        self.tiles, self.off = VGroup(), VGroup()
        rows: dict[str, list[int]] = {}
        for k, name in enumerate(alone.labels["part"]):
            rows.setdefault(name.rpartition(".")[0].split(".")[0] + " " + name.split(".")[2].split()[0], []).append(k)
        called = {
            "encoder self_attn": "encoder",
            "decoder self_attn": "decoder",
            "decoder cross_attn": "decoder to source",
        }
        self.names = VGroup()
        pitch = min(86.0, 700.0 / max(map(len, rows.values())))
        y = 300.0
        for kind, places in rows.items():
            label = Words(called[kind], "block").settle(at(0, y)).begin_at(at(STAGE.left, 0)[0])
            self.names.add(label)
            for n, k in enumerate(places):
                tile = Box(72, 72, palette().weight, 9).move_to(at(STAGE.left + 366 + n * pitch, y))
                self.tiles.add(tile)
                if k in spare:
                    self.off.add(tile)
            y += 216
        values = [*right.quantities(), run["added_up"], run["together"]]
        told = [*(f"{share:share}" for share in values[:2]), *(f"{share:.1%}" for share in values[2:])]
        called_bars = ("all heads", "the spare ones off", "lost singly, added up", "lost together")
        bars = VGroup()
        for k, (share, shown, name) in enumerate(zip(values, told, called_bars, strict=True)):
            bar = ShareBar(share, 360, "", 56).move_to(at(1400, 280 + k * 180))
            text = Words(name, "fact", "ink2").next_to(bar, UP, buff=units(14)).align_to(bar, LEFT)
            bars.add(VGroup(text, bar, Words(shown, "large number").next_to(bar, RIGHT, buff=units(24))))
        self.bars, self.lost = bars[:2], bars[2:]
        self.pause = Pause(1400, 480)
        self.legend = VGroup(
            VGroup(mark, Words(name, "note", "ink2")).arrange(RIGHT, buff=units(14))
            for mark, name in ((Box(30, 30, palette().weight, 5), "at work"), (frame(28, 28, "ink3", 2.5, 5), "off"))
        ).arrange(RIGHT, buff=units(56))
        self.legend.move_to(at(0, y - 96)).align_to(self.tiles[0], LEFT)
        super().__init__(self.tiles, self.names, bars)

    @property
    def dark(self) -> VGroup:
        """The spare heads, switched off: their outlines alone."""
        return VGroup(frame(66, 66, "ink3", 2.5, 8).move_to(tile) for tile in self.off)
