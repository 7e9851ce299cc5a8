"""Distances between two passes over the same tokens. NumPy alone.

Every distance lies between nothing and one, so that it can be read as a share: 0 is the same, 1 is as far as can be.
"""

from __future__ import annotations

import numpy as np


def shares_apart(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """max(sum_j [q_j - p_j]_+, sum_j [p_j - q_j]_+) along the last axis: the part of a whole that went elsewhere.

    Of shares that make one each, both sums are the total variation, 1/2 sum_j |q_j - p_j|; where an edit has taken
    shares away, what is gone counts as gone elsewhere.
    """
    gained, lost = np.maximum(q - p, 0).sum(-1), np.maximum(p - q, 0).sum(-1)
    return np.clip(np.maximum(gained, lost), 0, 1)


def rows_apart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|y - x| / (|x| + |y|) along the last axis: 0 for the same row, 1 for the opposite one or against nothing.

    By the triangle inequality it is never more than one. Two rows of zeros are the same.
    """
    length = np.linalg.norm(x, axis=-1) + np.linalg.norm(y, axis=-1)
    apart: np.ndarray = np.linalg.norm(y - x, axis=-1) / np.where(length > 0, length, 1.0)
    return np.asarray(np.minimum(apart, 1))


def likeness(rows: np.ndarray) -> np.ndarray:
    """cos(x_i, x_j) of every pair of rows; 0 for a row of zeros. It needs no common width to be compared."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit = rows / np.where(length > 0, length, 1.0)
    alike: np.ndarray = np.clip(unit @ unit.T, -1, 1)
    np.fill_diagonal(alike, np.where(length[:, 0] > 0, 1.0, 0.0))  # which rounding would leave beside one
    return alike


def likeness_apart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """mean_j |cos(y_i, y_j) - cos(x_i, x_j)| / 2: how much else a row is like; rows of x and y may differ in width.

    The mean is over the other rows; one row alone is like nothing else.
    """
    apart = np.abs(likeness(y) - likeness(x)) / 2
    np.fill_diagonal(apart, 0)
    return apart.sum(-1) / max(1, len(apart) - 1)


def heads_apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The mean over queries of `shares_apart`, of every pair of heads: "head other" of weights "head query key"."""
    return np.array([shares_apart(head, second).mean(-1) for head in first])
