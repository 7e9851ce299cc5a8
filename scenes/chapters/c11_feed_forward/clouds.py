"""Four clouds in a plane, the best straight line between them, and a small feed-forward layer that learns to part them.

Everything is a recorded run: `transformer_core.studies.experiments.parts`.
"""

from __future__ import annotations

import numpy as np
from manim import Animation, VGroup, VMobject

from scenes.animations import Count, Shades, Through, Travel, Travels, draw, fill, lagged
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Away, Ground, Shade, means
from scenes.mobjects.shapes import Box, dot, frame, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import Trace

#: Every so many points of the recorded plane there is a cell; px of a point, of a heading, and beside a plane.
EVERY, POINT, HEAD, BESIDE = 2, 13.0, 64.0, 70.0


class Plane:
    """The points of both kinds in their plane, under a heading that ends in a share of points that are right.

    Args:
        run: the experiment.
        name: what parts the points.
        share: how many it gets right; `last` is what it counts up to.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, name: str, share: Quantity, room: Room, last: Quantity | None = None) -> None:
        head, body = room.split_rows(HEAD, 8)
        self.edge, self.centre = float(run["edge"]), body.centre
        self.side = min(body.width, body.height)
        left, right = ((room.left + room.right) / 2 + way * self.side / 2 for way in (-1, 1))
        ground = Ground()
        self.box = means(frame(self.side, self.side, "line", 3, 4).move_to(body.centre), ground)
        self.title = Words(name, "stage word").settle(head.centre).begin_at(at(left, 0)[0])
        wide = number(share if last is None else last, ".0%", "large number").width
        end = at(right, 0)[0]
        self.right = number(share, ".0%", "large number").settle(head.centre).end_at(end)
        self.title.scale(min(1.0, (end - at(left, 0)[0] - wide - units(24)) / self.title.width))
        self.kinds = VGroup(VGroup(), VGroup())
        px, points = self.side / 2 / self.edge, run["points"]
        for i, (point, kind) in enumerate(zip(points.values, run["kinds"].values, strict=True)):
            mark = dot(np.zeros(3), POINT / 2, "ink") if kind else frame(POINT, POINT, "ink", 2.5, 1)
            means(mark, *(Away(points.quantity(i, axis), 0.0, axis, px, POINT, ground) for axis in (0, 1)))
            if np.abs(point).max() < self.edge:
                self.kinds[int(kind)].add(mark.move_to(self.point(*point)))
        self.kinds.set_z_index(2)

    def come(self) -> tuple[Animation, ...]:
        """The points of both kinds, one after another."""
        return tuple(fill(kind, "row") for kind in self.kinds)

    def point(self, x: float, y: float) -> np.ndarray:
        """Place of (x, y) on screen."""
        return self.centre + np.array([x, y, 0]) * units(self.side / 2 / self.edge)

    def line(self, line: np.ndarray, role: str, thick: float) -> VMobject:
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


class Clouds:
    """The same points in two planes: parted by the best straight line, and by a layer that learns."""

    def __init__(self, run: Trace) -> None:
        left, right = STAGE.inset(BESIDE, 0).columns(2)
        self.shares = run["accuracy"].quantities()
        self.straight = Plane(run, "the best straight line", run["line_accuracy"], left)
        self.layer = Plane(run, f"an FFN, {run['hidden']} neurons", self.shares[0], right, self.shares[-1])
        self.line = self.straight.line(run["line"].values, "weight", 7)
        self.creases = [
            VGroup(self.layer.line(crease, "query", 4) for crease in state) for state in run["creases"].values
        ]
        self.creases[0].set_z_index(1)
        planes = run["planes"].values.astype(float)[:, ::EVERY, ::EVERY]
        scale = float(np.abs(planes[-1]).max()) / 1.5
        self.fills = [[signed(value, scale) for value in plane.ravel()] for plane in planes]
        self.cells, self.learned = (self._cells(run, state, scale) for state in (0, len(planes) - 1))

    def _cells(self, run: Trace, state: int, scale: float) -> VGroup:
        """The plane, shaded by how sure the layer is of either kind."""
        cells, planes, plane = VGroup(), run["planes"], self.layer
        count = len(range(0, planes.shape[1], EVERY))
        size = plane.side / count
        corner = plane.point(-plane.edge, -plane.edge)
        for i, j in np.ndindex(count, count):
            value = planes.quantity(state, i * EVERY, j * EVERY)
            cell = Box(size + 0.6, size + 0.6, signed(float(value), scale), 0)
            spot = corner + np.array([units((j + 0.5) * size), units((i + 0.5) * size), 0])
            cells.add(means(cell.move_to(spot), Shade(value, scale)))
        return cells

    def doubled(self) -> Animation:
        """Each point goes over into the other plane, too."""
        pairs = zip(self.straight.kinds, self.layer.kinds, strict=True)
        return Travels([Travel(a, b, 0.0, "row") for old, new in pairs for a, b in zip(old, new, strict=True)])

    def folded(self) -> Animation:
        """The line of each neuron, one after another."""
        return lagged(map(draw, self.creases[0]), 0.4)

    def learn(self) -> tuple[Animation, ...]:
        """Lines, shades and the share pass through what was recorded in training."""
        return (
            Through(self.creases[0], self.creases, "tour"),
            Shades(self.cells, self.fills, self.learned, "tour"),
            Count(self.layer.right, self.shares, ".0%", "tour"),
        )
