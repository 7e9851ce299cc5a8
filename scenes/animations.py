"""The verbs of the lecture: appear, focus, count, fill, move on, leave. They alone know how long they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from manim import (
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    Group,
    LaggedStart,
    Mobject,
    MoveAlongPath,
    ReplacementTransform,
    Scene,
    Transform,
    VGroup,
    VMobject,
    rate_functions,
)

from scenes.mobjects.shapes import frame
from scenes.mobjects.tensors import Cell, TensorGrid
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.theme import pace, units
from transformer_core.provenance import Quantity

EASE_OUT = rate_functions.ease_out_cubic
GLIDE = rate_functions.ease_in_out_sine


def appear(*mobjects: Mobject, rise: bool = True) -> Animation:
    """Come on stage together, rising a little."""
    shift = UP * units(14) if rise else np.zeros(3)
    return FadeIn(VGroup(*mobjects), shift=shift, run_time=pace("appear"), rate_func=EASE_OUT)


def appear_in_turn(mobjects: Sequence[Mobject], kind: str = "row") -> Animation | None:
    """Come on stage one after another, within the time of `kind`; nothing for nobody."""
    if not mobjects:
        return None
    parts = [FadeIn(m, run_time=pace("appear"), rate_func=EASE_OUT) for m in mobjects]
    ratio = (pace(kind) / pace("appear") - 1) / max(1, len(parts) - 1) if len(parts) > 1 else 0
    return LaggedStart(*parts, lag_ratio=max(0.02, min(1.0, ratio)))


class Leave(FadeOut):
    """Fade out and be gone, however the parts were grouped when they came (Manim removes only what it was given)."""

    def clean_up_from_scene(self, scene: Scene) -> None:
        super().clean_up_from_scene(scene)
        scene.remove(*self.mobject.get_family())


def follow(mobject: Mobject) -> Animation:
    """Appear only when what stood there before is gone."""
    late = rate_functions.squish_rate_func(rate_functions.smooth, 0.45, 1)
    return FadeIn(mobject, run_time=pace("appear") + pace("leave") / 2, rate_func=late)


def leave(*mobjects: Mobject) -> Animation:
    """Go off stage."""
    return Leave(Group(*mobjects), run_time=pace("leave"), rate_func=rate_functions.ease_in_sine)


def _restyled(mobject: Mobject, change: Callable[[Any], Any]) -> Animation:
    target = mobject.copy()
    for part in target.get_family():
        change(part)
    return Transform(mobject, target, run_time=pace("emphasise"), rate_func=EASE_OUT)


def dim(*mobjects: Mobject) -> Animation:
    """Step back: fills grow faint, numbers and words turn grey, and stay readable."""
    return _shaded(mobjects, dimmed=True)


def light(*mobjects: Mobject) -> Animation:
    """Come forward again."""
    return _shaded(mobjects, dimmed=False)


def _shaded(mobjects: Sequence[Mobject], dimmed: bool) -> Animation:
    drawn = [m for m in mobjects if m.family_members_with_points()]
    return AnimationGroup(*(_restyled(m, lambda part: _shade(part, dimmed)) for m in drawn))


def _shade(part: Mobject, dimmed: bool) -> None:
    if isinstance(part, (Cell, Token)):
        part.shade(dimmed)


def ring_around(mobject: Mobject, role: str = "focus") -> VMobject:
    """An outline, five pixels outside what it surrounds."""
    width, height = mobject.width * 135 + 14, mobject.height * 135 + 14
    return frame(width, height, role).move_to(mobject)


def focus(part: Mobject, among: Sequence[Mobject] = (), role: str = "focus") -> tuple[VMobject, Animation]:
    """A ring around `part`, and the animation that draws it and dims the rest of `among`."""
    ring = ring_around(part, role)
    others = [m for m in among if m is not part]
    return ring, AnimationGroup(FadeIn(ring, run_time=pace("emphasise")), *([dim(*others)] if others else []))


def move_ring(ring: VMobject, to: Mobject, role: str = "focus") -> Animation:
    """The ring moves; it never blinks."""
    return Transform(ring, ring_around(to, role), run_time=pace("emphasise"), rate_func=GLIDE)


def fly(source: Mobject, target: Mobject, kind: str = "transform") -> Animation:
    """A copy of `source` travels to where `target` is and turns into it."""
    ghost = source.copy()
    return AnimationGroup(
        ghost.animate(run_time=pace(kind), rate_func=GLIDE, remover=True).move_to(target).set_opacity(0),
        FadeIn(target, run_time=pace(kind), rate_func=rate_functions.ease_in_cubic),
    )


def become(old: Mobject, new: Mobject, kind: str = "transform") -> Animation:
    """`old` gives way to `new`: shapes morph when they correspond, texts cross over."""
    alike = isinstance(old, VMobject) and isinstance(new, VMobject) and not _has_text(old) and not _has_text(new)
    if alike:
        return ReplacementTransform(old, new, run_time=pace(kind), rate_func=rate_functions.smooth)
    return AnimationGroup(FadeOut(old, run_time=pace("leave")), FadeIn(new, run_time=pace("appear")))


def _has_text(mobject: Mobject) -> bool:
    return any(isinstance(part, Words) for part in mobject.get_family())


class Count(Animation):
    """A number runs through entries of a tensor, one after another; every value that it shows is one of them."""

    def __init__(
        self, words: Words, quantities: Sequence[Quantity], spec: str, kind: str = "cell", lead: str = ""
    ) -> None:
        self.quantities, self.spec, self.lead, self.last = list(quantities), spec, lead, -1
        super().__init__(words, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        here = min(int(self.rate_func(alpha) * len(self.quantities)), len(self.quantities) - 1)
        if here != self.last:
            self.last = here
            self.mobject.rewrite(self.lead + format(self.quantities[here], self.spec))


class Sweep(Animation):
    """Parts come on one after another along the run, each in an instant: terms of a sum, steps of a walk."""

    def __init__(self, parts: VGroup, kind: str = "cell") -> None:
        super().__init__(parts, run_time=pace(kind), rate_func=rate_functions.linear, introducer=True)

    def begin(self) -> None:
        self.shares = [-1.0] * len(self.mobject)
        self.opacities = [
            [(p.get_fill_opacity(), p.get_stroke_opacity()) for p in part.get_family()] for part in self.mobject
        ]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        count = len(self.mobject)
        for i, part in enumerate(self.mobject):
            share = float(np.clip(self.rate_func(alpha) * count - i, 0, 1)) if alpha < 1 else 1.0
            if share == self.shares[i]:
                continue
            self.shares[i] = share
            for piece, (fill, stroke) in zip(part.get_family(), self.opacities[i], strict=True):
                piece.set_fill(opacity=fill * share, family=False)
                piece.set_stroke(opacity=stroke * share, family=False)


def fill(cells: Mobject, kind: str = "rest") -> Animation:
    """All cells come up in reading order."""
    return Sweep(VGroup(*cells), kind)


def flow(mobject: Mobject, path: VMobject) -> Animation:
    """Something small runs along a path."""
    return MoveAlongPath(mobject, path, run_time=pace("flow"), rate_func=GLIDE)


class Morph(Animation):
    """Shapes move on to the places, outlines and fills of other shapes, one for one, and are then replaced by them.

    Interpolates whole arrays of points where both shapes have as many, which is much quicker than a transform each.
    """

    def __init__(self, pairs: Sequence[tuple[Mobject, Mobject]], kind: str = "transform") -> None:
        self.old, self.new = VGroup(*(a for a, _ in pairs)), VGroup(*(b for _, b in pairs))
        leaves = [
            (p, q) for a, b in pairs for p, q in zip(a.get_family(), b.get_family(), strict=True) if p.has_points()
        ]
        if any(p.points.shape != q.points.shape for p, q in leaves):
            raise ValueError("only shapes with as many points can move on to each other")
        self.leaves = [(p, p.points.copy(), q.points.copy(), *self._fills(p, q)) for p, q in leaves]
        super().__init__(self.old, run_time=pace(kind), rate_func=rate_functions.smooth)

    @staticmethod
    def _fills(old: VMobject, new: VMobject) -> tuple[np.ndarray, np.ndarray]:
        return old.get_fill_rgbas()[:1].copy(), new.get_fill_rgbas()[:1].copy()

    def interpolate_mobject(self, alpha: float) -> None:
        share = self.rate_func(alpha)
        for shape, start, end, from_fill, to_fill in self.leaves:
            shape.points = start * (1 - share) + end * share
            shape.fill_rgbas = from_fill * (1 - share) + to_fill * share

    def clean_up_from_scene(self, scene: Scene) -> None:
        super().clean_up_from_scene(scene)
        scene.remove(*self.old.get_family())
        # Behind what came meanwhile: the numbers that stand on these shapes.
        scene.bring_to_back(*self.new)


def turn_over(
    pairs: Sequence[tuple[Mobject, Mobject]], old_labels: VGroup, new_labels: VGroup
) -> tuple[Animation, ...]:
    """Every cell of a lying matrix moves to its place in the turned one; the labels go along."""
    boxes = [(a.box, b.box) for a, b in pairs]
    dashes = [mark for a, _ in pairs for mark in (a.dash, a.number) if mark]
    dressed = [mark for _, b in pairs for mark in (b.dash, b.number) if mark]
    moves: list[Animation] = [Morph(boxes, "row"), leave(*old_labels), FadeIn(new_labels, run_time=pace("row"))]
    moves += [leave(*dashes)] if dashes else []
    moves += [FadeIn(VGroup(*dressed), run_time=pace("row"))] if dressed else []
    return tuple(moves)


def slide(old: Mobject, new: Mobject, kind: str = "transform") -> Animation:
    """Shapes move on to other sizes and places, one for one."""
    return Morph(list(zip(old, new, strict=True)), kind)


class Visit(Animation):
    """A ring goes from one place to the next along the run, resting at each: two boxes that slide along a sum."""

    def __init__(self, ring: VMobject, places: Sequence[Mobject], kind: str = "slow") -> None:
        self.stations = [(place.get_center(), place.width, place.height) for place in places]
        self.base = ring.points.copy() - ring.get_center()
        self.size = ring.width, ring.height
        super().__init__(ring, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        place = min(self.rate_func(alpha) * len(self.stations), len(self.stations) - 1e-6)
        here = int(place)
        share = float(rate_functions.smooth(np.clip((place - here) * 2.5 - 1.5, 0, 1)))
        following = self.stations[min(here + 1, len(self.stations) - 1)]
        centre = self.stations[here][0] * (1 - share) + following[0] * share
        self.mobject.points = self.base + centre


class Through(Animation):
    """Shapes pass through recorded states, one after another: `states` are groups of the same shapes elsewhere."""

    def __init__(self, shapes: VGroup, states: Sequence[VGroup], kind: str = "slow") -> None:
        self.states = [[shape.points.copy() for shape in state] for state in states]
        super().__init__(shapes, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        # The nearest state is the entry that a `Count` over as many quantities shows at this moment.
        place = float(np.clip(self.rate_func(alpha) * len(self.states) - 0.5, 0, len(self.states) - 1))
        here = min(int(place), max(len(self.states) - 2, 0))
        share = place - here
        after = self.states[min(here + 1, len(self.states) - 1)]
        for shape, start, end in zip(self.mobject, self.states[here], after, strict=True):
            shape.points = start * (1 - share) + end * share


def reweigh(plain: TensorGrid, weighed: TensorGrid) -> tuple[Animation, ...]:
    """Each cell turns into its weighed self: the fill changes over, the numbers cross."""
    pairs = [(cell, weighed.cells[at]) for at, cell in plain.cells.items()]
    numbers = [(a.number, b.number) for a, b in pairs if a.number and b.number]
    return (
        Morph([(a.box, b.box) for a, b in pairs], "row"),
        leave(*(a for a, _ in numbers)),
        FadeIn(VGroup(*(b for _, b in numbers)), run_time=pace("row"), rate_func=rate_functions.ease_in_cubic),
    )
