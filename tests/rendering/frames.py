"""Helpers of the renderer's tests: the frames of a scene under plain Manim and under the fast renderer."""

from __future__ import annotations

from typing import Any

import numpy as np
from manim import Scene, tempconfig
from manim.renderer.cairo_renderer import CairoRenderer

from scenes.rendering.renderer import FastRenderer

SIZE, FPS = (320, 180), 15


def quality(size: tuple[int, int], fps: int) -> dict[str, Any]:
    """Manim's settings for pictures of `size` at `fps`, with no output of its own."""
    return {
        "pixel_width": size[0],
        "pixel_height": size[1],
        "frame_rate": fps,
        "dry_run": True,
        "progress_bar": "none",
        "disable_caching": True,
    }


class FrameList:
    """Stands for a ClipWriter; takes over only the rectangles that are said to have changed, as the encoder does."""

    def __init__(self) -> None:
        self.pictures: list[np.ndarray] = []
        self.written = 0

    @property
    def frames(self) -> int:
        return len(self.pictures)

    def write(self, pixels: np.ndarray, changed: list[tuple[int, int, int, int]] | None = None) -> None:
        picture = pixels[:, :, :3].copy() if changed is None else self.pictures[-1].copy()
        for x0, y0, x1, y1 in changed or ():
            picture[y0:y1, x0:x1] = pixels[y0:y1, x0:x1, :3]
        self.pictures.append(picture)
        self.written += 1

    def repeat(self, count: int = 1) -> None:
        self.pictures.extend(self.pictures[-1:] * count)


class Recorder(CairoRenderer):
    """Plain Manim, keeping the frames that it would encode."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.pictures: list[np.ndarray] = []

    def add_frame(self, frame: np.ndarray, num_frames: int = 1) -> None:
        if not self.skip_animations:
            self.time += num_frames / self.camera.frame_rate
            self.pictures.extend([frame[:, :, :3].copy()] * num_frames)


def plain(scene: type[Scene], size: tuple[int, int] = SIZE, fps: int = FPS) -> list[np.ndarray]:
    """The frames of a scene as `manim` draws them."""
    with tempconfig(quality(size, fps)):
        camera = scene(renderer=None).camera
        recorder = Recorder(camera_class=type(camera))
        scene(renderer=recorder).render()
    return recorder.pictures


def fast(scene: type[Scene], size: tuple[int, int] = SIZE, fps: int = FPS) -> FrameList:
    """The frames of a scene as the fast renderer hands them to the encoder."""
    with tempconfig(quality(size, fps)):
        renderer = FastRenderer()
        performance = scene(renderer=renderer)
        frames = FrameList()
        renderer.writer = frames  # type: ignore[assignment]
        performance.render()
    return frames


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    """Peak signal to noise in dB; 100 for equal pictures."""
    error = np.mean((first.astype(float) - second) ** 2)
    return 100.0 if error == 0 else float(10 * np.log10(255**2 / error))


def worst(scene: type[Scene], **settings: Any) -> float:
    """The PSNR of the worst frame against plain Manim; -inf if the number of frames differs."""
    theirs, ours = plain(scene, **settings), fast(scene, **settings).pictures
    if len(theirs) != len(ours):
        return float("-inf")
    return min(psnr(a, b) for a, b in zip(theirs, ours, strict=True))
