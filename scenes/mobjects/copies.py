"""Copies of mobjects as Manim makes them, without looking into what never changes."""

from __future__ import annotations

from copy import deepcopy
from types import FunctionType, MethodType
from typing import Any, Self

import numpy as np
from manim import ManimColor
from manim.constants import CapStyleType, LineJointType

from transformer_core.provenance import Label, Quantity, Source, Span

#: Values of these types are never changed in place: a copy holds the same.
UNCHANGING = frozenset({
    type(None), bool, int, float, str, bytes, complex, type, FunctionType, MethodType, range,
    ManimColor, CapStyleType, LineJointType, Quantity, Label, Source, Span,
})  # fmt: skip


class Copied:
    """Gives a mobject a quick deep copy; stands before Manim's class among the bases.

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
