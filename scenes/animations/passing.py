"""Tokens come out of a machine."""

from __future__ import annotations

from collections.abc import Sequence

from manim import Animation, LaggedStart, Mobject, rate_functions

from scenes.animations.fades import Come
from scenes.theme import pace


def hand_out(parts: Sequence[Mobject], machine: Mobject, kind: str = "row") -> Animation:
    """The parts come out of the machine one after another, each to its place."""
    centre = machine.get_center()
    coming = [
        Come(part, shift=part.get_center() - centre, run_time=pace("flow"), rate_func=rate_functions.ease_out_sine)
        for part in parts
    ]
    # All have arrived in the seconds of `kind` plus those of one flow.
    return LaggedStart(*coming, lag_ratio=min(1.0, pace(kind) / pace("flow") / max(1, len(coming) - 1)))
