"""The parts of a model as bars."""

from __future__ import annotations

from collections.abc import Sequence

from manim import LEFT, RIGHT, VGroup

from scenes.layout import STAGE
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.shapes import Box
from scenes.mobjects.stacked import StackedRows
from scenes.mobjects.text import Words
from scenes.theme import between, ink_on, palette, units
from transformer_core.tracing.trace import NamedTensor

#: Two weights of more than this lead by far.
NEARLY_ALL = 0.9
#: The colours of what a part is for, by its name.
FILLS = {"attention": 0.9, "feed-forward": 0.5, "embeddings": 0.28}


def fill_of(part: str) -> str:
    """The colour of what a part of a model is for."""
    colours = palette()
    return between(colours.surface, colours.weight, FILLS[part]) if part in FILLS else colours.line


class PartsOfModels:
    """A bar for each model, cut into the parts that its parameters belong to, with the names of parts on top.

    Args:
        shares: the parts of each model, "part".
        names: of the models.
        squares: parameters of one layer of the last model, part by part, in units of d × d: `formulas` says them.

    `bars` are the segments of each model with their numbers.
    """

    def __init__(self, shares: Sequence[NamedTensor], names: Sequence[Words], squares: NamedTensor) -> None:
        side, body = STAGE.split_columns(300, 30)
        head, body = body.split_rows(70, 10)
        rooms, parts = body.rows(len(shares), 30), shares[-1].labels["part"]
        rows = [
            StackedRows(row, [room], [fill_of(part) for part in row.labels["part"]], "share")
            for row, room in zip(shares, rooms, strict=True)
        ]
        self.bars = [VGroup(*row.segments.values(), *row.numbers) for row in rows]
        self.names = [name.begin_in(side.cross(room)) for name, room in zip(names, rooms, strict=True)]
        legend = (
            VGroup(Box(34, 34, fill_of(part), 5), Words(part, "fact", "ink2")).arrange(RIGHT, buff=units(14))
            for part in parts
        )
        self.legend = VGroup(legend).arrange(RIGHT, buff=units(60)).move_to(head.centre)
        self.formulas = []
        for place, square in enumerate(squares.quantities()):
            segment = rows[-1].segments[0, place]
            formula = Formula(f"{square:.0f} d times d", LARGE).move_to(segment).shift(LEFT * 0.2 * segment.width)
            rows[-1].numbers[place].shift(RIGHT * 0.3 * segment.width)
            formula.paper = segment
            self.formulas.append(formula.set_color(ink_on(segment.fill)))
