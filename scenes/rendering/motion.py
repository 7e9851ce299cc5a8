"""Motion: what a play can change, and the interpolation of all parts of a Transform at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from manim import Animation, Mobject, Scene, Transform, VMobject
from manim.animation.composition import AnimationGroup
from manim.animation.transform import TransformFromCopy
from manim.utils.bezier import interpolate

from scenes.rendering.families import family_of
from scenes.rendering.joined import Joined

# Animations of these modules are functions of time that touch nothing but the families of their mobjects.
KNOWN = ("manim.animation.", "scenes.animations.")
UNKNOWN = "manim.animation.updaters"  # these run functions that somebody else has written
ACTS = ("begin", "interpolate", "interpolate_mobject", "interpolate_submobject", "update_mobjects", "finish")
COLOURS = ("fill_rgbas", "stroke_rgbas", "background_stroke_rgbas")
WIDTHS = ("stroke_width", "background_stroke_width")
_known_kinds: dict[type, bool] = {}


def is_plain_play(scene: Scene) -> bool:
    """Return True if the next play is a function of time: known animations, no updaters, Manim's own frame loop."""
    loop = all(getattr(type(scene), name) is getattr(Scene, name) for name in ("play_internal", "update_to_time"))
    if not loop or scene.updaters or scene.stop_condition is not None or scene.always_update_mobjects or scene.meshes:
        return False
    animations = list(every(scene.animations or []))
    if not all(_is_known(type(animation)) for animation in animations):
        return False
    mobjects = [*scene.mobjects, *(animation.mobject for animation in animations)]
    return not any(part.updaters for part in family_of(mobjects).values())


def every(animations: Iterable[Animation]) -> Iterator[Animation]:
    """All animations, those within groups after their group."""
    for animation in animations:
        yield animation
        if isinstance(animation, AnimationGroup):
            yield from every(animation.animations)


def movers(animations: Iterable[Animation]) -> set[int]:
    """The ids of all mobjects that `animations` can change."""
    return {*family_of(animation.mobject for animation in every(animations))}


@dataclass(frozen=True)
class Watch:
    """Mobjects that a play can change, and the arrays by which it changes others.

    Attributes:
        alone: the ids of mobjects that can change in any way.
        joined: arrays of others, which change in these alone.
    """

    alone: set[int]
    joined: list[Joined]

    @classmethod
    def of(cls, animations: Iterable[Animation]) -> Watch:
        """All that `animations` can change: arrays, where an animation tells them and has its shapes for itself."""
        alone, joined, owners = set[int](), list[Joined](), Counter[int]()
        for animation in every(animations):
            if isinstance(animation, AnimationGroup):  # it acts through its parts
                continue
            arrays = getattr(animation, "arrays", None)
            loose = [animation.mobject] if arrays is None else animation.apart
            alone |= family_of(loose).keys()
            twice = Counter((id(leaf), one.name) for one in arrays or () for leaf in one.leaves)
            alone |= {leaf for (leaf, _), count in twice.items() if count > 1}
            owners.update({leaf for leaf, _ in twice})
            joined += arrays or ()
        return cls(alone | {leaf for leaf, count in owners.items() if count > 1}, joined)


def _is_known(kind: type[Animation]) -> bool:
    if kind not in _known_kinds:
        modules = [getattr(kind, name).__module__ for name in ACTS]
        _known_kinds[kind] = all(module.startswith(KNOWN) and not module.startswith(UNKNOWN) for module in modules)
    return _known_kinds[kind]


def hasten(animations: Iterable[Animation]) -> list[Animation]:
    """Let Transforms interpolate all their parts at once for one play; those that do."""
    found = list(every(animations))
    owners = Counter(
        part
        for animation in found
        if not isinstance(animation, AnimationGroup)
        for part in family_of([animation.mobject])
    )
    # Where two animations share a part, the last one to touch it wins in every frame: leave these as they are.
    if any(count > 1 for count in owners.values()):
        return []
    hastened = [
        animation for animation in found if isinstance(animation, Transform) and _is_plain_transform(type(animation))
    ]
    for animation in hastened:
        animation.interpolate_mobject = Tween(animation)
    return hastened


def calm(hastened: Iterable[Animation]) -> None:
    """Undo `hasten`."""
    for animation in hastened:
        del animation.interpolate_mobject


