"""Four clouds in a plane, the best straight line between them, and folds that part them: by hand, and learned.

The points and the training are a recorded run: `transformer_core.studies.experiments.parts`.
"""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, Animation, VGroup, VMobject

from scenes.animations import Count, Shades, Through, Travel, Travels, appear, fill, reshape
from scenes.chapters.c11_feed_forward.sheets import woven
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Away, Shade, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.shapes import Box, dot, frame, path, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Every so many points of the recorded plane there is a cell; px of a point, of a heading, and beside the planes.
EVERY, POINT, HEAD, BESIDE = 2, 13.0, 64.0, 40.0
#: Px that a heading leaves for its share.
WIDEST = 150.0


def signs_of(run: Trace, points: NamedTensor, plane: Plane) -> VGroup:
    """The points of a `run` as squares and as discs, one group a kind, where they lie in a plane by now; those beyond
    its edge at first are left out."""
    kinds = VGroup(VGroup(), VGroup())
    for i, kind in enumerate(run["kinds"].values):
        if np.abs(run["points"].values[i]).max() < float(run["edge"]):
            spot = plane.point(points.values[i])
            sign = dot(spot, POINT / 2, "ink") if kind else frame(POINT, POINT, "ink", 2.5, 1).move_to(spot)
            away = (Away(points.quantity(i, axis), 0.0, axis, plane.px, POINT, plane.ground) for axis in (0, 1))
            kinds[int(kind)].add(means(sign, *away))
    return kinds


class PointPlane:
    """The points of both kinds of a `run` in their plane, in a `room` with a heading."""

    def __init__(self, run: Trace, room: Room) -> None:
        head, body = room.split_rows(HEAD, 8)
        self.edge, self.side = float(run["edge"]), min(body.width, body.height)
        self.plane = Plane(np.array([[-self.edge] * 2, [self.edge] * 2]), body)
        self.head = head.inset((room.width - self.side) / 2, 0)
        self.box = means(frame(self.side, self.side, "line", 3, 4).move_to(body.centre), self.plane.ground)
        self.kinds = signs_of(run, run["points"], self.plane).set_z_index(2)

    def called(self, text: str) -> Words:
        """The lines that part the points."""
        name = Words(text, "stage word").settle(self.head.centre).begin_at(at(self.head.left, 0)[0])
        return name.scale(min(1.0, units(self.side - WIDEST) / name.width), about_edge=LEFT)

    def share(self, right: Quantity) -> Words:
        """The share of the points that are on the right side."""
        return number(right, ".0%", "large number").settle(self.head.centre).end_at(at(self.head.right, 0)[0])

    def come(self) -> tuple[Animation, ...]:
        """The points of both kinds, one after another."""
        return tuple(fill(kind, "row") for kind in self.kinds)

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
        return rule(self.plane.point(inside[0]), self.plane.point(inside[-1]), role, thick)


