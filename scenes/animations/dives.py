"""The eye dives into a part of a picture, and rises out of it again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import Mobject, Scene, VGroup, rate_functions

from scenes.animations.fades import Motion, lights
from scenes.animations.flights import Mapped, written
from scenes.layout import STAGE, Room
from scenes.mobjects.shapes import Box
from scenes.theme import at, pace, units

#: How many times thicker the lines of what is dived into become at most.
THICKER = 2.0
#: How many times faster what is dived past goes out than the eye comes to the part, and the part if it does not stay.
PASSING, ENTERING = 2.0, 1.4
#: Px beyond the room in which what is dived past goes out, too: captions and titles stay clear of it.
BORDER = 48.0


class Dive(Motion):
    """The picture grows until `part` fills `room`: to the eye, a camera that goes into it.

    It is the drawing that is scaled and not the camera, so that the title and captions stay where they are, and what
    is drawn inside has the size in which it is seen. The speed is even in the logarithm of the size.

    Args:
        picture: all that grows.
        part: the part of it that is dived into.
        inside: how much of its colour the part keeps.
    """

    def __init__(self, picture: Sequence[Mobject], part: Mobject, room: Room = STAGE, inside: float = 1.0) -> None:
        self.whole, self.part, self.room, self.inside = VGroup(*picture), part, room, inside
        super().__init__(self.whole, run_time=pace("dive"), rate_func=rate_functions.ease_in_out_cubic)

    def begin(self) -> None:
        leaves = self.leaves = self.whole.family_members_with_points()
        self.strokes = [(leaf.__dict__, leaf.stroke_width) for leaf in leaves if leaf.stroke_width]
        # The part takes the shape of the room, too: what is stretched for that is out of sight by then.
        self.factor = np.array(
            [units(self.room.width) / self.part.width, units(self.room.height) / self.part.height, 1]
        )
        self.start, self.goal = self.part.get_center(), self.room.centre
        # A box begins at the upper end of the arc of its upper right corner, and may have been scaled as it is.
        self.round = self.part.get_right()[0] - self.part.points[0][0] if isinstance(self.part, Box) else 0.0
        self.points = Mapped(leaves, self.start)
        inside = {id(part) for part in self.part.get_family()}
        self.corners = np.array([(leaf.points.min(0), leaf.points.max(0)) for leaf in leaves]) - self.start
        self.before = self._beyond(1.0, self.start)
        self.within = np.array([id(leaf) in inside for leaf in leaves])
        self.colours = lights(leaves)
        self.arrays = [self.points, *self.colours]
        self.apart = [self.part, *(leaf for leaf in leaves if leaf.stroke_width)]
        for leaf in leaves:
            leaf.dived = True
        super().begin()

    def _setup_scene(self, scene: Scene) -> None:
        """Put the picture behind all else, so that no token is covered by what is dived past: on what is dived into."""
        super()._setup_scene(scene)
        ground = [part for part in scene.mobjects if getattr(part, "dived", False) and part not in self.whole]
        scene.bring_to_back(*ground, *self.whole)

    def interpolate_mobject(self, alpha: float) -> None:
        self.show(self.rate_func(alpha))

    def show(self, depth: float) -> None:
        """Stand at `depth` between the whole (0) and the part (1)."""
        size = self.factor**depth
        # Along each axis alone, so that what is dived into never leaves the room on its way.
        growing = abs(self.factor - 1) > 1e-9
        way = np.where(growing, (size - 1) / np.where(growing, self.factor - 1, 1), depth)
        centre = self.start + (self.goal - self.start) * way
        thicker = min(float(np.sqrt(size[0] * size[1])), THICKER)
        for state, width in self.strokes:
            state["stroke_width"] = width * thicker
        if depth == 0:
            self.points.restore()
        else:
            self.points.place(size, centre)
            if isinstance(self.part, Box):
                self.part.reshape(self.round + (self.part.radius - self.round) * depth)
        past = np.clip(1 - (self._beyond(size, centre) - self.before) / units(BORDER), 0, 1)
        fading, entering = (1 - min(1.0, rate * depth) for rate in (PASSING, ENTERING))
        light = np.where(self.within, self.inside + (1 - self.inside) * entering, fading * past)
        for colours in self.colours:
            if depth == 0:
                colours.restore()
            else:
                whole = colours.whole.copy()
                whole[:, 3] *= np.repeat(light, colours.sizes)
                colours.show(whole)

    def _beyond(self, size: np.ndarray | float, centre: np.ndarray) -> np.ndarray:
        """The units by which each shape reaches beyond the room when all is `size` times as large."""
        room, (low, high) = self.room, np.moveaxis(self.corners * size + centre, 1, 0)[..., :2]
        least, most = (at(*edge)[:2] for edge in ((room.left, room.bottom), (room.right, room.top)))
        return np.maximum(np.maximum(least - low, high - most).max(1), 0.0)


class Rise(Motion):
    """Back out of a dive: each part stands again where it stood before, to the last bit.

    What was drawn `inside` shrinks along with the part, fades, and is gone; through `glass`, only its texts are gone.
    """

    def __init__(self, dive: Dive, *inside: Mobject, glass: bool = False) -> None:
        self.dive, self.inside, self.glass = dive, VGroup(*inside), glass
        whole = VGroup(dive.whole, self.inside)
        super().__init__(whole, run_time=pace("dive"), rate_func=rate_functions.ease_in_out_cubic)

    def begin(self) -> None:
        room = self.dive.room
        self.whole_size = np.array([units(room.width), units(room.height), 1])
        leaves = self.inside.family_members_with_points()
        self.points = Mapped(leaves, self.dive.goal)
        self.colours = lights([leaf for leaf in leaves if written(leaf) or not self.glass])
        self.strokes = [(leaf.__dict__, leaf.stroke_width) for leaf in leaves if leaf.stroke_width]
        self.arrays = [self.points, *self.colours, *(self.dive.arrays or ())]
        self.apart = [*self.dive.apart, *(leaf for leaf in leaves if leaf.stroke_width)]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        depth = 1 - self.rate_func(alpha)
        self.dive.show(depth)
        size = np.array([self.dive.part.width, self.dive.part.height, 1]) / self.whole_size
        self.points.place(size, self.dive.part.get_center())
        for state, width in self.strokes:
            state["stroke_width"] = width * float(np.sqrt(size[0] * size[1]))
        for colours in self.colours:
            colours.show(colours.whole * (1, 1, 1, min(1.0, 2 * depth)))

    def clean_up_from_scene(self, scene: Scene) -> None:
        super().clean_up_from_scene(scene)
        if not self.glass:
            scene.remove(*self.inside.get_family())
        for leaf in self.dive.leaves:
            leaf.dived = False
        for leaf in self.inside.get_family():
            leaf.dived = self.glass
