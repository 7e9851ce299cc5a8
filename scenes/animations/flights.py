"""Things travel: a copy to where it is needed, one figure into the next, and the eye into a part of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from manim import Group, Mobject, Scene, VGroup, VMobject, rate_functions

from scenes.animations.fades import COLOURS, Joined, Motion
from scenes.layout import STAGE, Room
from scenes.theme import pace, units

#: The part of a way in which what flies lights up, and goes out again at its end.
LIGHTING, LANDING = 0.2, 0.3


def _bow(start: np.ndarray, end: np.ndarray, arc: float) -> np.ndarray:
    """The vector by which a way bends to its left in its middle: half its length, times `arc`."""
    way = end - start
    return np.array([-way[1], way[0], 0.0]) * arc / 2


def _boxes(one: Mobject, other: Mobject) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres of two mobjects, and the size of the first over that of the second along each direction."""
    size = np.array([one.width / max(other.width, 1e-6), one.height / max(other.height, 1e-6), 1.0])
    return one.get_center(), other.get_center(), size


def _written(leaf: VMobject) -> bool:
    """True for a text: it is made larger and smaller, and never stretched."""
    return isinstance(getattr(leaf, "text", None), str)


def _mapped(leaf: VMobject, points: np.ndarray, start: np.ndarray, size: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """`points` as they lie where `start` has come to `goal`, and everything is `size` times as wide and high."""
    if not _written(leaf):
        return (points - start) * size + goal
    middle = (points.min(0) + points.max(0)) / 2
    return (points - middle) * size[:2].min() + (middle - start) * size + goal


class Flight(Motion):
    """A copy of `source` flies to `target`, takes its size on the way, and is gone when it lands.

    It is dark at both ends: in a group whose flights start one after another, nobody waits in the light.

    Args:
        source: what is copied, where it stands.
        target: where the copy lands; None of its colours are taken.
        arc: how far the way bends, as a share of its length; the piece itself is not turned.
        lit: True if the copy's fill is nearly opaque on its way, though that of the source is not.
    """

    def __init__(
        self, source: Mobject, target: Mobject, arc: float = 0.25, kind: str = "flow", lit: bool = False, **more: Any
    ) -> None:
        self.ghost = source.copy()
        for part in self.ghost.get_family():
            part.meanings = ()
            if lit and isinstance(part, VMobject):
                part.set_fill(opacity=0.7, family=False)
        self.target, self.arc = target, arc
        super().__init__(
            self.ghost, run_time=pace(kind), rate_func=rate_functions.smooth, introducer=True, remover=True, **more
        )

    def begin(self) -> None:
        self.leaves = self.ghost.family_members_with_points()
        end, start, size = _boxes(self.target, self.ghost)
        self.points = [leaf.points for leaf in self.leaves]
        self.landed = [_mapped(leaf, leaf.points, start, size, end) for leaf in self.leaves]
        self.bow = _bow(start, end, self.arc)
        self.colours = [[getattr(leaf, name) for name in COLOURS] for leaf in self.leaves]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        along = self.rate_func(alpha)
        light = min(1.0, along / LIGHTING, (1 - along) / LANDING)
        aside = self.bow * np.sin(np.pi * along)
        for leaf, here, there, colours in zip(self.leaves, self.points, self.landed, self.colours, strict=True):
            leaf.points = here + (there - here) * along + aside
            for name, rgbas in zip(COLOURS, colours, strict=True):
                setattr(leaf, name, rgbas * (1, 1, 1, light))


class Travel(Motion):
    """`part` comes to its place from where `source` stands, and of its size: it came out of it.

    Where both have the same shapes, outline and fill pass over one into the other. With `leaving`, the source is gone
    from the first frame on: it is the source itself that has moved.
    """

    def __init__(
        self,
        source: Mobject,
        part: Mobject,
        arc: float = 0.15,
        kind: str = "transform",
        leaving: bool = False,
        **more: Any,
    ) -> None:
        self.source, self.arc, self.leaving = source, arc, leaving
        super().__init__(part, run_time=pace(kind), rate_func=rate_functions.smooth, introducer=True, **more)

    def _setup_scene(self, scene: Scene) -> None:
        if self.leaving:
            scene.remove(*self.source.get_family())
        super()._setup_scene(scene)

    def begin(self) -> None:
        mine, theirs = (m.family_members_with_points() for m in (self.mobject, self.source))
        self.alike = len(mine) == len(theirs) and all(
            a.points.shape == b.points.shape and getattr(a, "text", "") == getattr(b, "text", "")
            for a, b in zip(mine, theirs, strict=True)
        )
        start, end, size = _boxes(self.source, self.mobject)
        self.bow = _bow(start, end, self.arc)
        self.states = []
        for i, leaf in enumerate(mine):
            home = leaf.points
            away = theirs[i].points.copy() if self.alike else _mapped(leaf, home, end, size, start)
            shades = [(getattr(leaf, n), getattr(theirs[i], n) if self.alike else None) for n in COLOURS]
            self.states.append((leaf, away, home, shades))
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        along = self.rate_func(alpha)
        light = 1.0 if self.alike else min(1.0, along / LIGHTING)
        aside = self.bow * np.sin(np.pi * along)
        for leaf, away, home, shades in self.states:
            leaf.points = home if along == 1 else away + (home - away) * along + aside
            for name, (own, other) in zip(COLOURS, shades, strict=True):
                if along == 1:
                    setattr(leaf, name, own)
                elif other is not None and other.shape == own.shape:
                    setattr(leaf, name, other + (own - other) * along)
                else:
                    setattr(leaf, name, own * (1, 1, 1, light))


class Travels(Motion):
    """Many parts travel at once, of one duration: what each `Travel` shows by itself, in one pass over all of them."""

    def __init__(self, travels: Sequence[Travel]) -> None:
        self.travels = travels
        parts = Group(*(travel.mobject for travel in travels))
        super().__init__(parts, run_time=travels[0].run_time, rate_func=rate_functions.smooth, introducer=True)

    def _setup_scene(self, scene: Scene) -> None:
        # Manim walks the whole scene for each part that goes or comes: here it does so twice.
        scene.remove(*(part for one in self.travels if one.leaving for part in one.source.get_family()))
        here = {id(part) for part in scene.get_mobject_family_members()}
        scene.add(*(part for part in self.mobject if id(part) not in here))

    def begin(self) -> None:
        for travel in self.travels:
            travel.begin()
        states = [(travel, *state) for travel in self.travels for state in travel.states]
        leaves = [leaf for _, leaf, *_ in states]
        self.homes = Joined(leaves, "points", [home for _, _, _, home, _ in states])
        self.aways = Joined(leaves, "points", [away for _, _, away, _, _ in states])
        self.bows = np.repeat([travel.bow for travel, *_ in states], self.homes.sizes, axis=0)
        #: Colours that pass over into others, and those that light up, by attribute.
        self.passing, self.lighting = [], []
        for k, name in enumerate(COLOURS):
            shades = [(leaf, *shades[k]) for _, leaf, _, _, shades in states]
            twins = [
                (leaf, own, other) for leaf, own, other in shades if other is not None and other.shape == own.shape
            ]
            apart = [(leaf, own, other) for leaf, own, other in twins if not np.array_equal(own, other)]
            if apart:
                these = [leaf for leaf, *_ in apart]
                ends = [Joined(these, name, [shade[end] for shade in apart]) for end in (1, 2)]
                self.passing.append((ends[0], ends[1]))
            alone = [(leaf, own) for leaf, own, other in shades if other is None or other.shape != own.shape]
            if alone:
                self.lighting.append(Joined([leaf for leaf, _ in alone], name, [own for _, own in alone]))
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        along = self.rate_func(alpha)
        if along == 1:
            for travel in self.travels:
                travel.interpolate_mobject(alpha)
            return
        away, home = self.aways.whole, self.homes.whole
        self.homes.show(away + (home - away) * along + self.bows * np.sin(np.pi * along))
        for own, other in self.passing:
            own.show(other.whole + (own.whole - other.whole) * along)
        for one in self.lighting:
            one.show(one.whole * (1, 1, 1, min(1.0, along / LIGHTING)))


class Dive(Motion):
    """The picture grows until `part` fills `room`: to the eye, a camera that goes into it.

    It is the drawing that is scaled and not the camera, so that the title and captions stay where they are, and what
    is drawn inside has the size in which it is seen. The speed is even in the logarithm of the size.

    Args:
        picture: all that grows.
        part: the part of it that is dived into.
        faint: how much of its colour the rest keeps.
        inside: how much of its colour the part keeps.
    """

    def __init__(
        self, picture: Sequence[Mobject], part: Mobject, room: Room = STAGE, faint: float = 0.0, inside: float = 1.0
    ) -> None:
        self.whole, self.part, self.room, self.kept = VGroup(*picture), part, room, (faint, inside)
        super().__init__(self.whole, run_time=pace("dive"), rate_func=rate_functions.ease_in_out_cubic)

    def begin(self) -> None:
        leaves = self.leaves = self.whole.family_members_with_points()
        self.points = Joined(leaves, "points")
        middles = [
            (p.min(0) + p.max(0)) / 2 if _written(leaf) else p
            for leaf, p in zip(leaves, self.points.parts, strict=True)
        ]
        #: What of each shape is moved and stretched; the rest of a text is made larger alone.
        self.moved = np.concatenate(
            [np.broadcast_to(m, p.shape) for m, p in zip(middles, self.points.parts, strict=True)]
        )
        self.strokes = [leaf.stroke_width for leaf in leaves]
        self.colours = [Joined(leaves, name) for name in COLOURS]
        # The part takes the shape of the room, too: what is stretched for that is out of sight by then.
        self.factor = np.array(
            [units(self.room.width) / self.part.width, units(self.room.height) / self.part.height, 1]
        )
        self.start, self.goal = self.part.get_center(), self.room.centre
        inside = {id(part) for part in self.part.get_family()}
        self.inside = [id(leaf) in inside for leaf in leaves]
        for leaf in leaves:
            leaf.dived = True
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        self.show(self.rate_func(alpha))

    def show(self, depth: float) -> None:
        """Stand at `depth` between the whole (0) and the part (1)."""
        size = self.factor**depth
        grown = float(self.factor.max())
        way = (grown**depth - 1) / (grown - 1) if abs(grown - 1) > 1e-9 else depth
        centre = self.start + (self.goal - self.start) * way
        thicker = float(np.sqrt(size[0] * size[1]))
        for leaf, width in zip(self.leaves, self.strokes, strict=True):
            leaf.stroke_width = width * thicker
        # What is dived past is gone halfway, before it covers titles.
        outer, inner = (1 - (1 - kept) * min(1.0, 2 * depth) for kept in self.kept)
        if depth == 0:
            self.points.restore()
        else:
            own = (self.points.whole - self.moved) * size[:2].min()
            self.points.show((self.moved - self.start) * size + own + centre)
        for colours in self.colours:
            if outer == inner == 1:
                colours.restore()
            else:
                light = np.repeat([inner if inside else outer for inside in self.inside], colours.sizes)
                colours.show(colours.whole * np.stack([*[np.ones_like(light)] * 3, light], 1))


class Rise(Motion):
    """Back out of a dive: each part stands again where it stood before, to the last bit.

    What was drawn `inside` shrinks along with the part, fades, and is gone.
    """

    def __init__(self, dive: Dive, *inside: Mobject) -> None:
        self.dive, self.inside = dive, VGroup(*inside)
        whole = VGroup(dive.whole, self.inside)
        super().__init__(whole, run_time=pace("dive"), rate_func=rate_functions.ease_in_out_cubic)

    def begin(self) -> None:
        room = self.dive.room
        self.whole_size = np.array([units(room.width), units(room.height), 1])
        self.leaves = [
            (leaf, leaf.points, leaf.stroke_width, [getattr(leaf, name) for name in COLOURS])
            for leaf in self.inside.family_members_with_points()
        ]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        depth = 1 - self.rate_func(alpha)
        self.dive.show(depth)
        size = np.array([self.dive.part.width, self.dive.part.height, 1]) / self.whole_size
        place = self.dive.part.get_center()
        for leaf, points, width, colours in self.leaves:
            leaf.points = _mapped(leaf, points, self.dive.goal, size, place)
            leaf.stroke_width = width * float(np.sqrt(size[0] * size[1]))
            for name, rgbas in zip(COLOURS, colours, strict=True):
                setattr(leaf, name, rgbas * (1, 1, 1, min(1.0, 2 * depth)))

    def clean_up_from_scene(self, scene: Scene) -> None:
        super().clean_up_from_scene(scene)
        scene.remove(*self.inside.get_family())
        for leaf in self.dive.leaves:
            leaf.dived = False
