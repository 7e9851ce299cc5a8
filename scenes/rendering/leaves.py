"""Leaves: mobjects with points, as arrays, with what it takes to see which of them changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cairo
import numpy as np
from manim import Camera, VMobject
from manim.camera.camera import CAP_STYLE_MAP, LINE_JOIN_MAP

from scenes.rendering.outlines import CURVE, PathMaker, Paths

Paint = tuple[tuple[float, float, float, float], float | None, cairo.LineJoin, cairo.LineCap]

COLOURS = ("background_stroke_rgbas", "fill_rgbas", "stroke_rgbas")  # in the order in which Manim paints them
# What Manim's camera asks a mobject for: a class that answers in a way of its own is left to it.
READERS = (
    "get_fill_rgbas", "get_stroke_rgbas", "get_stroke_width", "get_background_image",
    "get_subpath_split_indices_from_points", "consider_points_equals_2d",
)  # fmt: skip
LINE_WIDTH = 0.01  # scene units for one of Manim's stroke width, unless a camera was made with another
MITER_LIMIT = 10.0  # Cairo's default: so many half widths can the corner of a stroke reach out
LOOKS_KEPT = 1000
_plain_kinds: dict[type, bool] = {}


def is_plain(mobject: Any) -> bool:
    """Return True if a mobject is drawn from its stored points, colours and widths alone: no image, no shading."""
    kind = type(mobject)
    if kind not in _plain_kinds:
        own = (getattr(kind, name, None) is getattr(VMobject, name) for name in READERS)
        _plain_kinds[kind] = issubclass(kind, VMobject) and all(own)
    if not _plain_kinds[kind] or mobject.background_image or mobject.shade_in_3d:
        return False
    return mobject.n_points_per_cubic_curve == CURVE and mobject.__dict__.keys().isdisjoint(READERS)


@dataclass(frozen=True, slots=True)
class Look:
    """Style of a leaf: what many leaves have in common while they fade together.

    Attributes:
        paints: the visible ones of background stroke, fill and stroke, in drawing order.
        reach: distance by which they go beyond the points, in scene units; nan if there are none.
        is_gradient: one of them has several colours; such a leaf is drawn by Manim.
        is_invisible: there is nothing to draw.
    """

    paints: list[Paint]
    reach: float
    is_gradient: bool
    is_invisible: bool

    @classmethod
    def of(cls, state: dict[str, Any]) -> Look:
        paints = _mixed(state)
        is_gradient = any(len(state[name]) > 1 for name in COLOURS)
        return cls(paints, max(map(_reach, paints), default=np.nan), is_gradient, not paints and not is_gradient)


INVISIBLE = Look([], np.nan, is_gradient=False, is_invisible=True)


class Leaves:
    """Mobjects in drawing order, as they were when last refreshed.

    Attributes:
        extents: left, bottom, right, top of the points of each, in scene units, shape (leaves, 4).
        reaches: how far its strokes go beyond its points; infinite for what Manim draws, nan for what nobody sees.
    """

    def __init__(self, mobjects: Sequence[VMobject]) -> None:
        self.mobjects = list(mobjects)
        self._states = [mobject.__dict__ for mobject in mobjects]
        self._tolerance = np.array([state["tolerance_for_point_equality"] for state in self._states])
        self._points: list[bytes] = [b""] * len(self.mobjects)
        self._styles: list[Any] = [None] * len(self.mobjects)
        self._by_manim: list[bool] = [False] * len(self.mobjects)
        self._looks: list[Look] = [INVISIBLE] * len(self.mobjects)
        self._known_looks: dict[Any, Look] = {}
        self._paths: list[tuple[int, Paths | None]] = [(0, None)] * len(self.mobjects)
        self._maker = PathMaker()
        self.extents = np.zeros((len(self.mobjects), 4))
        self.reaches = np.full(len(self.mobjects), np.nan)
        self.refresh(range(len(self.mobjects)))

    def refresh(self, watched: Sequence[int]) -> list[int]:
        """Read the `watched` mobjects again; which of them may look different."""
        changed, moved, looks = [], [], self._known_looks
        for i in watched:
            state = self._states[i]
            shape = state["points"].tobytes()
            width, behind = state["stroke_width"], state["background_stroke_width"]
            style = (
                state["fill_rgbas"].tobytes(),
                width and state["stroke_rgbas"].tobytes(),  # the colour of no stroke is not seen
                width,
                behind and state["background_stroke_rgbas"].tobytes(),
                behind,
                id(state["joint_type"]),  # members of an Enum, whose hash is slow
                id(state["cap_style"]),
            )
            if style != self._styles[i]:
                self._styles[i] = style
                if style not in looks:
                    looks[style] = Look.of(state)
                self._looks[i] = looks[style]
            elif shape == self._points[i] and not self._by_manim[i]:
                continue
            elif self._looks[i].is_invisible:
                continue  # and its path stays as old as it is: a camera's frame moves a lot, and is never seen
            if shape != self._points[i] and not self._looks[i].is_invisible:
                self._points[i] = shape
                moved.append(i)
            changed.append(i)
        if moved:
            self._trace(moved)
        reaches = []
        for i in changed:
            look = self._looks[i]
            special = self._by_manim[i] = look.is_gradient or len(self._states[i]["points"]) % CURVE != 0
            reaches.append(np.inf if special else look.reach if self._paths[i][0] else np.nan)
        self.reaches[changed] = reaches
        if len(looks) > LOOKS_KEPT:
            looks.clear()
        return changed

    def _trace(self, moved: list[int]) -> None:
        """Make the paths of those that moved."""
        whole = [i for i in moved if len(self._states[i]["points"]) % CURVE == 0 and self._points[i]]
        for i in set(moved).difference(whole) if len(whole) < len(moved) else ():
            self._paths[i] = (0, None)
        if not whole:
            return
        shapes = [self._states[i]["points"] for i in whole]
        counts = np.array(list(map(len, shapes)))
        paths = self._maker.make(np.concatenate(shapes), counts, self._tolerance[whole])
        self.extents[whole] = paths.extents
        seen = np.isfinite(paths.extents).all(axis=1).tolist()
        for i, place, is_seen in zip(whole, paths.addresses, seen, strict=True):
            self._paths[i] = (place, paths) if is_seen else (0, None)

    def boxes(
        self, matrix: cairo.Matrix, width: int, height: int, which: Sequence[int] | slice = slice(None)
    ) -> np.ndarray:
        """The pixels that leaves can touch: left, top, right, bottom, end-exclusive, within the frame; 0 for none."""
        left, bottom, right, top = self.extents[which].T
        reach = self.reaches[which] * max(matrix.xx, -matrix.yy) + 1
        edges = np.stack(
            [
                matrix.xx * left + matrix.x0 - reach,
                matrix.yy * top + matrix.y0 - reach,
                matrix.xx * right + matrix.x0 + reach,
                matrix.yy * bottom + matrix.y0 + reach,
            ]
        )
        limits = np.array([[width], [height], [width], [height]])
        found = np.clip(edges, 0, limits)
        found[:2], found[2:] = np.floor(found[:2]), np.ceil(found[2:])
        outside = ~((found[0] < found[2]) & (found[1] < found[3]))
        found[:, outside] = 0
        return found.T.astype(np.int32)

    def draw(
        self,
        which: Sequence[int],
        context: cairo.Context[Any],
        append: Callable[[int, int], None],
        target: int,
        camera: Camera,
    ) -> None:
        """Draw some leaves on `context`, whose address is `target`, and leave no path behind."""
        context.new_path()
        for i in which:
            if self._by_manim[i]:
                camera.display_vectorized(self.mobjects[i], context)
                context.new_path()
                continue
            append(target, self._paths[i][0])
            for colour, width, join, cap in self._looks[i].paints:
                context.set_source_rgba(*colour)
                if width is None:
                    context.fill_preserve()
                else:
                    context.set_line_width(width)
                    context.set_line_join(join)
                    context.set_line_cap(cap)
                    context.stroke_preserve()
            context.new_path()


def _mixed(state: dict[str, Any]) -> list[Paint]:
    """Stroke behind, fill, stroke, without what cannot be seen."""
    join, cap = LINE_JOIN_MAP[state["joint_type"]], CAP_STYLE_MAP[state["cap_style"]]
    paints: list[Paint] = []
    for name, thick in zip(COLOURS, ("background_stroke_width", None, "stroke_width"), strict=True):
        red, green, blue, alpha = state[name][0].tolist()
        width = max(0.0, float(state[thick])) if thick else None
        if alpha != 0 and width != 0:
            # Manim's surface holds red where Cairo believes blue to be.
            paints.append(((blue, green, red, alpha), None if width is None else width * LINE_WIDTH, join, cap))
    return paints


def _reach(paint: Paint) -> float:
    """Return the distance, in scene units, by which a paint can go beyond its path."""
    _, width, join, cap = paint
    if width is None:
        return 0.0
    if join == cairo.LineJoin.MITER:
        return width / 2 * MITER_LIMIT
    return width / 2 * (math.sqrt(2) if cap == cairo.LineCap.SQUARE else 1)
