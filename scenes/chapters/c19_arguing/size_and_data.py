"""Accuracy by width and by number of sentences: a grid of squares, whose rows are traced as curves."""

from __future__ import annotations

from manim import DR, RIGHT, VGroup

from scenes.animations import appear, deal, draw
from scenes.layout import Room
from scenes.mobjects.marks import Shade, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words, number
from scenes.theme import at, ink_on, shared, units
from transformer_core.tracing.trace import NamedTensor, Trace

ROLES = ("ink3", "ink2", "weight")


class SizeAndData:
    """A grid of accuracies, wider models on top, more sentences to the right; beside it a curve for each width.

    Args:
        run: the tensors of the experiment.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        mean, widths, amounts = run["exact.over_seeds"], run["width"].quantities(), run["amount"].quantities()
        grid, rest = room.golden_columns(70)
        side, grid = grid.split_columns(190, 16)
        grid, foot = grid.inset(0, 24).split_rows(-84, 10)
        self.cells, self.rows, self.columns = [], VGroup(), VGroup()
        for w, row in enumerate(reversed(grid.rows(len(widths), 14))):
            cells = VGroup()
            for a, cell in enumerate(row.columns(len(amounts), 14)):
                share = mean.quantity(w, a)
                fill = shared(share)
                box = means(Box(cell.width, cell.height, fill, 12).move_to(cell.centre), Shade(share))
                text = number(share, "share", "large number").settle(cell.centre).set_fill(ink_on(fill))
                text.paper = box
                cells.add(VGroup(box, text))
                if not w:
                    told = number(amounts[a], ",.0f", "stage number", "ink2").settle(cell.centre)
                    self.columns.add(told.stand_on(at(0, foot.top + 34)[1]))
            self.cells.append(cells)
            self.rows.add(Words(f"width {widths[w]}", "stage word", "ink2").end_in(side.cross(row)))
        called = Words("sentences in training", "aside", "ink2").settle(foot.centre)
        self.columns.add(called.stand_on(at(0, foot.top + 84)[1]))
        inner = Room(rest.left + 70, rest.top + 60, rest.right - 130, grid.bottom)
        names = "sentences in training", "new sentences right"
        self.plot = Plot.filling(inner, run["amount"].values, (0, 1), names)
        self.ticks = VGroup(*self.plot.ticks(amounts, ",.0f", "fact"), *self.plot.shares())
        self.curves, self.dots, self.ends = VGroup(), [], VGroup()
        for w, role in zip(range(len(widths)), ROLES, strict=False):
            self.curves.add(self.plot.curve(run["amount"], mean[w], role, 6))
            self.dots.append(self.plot.dots(run["amount"], mean[w], role, 12))
            end = Words(f"width {widths[w]}", "fact", role)
            self.ends.add(end.next_to(self.dots[w][-1], RIGHT, buff=units(14)))

    def trace(self, row: NamedTensor) -> list[object]:
        """Two plays: the squares of a row become points of the plot, and a curve runs through them."""
        w = row.index(0)[0]
        pairs = zip(self.dots[w], self.cells[w], strict=True)
        out = [point.copy().move_to(cell.get_corner(DR)) for point, cell in pairs]
        return [deal(out, self.dots[w]), (draw(self.curves[w], kind="row"), appear(self.ends[w]))]
