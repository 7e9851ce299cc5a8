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

from scenes.rendering.joined import Joined
from scenes.rendering.motion import Watch
from scenes.rendering.outlines import CURVE, PathMaker, Paths

Paint = tuple[Sequence[float], float | None, cairo.LineJoin, cairo.LineCap]

COLOURS = ("background_stroke_rgbas", "fill_rgbas", "stroke_rgbas")  # in the order in which Manim paints them
# What Manim's camera asks a mobject for: a class that answers in a way of its own is left to it.
READERS = (
    "get_fill_rgbas", "get_stroke_rgbas", "get_stroke_width", "get_background_image",
    "get_subpath_split_indices_from_points", "consider_points_equals_2d",
)  # fmt: skip
LINE_WIDTH = 0.01  # scene units for one of Manim's stroke width, unless a camera was made with another
MITER_LIMIT = 10.0  # Cairo's default: so many half widths can the corner of a stroke reach out
LOOKS_KEPT = 1000
FEW = 8  # leaves of one array; so many are looked at one by one
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
class LeafStyle:
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
    def of(cls, state: dict[str, Any]) -> LeafStyle:
        paints = _mixed(state)
        is_gradient = any(len(state[name]) > 1 for name in COLOURS)
        return cls(paints, max(map(_reach, paints), default=np.nan), is_gradient, not paints and not is_gradient)


class Block:
    """Leaves that change together, in one array.

    Args:
        joined: the array.
        places: the places of its leaves among all; -1 for those that are not looked at this way.
    """

    def __init__(self, joined: Joined, places: np.ndarray) -> None:
        self.joined, self.places, self.here = joined, places, places >= 0
        self.turn, self.before, self.maker = joined.turn, joined.shown.copy(), PathMaker()
        width = joined.shown.shape[1]
        self.sizes = np.array(joined.sizes)
        self.firsts = np.cumsum(self.sizes) - self.sizes
        self._starts = self.firsts * width
        #: The places of few: these are looked at one by one, as soon as their array was set.
        self.few = places[self.here].tolist() if len(places) <= FEW else None

    def leave(self, out: np.ndarray) -> None:
        """Leave some out, which are True among all."""
        self.places = np.where(out[self.places], -1, self.places)
        self.here = self.places >= 0
        self.few = self.places[self.here].tolist() if len(self.places) <= FEW else None

    def changed(self) -> np.ndarray:
        """True for those whose part is another than when this was asked last, to the last bit."""
        differs = self.joined.shown.view(np.int64) != self.before.view(np.int64)
        self.before[:] = self.joined.shown
        found: np.ndarray = np.logical_or.reduceat(differs.reshape(-1), self._starts) & self.here
        return found


