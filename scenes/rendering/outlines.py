"""Outlines: the points of a VMobject as a path that Cairo takes in one call.

Manim emits every Bezier curve by a Python call in every frame. Here the curves of a mobject are laid out once by NumPy
in the memory layout of `cairo_path_data_t`, kept in scene units, and appended in one call for as long as its points
stay the same; a pan or zoom of the camera does not touch them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cairo
import numpy as np

CURVE = 4  # points of a cubic Bezier curve
CLOSENESS = 1.0e-5  # the relative part of Manim's (NumPy's) test for equal points


class _CairoPath(ctypes.Structure):
    """`cairo_path_t`."""

    _fields_ = (("status", ctypes.c_int), ("data", ctypes.c_void_p), ("num_data", ctypes.c_int))


def _header(kind: int, length: int) -> float:
    """The header of one path element: its kind and length as two ints in the place of one double."""
    return float(np.array([kind, length], np.int32).view(np.float64)[0])


MOVE_TO, CURVE_TO, CLOSE_PATH = _header(0, 2), _header(2, 4), _header(3, 1)


@dataclass(frozen=True, slots=True)
class Outline:
    """A path in Cairo's memory layout, with the box of its points (left, bottom, right, top) in scene units."""

    elements: np.ndarray
    path: _CairoPath
    box: tuple[float, float, float, float]

    @property
    def address(self) -> int:
        return ctypes.addressof(self.path)


def outline(points: np.ndarray, tolerance: float) -> Outline | None:
    """The path that Manim draws for `points`; None where it draws nothing.

    A new subpath begins where the end of a curve is not close to the start of the next one, and a subpath whose ends
    meet is closed, as in `manim.Camera.set_cairo_context_path`.

    Args:
        points: cubic Bezier curves, shape (4 curves, 3).
        tolerance: the mobject's `tolerance_for_point_equality`.
    """
    if not np.isfinite(points).all():
        return None
    curves = points[:, :2].reshape(-1, CURVE, 2)
    joins = _close(curves[:-1, 3], curves[1:, 0], tolerance)
    starts = np.flatnonzero(np.concatenate(([True], ~joins)))
    ends = np.append(starts[1:], len(curves))
    closed = _close(curves[starts, 0], curves[ends - 1, 3], tolerance)
    elements = _laid_out(curves, starts, ends, closed)
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    path = _CairoPath(0, elements.ctypes.data, len(elements))
    return Outline(elements, path, (float(low[0]), float(low[1]), float(high[0]), float(high[1])))


def _close(first: np.ndarray, second: np.ndarray, tolerance: float) -> np.ndarray:
    near: np.ndarray = np.abs(first - second) <= tolerance + CLOSENESS * np.abs(second)
    return near.all(axis=-1)


def _laid_out(curves: np.ndarray, starts: np.ndarray, ends: np.ndarray, closed: np.ndarray) -> np.ndarray:
    """The elements of all subpaths: a move, the curves, and a closing element where the ends meet."""
    sizes = 2 + CURVE * (ends - starts) + closed
    begins = np.cumsum(sizes) - sizes
    elements = np.empty((int(sizes.sum()), 2))
    elements[begins, 0] = MOVE_TO
    elements[begins + 1] = curves[starts, 0]
    at = np.arange(len(curves)) * CURVE + np.repeat(begins + 2 - CURVE * starts, ends - starts)
    elements[at, 0] = CURVE_TO
    for point in (1, 2, 3):
        elements[at + point] = curves[:, point]
    elements[(begins + sizes - 1)[closed], 0] = CLOSE_PATH
    return elements


def path_appender() -> Callable[[int, int], None] | None:
    """`cairo_append_path` of the very library that pycairo draws with; None where it cannot be reached."""
    try:
        append = ctypes.CDLL(cairo._cairo.__file__).cairo_append_path  # type: ignore[attr-defined]  # noqa: SLF001
    except (AttributeError, OSError):
        return None
    append.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    append.restype = None
    return append


def address(context: cairo.Context[Any]) -> int:
    """The address of the `cairo_t` behind a pycairo context: the first field of pycairo's public `PycairoContext`."""
    return ctypes.c_void_p.from_address(id(context) + object.__basicsize__).value or 0
