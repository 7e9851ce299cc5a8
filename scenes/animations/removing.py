"""A part is taken out of a machine, and put back: what falls out leaves its outline behind."""

from __future__ import annotations

from manim import DOWN, Animation, VGroup, VMobject, rate_functions

from scenes.animations.fades import Come, Fade, Leave
from scenes.theme import pace, units


def take_out(part: VGroup, outline: VGroup) -> tuple[Animation, ...]:
    """The part falls out, and empty frames stay where it was."""
    fall = Leave(part, shift=DOWN * units(60), run_time=pace("transform"), rate_func=rate_functions.ease_in_sine)
    return fall, Come(outline, run_time=pace("appear"))


def put_back(part: VGroup, outline: VGroup) -> tuple[Animation, ...]:
    """The part comes to its place again."""
    return Leave(outline, run_time=pace("leave")), Come(part, run_time=pace("appear"))


class OffAndOn(Fade):
    """The part is switched off, stays so while something is counted, and comes on again."""

    def __init__(self, part: VMobject, kind: str = "row") -> None:
        super().__init__(part, run_time=pace(kind), rate_func=rate_functions.there_and_back_with_pause)

    def interpolate_mobject(self, alpha: float) -> None:
        self.show(1 - self.rate_func(alpha) if alpha < 1 else 1)
