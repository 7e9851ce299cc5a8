"""Leaves: the mobjects that have points, as they are drawn, with what it takes to see that they changed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cairo
import numpy as np
from manim import Camera, VMobject
from manim.camera.camera import CAP_STYLE_MAP, LINE_JOIN_MAP

from scenes.rendering.outlines import CURVE, Outline, outline

Box = tuple[int, int, int, int]
Paint = tuple[tuple[float, float, float, float], float | None, cairo.LineJoin, cairo.LineCap]

NOWHERE: Box = (0, 0, 0, 0)
COLOURS = ("background_stroke_rgbas", "fill_rgbas", "stroke_rgbas")  # in the order in which Manim paints them
READERS = ("get_fill_rgbas", "get_stroke_rgbas", "get_stroke_width", "get_background_image")
MITER_LIMIT = 10.0  # Cairo's default: so many half widths can the corner of a stroke reach out
_plain_kinds: dict[type, bool] = {}


def is_plain(mobject: Any) -> bool:
    """Whether a mobject is drawn from its stored points, colours and widths alone, with no image and no shading."""
    kind = type(mobject)
    if kind not in _plain_kinds:
        own = (getattr(kind, name, None) is getattr(VMobject, name) for name in READERS)
        _plain_kinds[kind] = issubclass(kind, VMobject) and all(own)
    return _plain_kinds[kind] and not mobject.background_image and not mobject.shade_in_3d


class Leaf:
    """One mobject as it was last drawn.

    Attributes:
        mobject: what is drawn; held, so that its id stays its own.
        box: left, top, right, bottom of the pixels it can touch, end-exclusive, within the frame.
        by_manim: whether Manim's camera draws it: gradients, and points that are not whole curves.
    """

    __slots__ = ("_points", "_style", "box", "by_manim", "mobject", "outline", "paints")

    def __init__(self, mobject: VMobject) -> None:
        self.mobject = mobject
        self.box = NOWHERE
        self.by_manim = False
        self.outline: Outline | None = None
        self.paints: list[Paint] = []
        self._points = b""
        self._style: tuple[Any, ...] | None = None

    def refresh(self) -> bool:
        """Read the mobject again; tell whether it may look different."""
        state = self.mobject.__dict__
        shape = state["points"].tobytes()
        style = (
            state["fill_rgbas"].tobytes(),
            state["stroke_rgbas"].tobytes(),
            state["stroke_width"],
            state["background_stroke_rgbas"].tobytes(),
            state["background_stroke_width"],
            state["joint_type"],
            state["cap_style"],
        )
        moved = shape != self._points
        if not moved and style == self._style and not self.by_manim:
            return False
        if moved or self._style is None:
            self._points = shape
            self.outline = outline(state["points"], self.mobject.tolerance_for_point_equality)
        if style != self._style:
            self._style = style
            self.paints = _mixed(state)
        self.by_manim = len(state["points"]) % CURVE != 0 or any(len(state[name]) > 1 for name in COLOURS)
        return True

    def place(self, matrix: cairo.Matrix, width: int, height: int) -> None:
        """Find the pixels that the leaf can touch, under the camera's matrix."""
        if self.by_manim:
            self.box = (0, 0, width, height)
        elif self.outline is None or not self.paints:
            self.box = NOWHERE
        else:
            left, bottom, right, top = self.outline.box
            reach = 1 + max(_reach(paint) for paint in self.paints) * max(matrix.xx, -matrix.yy)
            x0 = max(0, math.floor(matrix.xx * left + matrix.x0 - reach))
            x1 = min(width, math.ceil(matrix.xx * right + matrix.x0 + reach))
            y0 = max(0, math.floor(matrix.yy * top + matrix.y0 - reach))
            y1 = min(height, math.ceil(matrix.yy * bottom + matrix.y0 + reach))
            self.box = (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else NOWHERE

    def draw(
        self, context: cairo.Context[Any], append: Callable[[int, int], None], target: int, camera: Camera
    ) -> None:
        """Draw the leaf on `context`, whose address is `target`, and leave no path behind."""
        context.new_path()
        if self.by_manim:
            camera.display_vectorized(self.mobject, context)
        elif self.outline is not None and self.paints:
            append(target, self.outline.address)
            for colour, width, join, cap in self.paints:
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
    for name in COLOURS:
        width = None if name == "fill_rgbas" else max(0.0, float(state[name.replace("rgbas", "width")]))
        red, green, blue, alpha = (float(part) for part in state[name][0])
        if alpha != 0 and width != 0:
            # Manim's surface holds red where Cairo believes blue to be; its widths are hundredths of a unit.
            paints.append(((blue, green, red, alpha), None if width is None else width * 0.01, join, cap))
    return paints


def _reach(paint: Paint) -> float:
    """How far beyond its path a paint can go, in scene units."""
    _, width, join, cap = paint
    if width is None:
        return 0.0
    if join == cairo.LineJoin.MITER:
        return width / 2 * MITER_LIMIT
    return width / 2 * (math.sqrt(2) if cap == cairo.LineCap.SQUARE else 1)


def boxes(leaves: list[Leaf]) -> np.ndarray:
    """The boxes of all leaves, shape (leaves, 4)."""
    return np.array([leaf.box for leaf in leaves], np.int32).reshape(-1, 4)
