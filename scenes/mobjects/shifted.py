"""Tokens at the positions of a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from manim import VGroup

from scenes.mobjects.text import word
from scenes.mobjects.tokens import Token
from scenes.theme import at
from transformer_core.tracing.provenance import Label


def on_places(labels: Sequence[Label], xs: Sequence[float], y: float, pitch: float, width: float) -> VGroup:
    """A chip at each position, or bare words where chips of this width have no room."""
    if width <= pitch - 10:
        return VGroup(*(Token(label, "", width, 52).move_to(at(x, y)) for label, x in zip(labels, xs, strict=True)))
    return VGroup(*(word(label, "map").settle(at(x, y)) for label, x in zip(labels, xs, strict=True)))