def _is_plain_transform(kind: type[Transform]) -> bool:
    return (
        kind.interpolate in (Animation.interpolate, TransformFromCopy.interpolate)
        and kind.interpolate_mobject is Animation.interpolate_mobject
        and kind.interpolate_submobject is Transform.interpolate_submobject
        and kind.get_all_families_zipped is Transform.get_all_families_zipped
        and kind.get_sub_alpha is Animation.get_sub_alpha
    )


class Tween:
    """Interpolates the parts of one Transform: the same numbers as Manim's, in one pass over all points."""

    def __init__(self, animation: Transform) -> None:
        self._animation = animation
        self._ends: tuple[Mobject, Mobject] | None = None
        self._parts: list[dict[str, Any]] | None = None
        self._room: tuple[np.ndarray, np.ndarray] | None = None

    def __call__(self, alpha: float) -> None:
        ends = (self._animation.starting_mobject, self._animation.target_copy)
        if self._ends is None or self._ends[0] is not ends[0] or self._ends[1] is not ends[1]:
            self._ends = ends
            self._prepare()
            parts = None
        else:
            parts = self._parts
        # Manim itself sets the first and the last state, with everything that is not interpolated here.
        if parts is None or alpha >= 1:
            Animation.interpolate_mobject(self._animation, alpha)
        else:
            self._blend(parts, alpha)

    def _prepare(self) -> None:
        """Gather both ends of all parts; leave it to Manim where they are not alike."""
        families = list(self._animation.get_all_families_zipped())
        self._parts = None
        straight = self._animation.path_func is interpolate
        if not families or not all(map(_is_plain, families)) or not (straight or self._animation.lag_ratio == 0):
            return
        starts, targets = [family[1].__dict__ for family in families], [family[2].__dict__ for family in families]
        self._counts = np.array([len(start["points"]) for start in starts])
        self._borders = [0, *np.cumsum(self._counts).tolist()]
        self._points = (
            np.concatenate([state["points"] for state in starts]),
            np.concatenate([state["points"] for state in targets]),
        )
        self._room = None
        self._moves = not np.array_equal(*self._points)
        self._colours = _differing(COLOURS, starts, targets)
        self._widths = _differing(WIDTHS, starts, targets)
        self._parts = [family[0].__dict__ for family in families]

    def _blend(self, parts: list[dict[str, Any]], alpha: float) -> None:
        animation, count = self._animation, len(parts)
        if animation.lag_ratio == 0:
            one = animation.get_sub_alpha(alpha, 0, count)
            shares = np.full(count, one)
        else:
            shares = np.array([animation.get_sub_alpha(alpha, i, count) for i in range(count)])
        if self._moves:
            along = one if animation.lag_ratio == 0 else np.repeat(shares, self._counts)[:, None]
            points = self._between(along)
            for part, start, end in zip(parts, self._borders, self._borders[1:], strict=False):
                part["points"] = points[start:end]
        for name, (start, target) in self._colours:
            blended = interpolate(start, target, shares[:, None, None])
            for part, colour in zip(parts, blended, strict=True):
                part[name] = colour
        for name, (start, target) in self._widths:
            for part, width in zip(parts, interpolate(start, target, shares).tolist(), strict=True):
                part[name] = width

    def _between(self, along: Any) -> np.ndarray:
        """The points of all parts; on a straight way, in the memory of the frame before, by Manim's own formula."""
        if self._animation.path_func is not interpolate:
            points: np.ndarray = self._animation.path_func(*self._points, along)
            return points
        if self._room is None:
            self._room = np.empty_like(self._points[0]), np.empty_like(self._points[0])
        points, term = self._room
        np.multiply(1 - along, self._points[0], out=points)
        np.multiply(along, self._points[1], out=term)
        return np.add(points, term, out=points)


def _differing(
    names: Iterable[str], starts: list[dict[str, Any]], targets: list[dict[str, Any]]
) -> list[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """The attributes that change, as arrays over all parts."""
    ends = [
        (name, tuple(np.array([state[name] for state in states]) for states in (starts, targets))) for name in names
    ]
    return [(name, (start, target)) for name, (start, target) in ends if not np.array_equal(start, target)]


def _is_plain(family: tuple[Any, ...]) -> bool:
    """Return True if a part and its ends can be blended as arrays: one colour each, and points one to one."""
    part, start, target = family
    kind = type(part)
    if not (
        issubclass(kind, VMobject)
        and kind.interpolate is Mobject.interpolate
        and kind.interpolate_color is VMobject.interpolate_color
    ):
        return False
    alike = len(start.points) == len(target.points)
    return alike and all(len(getattr(end, name)) == 1 for end in (start, target) for name in COLOURS)
