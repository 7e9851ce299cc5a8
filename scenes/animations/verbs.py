"""The verbs of the lecture: appear, deal, fill, grow, leave and others, which last as long as `theme.PACES` says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from manim import (
    DOWN,
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
from scenes.animations.flights import Flight, Travel
from scenes.animations.motions import Morph, Sink, Sweep, Swell, Turned
from scenes.mobjects.attention_grid import AttentionGrid
from scenes.mobjects.cells import Cell
from scenes.mobjects.marks import Rings, hand_over, means
from scenes.mobjects.matrix_product import MatrixProduct
from scenes.mobjects.shapes import frame
from scenes.mobjects.tokens import Token
from scenes.theme import pace, pixels, units

EASE_OUT = rate_functions.ease_out_cubic
GLIDE = rate_functions.ease_in_out_sine
LATE = rate_functions.squish_rate_func(rate_functions.smooth, 0.6, 1)
#: Animations that play together, or one alone.
Play: TypeAlias = Animation | tuple[Animation, ...]
#: The head of an arrow that grows has its full size when the shaft is so many times as long.
FULL_SIZE = 1.5
#: The two corners of a head beside the end of its shaft, among its points.
CORNERS = (3, 7)
#: More pairs than this meet as plain plates, without the cells of their vectors.
DETAILED = 16


def appear(*mobjects: Mobject, rise: bool = True) -> Animation:
    """Come on stage together, rising a little."""
    shift = UP * units(14) if rise else np.zeros(3)
    return Come(VGroup(*mobjects), shift=shift, run_time=pace("appear"), rate_func=EASE_OUT)


def appear_in_turn(mobjects: Sequence[Mobject], kind: str = "row") -> Animation | None:
    """Come on stage one after another, within the time of `kind`, while discs grow; nothing for nobody."""
    if not mobjects:
        return None
    parts = [Swell(m, run_time=pace("appear"), rate_func=EASE_OUT) for m in mobjects]
    ratio = (pace(kind) / pace("appear") - 1) / max(1, len(parts) - 1) if len(parts) > 1 else 0
    return LaggedStart(*parts, lag_ratio=max(0.02, min(1.0, ratio)))


def lagged(turns: Iterable[Animation], lag: float, most: float = np.inf, kind: str = "slow") -> Animation:
    """Play one after another, within the time of `kind`: each begins when a share `lag` of the one before is over.

    The shares of all come to `most`: where there are many, each is so much smaller.
    """
    each = [*turns]
    return LaggedStart(*each, lag_ratio=min(lag, most / max(1, len(each))), run_time=pace(kind))


def sink(*mobjects: Mobject) -> Animation:
    """Go off stage; discs shrink to nothing."""
    return Sink(Group(*mobjects), run_time=pace("transform"), rate_func=rate_functions.smooth)


def follow(mobject: Mobject) -> Animation:
    """Appear only when what stood there before is gone."""
    late = rate_functions.squish_rate_func(EASE_OUT, pace("leave") / pace("follow"), 1)
    return Come(mobject, run_time=pace("follow"), rate_func=late)


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
    """An outline, close around a cell, and `roomy` around bare text; it lies above all that comes later, too."""
    air = 16 if roomy else 7
    width, height = pixels(mobject.width) + 2 * air, pixels(mobject.height) + 2 * air
    return means(frame(width, height, role), Rings()).move_to(mobject).set_z_index(1)


def move_ring(ring: VMobject, to: Mobject, role: str = "focus", roomy: bool = False) -> Animation:
    """The ring moves; it never blinks."""
    return Transform(ring, ring_around(to, role, roomy), run_time=pace("emphasise"), rate_func=GLIDE)


def fill(cells: Mobject, kind: str = "rest") -> Animation:
    """All cells come up in reading order."""
    return Sweep(VGroup(*cells), kind)


def flow(mobject: Mobject, path: VMobject, kind: str = "flow") -> Animation:
    """Something small runs along a path."""
    return MoveAlongPath(mobject, path, run_time=pace(kind), rate_func=GLIDE)


class Draw(Create):
    """Lines grow from their beginning to their end, and the head of an arrow stands at the end of what is there."""

    def begin(self) -> None:
        leaves = self.mobject.family_members_with_points()
        #: By its head, the shaft of an arrow, and its points when it is whole.
        self.shafts = {
            id(head): (shaft, shaft.points.copy()) for shaft, head in pairwise(leaves) if getattr(head, "rigid", False)
        }
        super().begin()

    def interpolate_submobject(self, submobject: Mobject, starting_submobject: Mobject, alpha: float) -> None:
        if id(submobject) not in self.shafts or alpha == 1:
            super().interpolate_submobject(submobject, starting_submobject, alpha)
            return
        (shaft, whole), points = self.shafts[id(submobject)], starting_submobject.points
        foot, end = (points[CORNERS[0]] + points[CORNERS[1]]) / 2, shaft.points[-1]
        size = float(np.linalg.norm(points[0] - foot))
        most = float(np.linalg.norm(whole[-1] - whole[0])) / size / FULL_SIZE if size else 1.0
        x, y, z = ((points - foot) * min(1.0, alpha * max(1.0, most))).T
        # Turned as the shaft is, there where it ends by now.
        turn = complex(*(end - shaft.points[-2])[:2]) / complex(*(whole[-1] - whole[-2])[:2])
        spots = (x + 1j * y) * (turn / abs(turn) if turn else 1)
        submobject.points = foot + end - whole[-1] + np.column_stack([spots.real, spots.imag, z])


class DrawBack(Draw):
    """Lines grow from their end to their beginning."""

    def _get_bounds(self, alpha: float) -> tuple[float, float]:
        return 1 - alpha, 1.0


def draw(*lines: Mobject, kind: str = "transform", back: bool = False) -> Animation:
    """Lines grow from their beginning to their end, or `back` from their end on, all together."""
    drawing = DrawBack if back else Draw
    return drawing(VGroup(*lines), run_time=pace(kind), lag_ratio=0, rate_func=rate_functions.smooth)


def grow(bar: Mobject, edge: np.ndarray = LEFT) -> Animation:
    """A bar grows from its edge at zero."""
    return GrowFromEdge(bar, edge, run_time=pace("row"), rate_func=EASE_OUT)


def settle_in(whole: Mobject, place: Mobject) -> Animation:
    """A picture grows or shrinks to where a like one belongs."""
    return Turned(whole, place, run_time=pace("camera"), rate_func=rate_functions.ease_in_out_cubic)


def slide(old: Mobject, new: Mobject, kind: str = "transform") -> Animation:
    """Shapes move on to other sizes and places, one for one."""
    return Morph(list(zip(old, new, strict=True)), kind)


def multiply(source: Mobject, targets: Sequence[Mobject], kind: str = "row") -> tuple[Animation, ...]:
    """A copy of `source` becomes each of `targets`, which have the same parts elsewhere; `source` stays."""
    copies = [source.copy() for _ in targets]
    for copied, target in zip(copies, targets, strict=True):
        hand_over(copied, target)
    return tuple(
        Transform(copied, target, run_time=pace(kind), rate_func=rate_functions.smooth, introducer=True)
        for copied, target in zip(copies, targets, strict=True)
    )


def reshape(old: Mobject, new: Mobject, kind: str = "row", turn: float = 0.0) -> Animation:
    """`old` takes place, size and fill of `new`, which has the same parts; it is `old` that remains on stage.

    If `new` is `old` rotated by the angle `turn`, it turns as one body.
    """
    return Turned(old, new, path_arc=turn, run_time=pace(kind), rate_func=rate_functions.smooth)


def exchange(
    old: Sequence[Mobject], new: Sequence[Mobject], kind: str = "transform", arc: float | Sequence[float] = 0.0
) -> tuple[Animation, ...]:
    """Each part turns into its successor, and is gone; all ways bend alike, or each by an `arc` of its own."""
    arcs = [float(arc)] * len(old) if isinstance(arc, float | int) else arc
    return tuple(Travel(a, b, bend, kind, leaving=True) for a, b, bend in zip(old, new, arcs, strict=True))


def gather(parts: Sequence[Mobject], goal: Mobject, kind: str = "row", arc: float = 0.25) -> Animation:
    """Copies of the parts fly to one place, one after another, and become what stands there."""
    flights = lagged((Flight(part, goal, arc) for part in parts), 0.3, 2.0, kind)
    return AnimationGroup(flights, Come(goal, run_time=pace(kind), rate_func=LATE))


def deal(sources: Sequence[Mobject], *hands: Sequence[Mobject], kind: str = "row") -> Animation | None:
    """Out of each source come its parts, one of each hand, one source after another; nothing out of none."""
    if not sources:
        return None
    turns = [
        AnimationGroup(*(Travel(source, part, kind="flow") for part in parts))
        for source, *parts in zip(sources, *hands, strict=True)
    ]
    return lagged(turns, 0.4, 2.5, max("flow", kind, key=pace))


def through(rows: Sequence[Mobject], machine: Mobject, made: Sequence[Mobject]) -> tuple[Animation | None, ...]:
    """Copies of the rows go into a machine, and what it makes of each comes out of it."""
    into = lagged((Flight(row, machine) for row in rows), 0.3, 2.0, "row")
    return into, deal([machine] * len(made), made)


def hand_out(parts: Sequence[Mobject], machine: Mobject, kind: str = "row") -> Animation:
    """The parts come out of the machine one after another, each to its place."""
    centre = machine.get_center()
    coming = [
        Come(part, shift=part.get_center() - centre, run_time=pace("flow"), rate_func=rate_functions.ease_out_sine)
        for part in parts
    ]
    # All have arrived in the seconds of `kind` plus those of one flow.
    return LaggedStart(*coming, lag_ratio=min(1.0, pace(kind) / pace("flow") / max(1, len(coming) - 1)))


def take_out(part: VGroup, outline: VGroup) -> tuple[Animation, ...]:
    """The part falls out, and empty frames stay where it was."""
    fall = Leave(part, shift=DOWN * units(60), run_time=pace("transform"), rate_func=rate_functions.ease_in_sine)
    return fall, Come(outline, run_time=pace("appear"))


def put_back(part: VGroup, outline: VGroup) -> tuple[Animation, ...]:
    """The part comes to its place again."""
    return Leave(outline, run_time=pace("leave")), Come(part, run_time=pace("appear"))


def recast(old: Sequence[Cell], new: Sequence[Cell], kind: str = "transform") -> tuple[Animation, ...]:
    """Cells take on other entries where they stand: shades, discs and hatching pass over, numbers are written anew."""
    gone, come = ([part for cell in cells for part in cell.written] for cells in (old, new))
    return (
        *([leave(*gone)] if gone else ()),
        *exchange([cell.ground for cell in old], [cell.ground for cell in new], kind),
        # Not before the discs are out of their way.
        *([Come(VGroup(*come), run_time=pace(kind), rate_func=LATE)] if come else ()),
    )


def meet(
    grid: AttentionGrid | MatrixProduct, pairs: Sequence[tuple[int, int]], kind: str = "row", at_once: bool = False
) -> Animation | None:
    """The factors of each pair, such as a query and a key, fly into its cell, one pair after another; None for no pair.

    With `at_once`, all rows meet a column at the same moment.
    """
    if not pairs:
        return None
    whole = len(pairs) <= DETAILED
    meetings = {}
    for i, j in pairs:
        goal = grid.hollow[i, j]
        row, column = (one if whole else one.plate for one in grid.factors((i, j)))
        landing = rate_functions.squish_rate_func(rate_functions.smooth, 0.6, 1)
        meetings[i, j] = AnimationGroup(
            Flight(row, goal, 0.1, lit=not whole),
            Flight(column, goal, -0.1, lit=not whole),
            Swell(grid.cells[i, j], run_time=pace("flow"), rate_func=landing),
        )
    turns = [*meetings.values()]
    if at_once:
        columns = sorted({j for _, j in pairs})
        turns = [AnimationGroup(*(meetings[i, k] for i, k in pairs if k == j)) for j in columns]
    return lagged(turns, 0.5, 6.0, max("flow", kind, key=pace))
