"""The parts of a model as bars, and vectors that gather from others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from manim import LEFT, RIGHT, Animation, VGroup, VMobject

from scenes.animations import Travel, appear, draw, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.marks import End, Stands, Thickness, means
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, curve
from scenes.mobjects.stacked import StackedRows
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector
from scenes.theme import between, ink_on, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Two weights of more than this lead by far.
NEARLY_ALL = 0.9
#: The vectors of the source take one of so many rows of the stage while the decoder writes.
ROWS = 6
#: The thickness of a line of weight one, in px.
THICK = 26.0
#: What a sublayer adds, by its name.
ADDS = {"self_attn": "attention", "cross_attn": "cross-attention", "ffn": "FFN"}
#: Lines of less weight are not drawn.
SEEN = 0.02
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
            formula = Formula(f"{square:.0f} d times d", LARGE).move_to(segment)
            formula.paper = segment
            self.formulas.append(formula.set_color(ink_on(segment.fill)))


class Lines(VGroup):
    """Lines that lead down from tokens, as thick as attention weights; those of a weight near zero are left out."""

    def __init__(self, ways: Iterable[tuple[Label, np.ndarray, Quantity, np.ndarray, Label | None]]) -> None:
        super().__init__()
        self.weights: list[float] = []
        for label, start, weight, end, goal in ways:
            if weight > SEEN:
                line = curve(start, end, "weight", THICK * float(weight))
                ends = [End(label, first=True), *([] if goal is None else [End(goal)])]
                self.add(means(line, Thickness(weight, THICK), *ends))
                self.weights.append(float(weight))


def pull(ribbon: Ribbon, weights: NamedTensor, goal: VMobject, below: Sequence[VMobject] = ()) -> Lines:
    """Lines from the tokens of a ribbon, or what hangs `below` each, down to the vector that gathers from them."""
    margin, top = goal.width * 0.1, goal.get_top()[1]
    low, high = goal.get_left()[0] + margin, goal.get_right()[0] - margin
    return Lines(
        (
            chip.label,
            part.get_bottom(),
            weights.pick(key=chip.label.position),
            np.array([np.clip(chip.get_x(), low, high), top, 0]),
            None,
        )
        for chip, part in zip(ribbon.chips, below or ribbon.chips, strict=True)
    )


def weave(ribbon: Ribbon, weights: NamedTensor, written: Sequence[Token]) -> Lines:
    """Lines from the tokens of a ribbon down to the token that each query writes; `weights` are "query key"."""
    return Lines(
        (chip.label, chip.get_bottom(), row.pick(key=chip.label.position), goal.get_top(), goal.label)
        for goal, row in zip(written, weights, strict=False)
        for chip in ribbon.chips
    )


def columns_below(ribbon: Ribbon, vectors: NamedTensor, room: Room, scale: float, rows: int) -> list[Vector]:
    """The vector of each token below its chip, upright: down to the foot of the room, or of the first of its `rows`."""
    line = room.rows(rows)[0]
    wide = ribbon.wide if rows > 1 else min(ribbon.wide, 150.0)
    return [
        means(Vector(vector, wide, line.height, "residual", scale, upright=True), Stands(chip.label))
        .move_to(line.centre)
        .set_x(chip.get_x())
        for chip, vector in zip(ribbon.chips, vectors, strict=True)
    ]


@dataclass(frozen=True)
class Leg:
    """A sublayer on the way of a vector: what it adds, and the vector after the sum, and after a norm behind it."""

    part: str
    layer: int
    added: NamedTensor
    states: Sequence[NamedTensor]


def legs(trace: Trace, stack: str, layer: int, position: int) -> list[Leg]:
    """The sublayers of one layer, in the order of a pass, for the vector at one position."""
    here = trace.under(f"{stack}.{layer}", batch=0, position=position)
    behind = trace.about["config"]["norm_order"] == "post"
    found: list[Leg] = []
    for part, summed in (("self_attn", "resid_attn"), ("cross_attn", "resid_cross"), ("ffn", "resid_ffn")):
        if f"{part}.out" in here:
            norm = [here[f"ln{len(found) + 1}.out"]] if behind else []
            found.append(Leg(part, layer, here[f"{part}.out"], [here[summed], *norm]))
    return found


class Ride:
    """A vector in the middle of a room, and the vectors that sublayers add to it, one after another.

    Args:
        start: the vector before the first sublayer.
        way: the sublayers.
        room: where it happens; attention adds from above, a feed-forward layer from below.
        name: what is written at the foot.
    """

    def __init__(self, start: NamedTensor, way: Sequence[Leg], room: Room, name: Words) -> None:
        above, middle, below, foot = room.rows(4)
        states = [start, *(state for leg in way for state in leg.states)]
        self.scale = max(full_colour(state) for state in states)
        wide, high = room.width * 0.68, middle.height * 0.72
        self.stream = [Vector(state, wide, high, "residual", self.scale).move_to(middle.centre) for state in states]
        self.added = [
            Vector(leg.added, wide, high * 0.8, "weight" if leg.part == "ffn" else "value", self.scale).move_to(
                (below if leg.part == "ffn" else above).centre
            )
            for leg in way
        ]
        self.told = name.settle(foot.centre)
        self.signs = [
            Words(f"+ {ADDS[leg.part]}", "fact", "ink2").next_to(added, LEFT, buff=units(20))
            for added, leg in zip(self.added, way, strict=True)
        ]
        # The places in `stream` of the vectors before and after each sublayer.
        ends = pairwise([0, *np.cumsum([len(leg.states) for leg in way]).tolist()])
        #: For each sublayer: the vector makes what it adds, and what it adds joins the vector.
        self.plays: list[list[tuple[Animation, ...]]] = [
            [
                (Travel(self.stream[start], added), appear(sign)),
                (Travel(added, self.stream[end], leaving=True), leave(self.stream[start], sign)),
            ]
            for (start, end), added, sign in zip(ends, self.added, self.signs, strict=True)
        ]

    def gathers(self, ways: Lines, leg: int = 0) -> list[Animation | tuple[Animation, ...]]:
        """Draw what an attention adds out of the tokens that it attends to, and add it to the vector."""
        joins = self.plays[leg][1]
        return [draw(*ways, kind="slow"), appear(self.added[leg], self.signs[leg]), (*joins, leave(ways))]


def decoding_rooms(ribbon: Ribbon) -> tuple[Room, Room]:
    """Divide the stage below the vectors of a ribbon: the room of a ride, and that of a second ribbon at the foot."""
    under = ribbon.below(STAGE)
    middle, foot = under.split_rows(under.height / ROWS, 20)[1].split_rows(-64, 20)
    return middle, foot
