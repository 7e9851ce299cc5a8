"""A formula becomes the next: signs that both have travel, the others come and go."""

from __future__ import annotations

import numpy as np
from manim import Scene, VGroup, VMobject, rate_functions

from scenes.animations.fades import COLOURS, Motion
from scenes.theme import pace


class Reform(Motion):
    """`old` turns into `new`: each sign of `new` comes from its twin in `old`, or grows if it has none there."""

    def __init__(self, old: VMobject, new: VMobject, kind: str = "row") -> None:
        self.old, self.new = old, new
        self.ghosts = old.copy()
        self.ghosts.text = None  # signs that fade are no formula any more
        whole = VGroup(self.ghosts, new)
        super().__init__(whole, run_time=pace(kind), rate_func=rate_functions.smooth, introducer=True)

    def _setup_scene(self, scene: Scene) -> None:
        scene.remove(*self.old.get_family())
        super()._setup_scene(scene)

    def begin(self) -> None:
        pool = self.old.family_members_with_points()
        self.states = []
        for sign in self.new.family_members_with_points():
            twin = next((one for one in pool if _alike(one, sign)), None)
            if twin is not None:
                pool.remove(twin)
            colours = [getattr(sign, name) for name in COLOURS]
            self.states.append((sign, sign.points, None if twin is None else twin.points.copy(), colours))
        lost = {id(one) for one in pool}
        pairs = zip(self.ghosts.family_members_with_points(), self.old.family_members_with_points(), strict=True)
        self.fading = [(ghost, [getattr(ghost, name) for name in COLOURS], id(one) in lost) for ghost, one in pairs]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        along = self.rate_func(alpha)
        for sign, home, away, colours in self.states:
            if along == 1:
                sign.points = home
            elif away is not None:
                sign.points = away + (home - away) * along
            light = 1.0 if away is not None else float(np.clip(2 * along - 1, 0, 1))
            for name, rgbas in zip(COLOURS, colours, strict=True):
                setattr(sign, name, rgbas if light == 1 else rgbas * (1, 1, 1, light))
        for ghost, colours, lost in self.fading:
            light = float(np.clip(1 - 2 * along, 0, 1)) if lost else 0.0
            for name, rgbas in zip(COLOURS, colours, strict=True):
                setattr(ghost, name, rgbas * (1, 1, 1, light))

    def clean_up_from_scene(self, scene: Scene) -> None:
        super().clean_up_from_scene(scene)
        scene.remove(self.mobject)
        scene.add(self.new)


def _alike(one: VMobject, other: VMobject) -> bool:
    """True if two signs have the same outline, whatever their size."""
    if one.points.shape != other.points.shape:
        return False
    (wide, high), (wider, higher) = (np.ptp(sign.points[:, :2], axis=0) for sign in (one, other))
    return bool(abs(wide * higher - wider * high) < 0.02 * max(wide * higher, 1e-6))
