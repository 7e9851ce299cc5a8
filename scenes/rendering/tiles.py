"""Tiles: which parts of a frame have to be drawn again."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scenes.rendering.leaves import Box

TILE = 32  # pixels; even, so that a tile holds whole chroma samples
CROWDED = 0.6  # from this share of changed tiles on, drawing the whole frame is cheaper
MOST = 24  # rectangles; more cost more than the pixels they save


class Tiles:
    """The changed tiles of one frame of `width` by `height` pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.changed = np.zeros((-(-height // TILE), -(-width // TILE)), bool)

    def mark(self, box: Box) -> None:
        """Mark every tile that `box` touches."""
        x0, y0, x1, y1 = box
        if x1 > x0:
            self.changed[y0 // TILE : -(-y1 // TILE), x0 // TILE : -(-x1 // TILE)] = True

    def mark_all(self) -> None:
        self.changed[:] = True

    def take(self) -> list[Box]:
        """The changed rectangles in pixels; nothing is marked afterwards."""
        if not self.changed.any():
            return []
        crowded = self.changed.mean() > CROWDED
        found = [] if crowded else _rectangles(self.changed)
        self.changed[:] = False
        if crowded:
            return [(0, 0, self.width, self.height)]
        return [
            (x0 * TILE, y0 * TILE, min(x1 * TILE, self.width), min(y1 * TILE, self.height)) for x0, y0, x1, y1 in found
        ]


def _rectangles(grid: np.ndarray) -> list[Box]:
    """Rectangles that cover the set tiles once: runs of a row, joined with equal runs above."""
    open_runs: dict[tuple[int, int], int] = {}
    found: list[Box] = []
    for y in range(grid.shape[0] + 1):
        runs = set(_runs(grid[y])) if y < grid.shape[0] else set()
        ended = [run for run in open_runs if run not in runs]
        found.extend((run[0], open_runs.pop(run), run[1], y) for run in ended)
        for run in sorted(runs):
            open_runs.setdefault(run, y)
    return found if len(found) <= MOST else list(_bands(grid))


def _runs(row: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.asarray(row), prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _bands(grid: np.ndarray) -> Iterable[Box]:
    """One rectangle for each band of rows that have set tiles: coarser, and few."""
    for y0, y1 in _runs(np.asarray(grid.any(axis=1))):
        columns = np.flatnonzero(grid[y0:y1].any(axis=0))
        yield int(columns[0]), y0, int(columns[-1]) + 1, y1
