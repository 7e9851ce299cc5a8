"""The fast renderer: the same pictures as Manim's, drawn where they change and coded once a clip."""

from scenes.rendering.clip import ClipWriter
from scenes.rendering.renderer import FastRenderer

__all__ = ["ClipWriter", "FastRenderer"]
