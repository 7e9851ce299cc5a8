"""Any entry of any traced tensor, drawn and animated as it was made."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from manim import VMobject

from scenes.layout import STAGE, Room
from scenes.mobjects.plates import Plates
from scenes.mobjects.softmax_bars import SoftmaxBars, is_softmax
from scenes.mobjects.summation import Summation
from scenes.mobjects.terms import is_sum
from transformer_core.tracing.explain import Entry
from transformer_core.tracing.trace import NamedTensor

#: The figure of an operation.
Making: TypeAlias = Summation | SoftmaxBars | Plates


def making_of(
    entry: Entry,
    room: Room = STAGE,
    names: Mapping[str, VMobject] = MappingProxyType({}),
    products: NamedTensor | None = None,
    sums: NamedTensor | None = None,
) -> Making:
    """The making of one entry: a long sum as steps, a softmax as bars, and anything else as plates.

    Args:
        entry: the entry, as `trace.explain` gives it.
        room: the rectangle that the figure fills.
        names: what stands in the place of a tensor's name, by the last part of that name, such as a `Tag` for "q".
        products, sums: the traced products of a sum, and the traced sums up to each, whose digits may then be shown.

    Each figure has `inputs`, one for each factor, and the `plate` of the result with its number, `result`. Its `plays`
    are four lists: inputs come, first terms, remaining terms, the result lands. They may be told the `sources` where
    each input comes from, None where one appears; a place `into` which a copy of the result flies; and that the plate
    is `known`: it stands on stage from the beginning, and the largest term is followed.

    Example::

        entry = trace.explain("encoder.1.self_attn.scores", head=0, query="red", key="car")
        figure = making_of(entry, Room(280, 190, 1640, 790))
    """
    if is_softmax(entry):
        return SoftmaxBars(entry, room)
    return Summation(entry, room, names, products, sums) if is_sum(entry) else Plates(entry, room, names)
