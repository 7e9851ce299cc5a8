"""Canvas: draws the leaves of a scene, and of each frame only what changed since the one before."""

from __future__ import annotations

from collections.abc import Sequence

import cairo
import numpy as np
from manim import Camera, VMobject

from scenes.rendering.leaves import Leaves
from scenes.rendering.motion import Watch
from scenes.rendering.outlines import address, path_appender
from scenes.rendering.tiles import Box, Tiles


class Canvas:
    """The pixels of one camera.

    A play begins by drawing what does not move (`lay`) into a static layer. Each frame (`draw`) then looks at the
    moving leaves, marks the tiles that a changed leaf left or entered, takes these from the static layer and draws the
    leaves that touch them. A play leaves nothing to the next: its frames depend on the scene alone.

    Attributes:
        pixels: the current frame, RGBA, shape (height, width, 4).
        layer: what does not move in the current play.
    """

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.width, self.height = camera.pixel_width, camera.pixel_height
        self.pixels = np.zeros((self.height, self.width, 4), np.uint8)
        self.layer = self.pixels.copy()
        self._surface = cairo.ImageSurface.create_for_data(
            self.pixels.data, cairo.FORMAT_ARGB32, self.width, self.height
        )
        self._context = cairo.Context(self._surface)
        self._target = address(self._context)
        self._append = path_appender()
        self._matrix = cairo.Matrix()
        self._tiles = Tiles(self.width, self.height)
        self._shown = Leaves([])
        self._boxes = self._shown.boxes(self._matrix, self.width, self.height)
        self._asked: Sequence[VMobject] | None = None

    @property
    def works(self) -> bool:
        """True if this machine's Cairo can be handed whole paths."""
        return self._append is not None

    def lay(self, mobjects: Sequence[VMobject]) -> None:
        """Begin a play: draw the background and `mobjects` as its static layer."""
        assert self.camera.background is not None
        self.layer[:] = multiplied(self.camera.background)
        self._follow_camera()
        still = Leaves(mobjects)
        self._paint(still, still.boxes(self._matrix, self.width, self.height), [self._tiles.whole])
        self.layer[:] = self.pixels
        self._clear()

    def lay_pixels(self, pixels: np.ndarray) -> None:
        """Begin a play whose static layer somebody else has drawn."""
        self.layer[:] = pixels
        self._clear()

    def _clear(self) -> None:
        self._shown, self._asked = Leaves([]), None
        self._tiles.mark_all()

    def draw(self, mobjects: Sequence[VMobject], watch: Watch | None = None) -> list[Box]:
        """Draw a frame with `mobjects` on the static layer; the rectangles that changed.

        Args:
            mobjects: what is drawn, in this order; a list that stays as it is.
            watch: what alone can have changed since the frame before; all, if not given.
        """
        if self._asked is not mobjects and self._shown.mobjects != mobjects:
            self._shown = Leaves(mobjects, watch)
            self._tiles.mark_all()
            changed = np.arange(len(mobjects))
        else:
            changed = self._shown.refresh()
        self._asked = mobjects
        if self._follow_camera() or len(self._boxes) != len(mobjects):
            self._tiles.mark_all()
            self._boxes = self._shown.boxes(self._matrix, self.width, self.height)
        elif len(changed):
            now = self._shown.boxes(self._matrix, self.width, self.height, changed)
            self._tiles.mark(np.concatenate([self._boxes[changed], now]))
            self._boxes[changed] = now
        rectangles = self._tiles.take()
        self._paint(self._shown, self._boxes, rectangles)
        return rectangles

    def take_over(self, pixels: np.ndarray) -> list[Box]:
        """Accept a whole frame that somebody else has drawn."""
        self.pixels[:] = pixels
        self._tiles.mark_all()
        return [self._tiles.whole]

    def _follow_camera(self) -> bool:
        """Take the camera's matrix; tell whether it moved."""
        camera = self.camera
        across, up, centre = self.width / camera.frame_width, self.height / camera.frame_height, camera.frame_center
        matrix = cairo.Matrix(across, 0, 0, -up, self.width / 2 - centre[0] * across, self.height / 2 + centre[1] * up)
        moved, self._matrix = matrix != self._matrix, matrix
        return moved

    def _paint(self, leaves: Leaves, boxes: np.ndarray, rectangles: list[Box]) -> None:
        """Draw `leaves` within `rectangles`, on what the static layer holds there."""
        append, context = self._append, self._context
        assert append is not None
        for x0, y0, x1, y1 in rectangles:
            self.pixels[y0:y1, x0:x1] = self.layer[y0:y1, x0:x1]
            context.reset_clip()
            context.identity_matrix()
            context.rectangle(x0, y0, x1 - x0, y1 - y0)
            context.clip()
            context.set_matrix(self._matrix)
            touched = (boxes[:, 0] < x1) & (boxes[:, 2] > x0) & (boxes[:, 1] < y1) & (boxes[:, 3] > y0)
            leaves.draw(np.flatnonzero(touched), context, append, self._target, self.camera)
        self._surface.flush()


def multiplied(pixels: np.ndarray) -> np.ndarray:
    """RGBA as Cairo draws on it: multiplied by its opacity."""
    opacity = pixels[..., 3:]
    if opacity.min() == 255:
        return pixels
    colours = (pixels[..., :3].astype(np.uint16) * opacity + 127) // 255
    return np.concatenate([colours.astype(np.uint8), opacity], -1)
