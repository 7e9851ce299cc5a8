"""Things travel: a copy to where it is needed, and one figure into the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import Group, Mobject, Scene, VMobject, rate_functions

from scenes.animations.fades import COLOURS, Motion, lights
from scenes.rendering.joined import Joined
from scenes.theme import pace

#: The part of a way in which what flies lights up, and goes out again at its end.
LIGHTING, LANDING = 0.2, 0.3
#: How much of its colour a copy has that is filled on its way: what it flies over stays readable.
VEIL = 0.3


def _bow(start: np.ndarray, end: np.ndarray, arc: float) -> np.ndarray:
    """The vector by which a way bends to its left in its middle: half its length, times `arc`."""
    way = end - start
    return np.array([-way[1], way[0], 0.0]) * arc / 2


def _boxes(one: Mobject, other: Mobject) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres of two mobjects, and the size of the first over that of the second along each direction."""
    size = np.array([one.width / max(other.width, 1e-6), one.height / max(other.height, 1e-6), 1.0])
    return one.get_center(), other.get_center(), size


def written(leaf: VMobject) -> bool:
    """True for a text, or the head of an arrow: it is made larger and smaller, and never stretched."""
    return isinstance(getattr(leaf, "text", None), str) or getattr(leaf, "rigid", False)


def mapped(leaf: VMobject, points: np.ndarray, start: np.ndarray, size: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """`points` as they lie where `start` has come to `goal`, and everything is `size` times as wide and high."""
    if not written(leaf):
        return (points - start) * size + goal
    middle = (points.min(0) + points.max(0)) / 2
    return (points - middle) * size[:2].min() + (middle - start) * size + goal


class Mapped(Joined):
    """The points of many shapes, which `place` puts where `mapped` would, in one pass; `start` stays the same."""

    def __init__(self, leaves: Sequence[VMobject], start: np.ndarray) -> None:
        super().__init__(leaves, "points")
        pairs = list(zip(leaves, self.parts, strict=True))
        middles = [(p.min(0) + p.max(0)) / 2 if written(leaf) else p for leaf, p in pairs]
        moved = [np.broadcast_to(middle, p.shape) for middle, (_, p) in zip(middles, pairs, strict=True)]
        #: What of each shape is moved and stretched; the rest of a text is made larger alone.
        self.way = np.concatenate(moved) - start if moved else self.whole
        self.own = self.whole - np.concatenate(moved) if moved else self.whole

    def place(self, size: np.ndarray, goal: np.ndarray) -> None:
        """Show the shapes where their `start` has come to `goal`, and everything is `size` times as wide and high."""
        self.show(self.own * size[:2].min() + self.way * size + goal)


class Flight(Motion):
    """A copy of `source` flies to `target`, takes its size on the way, and is gone when it lands.

    It is dark at both ends: in a group whose flights start one after another, nobody waits in the light.

    Args:
        source: what is copied, where it stands.
        target: where the copy lands; None of its colours are taken.
        arc: how far the way bends, as a share of its length; the piece itself is not turned.
        lit: True if the copy is filled on its way, though the source is not: thinly, since many fly over numbers.
    """

    returns = True

    def __init__(
        self, source: Mobject, target: Mobject, arc: float = 0.25, kind: str = "flow", lit: bool = False
    ) -> None:
        self.ghost = source.copy()
        for part in self.ghost.get_family():
            part.meanings = ()
            if lit and isinstance(part, VMobject):
                part.set_fill(opacity=VEIL, family=False)
        self.target, self.arc = target, arc
        super().__init__(
            self.ghost, run_time=pace(kind), rate_func=rate_functions.smooth, introducer=True, remover=True
        )

    def begin(self) -> None:
        self.leaves = self.ghost.family_members_with_points()
        end, start, size = _boxes(self.target, self.ghost)
        self.points, self.colours = Joined(self.leaves, "points"), lights(self.leaves)
        self.arrays = [self.points, *self.colours]
        landed = [mapped(leaf, leaf.points, start, size, end) for leaf in self.leaves]
        self.way = (np.concatenate(landed) if landed else self.points.whole) - self.points.whole
        self.bow = _bow(start, end, self.arc)
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        along = self.rate_func(alpha)
        light = min(1.0, along / LIGHTING, (1 - along) / LANDING)
        self.points.show(self.points.whole + self.way * along + self.bow * np.sin(np.pi * along))
        for colours in self.colours:
            colours.show(colours.whole * (1, 1, 1, light))


class Travel(Motion):
    """`part` comes to its place from where `source` stands, and of its size: it came out of it.

    Where both have the same shapes, outline and fill pass over one into the other. With `leaving`, the source is gone
    from the first frame on: it is the source itself that has moved.
    """

    returns = True

    def __init__(
        self, source: Mobject, part: Mobject, arc: float = 0.15, kind: str = "transform", leaving: bool = False
    ) -> None:
        self.source, self.arc, self.leaving = source, arc, leaving
        super().__init__(part, run_time=pace(kind), rate_func=rate_functions.smooth, introducer=True)

    def _setup_scene(self, scene: Scene) -> None:
        if self.leaving:
            scene.remove(*self.source.get_family())
        super()._setup_scene(scene)

    def begin(self) -> None:
        self.prepare()
        self.passage = _Passage([self])
        self.arrays = self.passage.arrays
        super().begin()

    def prepare(self) -> None:
        """Note where each shape comes from and goes to, and its colours at both ends."""
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
            away = theirs[i].points.copy() if self.alike else mapped(leaf, home, end, size, start)
            shades = [(getattr(leaf, n), getattr(theirs[i], n) if self.alike else None) for n in COLOURS]
            self.states.append((leaf, away, home, shades))

    def interpolate_mobject(self, alpha: float) -> None:
        self.passage.show(self.rate_func(alpha))


class Travels(Motion):
    """Many parts travel at once, of one duration: what each `Travel` shows by itself, in one pass over all of them."""

    returns = True

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
            travel.prepare()
        self.passage = _Passage(self.travels)
        self.arrays = self.passage.arrays
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        self.passage.show(self.rate_func(alpha))


class _Passage:
    """The shapes of travels that are under way together, as arrays."""

    def __init__(self, travels: Sequence[Travel]) -> None:
        states = [(travel, *state) for travel in travels for state in travel.states]
        leaves = [leaf for _, leaf, *_ in states]
        self.homes = Joined(leaves, "points", [home for _, _, _, home, _ in states])
        self.away = np.concatenate([away for _, _, away, _, _ in states]) if states else self.homes.whole
        self.bows = np.repeat([travel.bow for travel, *_ in states], self.homes.sizes, axis=0) if states else self.away
        #: Colours that pass over into others, with those others, and colours that light up.
        self.passing: list[tuple[Joined, np.ndarray]] = []
        self.lighting: list[Joined] = []
        for k, name in enumerate(COLOURS):
            shades = [(travel, leaf, *shades[k]) for travel, leaf, _, _, shades in states]
            apart = [
                (leaf, own, other)
                for _, leaf, own, other in shades
                if other is not None and other.shape == own.shape and not np.array_equal(own, other)
            ]
            if apart:
                own = Joined([leaf for leaf, *_ in apart], name, [own for _, own, _ in apart])
                self.passing.append((own, np.concatenate([other for *_, other in apart])))
            alone = [(leaf, own) for travel, leaf, own, _ in shades if not travel.alike and own[:, 3].any()]
            if alone:
                self.lighting.append(Joined([leaf for leaf, _ in alone], name, [own for _, own in alone]))
        self.arrays = [self.homes, *(own for own, _ in self.passing), *self.lighting]

    def show(self, along: float) -> None:
        """Stand so far along the way; at its end, as before to the last bit."""
        if along == 1:
            for one in self.arrays:
                one.restore()
            return
        home = self.homes.whole
        self.homes.show(self.away + (home - self.away) * along + self.bows * np.sin(np.pi * along))
        for own, other in self.passing:
            own.show(other + (own.whole - other) * along)
        for one in self.lighting:
            one.show(one.whole * (1, 1, 1, min(1.0, along / LIGHTING)))
