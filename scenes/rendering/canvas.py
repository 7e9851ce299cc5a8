"""Canvas: draws the leaves of a scene, and of each frame only what changed since the one before."""

from __future__ import annotations

from collections.abc import Sequence

import cairo
import numpy as np
from manim import Camera, VMobject

from scenes.rendering.leaves import Box, Leaf, boxes
from scenes.rendering.outlines import address, path_appender
from scenes.rendering.tiles import Tiles


class Canvas:
    """The pixels of one camera.

    A play begins by drawing what does not move (`lay`) into a static layer. Each frame (`draw`) then looks at every
    moving leaf, marks the tiles that a changed leaf left or entered, takes these from the static layer and draws the
    leaves that touch them.

    Attributes:
        pixels: the current frame, RGBA, shape (height, width, 4).
    """

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.width, self.height = camera.pixel_width, camera.pixel_height
        self.pixels = np.zeros((self.height, self.width, 4), np.uint8)
        surface = cairo.ImageSurface.create_for_data(self.pixels.data, cairo.FORMAT_ARGB32, self.width, self.height)
        self._surface = surface
        self._context = cairo.Context(surface)
        self._target = address(self._context)
        self._append = path_appender()
        self._matrix = cairo.Matrix()
        self._tiles = Tiles(self.width, self.height)
        self._layer = self.pixels.copy()
        self._known: dict[int, Leaf] = {}
        self._shown: list[Leaf] = []

    @property
    def works(self) -> bool:
        """Whether this machine's Cairo can be handed whole paths."""
        return self._append is not None

    @property
    def layer(self) -> np.ndarray:
        """What does not move in the current play."""
        return self._layer

    def lay(self, mobjects: Sequence[VMobject]) -> None:
        """Begin a play: draw the background and `mobjects`, all anew, as its static layer."""
        assert self.camera.background is not None
        self._layer[:] = self.camera.background
        self._follow_camera()
        still = [self._known.get(id(mobject)) or Leaf(mobject) for mobject in mobjects]
        for leaf in still:
            leaf.refresh()
            leaf.place(self._matrix, self.width, self.height)
        self._paint(still, [(0, 0, self.width, self.height)])
        self._layer[:] = self.pixels
        # Who moved in the play before may be still now or move again: its outline is kept for one play more.
        self._known = {id(leaf.mobject): leaf for leaf in (*self._shown, *still)}
        self._shown = []
        self._tiles.mark_all()

    def lay_pixels(self, pixels: np.ndarray) -> None:
        """Begin a play whose static layer somebody else has drawn."""
        self._layer[:] = pixels
        self._shown = []
        self._tiles.mark_all()

    def draw(self, mobjects: Sequence[VMobject]) -> list[Box]:
        """Draw a frame with `mobjects` on the static layer; the rectangles that changed."""
        moved = self._follow_camera()
        self._cast(mobjects)
        for leaf in self._shown:
            if leaf.refresh() or moved:
                self._tiles.mark(leaf.box)
                leaf.place(self._matrix, self.width, self.height)
                self._tiles.mark(leaf.box)
        changed = self._tiles.take()
        self._paint(self._shown, changed)
        return changed

    def take_over(self, pixels: np.ndarray) -> list[Box]:
        """Accept a whole frame that somebody else has drawn."""
        self.pixels[:] = pixels
        self._tiles.mark_all()
        return [(0, 0, self.width, self.height)]

    def _cast(self, mobjects: Sequence[VMobject]) -> None:
        """Take in who is to be drawn, in which order; mark where anybody came, went or changed places."""
        if len(mobjects) == len(self._shown) and all(
            leaf.mobject is mobject for leaf, mobject in zip(self._shown, mobjects, strict=True)
        ):
            return
        before = {id(leaf.mobject): leaf for leaf in self._shown}
        self._shown = [before.get(id(mobject)) or self._met(mobject) for mobject in mobjects]
        now = {id(mobject) for mobject in mobjects}
        for leaf in before.values():
            if id(leaf.mobject) not in now:
                self._tiles.mark(leaf.box)
        stayed = [id(mobject) for mobject in mobjects if id(mobject) in before]
        if stayed != [known for known in before if known in now]:
            self._tiles.mark_all()
        for leaf in self._shown:
            if id(leaf.mobject) not in before:
                leaf.refresh()
                leaf.place(self._matrix, self.width, self.height)
                self._tiles.mark(leaf.box)

    def _met(self, mobject: VMobject) -> Leaf:
        return self._known.setdefault(id(mobject), Leaf(mobject))

    def _follow_camera(self) -> bool:
        """Take the camera's matrix; tell whether it moved."""
        camera = self.camera
        across, up, centre = self.width / camera.frame_width, self.height / camera.frame_height, camera.frame_center
        matrix = cairo.Matrix(across, 0, 0, -up, self.width / 2 - centre[0] * across, self.height / 2 + centre[1] * up)
        moved, self._matrix = matrix != self._matrix, matrix
        return moved

    def _paint(self, leaves: list[Leaf], rectangles: list[Box]) -> None:
        """Draw `leaves` within `rectangles`, on what the static layer holds there."""
        if not rectangles:
            return
        append, context, target = self._append, self._context, self._target
        assert append is not None
        where = boxes(leaves)
        for x0, y0, x1, y1 in rectangles:
            self.pixels[y0:y1, x0:x1] = self._layer[y0:y1, x0:x1]
            context.reset_clip()
            context.identity_matrix()
            context.rectangle(x0, y0, x1 - x0, y1 - y0)
            context.clip()
            context.set_matrix(self._matrix)
            touched = (where[:, 0] < x1) & (where[:, 2] > x0) & (where[:, 1] < y1) & (where[:, 3] > y0)
            for index in np.flatnonzero(touched).tolist():
                leaves[index].draw(context, append, target, self.camera)
        self._surface.flush()
