"""Coming and going: shapes fade and shift, all of their points and colours in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from manim import ORIGIN, Animation, Group, Mobject, Scene, VMobject

from scenes.rendering.joined import Joined

COLOURS = ("fill_rgbas", "stroke_rgbas", "background_stroke_rgbas")


def lights(leaves: Sequence[VMobject]) -> list[Joined]:
    """The colours of shapes that are seen: those of a kind that none of them shows are left out."""
    found = (Joined(leaves, name) for name in COLOURS)
    return [colours for colours in found if colours.whole[:, 3:].any()]


def _nothing(*_: Any) -> None:
    """Take the place of what is omitted."""


class Motion(Animation):
    """An animation that keeps what it needs of the start itself: Manim makes no copy of the mobject.

    Attributes:
        arrays: what alone it changes of its shapes, known when it has begun; None if it is not told. The fast renderer
            then compares whole arrays, and does not look at the shapes one by one.
        apart: those that it changes in other ways as well.
        returns: True if its mobject ends as it was when it began, on stage or off it.
    """

    arrays: Sequence[Joined] | None = None
    apart: Sequence[Mobject] = ()
    returns = False

    def omit(self) -> None:
        """Do no more than enter and leave the stage, if that is all that a play which is not shown leaves behind."""
        if self.returns:
            self.__dict__.update(begin=_nothing, finish=_nothing, show=_nothing)

    def create_starting_mobject(self) -> Mobject:
        return self.mobject


class Fade(Motion):
    """Between not being there, `shift` away, and standing as it was when the play began.

    Looks like Manim's FadeIn and FadeOut, which copy the mobject twice and blend part by part.
    """

    returns = True

    def __init__(self, *mobjects: Mobject, shift: np.ndarray = ORIGIN, **settings: Any) -> None:
        self.shift = np.asarray(shift, float)
        super().__init__(mobjects[0] if len(mobjects) == 1 else Group(*mobjects), **settings)

    def begin(self) -> None:
        leaves: list[VMobject] = self.mobject.family_members_with_points()
        self._points, self._colours = Joined(leaves, "points"), lights(leaves)
        self.arrays = [self._points, *self._colours]
        super().begin()

    def show(self, presence: float) -> None:
        """Stand at `presence` between not being there (0) and being there (1)."""
        if presence == 1:
            for attribute in (self._points, *self._colours):
                attribute.restore()
            return
        if self.shift.any():
            self._points.show(self._points.whole + self.shift * (1 - presence))
        for colours in self._colours:
            colours.show(colours.whole * (1, 1, 1, presence))


class Come(Fade):
    """Fade in, coming from `shift` below where it stands."""

    def __init__(self, *mobjects: Mobject, shift: np.ndarray = ORIGIN, **settings: Any) -> None:
        super().__init__(*mobjects, shift=-np.asarray(shift, float), introducer=True, **settings)

    def interpolate_mobject(self, alpha: float) -> None:
        self.show(self.rate_func(alpha))


class Leave(Fade):
    """Fade out and be gone, however the parts were grouped when they came (Manim removes only what it was given)."""

    def __init__(self, *mobjects: Mobject, **settings: Any) -> None:
        super().__init__(*mobjects, remover=True, **settings)

    def interpolate_mobject(self, alpha: float) -> None:
        self.show(1 - self.rate_func(alpha))

    def clean_up_from_scene(self, scene: Scene) -> None:
        super().clean_up_from_scene(scene)
        scene.remove(*self.mobject.get_family())
        self.show(1)
