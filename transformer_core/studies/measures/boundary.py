"""A plane as a sheet of paper that neurons fold, cut by one level: beside the tensors of `experiment.boundary`.

Two neurons, max(0, x + y) and max(0, -x - y), are set by hand; their sum is how high the sheet lies. The eye looks
along their crease and down on it: coordinates run across the crease and up, and the level that cuts is at the origin.
"""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure


def heights(x: Values, y: Values) -> Values:
    """The heights of points with no neuron, with one, and with two: "fold ..."."""
    return np.stack([0 * x, np.maximum(x + y, 0), np.abs(x + y)])


def seen(x: Values, y: Values, height: Values) -> Values:
    """Points of the sheet as the eye sees them: "... component"."""
    along = (y - x) / np.sqrt(2)
    across, up = (x + y) / np.sqrt(2) + 0.16 * along, 0.5 * along + 0.6 * height
    return np.stack(np.broadcast_arrays(across, up), -1)


@measure("choice", choice=("level", "accuracy"))
def best_cut(points: Values, kinds: np.ndarray) -> Values:
    """The height above which the first kind lies, and below which the second does, of most points; and their share."""
    high = heights(*points.astype(float).T)[2]
    levels = np.sort(high)[:-1] / 2 + np.sort(high)[1:] / 2
    right = ((high > levels[:, None]) == (kinds == 0)).mean(1)
    return np.array([levels[right.argmax()], right.max()])


@measure("fold sample component", like="points")
def paper_points(points: Values, best_cut: np.ndarray) -> Values:
    """The points on the sheet, flat, folded by one neuron, and by both."""
    x, y = points.astype(float).T
    return seen(x, y, heights(x, y) - best_cut[0])


@measure("fold row column component", like="points")
def paper_sheets(planes: np.ndarray, edge: np.ndarray, best_cut: np.ndarray) -> Values:
    """The sheet, flat, folded by one neuron, and by both; and last the level that cuts."""
    x, y = np.meshgrid(*[np.linspace(-float(edge), float(edge), planes.shape[1])] * 2)
    return seen(x, y, np.concatenate([heights(x, y) - best_cut[0], [0 * x]]))


@measure("frame row column component", like="points")
def learned_sheets(planes: np.ndarray, edge: np.ndarray) -> Values:
    """The scores of the first kind against the second in training, drawn flatter; their level is zero."""
    side = np.linspace(-float(edge), float(edge), planes.shape[1])
    return seen(side[None], side[:, None], planes.astype(float) / -12)
