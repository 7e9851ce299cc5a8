"""The fast renderer draws what plain Manim draws."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from frames import FPS, SIZE, FrameList, fast, plain, psnr, quality, worst
from lectures import ALL, Empty, Fades, Groups, Pan, Picture, SceneUpdater, Transforms, grid
from manim import DOWN, UP, Scene, Square, tempconfig

from scenes.rendering import FastRenderer


@pytest.mark.parametrize("scene", ALL, ids=lambda scene: scene.__name__)
def test_every_frame_looks_as_under_plain_manim(scene: type[Scene]) -> None:
    assert worst(scene) >= 60


def test_a_lecture_scene_looks_the_same_at_a_size_of_many_tiles() -> None:
    assert worst(Groups, size=(960, 540), fps=5) >= 60


def test_two_runs_are_bit_equal() -> None:
    first, second = fast(Groups).pictures, fast(Groups).pictures
    assert len(first) == len(second)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_pause_is_drawn_once() -> None:
    class Pause(Scene):
        def construct(self) -> None:
            self.add(grid())
            self.wait(2)

    frames = fast(Pause)
    assert (frames.frames, frames.written) == (2 * FPS, 1)


def test_what_manim_has_to_draw_is_named_once_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("manim")
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.WARNING, logger="manim"):
            fast(Picture)
    finally:
        logger.removeHandler(caplog.handler)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "Drawing by Manim's own camera, slowly, because of a ImageMobject."
    ]


def test_a_scene_brings_its_own_camera() -> None:
    with tempconfig(quality(SIZE, FPS)):
        renderer = FastRenderer()
        assert Pan(renderer=renderer).camera is renderer.camera
        assert hasattr(renderer.camera, "frame")


@pytest.mark.parametrize("scene", [Fades, Transforms, Pan, Empty, SceneUpdater], ids=lambda scene: scene.__name__)
def test_a_still_equals_the_last_frame(scene: type[Scene]) -> None:
    with tempconfig(quality(SIZE, FPS)):
        performance = scene(renderer=FastRenderer())
        performance.render()
        picture = performance.renderer.still(performance)

    class Held(scene):  # type: ignore[misc,valid-type]
        def construct(self) -> None:
            super().construct()
            self.updaters.clear()
            self.wait(0.1)

    assert psnr(picture, plain(Held)[-1]) >= 60


def _last_play(skipped: bool) -> list[np.ndarray]:
    """The frames of the second half of a scene whose first half was shown, or only applied."""
    with tempconfig(quality(SIZE, FPS)):
        renderer, frames = FastRenderer(), FrameList()

        class Halves(Scene):
            def construct(self) -> None:
                cells, square = grid(2, 3), Square(fill_opacity=0.5)
                square.add_updater(lambda shape, dt: shape.rotate(dt).shift(0.1 * dt * UP))
                renderer.writer = None if skipped else FrameList()  # type: ignore[assignment]
                self.add(square)
                self.play(cells.animate.shift(DOWN), run_time=0.5)
                self.wait(0.3)
                square.clear_updaters()
                self.play(cells[0].animate.set_opacity(0.3), run_time=0.2)
                renderer.writer = frames  # type: ignore[assignment]
                self.play(cells.animate.shift(UP), square.animate.scale(2), run_time=0.4)
                self.wait(0.2)

        Halves(renderer=renderer).render()
    return frames.pictures


def test_a_clip_does_not_depend_on_whether_the_plays_before_it_were_shown() -> None:
    shown, applied = _last_play(skipped=False), _last_play(skipped=True)
    assert len(shown) == len(applied)
    assert all(np.array_equal(a, b) for a, b in zip(shown, applied, strict=True))


def test_time_passes_alike_in_plays_that_are_shown_and_plays_that_are_applied() -> None:
    with tempconfig(quality(SIZE, FPS)):
        applied = Fades(renderer=FastRenderer())
        applied.render()
        renderer = FastRenderer()
        shown = Fades(renderer=renderer)
        renderer.writer = FrameList()  # type: ignore[assignment]
        shown.render()
    assert applied.time == pytest.approx(shown.time)
