"""The verbs of the lecture: appear, highlight, count, fill, move on, leave. They alone know how long they take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import (
    LEFT,
    UP,
    Animation,
    AnimationGroup,
    Create,
    Group,
    GrowFromEdge,
    LaggedStart,
    Mobject,
    MoveAlongPath,
    Transform,
    VGroup,
    VMobject,
    rate_functions,
)

from scenes.animations.fades import Come, Leave
from scenes.animations.motions import Morph, Sweep, Turned
from scenes.mobjects.cells import Cell
from scenes.mobjects.marks import Rings, means
from scenes.mobjects.shapes import frame
from scenes.mobjects.tokens import Token
from scenes.theme import pace, units

EASE_OUT = rate_functions.ease_out_cubic
GLIDE = rate_functions.ease_in_out_sine


def appear(*mobjects: Mobject, rise: bool = True) -> Animation:
    """Come on stage together, rising a little."""
    shift = UP * units(14) if rise else np.zeros(3)
    return Come(VGroup(*mobjects), shift=shift, run_time=pace("appear"), rate_func=EASE_OUT)


def appear_in_turn(mobjects: Sequence[Mobject], kind: str = "row") -> Animation | None:
    """Come on stage one after another, within the time of `kind`; nothing for nobody."""
    if not mobjects:
        return None
    parts = [Come(m, run_time=pace("appear"), rate_func=EASE_OUT) for m in mobjects]
    ratio = (pace(kind) / pace("appear") - 1) / max(1, len(parts) - 1) if len(parts) > 1 else 0
    return LaggedStart(*parts, lag_ratio=max(0.02, min(1.0, ratio)))


def follow(mobject: Mobject) -> Animation:
    """Appear only when what stood there before is gone."""
    late = rate_functions.squish_rate_func(rate_functions.smooth, 0.45, 1)
    return Come(mobject, run_time=pace("appear") + pace("leave") / 2, rate_func=late)


def leave(*mobjects: Mobject) -> Animation:
    """Go off stage."""
    return Leave(Group(*mobjects), run_time=pace("leave"), rate_func=rate_functions.ease_in_sine)


def dim(*mobjects: Mobject) -> Animation:
    """Step back: fills grow faint, numbers and words turn grey, and stay readable."""
    return _shaded(mobjects, dimmed=True)


def light(*mobjects: Mobject) -> Animation:
    """Come forward again."""
    return _shaded(mobjects, dimmed=False)


def _shaded(mobjects: Sequence[Mobject], dimmed: bool) -> Animation:
    changes = []
    for mobject in mobjects:
        if mobject.family_members_with_points():
            target = mobject.copy()
            for part in target.get_family():
                if isinstance(part, (Cell, Token)):
                    part.shade(dimmed)
            changes.append(Transform(mobject, target, run_time=pace("emphasise"), rate_func=EASE_OUT))
    return AnimationGroup(*changes)


def ring_around(mobject: Mobject, role: str = "focus", roomy: bool = False) -> VMobject:
    """An outline, close around a cell, and `roomy` around bare text."""
    air = 16 if roomy else 7
    width, height = mobject.width * 135 + 2 * air, mobject.height * 135 + 2 * air
    return means(frame(width, height, role), Rings()).move_to(mobject)


def highlight(part: Mobject, among: Sequence[Mobject] = (), role: str = "focus") -> tuple[VMobject, Animation]:
    """A ring around `part`, and the animation that draws it and dims the rest of `among`."""
    ring = ring_around(part, role)
    others = [m for m in among if m is not part]
    return ring, AnimationGroup(Come(ring, run_time=pace("emphasise")), *([dim(*others)] if others else []))


def move_ring(ring: VMobject, to: Mobject, role: str = "focus") -> Animation:
    """The ring moves; it never blinks."""
    return Transform(ring, ring_around(to, role), run_time=pace("emphasise"), rate_func=GLIDE)


def fly(source: Mobject, target: Mobject, kind: str = "transform") -> Animation:
    """A copy of `source` travels to where `target` is and turns into it."""
    ghost = source.copy()
    return AnimationGroup(
        ghost.animate(run_time=pace(kind), rate_func=GLIDE, remover=True).move_to(target).set_opacity(0),
        Come(target, run_time=pace(kind), rate_func=rate_functions.ease_in_cubic),
    )


def fill(cells: Mobject, kind: str = "rest") -> Animation:
    """All cells come up in reading order."""
    return Sweep(VGroup(*cells), kind)


def flow(mobject: Mobject, path: VMobject, kind: str = "flow") -> Animation:
    """Something small runs along a path."""
    return MoveAlongPath(mobject, path, run_time=pace(kind), rate_func=GLIDE)


def draw(*lines: Mobject, kind: str = "transform") -> Animation:
    """Lines grow from their beginning to their end, all together."""
    return Create(VGroup(*lines), run_time=pace(kind), lag_ratio=0, rate_func=rate_functions.smooth)


def grow(bar: Mobject, edge: np.ndarray = LEFT) -> Animation:
    """A bar grows from its edge at zero."""
    return GrowFromEdge(bar, edge, run_time=pace("row"), rate_func=EASE_OUT)


def settle_in(whole: Mobject, place: Mobject) -> Animation:
    """A picture grows or shrinks to where a like one belongs."""
    return Turned(whole, place, run_time=pace("camera"), rate_func=rate_functions.ease_in_out_cubic)


def slide(old: Mobject, new: Mobject, kind: str = "transform") -> Animation:
    """Shapes move on to other sizes and places, one for one."""
    return Morph(list(zip(old, new, strict=True)), kind)
