"""Any entry of any traced tensor, drawn and animated as it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from manim import VGroup, VMobject

from scenes.layout import STAGE, Room
from scenes.mobjects.operands import OperandPlate
from scenes.mobjects.plates import Plates
from scenes.mobjects.softmax_bars import SoftmaxBars, is_softmax
from scenes.mobjects.summation import Summation
from scenes.mobjects.terms import is_sum
from scenes.mobjects.text import Words
from transformer_core.tracing.explain import Entry
from transformer_core.tracing.trace import NamedTensor


class OperationFigure(VGroup):
    """The making of one entry: a long sum as steps, a softmax as bars, and anything else as plates.

    Args:
        entry: the entry, as `trace.explain` gives it.
        room: the rectangle that the figure fills.
        names: what stands in the place of a tensor's name, by the last part of that name, such as a `Tag` for "q".
        products, sums: the traced products of a sum, and the traced sums up to each, whose digits may then be shown.

    Example::

        entry = trace.explain("encoder.1.self_attn.scores", head=0, query="red", key="car")
        figure = OperationFigure(entry, Room(280, 190, 1640, 790))
    """

    def __init__(
        self,
        entry: Entry,
        room: Room = STAGE,
        names: Mapping[str, VMobject] = MappingProxyType({}),
        products: NamedTensor | None = None,
        sums: NamedTensor | None = None,
    ) -> None:
        self.entry = entry
        self.board: Summation | SoftmaxBars | Plates
        if is_softmax(entry):
            self.board = SoftmaxBars(entry, room)
        elif is_sum(entry):
            self.board = Summation(entry, room, names, products, sums)
        else:
            self.board = Plates(entry, room, names)
        super().__init__(self.board)

    @property
    def inputs(self) -> list[VMobject]:
        """The mobjects that go in, one for each factor."""
        return [*self.board.inputs]

    @property
    def result(self) -> Words:
        """The number that comes out."""
        return self.board.result

    @property
    def plate(self) -> OperandPlate:
        """The result with its name and its places."""
        return self.board.plate

    def plays(
        self, sources: Sequence[VMobject | None] = (), into: VMobject | None = None, known: bool = False
    ) -> list[list[Any]]:
        """Four entries, each a list of plays: inputs come, first terms, remaining terms, the result lands.

        Args:
            sources: where each input comes from, as it stands on stage; None where one appears.
            into: where a copy of the result flies to.
            known: True if the plate of the result stands on stage from the beginning, and its largest term is followed.
        """
        return self.board.plays(sources, into, known)
