"""Make, copy and measure shapes as Manim does, with the same result in less time: it does so to every shape."""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from types import FunctionType, MethodType
from typing import Any, Self

import numpy as np
from manim import ManimColor, VMobject
from manim.constants import CapStyleType, LineJointType

from transformer_core.tracing.provenance import Label, Quantity, Source, Span

CURVE = 4  # points of a cubic Bezier curve
#: Values of these types are never changed in place: a copy holds the same.
UNCHANGING = frozenset({
    type(None), bool, int, float, str, bytes, complex, type, FunctionType, MethodType, range,
    ManimColor, CapStyleType, LineJointType, Quantity, Label, Source, Span,
})  # fmt: skip


class Copied:
    """Gives a mobject a quick deep copy, boundary and subpaths; stands before Manim's class among the bases.

    Manim walks down into every attribute, some fifty a shape, and a play copies all that it moves up to three times.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        kind = type(self)
        result = kind.__new__(kind)
        memo[id(self)] = result
        state = result.__dict__
        for name, value in self.__dict__.items():
            state[name] = value if type(value) in UNCHANGING else _copied(value, memo)
        state["original_id"] = str(id(self))
        return result

    def get_points_defining_boundary(self) -> np.ndarray:
        """The ends of all curves in Manim's order, shape (ends, 3), without a Python object for each."""
        shapes = [part.points for part in self.get_family() if len(part.points)]  # type: ignore[attr-defined]
        if not shapes or any(len(points) % CURVE for points in shapes):
            return super().get_points_defining_boundary()  # type: ignore[misc]
        whole = shapes[0] if len(shapes) == 1 else np.concatenate(shapes)
        return whole.reshape(-1, CURVE, 3)[:, :: CURVE - 1].reshape(-1, 3)

    def get_subpaths_from_points(self, points: np.ndarray) -> list[np.ndarray]:
        """Connected curves, as Manim cuts them one by one; it does so for all parts of a Transform."""
        cuts = self.get_subpath_split_indices_from_points(points)  # type: ignore[attr-defined]
        return [points[start:end] for start, end in cuts.tolist() if end - start >= CURVE]


def begin(shape: VMobject, **style: Any) -> None:
    """Set the state that `VMobject.__init__` gives a shape of this style: Manim works it out anew for each shape."""
    state = shape.__dict__
    for name, value in _fresh(tuple(style.items())):
        state[name] = value.copy() if type(value) in {np.ndarray, list} else value
    state["name"] = type(shape).__name__


@lru_cache(maxsize=4096)
def _fresh(style: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    """The attributes of a new shape of this style; its only lists are empty."""
    return tuple(vars(VMobject(**dict(style))).items())


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    kind = type(value)
    if kind is np.ndarray and not value.dtype.hasobject:
        known = memo.get(id(value))
        if known is None:
            known = memo[id(value)] = value.copy()
        return known
    if kind is tuple and all(type(part) in UNCHANGING for part in value):
        return value
    return deepcopy(value, memo)