class Leaves:
    """Mobjects in drawing order, as they were when last refreshed.

    Args:
        mobjects: those that are drawn.
        watch: what alone can change from now on; all, if not given.

    Attributes:
        extents: left, bottom, right, top of the points of each, in scene units, shape (leaves, 4).
        reaches: how far its strokes go beyond its points; infinite for what Manim draws, nan for what nobody sees.
    """

    def __init__(self, mobjects: Sequence[VMobject], watch: Watch | None = None) -> None:
        self.mobjects, count = list(mobjects), len(mobjects)
        self._states = [mobject.__dict__ for mobject in mobjects]
        self._tolerance = np.array([state["tolerance_for_point_equality"] for state in self._states])
        self._points: list[bytes] = [b""] * count
        self._styles: list[Any] = [None] * count
        self._paints: list[list[Paint]] = [[]] * count
        self._known_looks: dict[Any, LeafStyle] = {}
        self._memory: list[Paths | None] = [None] * count
        self._addresses = np.zeros(count, np.int64)
        # Of each leaf: its path is older than its points, nobody sees it, it has gradients, no whole curves, no stroke.
        self._stale, self._invisible, self._gradient, self._odd, self._bare = np.zeros((5, count), bool)
        self._looks_reach = np.full(count, np.nan)
        self._maker = PathMaker()
        self.extents = np.zeros((count, 4))
        self.reaches = np.full(count, np.nan)
        self._watched: Sequence[int] = range(count)
        self._blocks: list[Block] = []
        self.refresh()
        if watch is not None:
            self._follow(watch)

    def _follow(self, watch: Watch) -> None:
        """Look from now on at nothing else than what can change."""
        special = self._gradient | self._odd
        places = {id(mobject): i for i, mobject in enumerate(self.mobjects)}
        alone = np.array([id(mobject) in watch.alone for mobject in self.mobjects], bool)
        for joined in watch.joined:
            found = np.array([places.get(id(leaf), -1) for leaf in joined.leaves], int)
            there = found[found >= 0]
            if joined.shown.dtype != np.float64 or 0 in joined.sizes:
                alone[there] = True
            elif len(there):
                alone[there] |= special[there]
                self._blocks.append(Block(joined, found))
        self._watched = np.flatnonzero(alone).tolist()
        self._bare[:] = [not (one["stroke_width"] or one["background_stroke_width"]) for one in self._states]
        for block in self._blocks:
            # The colour of no stroke is not seen.
            block.leave(alone | self._bare if "stroke" in block.joined.name else alone)

    def refresh(self) -> np.ndarray:
        """Look again at what can change; the places of those that may look different."""
        changed = np.zeros(len(self.mobjects), bool)
        shaped, styled, moving = [*self._watched], [*self._watched], list[Block]()
        for block in self._blocks:
            if block.turn == block.joined.turn:
                continue
            block.turn = block.joined.turn
            moves = block.joined.name == "points"
            if block.few is not None:
                (shaped if moves else styled).extend(block.few)
            elif moves:
                self._stale[block.places[block.changed()]] = True
                moving.append(block)
            else:
                differs = block.changed()
                fills = differs & self._bare[block.places]
                self._fill(block.places[fills], block.joined.shown[block.firsts[fills]])
                changed[block.places[fills]] = True
                styled.extend(block.places[differs & ~fills].tolist())
        self._read_points(shaped)
        changed[self._read_styles(styled)] = True
        changed[self._watched] |= (self._gradient | self._odd)[self._watched] & ~self._invisible[self._watched]
        # Who is not seen keeps an old path: a camera's frame moves a lot, and is never seen.
        moved = self._stale & ~self._invisible
        changed |= moved
        self._stale &= ~moved
        for block in moving:
            here = block.here & moved[block.places]
            if here.any():
                points = block.joined.shown
                points = points if here.all() else points[np.repeat(here, block.sizes)]
                self._trace(block.places[here], points, block.sizes[here], block.maker)
                moved[block.places[here]] = False
        if moved.any():
            self._gather(np.flatnonzero(moved))
        which = np.flatnonzero(changed)
        reaches = np.where(self._addresses[which] != 0, self._looks_reach[which], np.nan)
        self.reaches[which] = np.where((self._gradient | self._odd)[which], np.inf, reaches)
        return which

    def _read_points(self, asked: Sequence[int]) -> None:
        """Note whose points have changed."""
        known = self._points
        for i in asked:
            points = self._states[i]["points"]
            shape = points.tobytes()
            if shape != known[i]:
                known[i] = shape
                self._stale[i], self._odd[i] = True, len(points) % CURVE != 0

    def _read_styles(self, asked: Sequence[int]) -> list[int]:
        """Find the looks of leaves again; those that have another one."""
        changed, found, looks, styles = list[int](), list[LeafStyle](), self._known_looks, self._styles
        for i in asked:
            state = self._states[i]
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
            if style != styles[i]:
                styles[i] = style
                look = looks.get(style)
                if look is None:
                    look = looks[style] = LeafStyle.of(state)
                self._paints[i] = look.paints
                found.append(look)
                changed.append(i)
        self._invisible[changed] = [look.is_invisible for look in found]
        self._gradient[changed] = [look.is_gradient for look in found]
        self._looks_reach[changed] = [look.reach for look in found]
        if len(looks) > LOOKS_KEPT:
            looks.clear()
        return changed

    def _fill(self, places: np.ndarray, colours: np.ndarray) -> None:
        """Give leaves without strokes, which are looked at together, fills of these colours."""
        self._invisible[places] = colours[:, 3] == 0
        self._looks_reach[places] = np.where(colours[:, 3] == 0, np.nan, 0.0)
        for i, colour in zip(places.tolist(), colours[:, [2, 1, 0, 3]].tolist(), strict=True):
            self._paints[i] = [(colour, None, cairo.LineJoin.MITER, cairo.LineCap.BUTT)]

    def _gather(self, moved: np.ndarray) -> None:
        """Make the paths of those that moved one by one."""
        shapes = [self._states[i]["points"] for i in moved.tolist()]
        counts = np.array(list(map(len, shapes)))
        whole = (counts % CURVE == 0) & (counts > 0)
        self._addresses[moved[~whole]] = 0
        if whole.any():
            points = np.concatenate([shapes[k] for k in np.flatnonzero(whole).tolist()])
            self._trace(moved[whole], points, counts[whole], self._maker)

    def _trace(self, which: np.ndarray, points: np.ndarray, counts: np.ndarray, maker: PathMaker) -> None:
        """Make the paths of some, whose points lie one after another."""
        paths = maker.make(points, counts, self._tolerance[which])
        self.extents[which] = paths.extents
        self._addresses[which] = np.where(np.isfinite(paths.extents).all(axis=1), paths.addresses, 0)
        for i in which.tolist():
            self._memory[i] = paths

    def boxes(
        self, matrix: cairo.Matrix, width: int, height: int, which: np.ndarray | slice = slice(None)
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
        which: np.ndarray,
        context: cairo.Context[Any],
        append: Callable[[int, int], None],
        target: int,
        camera: Camera,
    ) -> None:
        """Draw some leaves on `context`, whose address is `target`, and leave no path behind."""
        context.new_path()
        special = self._gradient | self._odd
        for i, path, by_manim in zip(
            which.tolist(), self._addresses[which].tolist(), special[which].tolist(), strict=True
        ):
            if by_manim:
                camera.display_vectorized(self.mobjects[i], context)
                context.new_path()
                continue
            append(target, path)
            for colour, width, join, cap in self._paints[i]:
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
        width = max(0.0, float(state[thick])) if thick else None
        if width == 0:
            continue
        red, green, blue, alpha = state[name][0].tolist()
        if alpha != 0:
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
