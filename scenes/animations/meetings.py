"""Queries meet keys: copies of both fly into the cell of their pair, and the cell lights up as they land."""

from __future__ import annotations

from collections.abc import Sequence

from manim import Animation, AnimationGroup, LaggedStart, rate_functions

from scenes.animations.fades import Come
from scenes.animations.flights import Flight
from scenes.mobjects.attention_grid import AttentionGrid
from scenes.theme import pace

#: More pairs than this fly as plain plates, without the cells of their vectors.
DETAILED = 16


def meet(grid: AttentionGrid, pairs: Sequence[tuple[int, int]], kind: str = "row") -> Animation | None:
    """The query and the key of each pair fly into its cell, one pair after another; nothing for no pair."""
    if not pairs:
        return None
    meetings = []
    for i, j in pairs:
        query, key = grid.queries[i], grid.keys[j]
        whole = len(pairs) <= DETAILED
        goal = grid.hollow[i, j]
        landing = rate_functions.squish_rate_func(rate_functions.smooth, 0.6, 1)
        meetings.append(
            AnimationGroup(
                Flight(query if whole else query.plate, goal, 0.1, lit=not whole),
                Flight(key if whole else key.plate, goal, -0.1, lit=not whole),
                Come(grid.cells[i, j], run_time=pace("flow"), rate_func=landing),
            )
        )
    together = LaggedStart(*meetings, lag_ratio=min(0.5, 6.0 / len(pairs)))
    together.set_run_time(max(pace("flow"), pace(kind)))
    return together
