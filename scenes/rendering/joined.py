"""Joined: an attribute of many shapes as one array, which an animation changes in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import VMobject


class Joined:
    """An attribute of many shapes as a single array: each shape has a view of its part.

    Attributes:
        whole: what all of the shapes had at the start.
        shown: what they have now.
        turn: how often that was set: who saw this turn need not look again.
    """

    def __init__(self, leaves: Sequence[VMobject], name: str, parts: Sequence[np.ndarray] | None = None) -> None:
        self.leaves, self.name, self.turn = list(leaves), name, 0
        self._states = [leaf.__dict__ for leaf in leaves]
        self.parts = [state[name] for state in self._states] if parts is None else list(parts)
        self.sizes = [len(part) for part in self.parts]
        self.whole = self.shown = np.concatenate(self.parts) if self.parts else np.zeros((0, 1))
        self._room: np.ndarray | None = None

    def show(self, whole: np.ndarray) -> None:
        """Give each shape its part of `whole`."""
        if self._room is None:
            self._room = np.empty(whole.shape)
            self._views = [self._room[start:end] for start, end in pairwise([0, *np.cumsum(self.sizes).tolist()])]
        self._room[:] = whole
        self._give(self._room, self._views)

    def restore(self) -> None:
        """Give each shape the very array that it had."""
        self._give(self.whole, self.parts)

    def _give(self, whole: np.ndarray, parts: Sequence[np.ndarray]) -> None:
        name, self.shown = self.name, whole
        self.turn += 1
        for state, part in zip(self._states, parts, strict=True):
            state[name] = part
