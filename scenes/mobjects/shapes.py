"""The plain shapes that everything else is put together from, sized in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Self

import numpy as np
from manim import LEFT, RIGHT, UP, VGroup, VMobject

from scenes.layout import Room
from scenes.mobjects.copies import Copied, begin
from scenes.theme import PIXELS_PER_UNIT, palette, units

#: Share of a quarter circle's radius that a cubic's handle takes.
HANDLE = 0.5523


@cache
def _rounded(width: float, height: float, radius: float) -> np.ndarray:
    """Curves of a rounded rectangle around the origin, in units."""
    x, y, r = width / 2, height / 2, min(radius, width / 2, height / 2)
    k = r * HANDLE
    corners = [
        ((x, y), (-1, 0), (0, -1)),
        ((x, -y), (0, 1), (-1, 0)),
        ((-x, -y), (1, 0), (0, 1)),
        ((-x, y), (0, -1), (1, 0)),
    ]
    turns = []
    for corner, into, out in corners:
        c, a, b = np.array(corner), np.array(into), np.array(out)
        turns.append((c + a * r, c + a * (r - k), c + b * (r - k), c + b * r))
    curves = []
    for turn, following in zip(turns, [*turns[1:], turns[0]], strict=True):
        if r > 0:
            curves.append(turn)
        start, end = turn[-1], following[0]
        curves.append((start, start + (end - start) / 3, end - (end - start) / 3, end))
    flat = np.array(curves).reshape(-1, 2)
    return np.column_stack([flat, np.zeros(len(flat))])


class Box(Copied, VMobject):
    """A rectangle with round corners, filled, with no outline unless it gets one."""

    def __init__(
        self, width: float, height: float, fill: str, radius: float = 5, line: str = "", thick: float = 0
    ) -> None:
        begin(self, fill_color=fill, fill_opacity=1, stroke_width=stroke(thick), stroke_color=line or fill)
        self.radius = units(radius)
        self.points = _rounded(units(width), units(height), self.radius).copy()

    @classmethod
    def of(cls, room: Room, fill: str, radius: float = 5, line: str = "", thick: float = 0) -> Self:
        """The one that fills a room."""
        return cls(room.width, room.height, fill, radius, line, thick).move_to(room.centre)

    def reshape(self, radius: float | None = None) -> None:
        """Be round at the corners again after a stretch, where it stands; by its own radius or this one, in units."""
        round_by = self.radius if radius is None else radius
        self.points = _rounded(self.width, self.height, round_by) + self.get_center()


def stroke(pixels: float) -> float:
    """Manim's stroke width for a line that is `pixels` thick at 1080p."""
    return pixels * 100 / PIXELS_PER_UNIT


def hatching(width: float, height: float, pitch: float = 13) -> VMobject:
    """Slanted lines that fill a box of this size in px: what is masked."""
    lines = VMobject(stroke_color=palette().line, stroke_width=stroke(2))
    feet = np.arange(-height + pitch / 2, width, pitch)
    ends = (np.stack([x, x - feet, 0 * x], 1) for x in (np.maximum(0.0, feet), np.minimum(width, feet + height)))
    lines.points = (segments(*ends) - np.array([width / 2, height / 2, 0])) / PIXELS_PER_UNIT
    return lines


