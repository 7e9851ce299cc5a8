"""Rows meet columns: copies of both fly into the cell of their pair, and the cell lights up as they land."""

from __future__ import annotations

from collections.abc import Sequence

from manim import Animation, AnimationGroup, LaggedStart, rate_functions

from scenes.animations.fades import Come
from scenes.animations.flights import Flight
from scenes.mobjects.attention_grid import AttentionGrid
from scenes.mobjects.matrix_product import MatrixProduct
from scenes.theme import pace

#: More pairs than this fly as plain plates, without the cells of their vectors.
DETAILED = 16


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
            Come(grid.cells[i, j], run_time=pace("flow"), rate_func=landing),
        )
    turns = [*meetings.values()]
    if at_once:
        columns = sorted({j for _, j in pairs})
        turns = [AnimationGroup(*(meetings[i, k] for i, k in pairs if k == j)) for j in columns]
    together = LaggedStart(*turns, lag_ratio=min(0.5, 6.0 / len(turns)))
    together.set_run_time(max(pace("flow"), pace(kind)))
    return together
