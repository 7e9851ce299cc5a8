"""Fallback to Manim for what the fast path does not know: it is named, and nothing is drawn wrongly in silence."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from frames import fast, plain, psnr, worst
from lectures import grid
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    Camera,
    Circle,
    Cube,
    Dot,
    PMobject,
    Scene,
    Square,
    ThreeDScene,
    VMobject,
)

from scenes.rendering.motion import is_plain_play


class Inked(Square):
    """Answers the camera's question for its colour in a way of its own."""

    def get_fill_rgbas(self) -> Any:
        return np.array([[1.0, 0.3, 0.1, 1.0]])


class Open(VMobject):
    """Never closes its outline."""

    def consider_points_equals_2d(self, *_: Any) -> bool:
        return False


class WideCamera(Camera):
    """Draws everything a second time, one pixel further."""

    def capture_mobjects(self, mobjects: Any, **settings: Any) -> None:
        super().capture_mobjects(mobjects, **settings)
        self.pixel_array[:, 1:] = self.pixel_array[:, :-1]


class OwnColour(Scene):
    def construct(self) -> None:
        self.add(grid(2, 3))
        self.play(Inked(fill_opacity=1).animate.shift(RIGHT), run_time=0.4)


class OwnOutline(Scene):
    def construct(self) -> None:
        shape = Open(stroke_width=20).set_points_as_corners([LEFT, UP, RIGHT, LEFT])
        self.play(shape.animate.shift(DOWN), run_time=0.4)


class OwnMethod(Scene):
    """One object, not its class, answers in a way of its own."""

    def construct(self) -> None:
        square = Square(fill_opacity=1)
        square.get_fill_rgbas = lambda: np.array([[0.0, 1.0, 0.0, 1.0]])
        self.add(square)
        self.play(Dot().animate.shift(UP), run_time=0.4)


class Points(Scene):
    def construct(self) -> None:
        cloud = PMobject(stroke_width=8)
        cloud.add_points([LEFT, UP, RIGHT])
        self.add(cloud)
        self.play(Circle(fill_opacity=0.5).animate.shift(RIGHT), run_time=0.4)


class OwnCamera(Scene):
    def __init__(self, **settings: Any) -> None:
        super().__init__(camera_class=WideCamera, **settings)

    def construct(self) -> None:
        self.play(Square(fill_opacity=1).animate.shift(RIGHT), run_time=0.4)


class Solid(ThreeDScene):
    def construct(self) -> None:
        self.set_camera_orientation(phi=1, theta=0.5)
        self.play(Cube().animate.shift(RIGHT), run_time=0.3)


class Meddler(Animation):
    """Changes somebody else's mobject, which Manim believes to stand still, and brings another in mid-play."""

    def __init__(self, mobject: VMobject, scene: Scene, other: VMobject) -> None:
        self.scene, self.other, self.born = scene, other, False
        super().__init__(mobject, run_time=0.6)

    def interpolate_mobject(self, alpha: float) -> None:
        self.mobject.move_to(alpha * RIGHT)
        self.other.set_fill(opacity=alpha)
        if alpha > 0.5 and not self.born:
            self.born = True
            self.scene.add(Square().shift(LEFT))


class Meddling(Scene):
    def construct(self) -> None:
        circle = Circle(fill_opacity=0).shift(UP)
        dot = Dot()
        self.add(dot, circle)
        self.play(Meddler(dot, self, circle))


@pytest.mark.parametrize("scene", [OwnColour, OwnOutline, OwnMethod, Points, OwnCamera, Solid])
def test_what_the_fast_path_does_not_know_looks_as_under_plain_manim_and_is_named(
    scene: type[Scene], caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("manim")
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.WARNING, logger="manim"):
            ours = fast(scene).pictures
    finally:
        logger.removeHandler(caplog.handler)
    assert any("Drawing by Manim's own camera" in record.getMessage() for record in caplog.records)
    theirs = plain(scene)
    assert len(ours) == len(theirs)
    assert min(psnr(a, b) for a, b in zip(ours, theirs, strict=True)) >= 60


def test_an_animation_from_elsewhere_is_not_trusted_to_touch_its_own_mobject_alone() -> None:
    seen: list[bool] = []

    class Watched(Meddling):
        def begin_animations(self) -> None:
            seen.append(is_plain_play(self))
            super().begin_animations()

    fast(Watched)
    assert seen == [False]
    assert worst(Meddling) >= 60