def segments(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Points of straight lines, four a line: from each of the `starts` to each of the `ends`, (..., 2 or 3)."""
    way = ends - starts
    corners = np.broadcast_arrays(starts, starts + way / 3, ends - way / 3, ends)
    return np.stack(corners, axis=-2).reshape(-1, starts.shape[-1])


def quads(corners: np.ndarray, **style: Any) -> VMobject:
    """Shapes of four corners each as a single one: shape × corner × 2, in units."""
    shape = VMobject(**style)
    points = segments(corners, np.roll(corners, -1, axis=1))
    shape.points = np.column_stack([points, np.zeros(len(points))])
    return shape


def frame(width: float, height: float, role: str = "focus", thick: float = 4, radius: float = 12) -> VMobject:
    """An outline without fill."""
    box = Box(width, height, palette().background, radius, palette().role(role), thick)
    box.set_fill(opacity=0)
    return box


def stroked(points: np.ndarray, role: str, thick: float) -> VMobject:
    """A line along curves, four points each."""
    line = VMobject(stroke_color=palette().role(role), stroke_width=stroke(thick))
    line.points = points
    return line


def rule(start: np.ndarray, end: np.ndarray, role: str = "line", thick: float = 2) -> VMobject:
    """A straight line."""
    return stroked(segments(start, end), role, thick)


def dashes(start: np.ndarray, end: np.ndarray, role: str = "ink3", thick: float = 2.5, dash: float = 9) -> VMobject:
    """A dashed straight line as one mobject."""
    length = float(np.linalg.norm(end - start))
    count = max(1, round(length / units(2 * dash)))
    corners = start + (end - start) * np.linspace(0, 1, 2 * count)[:, None]
    return stroked(segments(corners[::2], corners[1::2]), role, thick)


def direction(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The direction from one point to another, and the direction to the left of it."""
    way = (end - start) / max(float(np.linalg.norm(end - start)), 1e-9)
    return way, np.array([-way[1], way[0], 0])


def arrow(start: np.ndarray, end: np.ndarray, role: str = "ink3", thick: float = 3, tip: float = 15) -> VGroup:
    """A straight arrow with a filled tip."""
    way, side = direction(start, end)
    foot = end - way * units(tip)
    head = VMobject(fill_color=palette().role(role), fill_opacity=1, stroke_width=0)
    head.rigid = True  # on its way, too
    head.set_points_as_corners([end, foot + side * units(tip * 0.42), foot - side * units(tip * 0.42), end])
    return VGroup(rule(start, foot, role, thick), head)


def curve(start: np.ndarray, end: np.ndarray, role: str = "weight", thick: float = 3, level: bool = False) -> VMobject:
    """A smooth line that leaves and arrives vertically; or, `level`, horizontally."""
    bend = (end - start) * (RIGHT if level else UP) * 0.5
    return stroked(np.array([start, start + bend, end - bend, end]), role, thick)


def arch(start: np.ndarray, end: np.ndarray, rise: float, role: str = "weight", thick: float = 3) -> VMobject:
    """A smooth line that goes up from one point and comes down on another, with handles `rise` px above them."""
    up = UP * units(rise)
    return stroked(np.array([start, start + up, end + up, end]), role, thick)


def drop(above: VMobject, below: VMobject, role: str = "line", thick: float = 4) -> VMobject:
    """A line straight down from the foot of one figure to the top of a wider one."""
    foot = above.get_bottom()
    return rule(foot, np.array([foot[0], below.get_top()[1], 0]), role, thick)


def path(points: list[np.ndarray], role: str = "ink2", thick: float = 3) -> VMobject:
    """A line through all points."""
    corners = np.array(points)
    return stroked(segments(corners[:-1], corners[1:]), role, thick)


def wire(points: Sequence[np.ndarray], role: str = "ink2", thick: float = 3, radius: float = 16) -> VMobject:
    """A line through all points that turns in arcs of `radius` px, or in smaller ones where a way is short."""
    curves, here = [], points[0]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        ways = before - corner, after - corner
        lengths = [float(np.linalg.norm(way)) for way in ways]
        if not min(lengths):
            continue
        turn = min(units(radius), *(length / 2 for length in lengths))
        start, end = (corner + way / length * turn for way, length in zip(ways, lengths, strict=True))
        handles = [point + (corner - point) * HANDLE for point in (start, end)]
        curves += [segments(here, start), np.array([start, *handles, end])]
        here = end
    return stroked(np.concatenate([*curves, segments(here, points[-1])]), role, thick)


def bracket(start: np.ndarray, end: np.ndarray, out: np.ndarray, thick: float = 3) -> VMobject:
    """A bracket that holds together what lies between two points; `out` is the way from them to its back."""
    return path([start, start + out, end + out, end], thick=thick)


def around(centre: np.ndarray, radius: float, start: float, end: float, count: int = 24) -> list[np.ndarray]:
    """Points `radius` px from a centre, from one angle to another, in radians from the right."""
    angles = np.linspace(start, end, count)
    return [centre + units(radius) * np.array([np.cos(angle), np.sin(angle), 0]) for angle in angles]


def sector(
    centre: np.ndarray, radius: float, one: np.ndarray, other: np.ndarray, role: str, opacity: float, count: int = 24
) -> VMobject:
    """The sector between the directions of two vectors (x, y), the shorter way round; its arc has `count` points."""
    start, end = (np.arctan2(*vector[::-1]) for vector in (one, other))
    turn = (end - start + np.pi) % (2 * np.pi) - np.pi
    part = VMobject(fill_color=palette().role(role), fill_opacity=opacity, stroke_width=0)
    return part.set_points_as_corners([centre, *around(centre, radius, start, start + turn, count), centre])


def dot(centre: np.ndarray, radius: float = 7, role: str = "ink") -> VMobject:
    """A filled disc."""
    disc = Box(2 * radius, 2 * radius, palette().role(role), radius)
    return disc.move_to(centre)


def ellipsis(vertical: bool = False) -> VGroup:
    """Three small dots: something is left out here."""
    dots = VGroup(dot(np.zeros(3), 3, "ink3") for _ in range(3))
    return dots.arrange(np.array([0.0, -1.0, 0.0]) if vertical else RIGHT, buff=units(7))


def stream_band(start: np.ndarray, end: np.ndarray, thick: float) -> VMobject:
    """A flat band from left to right with a pointed end: the residual stream."""
    half, tip = np.array([0, units(thick / 2), 0]), units(thick * 0.7)
    band = VMobject(fill_color=palette().residual, fill_opacity=1, stroke_width=0)
    neck = end + LEFT * tip
    band.set_points_as_corners([start + half, neck + half, end, neck - half, start - half, start + half])
    return band
