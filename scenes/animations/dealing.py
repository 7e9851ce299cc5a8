"""Things come out of tokens: vectors out of the words that they stand for, one sentence out of another."""

from __future__ import annotations

from collections.abc import Sequence

from manim import Animation, AnimationGroup, LaggedStart, Mobject, rate_functions

from scenes.animations.fades import Come
from scenes.animations.flights import Flight, Travel
from scenes.theme import pace


def exchange(
    old: Sequence[Mobject], new: Sequence[Mobject], kind: str = "transform", arc: float = 0.0
) -> tuple[Animation, ...]:
    """Each part turns into its successor, and is gone."""
    return tuple(Travel(a, b, arc, kind, leaving=True) for a, b in zip(old, new, strict=True))


def gather(parts: Sequence[Mobject], goal: Mobject, kind: str = "row") -> Animation:
    """Copies of the parts fly to one place, one after another, and become what stands there."""
    each = (Flight(part, goal) for part in parts)
    flights = LaggedStart(*each, lag_ratio=min(0.3, 2.0 / len(parts)), run_time=pace(kind))
    late = rate_functions.squish_rate_func(rate_functions.smooth, 0.6, 1)
    return AnimationGroup(flights, Come(goal, run_time=pace(kind), rate_func=late))


def deal(sources: Sequence[Mobject], *hands: Sequence[Mobject], kind: str = "row") -> Animation | None:
    """Out of each source come its parts, one of each hand, one source after another; nothing out of none."""
    if not sources:
        return None
    turns = [
        AnimationGroup(*(Travel(source, part, kind="flow") for part in parts))
        for source, *parts in zip(sources, *hands, strict=True)
    ]
    lasting = max(pace("flow"), pace(kind))
    return LaggedStart(*turns, lag_ratio=min(0.4, 2.5 / len(turns)), run_time=lasting)


def through(rows: Sequence[Mobject], machine: Mobject, made: Sequence[Mobject]) -> tuple[Animation | None, ...]:
    """Copies of the rows go into a machine, and what it makes of each comes out of it."""
    flights = (Flight(row, machine) for row in rows)
    into = LaggedStart(*flights, lag_ratio=min(0.3, 2.0 / len(rows)), run_time=pace("row"))
    return into, deal([machine] * len(made), made)
