"""Long vectors without numbers: strips of narrow cells, alone or row under row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup, VMobject

from scenes.mobjects.marks import Shade, Stands, means
from scenes.mobjects.shapes import Box, ellipsis
from scenes.mobjects.tensors import Heatmap, full_colour, pooled
from scenes.theme import shared, signed, units
from transformer_core.tracing.trace import NamedTensor


class Strip(VGroup):
    """A whole vector as narrow cells in a row, without numbers: one for each entry, or for a few (see `pooled`).

    `weights`, whose entries lie between nothing and one, are coloured by the sequential ramp.

    Example::

        stream = trace["encoder.1.resid_pre"].pick(batch=0, position="red")
        room = Room(360, 190, 1560, 240)
        figure = Strip(stream, room.width, room.height).move_to(room.centre)
    """

    def __init__(self, vector: NamedTensor, wide: float, high: float, scale: float = 0, weights: bool = False) -> None:
        scale = 0 if weights else scale or full_colour(vector)
        fills = fills_of(vector, wide, scale)
        self.entries, pitch = len(vector), wide / len(fills)
        sources = vector.quantities() if len(fills) == len(vector) else []
        cells = []
        for i, fill in enumerate(fills):
            cell = Box(pitch - min(2.5, pitch * 0.14), high, fill, min(4, pitch / 5))
            cells.append(cell.shift(np.array([units((i + 0.5) * pitch - wide / 2), 0, 0])))
        for cell, source in zip(cells, sources, strict=False):  # one of several that share a cell has no source
            means(cell, Shade(source, scale))
        super().__init__(*cells)

    def of(self, entry: int) -> VMobject:
        """The cell in which an entry of the vector stands."""
        cell: VMobject = self[entry * len(self) // self.entries]
        return cell


def fills_of(vector: NamedTensor, wide: float, scale: float) -> list[str]:
    """The colours of the cells of a strip that is so many px wide; those of weights if there is no `scale`."""
    values = map(float, pooled(vector.values, wide))
    return [signed(value, scale) if scale else shared(value) for value in values]


class StripRows(VGroup):
    """Rows of a matrix as strips without numbers. Where some are left out stands an ellipsis.

    `lines[i]` is the strip of row i of the tensor.
    """

    def __init__(
        self, tensor: NamedTensor, shown: Sequence[int | None], wide: float, pitch: float, scale: float = 0
    ) -> None:
        scale, axis = scale or full_colour(tensor), tensor.axes[0]
        self.lines: dict[int, VGroup] = {}
        dots, y = VGroup(), 0.0
        for i in shown:
            step = pitch if i is not None else pitch * 0.55
            centre = np.array([0, -units(y + step / 2), 0])
            y += step
            if i is None:
                dots.add(ellipsis(vertical=True).scale(0.8).move_to(centre))
                continue
            line = self.lines[i] = Heatmap(tensor.pick(**{axis: (i,)}), wide, (pitch - 7) / 0.86, scale)
            line.remove(line.backdrop)
            means(line.move_to(centre), Stands(tensor.label(axis, i)))
        super().__init__(*self.lines.values(), dots)
