"""Grids of numbers that know their sources.

A grid never computes: each cell shows one entry of a named tensor. What doesn't fit is left out with an ellipsis, and
the true size is written beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup

from scenes.layout import Room
from scenes.mobjects.cells import Cell, MaskedCell, fitting
from scenes.mobjects.copies import Copied
from scenes.mobjects.marks import Heat, means
from scenes.mobjects.shapes import Box, ellipsis, quads
from scenes.theme import gap, palette, shared, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: Cell sizes in px and the style of the numbers in them ("" for none).
CELLS = {
    "huge": (170, 88, "large number"),
    "broad": (144, 84, "number"),
    "large": (116, 60, "large cell"),
    "normal": (94, 50, "cell"),
    "slim": (86, 46, "cell"),
    "heat": (34, 46, ""),
    "thin": (20, 46, ""),
    "flat": (94, 20, ""),
    "tile": (50, 50, ""),
}


def abridged(size: int, first: int, last: int, keep: Sequence[int] = ()) -> list[int | None]:
    """Return the indices to show out of `size`: the first, the last and those to keep, with None for each gap."""
    if size <= first + last + 1:
        return list(range(size))
    chosen = sorted({*range(first), *range(size - last, size), *keep})
    shown: list[int | None] = []
    for i in chosen:
        if shown and i != shown[-1] + 1:  # type: ignore[operator]
            shown.append(None)
        shown.append(i)
    return shown


class TensorGrid(VGroup):
    """A matrix as cells. `tensor` has two axes: the first runs down, the second to the right.

    Args:
        tensor: what is shown; a vector is shown as one row.
        cell: a size of `CELLS`.
        spec: the format of the numbers.
        scale: the absolute value that gets the full colour; the largest one shown if it is not given.
        weights: True where the entries are shares between nothing and one, coloured by the sequential ramp.
        rows, columns: positions to show, None for an ellipsis (see `abridged`).
        masked: the masked scores of these pairs: where they are minus infinity, the entry is closed.
        discs: True if the entries are discs without numbers.

    Example::

        weights = trace["encoder.1.self_attn.weights"].pick(batch=0, head=0)
        figure = Room(360, 190, 1560, 590).fit(TensorGrid(weights, "large", "weight", weights=True))
    """

    def __init__(
        self,
        tensor: NamedTensor,
        cell: str = "normal",
        spec: str = ".2f",
        scale: float = 0,
        weights: bool = False,
        rows: Sequence[int | None] | None = None,
        columns: Sequence[int | None] | None = None,
        wide: float = 0,
        high: float = 0,
        masked: NamedTensor | None = None,
        discs: bool = False,
    ) -> None:
        super().__init__()
        self.tensor, self.weights, self.discs = tensor, weights, discs
        hidden = np.zeros(tensor.shape, bool) if masked is None else np.isneginf(masked.values)
        width, height, style = CELLS[cell]
        self.style = "" if discs else style
        self.size_px = (wide or width, high or height)
        vector = len(tensor.axes) == 1
        self.row_axis, self.column_axis = ("", tensor.axes[0]) if vector else tensor.axes
        self.row_order = list(rows if rows is not None else range(1 if vector else tensor.shape[0]))
        self.column_order = list(columns if columns is not None else range(tensor.shape[-1]))
        self.scale_value = scale or float(np.abs(np.where(np.isfinite(tensor.values), tensor.values, 0)).max()) or 1.0
        self.gaps_left_out = VGroup()
        shown = {
            (i, j): (j,) if vector else (i, j)
            for i in self.row_order
            for j in self.column_order
            if i is not None and j is not None
        }
        entries = {place: tensor.quantity(*at) for place, at in shown.items()}
        self.spec = fitting(entries.values(), self.size_px[0], spec, self.style)
        self.cells = {place: self._cell(entries[place], bool(hidden[at])) for place, at in shown.items()}
        self._arrange()
        self.add(*self.cells.values(), self.gaps_left_out)

    def _cell(self, quantity: Quantity, closed: bool) -> Cell:
        if closed:
            return MaskedCell(quantity, self.size_px, self.spec, self.style)
        scale = 0.0 if self.weights else self.scale_value
        return Cell(quantity, self.size_px, self.spec, self.style, scale, not self.weights, disc=self.discs)

    def _arrange(self) -> None:
        width, height = (units(size) for size in self.size_px)
        space = gap("cell") if min(self.size_px) > 14 else units(1.5)
        xs = self._places(self.column_order, width, space)
        ys = self._places(self.row_order, height, space)
        for (i, j), cell in self.cells.items():
            cell.shift(np.array([xs[self.column_order.index(j)], -ys[self.row_order.index(i)], 0]))
        for column, x in zip(self.column_order, xs, strict=True):
            if column is None:
                for line, y in zip(self.row_order, ys, strict=True):
                    if line is not None:
                        self.gaps_left_out.add(ellipsis().shift(np.array([x, -y, 0])))
        for line, y in zip(self.row_order, ys, strict=True):
            if line is None:
                self.gaps_left_out.add(ellipsis(vertical=True).shift(np.array([(xs[0] + xs[-1]) / 2, -y, 0])))

    @staticmethod
    def _places(order: Sequence[int | None], size: float, space: float) -> list[float]:
        """Centres along one direction; an ellipsis takes less room than a cell."""
        places, edge = [], 0.0
        for i in order:
            step = size if i is not None else units(40)
            places.append(edge + step / 2)
            edge += step + space
        return places

    def cell(self, row: int | str, column: int | str) -> Cell:
        """The cell at a position or label of each axis."""
        return self.cells[self._row(row), self._column(column)]

    def _row(self, row: int | str) -> int:
        return self.tensor.position(self.row_axis, row) if self.row_axis else 0

    def _column(self, column: int | str) -> int:
        return self.tensor.position(self.column_axis, column)

    def row(self, row: int | str = 0) -> VGroup:
        """All cells of one row, from left to right."""
        here = self._row(row)
        return VGroup(cell for (i, _), cell in self.cells.items() if i == here)

    def column(self, column: int | str) -> VGroup:
        """All cells of one column, from top to bottom."""
        here = self._column(column)
        return VGroup(cell for (_, j), cell in self.cells.items() if j == here)

    @property
    def rows(self) -> list[VGroup]:
        return [self.row(i) for i in self.row_order if i is not None]

    @property
    def columns(self) -> list[VGroup]:
        return [self.column(j) for j in self.column_order if j is not None]

    def others(self, kept: VGroup) -> VGroup:
        """Every cell that is not in `kept`."""
        inside = set(map(id, kept))
        return VGroup(cell for cell in self.cells.values() if id(cell) not in inside)


#: More entries than this in a row, or in all, and a few outliers would leave all others without colour.
LONG, MANY = 128, 65536
#: A cell is not narrower than this, in px: of the entries that have no room for a cell each, the largest shows.
NARROWEST = 2.5


def full_colour(*tensors: NamedTensor) -> float:
    """The absolute value that gets the full colour: the largest; of long rows and large matrices, what one entry in
    fifty exceeds.
    """
    reach = 0.0
    for tensor in tensors:
        sizes = np.abs(tensor.values)
        many = sizes.shape[-1] > LONG or sizes.size > MANY
        reach = max(reach, float(np.quantile(sizes, 0.98) if many else sizes.max()))
    return reach or 1.0


def pooled(values: np.ndarray, wide: float, axis: int = 0) -> np.ndarray:
    """Values as a length of `wide` px has room for them: of those that share a cell, the largest, with its sign."""
    size = values.shape[axis]
    cells = min(size, max(1, int(wide / NARROWEST)))
    if cells == size:
        return values
    groups = np.array_split(np.moveaxis(values, axis, 0), cells)
    chosen = [np.where(part.max(0) >= -part.min(0), part.max(0), part.min(0)) for part in groups]
    return np.moveaxis(np.stack(chosen), 0, axis)


class Heatmap(Copied, VGroup):
    """A large matrix as coloured squares without numbers, one mobject a shade: cheap to draw and to move.

    Example::

        matrix = trace["parameters.encoder.1.self_attn.w_q"].pick(head=0)
        room = Room(660, 190, 1260, 590)
        figure = Heatmap(matrix, room.width, room.height).move_to(room.centre)
    """

    def __init__(self, tensor: NamedTensor, wide: float, high: float, scale: float = 0, weights: bool = False) -> None:
        super().__init__()
        scale = scale or full_colour(tensor)
        values = pooled(pooled(tensor.values, high), wide, 1)
        rows, columns = values.shape
        levels = (np.round(np.clip(values / scale, -1, 1) * 10) / 10).ravel()
        down, across = (each.ravel() for each in np.indices(values.shape))
        left, right = units(across * wide / columns), units((across + 0.86) * wide / columns)
        top, bottom = -units(down * high / rows), -units((down + 0.86) * high / rows)
        corners = np.stack([left, top, right, top, right, bottom, left, bottom], 1).reshape(-1, 4, 2)
        shades: dict[str, np.ndarray] = {}  # in the order in which they are met
        for first in np.sort(np.unique(levels, return_index=True)[1]):
            colour = shared(max(levels[first], 0)) if weights else signed(levels[first], 1)
            alike = levels == levels[first]
            shades[colour] = shades[colour] | alike if colour in shades else alike
        for colour, alike in shades.items():
            self.add(quads(corners[alike], fill_color=colour, fill_opacity=1, stroke_width=0))
        self.backdrop = Box(wide + 10, high + 10, palette().surface, 6).move_to(self)
        self.add_to_back(self.backdrop)
        if values.shape == tensor.shape:  # where several share a cell, it has no source
            means(self, Heat(tensor, scale, weights))


def matrix_in(room: Room, tensor: NamedTensor, role: str, scale: float = 0) -> Heatmap:
    """A matrix that fills a room, with an edge in the colour of its role."""
    heat = Heatmap(tensor, room.width - 10, room.height - 10, scale).move_to(room.centre)
    heat.backdrop.set_stroke(palette().role(role), 2.5)
    return heat
