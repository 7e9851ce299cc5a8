"""The motions of the lecture, as animations: each a function of time that touches nothing but its own mobjects.

The fast renderer trusts every class of this package in that (see `scenes.rendering.motion`). One that runs foreign
functions, or that changes mobjects outside its family, belongs elsewhere: it is then drawn as plain Manim draws it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import LEFT, RIGHT, Mobject, Scene, Transform, VGroup, VMobject, rate_functions

from scenes.animations.fades import Come, Fade, Leave, Motion
from scenes.mobjects.cells import Disc
from scenes.mobjects.marks import hand_over
from scenes.mobjects.text import Words
from scenes.rendering.joined import Joined
from scenes.theme import pace, rgb
from transformer_core.tracing.provenance import Quantity


def resting(share: float, count: int) -> tuple[int, int, float]:
    """The station of a run that rests at each of `count`, the next one, and how much of the way to it is done."""
    place = min(share * count, count - 1e-6)
    here = int(place)
    return here, min(here + 1, count - 1), float(rate_functions.smooth(np.clip((place - here) * 2.5 - 1.5, 0, 1)))


def passing(share: float, count: int) -> tuple[int, int, float]:
    """The same of a run that never rests: the nearest station is the entry that a `Count` over as many shows then."""
    place = float(np.clip(share * count - 0.5, 0, count - 1))
    here = min(int(place), max(count - 2, 0))
    return here, min(here + 1, count - 1), place - here


class Count(Motion):
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


class Swollen(Fade):
    """A fade in which discs have the size that goes with their presence."""

    def begin(self) -> None:
        discs = [part for part in self.mobject.get_family() if isinstance(part, Disc)]
        self.discs = [(disc, disc.points, disc.get_center()) for disc in discs]
        self.apart = discs
        super().begin()

    def show(self, presence: float) -> None:
        super().show(presence)
        for disc, points, centre in self.discs:
            disc.points = points if presence == 1 else centre + (points - centre) * presence


class Swell(Swollen, Come):
    """Come on stage, while discs grow from nothing to their sizes."""


class Sink(Swollen, Leave):
    """Go off stage, while discs shrink to nothing."""


class Sweep(Motion):
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


class Morph(Motion):
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
        self.leaves = [
            (p, p.points.copy(), q.points.copy(), p.get_fill_rgbas()[:1].copy(), q.get_fill_rgbas()[:1].copy())
            for p, q in leaves
        ]
        super().__init__(self.old, run_time=pace(kind), rate_func=rate_functions.smooth)

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


class Visit(Motion):
    """A ring, or what else is seen as one thing, goes from one place to the next along the run, resting at each."""

    def __init__(self, ring: VMobject, places: Sequence[Mobject], kind: str = "slow") -> None:
        self.stations = [place.get_center() for place in places]
        self.bases = [(leaf, leaf.points - ring.get_center()) for leaf in ring.family_members_with_points()]
        super().__init__(ring, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        here, after, share = resting(self.rate_func(alpha), len(self.stations))
        centre = self.stations[here] * (1 - share) + self.stations[after] * share
        for leaf, base in self.bases:
            leaf.points = base + centre


class Through(Motion):
    """Shapes pass through recorded states, one after another: `states` are groups of the same shapes elsewhere."""

    def __init__(self, shapes: VGroup, states: Sequence[VGroup], kind: str = "slow") -> None:
        self.states = [[shape.points.copy() for shape in state] for state in states]
        self.shapes, self.last = shapes, states[-1]
        super().__init__(shapes, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        here, after, share = passing(self.rate_func(alpha), len(self.states))
        for shape, start, end in zip(self.shapes, self.states[here], self.states[after], strict=True):
            shape.points = start * (1 - share) + end * share

    def finish(self) -> None:
        super().finish()
        hand_over(self.shapes, self.last)


class Riding(Through):
    """Bars pass through recorded states, and a number rides `beyond` the end of each: `rows` has them.

    Between two states alone, a number is not seen while its bar is on the way.
    """

    def __init__(
        self,
        bars: VGroup,
        states: Sequence[VGroup],
        numbers: VGroup,
        rows: Sequence[Sequence[Quantity]],
        spec: str,
        beyond: np.ndarray,
        kind: str,
    ) -> None:
        super().__init__(bars, states, kind)
        self.mobject, self.numbers, self.rows = VGroup(bars, numbers), numbers, rows
        self.spec, self.beyond = spec, beyond

    def interpolate_mobject(self, alpha: float) -> None:
        super().interpolate_mobject(alpha)
        away = self.rate_func(alpha)
        row = self.rows[min(int(away * len(self.rows)), len(self.rows) - 1)]
        seen = min(abs(4 * away - 2), 1.0) if len(self.rows) == 2 else 1.0
        for text, bar, quantity in zip(self.numbers, self.shapes, row, strict=True):
            text.rewrite(format(quantity, self.spec)).settle(bar.get_edge_center(np.sign(self.beyond)) + self.beyond)
            text.set_fill(opacity=seen)


class Turned(Transform):
    """A transform after which the mobject means what its target means: it looks like it."""

    def finish(self) -> None:
        super().finish()
        hand_over(self.mobject, self.target_mobject)


class Along(Motion):
    """A marker steps over columns, one after another, in time with a `Sweep` over as many parts."""

    def __init__(self, marker: VMobject, places: Sequence[np.ndarray], kind: str) -> None:
        self.places = list(places)
        super().__init__(marker, run_time=pace(kind), rate_func=rate_functions.linear)

    def begin(self) -> None:
        self.start = self.mobject.get_center()
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        passed = min(self.rate_func(alpha) * len(self.places), len(self.places) - 1e-6)
        here = int(passed)
        before = self.places[here - 1] if here else self.start
        share = rate_functions.smooth(min((passed - here) / 0.3, 1.0))
        self.mobject.move_to(before + (self.places[here] - before) * share)


class Wipe(Motion):
    """Shapes run from their beginning to their end, `towards` which they are uncovered; together they are one shape."""

    def __init__(self, *mobjects: Mobject, towards: np.ndarray = RIGHT, kind: str = "row") -> None:
        self.axis = int(np.abs(towards).argmax())
        self.ahead = float(towards[self.axis]) > 0
        super().__init__(
            VGroup(*mobjects), run_time=pace(kind), rate_func=rate_functions.ease_in_out_sine, introducer=True
        )

    def begin(self) -> None:
        self.points = Joined(self.mobject.family_members_with_points(), "points")
        self.arrays = [self.points]
        along = self.points.whole[:, self.axis]
        self.ends = (along.min(), along.max()) if self.ahead else (along.max(), along.min())
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        share = self.rate_func(alpha)
        if share == 1:
            self.points.restore()
            return
        front = self.ends[0] + (self.ends[1] - self.ends[0]) * share
        points = self.points.whole.copy()
        points[:, self.axis] = (np.minimum if self.ahead else np.maximum)(points[:, self.axis], front)
        self.points.show(points)


class Shades(Motion):
    """Cells pass through lists of fills, one for each state: in time with a `Through` over as many states.

    In the end they mean what the cells of `last` mean.
    """

    def __init__(
        self, cells: VGroup, fills: Sequence[Sequence[str]], last: VGroup | None = None, kind: str = "slow"
    ) -> None:
        self.last = last
        self.fills = np.array([[rgb(colour) for colour in state] for state in fills])
        super().__init__(cells, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        here, after, share = passing(self.rate_func(alpha), len(self.fills))
        now = self.fills[here] * (1 - share) + self.fills[after] * share
        for cell, colour in zip(self.mobject, now, strict=True):
            cell.fill_rgbas = np.array([[*colour, 1.0]])

    def finish(self) -> None:
        super().finish()
        if self.last is not None:
            hand_over(self.mobject, self.last)


class RunOut(Motion):
    """A bar gets shorter towards its left end, evenly, until nothing of it is left."""

    def __init__(self, bar: VMobject, kind: str = "slow") -> None:
        self.start, self.edge = bar.points.copy(), bar.get_edge_center(LEFT)[0]
        super().__init__(bar, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        share = 1 - self.rate_func(alpha)
        self.mobject.points = self.start.copy()
        self.mobject.points[:, 0] = self.edge + (self.start[:, 0] - self.edge) * share


class OffAndOn(Fade):
    """The part is switched off, stays so while something is counted, and comes on again."""

    def __init__(self, part: VMobject, kind: str = "row") -> None:
        super().__init__(part, run_time=pace(kind), rate_func=rate_functions.there_and_back_with_pause)

    def interpolate_mobject(self, alpha: float) -> None:
        self.show(1 - self.rate_func(alpha) if alpha < 1 else 1)
