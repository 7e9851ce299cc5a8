"""Tiles: which parts of a frame have to be drawn again."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels, end-exclusive

TILE = 32  # pixels; even, so that a tile holds whole chroma samples
CROWDED = 0.6  # from this share of changed tiles on, drawing the whole frame is cheaper
FEW = 100  # boxes; so many are marked faster one by one
MOST = 24  # rectangles; more cost more than the pixels they save


class Tiles:
    """The changed tiles of one frame of `width` by `height` pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._down, self._across = -(-height // TILE), -(-width // TILE)
        self._changed = np.zeros((self._down, self._across), bool)

    @property
    def whole(self) -> Box:
        return (0, 0, self.width, self.height)

    def mark(self, boxes: np.ndarray) -> None:
        """Mark every tile that one of `boxes` touches, shape (boxes, 4)."""
        seen = boxes[boxes[:, 2] > boxes[:, 0]]
        if len(seen) <= FEW:
            for left, top, right, bottom in seen.tolist():
                self._changed[top // TILE : -(-bottom // TILE), left // TILE : -(-right // TILE)] = True
            return
        x0, y0 = seen[:, 0] // TILE, seen[:, 1] // TILE
        x1, y1 = -(-seen[:, 2] // TILE), -(-seen[:, 3] // TILE)
        # Each box counts one more from its first corner on, and one less beyond it: the sum says how many cover a tile.
        steps = np.zeros((self._down + 1, self._across + 1), np.int32)
        for y, x, step in ((y0, x0, 1), (y0, x1, -1), (y1, x0, -1), (y1, x1, 1)):
            np.add.at(steps, (y, x), step)
        self._changed |= steps.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0

    def mark_all(self) -> None:
        self._changed[:] = True

    def take(self) -> list[Box]:
        """The changed rectangles in pixels; nothing is marked afterwards."""
        changed, self._changed = self._changed, np.zeros_like(self._changed)
        share = changed.mean()
        if share == 0:
            return []
        if share > CROWDED:
            return [self.whole]
        return [
            (x0 * TILE, y0 * TILE, min(x1 * TILE, self.width), min(y1 * TILE, self.height))
            for x0, y0, x1, y1 in _rectangles(changed)
        ]


def _rectangles(grid: np.ndarray) -> list[Box]:
    """Rectangles that cover the set tiles once: runs of a row, joined with equal runs above."""
    open_runs: dict[tuple[int, int], int] = {}
    found: list[Box] = []
    for y, runs in enumerate([*_rows(grid), []]):
        ended = [run for run in open_runs if run not in runs]
        found.extend((run[0], open_runs.pop(run), run[1], y) for run in ended)
        for run in runs:
            open_runs.setdefault(run, y)
    return found if len(found) <= MOST else list(_bands(grid))


def _rows(grid: np.ndarray) -> list[list[tuple[int, int]]]:
    """The runs of set tiles in each row, from the first to beyond the last."""
    runs: list[list[tuple[int, int]]] = [[] for _ in grid]
    rows, edges = np.nonzero(np.diff(grid, axis=1, prepend=False, append=False))
    for y, start, end in zip(rows[::2].tolist(), edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        runs[y].append((start, end))
    return runs


def _bands(grid: np.ndarray) -> Iterable[Box]:
    """One rectangle for each band of rows that have set tiles: coarser, and few."""
    for y0, y1 in _rows(np.atleast_2d(grid.any(axis=1)))[0]:
        columns = np.flatnonzero(grid[y0:y1].any(axis=0))
        yield int(columns[0]), y0, int(columns[-1]) + 1, y1
