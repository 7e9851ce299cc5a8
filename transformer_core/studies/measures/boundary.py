"""A plane as a sheet of paper that neurons fold, cut by one level: beside the tensors of `experiment.boundary`.

Two neurons, max(0, x + y) and max(0, -x - y), are set by hand; their sum is how high the sheet lies. The eye looks
along their crease and down on it: coordinates run across the crease and up, and the level that cuts is at the origin.
"""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure

#: What one step along the crease, away from the eye, and one step up are in the picture: "component".
AWAY, UP = np.array([0.16, 0.5]), np.array([0.0, 0.6])
#: How much lower than its scores the sheet of a trained layer is drawn.
FLATTER = 12.0


def doubled(points: Values) -> Values:
    """x and y of points "sample component" in double precision."""
    return points.astype(float).T


def heights(x: Values, y: Values) -> np.ndarray:
    """How high points lie with no neuron, with one, and with two: "fold ..."."""
    first, second = np.maximum(x + y, 0), np.maximum(-x - y, 0)
    return np.stack([0 * first, first, first + second])


def seen(x: Values, y: Values, height: Values) -> np.ndarray:
    """Points of the sheet as the eye sees them: "... component"."""
    along = (y - x)[..., None] / np.sqrt(2)
    return np.stack([(x + y) / np.sqrt(2), 0 * x], -1) + along * AWAY + height[..., None] * UP


def paper(edge: Values, count: int) -> tuple[Values, Values]:
    """x and y on a grid of the plane: "row column" each."""
    side = np.linspace(-float(edge), float(edge), count)
    x, y = np.meshgrid(side, side)
    return x, y


@measure("")
def cut_level(points: Values, kinds: np.ndarray) -> Values:
    """The height above which most points of the first kind lie, and below which most of the second do."""
    high = heights(*doubled(points))[2]
    ordered = np.sort(high)
    levels = (ordered[1:] + ordered[:-1]) / 2
    return levels[((high > levels[:, None]) == (kinds == 0)).mean(1).argmax()]


@measure("")
def cut_accuracy(points: Values, kinds: np.ndarray, cut_level: np.ndarray) -> Values:
    """The share of points on the right side of the level."""
    return ((heights(*doubled(points))[2] > cut_level) == (kinds == 0)).mean()


@measure("fold sample component", like="points")
def paper_points(points: Values, cut_level: np.ndarray) -> Values:
    """The points on the sheet, flat, folded by one neuron, and by both."""
    x, y = doubled(points)
    return seen(x, y, heights(x, y) - cut_level)


@measure("fold row column component", like="points")
def paper_sheets(planes: np.ndarray, edge: np.ndarray, cut_level: np.ndarray) -> Values:
    """The sheet, flat, folded by one neuron, and by both."""
    x, y = paper(edge, planes.shape[1])
    return seen(x, y, heights(x, y) - cut_level)


@measure("frame row column component", like="points")
def learned_sheets(planes: np.ndarray, edge: np.ndarray) -> Values:
    """The scores of the first kind against the second in training, as heights of the sheet; the level is zero."""
    return seen(*paper(edge, planes.shape[1]), -planes.astype(float) / FLATTER)


@measure("side point component", like="points")
def level_lines(edge: np.ndarray, cut_level: np.ndarray) -> Values:
    """Where the level cuts the sheet on either side, from edge to edge."""
    far, near = float(edge), float(edge) - float(cut_level)
    ends = np.array([[(-near, far), (far, -near)], [(-far, near), (near, -far)]])
    return seen(ends[..., 0], ends[..., 1], np.zeros(ends.shape[:-1]))


@measure("point component", like="points")
def level_corners(edge: np.ndarray) -> Values:
    """The corners of the level over the plane."""
    x, y = float(edge) * np.array([[-1, 1, 1, -1], [-1, -1, 1, 1]])
    return seen(x, y, 0 * x)
