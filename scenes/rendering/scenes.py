"""Whole scenes: a clip of one, and a still."""

from __future__ import annotations

from typing import Any

import numpy as np
from manim import Scene

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


def still(scene: Scene) -> np.ndarray:
    """The scene as it stands, drawn as its clips are: RGB, shape (height, width, 3)."""
    if not isinstance(scene.renderer, FastRenderer):
        raise TypeError("a still is drawn by the scene's FastRenderer; hand one to the scene when making it")
    return scene.renderer.still(scene)
