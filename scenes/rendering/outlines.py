"""Outlines: the points of VMobjects as paths that Cairo takes in one call each.

Manim emits every Bezier curve by a Python call in every frame. Here the curves of all mobjects that changed are laid
out at once by NumPy in the memory layout of `cairo_path_t`, in scene units, and appended in one call for as long as the
points stay the same; a pan or zoom of the camera does not touch them.
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
PATH = np.dtype(
    {"names": ["status", "data", "size"], "formats": ["i4", "u8", "i4"], "offsets": [0, 8, 16], "itemsize": 24}
)


def _header(kind: int, length: int) -> float:
    """The header of one path element: its kind and length as two ints in the place of one double."""
    return float(np.array([kind, length], np.int32).view(np.float64)[0])


MOVE_TO, CURVE_TO, CLOSE_PATH = _header(0, 2), _header(2, 4), _header(3, 1)


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths in Cairo's memory layout, one for each mobject.

    Attributes:
        elements, structures: the memory itself; it has to outlive the addresses.
        addresses: where the path of each mobject is.
        extents: left, bottom, right, top of the points of each, in scene units, shape (mobjects, 4).
    """

    elements: np.ndarray
    structures: np.ndarray
    addresses: np.ndarray
    extents: np.ndarray


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of points among the elements: `elements[rows] = points[columns]`, the rest being headers."""

    counts: np.ndarray
    joined: np.ndarray
    closed: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    headers: np.ndarray
    begins: np.ndarray


class PathMaker:
    """Makes paths, and keeps the layout from one time to the next: whoever moves or bends keeps it."""

    def __init__(self) -> None:
        self._layout: Layout | None = None

    def make(self, points: np.ndarray, counts: np.ndarray, tolerance: np.ndarray) -> Paths:
        """The paths that Manim would draw.

        A new subpath begins where the end of a curve is not close to the start of the next one, and a subpath whose
        ends meet is closed, as in `manim.Camera.set_cairo_context_path`.

        Args:
            points: cubic Bezier curves of all mobjects one after another, shape (4 curves, 3).
            counts: how many of the points each mobject has; a multiple of 4, and not 0.
            tolerance: `tolerance_for_point_equality` of each mobject.
        """
        flat = np.ascontiguousarray(points[:, :2])
        curves = flat.reshape(-1, CURVE, 2)
        near = np.repeat(tolerance, counts // CURVE)[:, None]
        firsts = np.cumsum(counts // CURVE) - counts // CURVE
        joined = np.empty(len(curves), bool)
        joined[1:] = _close(curves[:-1, 3], curves[1:, 0], near[1:])
        joined[firsts] = False
        starts = np.flatnonzero(~joined)
        ends = np.append(starts[1:], len(curves))
        closed = _close(curves[starts, 0], curves[ends - 1, 3], near[starts])
        layout = self._layout
        if layout is None or not (
            _same(layout.counts, counts) and _same(layout.joined, joined) and _same(layout.closed, closed)
        ):
            layout = self._layout = _laid_out(counts, joined, closed, starts, ends)
        elements = layout.headers.copy()
        # A point is moved as one number of two parts: NumPy takes a third of the time.
        elements.view(np.complex128)[layout.rows, 0] = flat.view(np.complex128)[layout.columns, 0]
        structures = np.zeros(len(counts), PATH)
        structures["data"] = elements.ctypes.data + layout.begins[:-1] * 16
        structures["size"] = np.diff(layout.begins)
        base = structures.ctypes.data
        at = firsts * CURVE
        extents = np.hstack([np.minimum.reduceat(flat, at, axis=0), np.maximum.reduceat(flat, at, axis=0)])
        return Paths(elements, structures, base + np.arange(len(counts)) * PATH.itemsize, extents)


def _close(first: np.ndarray, second: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    near = np.abs(first - second) <= tolerance + CLOSENESS * np.abs(second)
    return near[:, 0] & near[:, 1]


def _same(first: np.ndarray, second: np.ndarray) -> bool:
    return first.shape == second.shape and bool((first == second).all())


def _laid_out(
    counts: np.ndarray, joined: np.ndarray, closed: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> Layout:
    """Every subpath is a move, its curves, and a closing element where its ends meet."""
    sizes = 2 + CURVE * (ends - starts) + closed
    begins = np.cumsum(sizes) - sizes
    at = np.arange(len(joined)) * CURVE + np.repeat(begins + 2 - CURVE * starts, ends - starts)
    headers = np.zeros((int(sizes.sum()), 2))
    headers[begins, 0] = MOVE_TO
    headers[at, 0] = CURVE_TO
    headers[(begins + sizes - 1)[closed], 0] = CLOSE_PATH
    rows = np.concatenate([begins + 1, at + 1, at + 2, at + 3])
    of_curve = np.arange(len(joined)) * CURVE
    columns = np.concatenate([starts * CURVE, of_curve + 1, of_curve + 2, of_curve + 3])
    firsts = np.cumsum(counts // CURVE) - counts // CURVE
    borders = np.append(begins[np.searchsorted(starts, firsts)], len(headers))
    return Layout(counts.copy(), joined, closed, rows, columns, headers, borders)


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
