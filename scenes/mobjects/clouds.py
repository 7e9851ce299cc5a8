"""Four clouds in a plane, the best straight line between them, and a small feed-forward layer that learns to part them.

Everything is a recorded run: `transformer_core.studies.experiments.boundary`.
"""

from __future__ import annotations

import numpy as np
from manim import VGroup, VMobject

from scenes.mobjects.shapes import Box, dot, frame, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, signed
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import Trace

SIDE, X, Y = 640.0, 690.0, 546.0
#: Every so many points of the recorded plane there is a cell.
EVERY = 2


class Clouds(VGroup):
    """The plane with its points; states of its shading and of the creases, one for each moment that was kept."""

    def __init__(self, run: Trace) -> None:
        self.edge = float(run["edge"])
        self.box = frame(SIDE, SIDE, "line", 2, 4).move_to(at(X, Y))
        planes = run["planes"].values.astype(float)[:, ::EVERY, ::EVERY]
        size = SIDE / planes.shape[1]
        self.cells = VGroup()
        for i, j in np.ndindex(planes.shape[1:]):
            spot = at(X - SIDE / 2 + (j + 0.5) * size, Y + SIDE / 2 - (i + 0.5) * size)
            self.cells.add(Box(size + 0.6, size + 0.6, palette().surface, 0).move_to(spot))
        scale = float(np.abs(planes[-1]).max()) / 1.5
        self.fills = [[signed(value, scale) for value in plane.ravel()] for plane in planes]
        for cell, colour in zip(self.cells, self.fills[0], strict=True):
            cell.set_fill(colour)
        self.kinds = VGroup(VGroup(), VGroup())
        for point, kind in zip(run["points"].values, run["kinds"].values, strict=True):
            mark = dot(np.zeros(3), 6.5, "ink") if kind else self._square()
            if np.abs(point).max() < self.edge:
                self.kinds[int(kind)].add(mark.move_to(self.point(*point)))
        self.kinds.set_z_index(2)
        self.line = self._line(run["line"].values, "weight", 7)
        self.creases = [
            VGroup(*(self._line(crease, "query", 4) for crease in state)) for state in run["creases"].values
        ]
        super().__init__(self.box, self.cells, self.kinds)

    @staticmethod
    def _square() -> VMobject:
        square = Box(13, 13, palette().background, 1, palette().ink, 2.5)
        return square.set_fill(opacity=0)

    def point(self, x: float, y: float) -> np.ndarray:
        """Where (x, y) of the plane lies on screen."""
        half = SIDE / 2 / self.edge
        return at(X + x * half, Y - y * half)

    def _line(self, line: np.ndarray, role: str, thick: float) -> VMobject:
        """The part of a x + b y + c = 0 that lies inside the plane; the corner nearest to it if none does."""
        a, b, c = (float(value) for value in line)
        edge = self.edge
        ends = [(x, (-a * x - c) / b) for x in (-edge, edge) if abs(b) > 1e-9]
        ends += [((-b * y - c) / a, y) for y in (-edge, edge) if abs(a) > 1e-9]
        inside = sorted({(round(x, 6), round(y, 6)) for x, y in ends if max(abs(x), abs(y)) <= edge + 1e-6})
        if len(inside) < 2:
            corners = [(x, y) for x in (-edge, edge) for y in (-edge, edge)]
            inside = [min(corners, key=lambda corner: abs(a * corner[0] + b * corner[1] + c))] * 2
        return rule(self.point(*inside[0]), self.point(*inside[-1]), role, thick)


def verdict(quantity: Quantity, name: str, y: float, last: Quantity | None = None) -> VGroup:
    """A share in large figures, and above it what got it right; `last` is what it counts up to."""
    title = Words(name, "block").settle(at(0, y)).begin_at(at(1160, 0)[0])
    wide = number(quantity if last is None else last, ".0%", "large number").width
    value = number(quantity, ".0%", "large number").settle(at(0, y + 72)).end_at(at(1160, 0)[0] + wide)
    return VGroup(title, value)
