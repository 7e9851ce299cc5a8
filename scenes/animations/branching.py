"""One thing becomes several, or takes the place of another: motions for parts that look alike."""

from __future__ import annotations

from collections.abc import Sequence

from manim import Animation, Mobject, Transform, rate_functions

from scenes.animations.motions import Turned
from scenes.mobjects.marks import hand_over
from scenes.theme import pace


def multiply(source: Mobject, targets: Sequence[Mobject], kind: str = "row") -> tuple[Animation, ...]:
    """A copy of `source` becomes each of `targets`, which have the same parts elsewhere; `source` stays."""
    copies = [source.copy() for _ in targets]
    for copied, target in zip(copies, targets, strict=True):
        hand_over(copied, target)
    return tuple(
        Transform(copied, target, run_time=pace(kind), rate_func=rate_functions.smooth, introducer=True)
        for copied, target in zip(copies, targets, strict=True)
    )


def reshape(old: Mobject, new: Mobject, kind: str = "row") -> Animation:
    """`old` takes place, size and fill of `new`, which has the same parts; it is `old` that remains on stage."""
    return Turned(old, new, run_time=pace(kind), rate_func=rate_functions.smooth)
