"""Whole scenes: a clip of one, and a still."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from manim import Scene, tempconfig

from scenes.rendering.renderer import FastRenderer


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


def render_clip(
    scene: type[Scene], path: Path | str, fps: int = 60, size: tuple[int, int] = (1920, 1080), **settings: Any
) -> Path:
    """Render a whole scene into one clip.

    Args:
        scene: the scene's class; it is made under the settings of the clip, since a camera has its size from birth.
        path: where the clip goes.
        fps: frames a second.
        size: width and height in pixels.
        settings: ClipWriter's `qp`, `preset`, `pauses`.
    """
    with tempconfig(quality(size, fps)):
        renderer = FastRenderer()
        performance = scene(renderer=renderer)
        with renderer.clip(path, **settings) as writer:
            performance.render()
            if not writer.frames:
                writer.write(still(performance))
    return Path(path)


def still(scene: Scene) -> np.ndarray:
    """The scene as it stands, drawn as its clips are: RGB, shape (height, width, 3)."""
    if not isinstance(scene.renderer, FastRenderer):
        raise TypeError("a still is drawn by the scene's FastRenderer; hand one to the scene when making it")
    return scene.renderer.still(scene)