class PointClouds:
    """The same points in a plane, and on it as a sheet of paper: it is folded, cut, and folded anew in training."""

    def __init__(self, run: Trace) -> None:
        right, left = STAGE.inset(BESIDE, 0).golden_columns(last=True)
        self.shares = run["accuracy"].quantities()
        self.plane = PointPlane(run, left)
        states = f"an FFN, {run['hidden']} neurons, in training", f"an FFN, {run['hidden']} neurons, trained"
        names = "the best straight line", "two neurons, set by hand", *states
        self.names = [self.plane.called(text) for text in names]
        found = run["line_accuracy"], run["best_cut"].quantity(1), self.shares[0]
        self.right = [self.plane.share(share) for share in found]
        self.line = self.plane.line(run["line"].values, "weight", 7)
        cut = float(run["best_cut"].quantity(0))
        self.cuts = VGroup(self.plane.line(np.array([1, 1, way * cut]), "weight", 7) for way in (-1, 1))
        self.crease = self.plane.line(np.array([1, 1, 0]), "key", 5)
        self.creases = [
            VGroup(self.plane.line(crease, "key", 4) for crease in state) for state in run["creases"].values
        ]
        self.creases[0].set_z_index(1)
        planes = run["planes"].values.astype(float)[:, ::EVERY, ::EVERY]
        scale = -float(np.abs(planes[-1]).max()) / 1.5  # the sheet rises where the second kind has less
        self.fills = [[signed(value, scale) for value in plane.ravel()] for plane in planes]
        self.cells, self.learned = (self._cells(run, state, scale) for state in (0, len(planes) - 1))
        self._fold_paper(run, right)

    def _fold_paper(self, run: Trace, room: Room) -> None:
        sheets, points = run["paper_sheets"], run["paper_points"]
        learned, (*folded, level) = run["learned_sheets"], sheets
        spots = [one.values.reshape(-1, 2) for one in (sheets, points, learned)]
        paper = Plane(np.concatenate(spots), room, 1, "ink3")

        def below(spot: np.ndarray) -> np.ndarray:
            """The place on the level for one on the plane."""
            shares = (spot - self.plane.box.get_corner(DOWN + LEFT)) / units(self.plane.side)
            return paper.point(corners[0] + shares[:2] @ (corners[[1, 3]] - corners[0]))

        corners = level.values[[0, 0, -1, -1], [0, -1, -1, 0]]
        self.sheets, self.learned_sheets = ([woven(one, paper.point) for one in some] for some in (folded, learned))
        self.origin, self.pages = paper.origin, [signs_of(run, state, paper) for state in points]
        self.level = path([*map(paper.point, corners), paper.point(corners[0])], "weight", 2)
        self.level.set_fill(palette().weight, 0.18)
        self.level_cuts = VGroup(path([*map(below, line.points[[0, -1]])], "weight", 6) for line in self.cuts)
        self.fold = path([*map(paper.point, sheets.values[2][[-1, 0], [0, -1]])], "key", 5)

    def _cells(self, run: Trace, state: int, scale: float) -> VGroup:
        """The plane, shaded by how sure the layer is of either kind."""
        cells, planes, plane = VGroup(), run["planes"], self.plane
        count = len(range(0, planes.shape[1], EVERY))
        size = plane.side / count
        corner = plane.plane.point((-plane.edge, -plane.edge))
        for i, j in np.ndindex(count, count):
            value = planes.quantity(state, i * EVERY, j * EVERY)
            cell = Box(size + 0.6, size + 0.6, signed(float(value), scale), 0)
            spot = corner + np.array([units((j + 0.5) * size), units((i + 0.5) * size), 0])
            cells.add(means(cell.move_to(spot), Shade(value, scale)))
        return cells

    def laid_out(self) -> tuple[Animation, ...]:
        """The plane as a sheet of paper at the right, and each point goes over to it."""
        pairs = zip(self.plane.kinds, self.pages[0], strict=True)
        over = Travels([Travel(a, b, 0.0, "row") for old, new in pairs for a, b in zip(old, new, strict=True)])
        return appear(self.sheets[0], self.origin, rise=False), over

    def folds(self) -> list[tuple[Animation, ...]]:
        """The sheet folds up along the crease, with its points: by one neuron, and by two."""
        states = zip(self.sheets[1:], self.pages[1:], strict=True)
        return [(reshape(self.sheets[0], sheet, "row"), reshape(self.pages[0], page, "row")) for sheet, page in states]

    def stay(self, kind: str) -> Animation:
        """The points of the plane stay above what comes and moves below them."""
        points = VGroup(*self.plane.kinds[0], *self.plane.kinds[1])
        return Through(points, [points, points], kind)

    def learn(self) -> tuple[Animation, ...]:
        """Lines, shades, the sheet and the share pass through what was recorded in training."""
        return (
            self.stay("slow"),
            Through(self.creases[0], self.creases, "slow"),
            Through(self.sheets[0], self.learned_sheets, "slow"),
            Shades(self.cells, self.fills, self.learned, "slow"),
            Count(self.right[-1], self.shares, ".0%", "slow"),
        )
