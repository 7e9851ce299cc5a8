"""The parts of a model: its layers as squares, and all of its parameters as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import LEFT, RIGHT, VGroup, VMobject

from scenes.animations import Play, Wipe, appear
from scenes.layout import STAGE, Room
from scenes.mobjects.formulas import Formula
from scenes.mobjects.marks import Length, means
from scenes.mobjects.shapes import Box, frame, quads
from scenes.mobjects.stacked import StackedRows
from scenes.mobjects.text import Words, number
from scenes.theme import at, between, gap, palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: The kinds of parts in the order in which every row has them; what is left comes last.
KINDS = ("attention", "feed-forward", "embeddings")
#: Px of the names at the left and of the legend, between rows, between squares, and between two kinds of them.
NAMES, HEAD, AIR, SLIT, APART = 360.0, 60.0, 20.0, 4.0, 90.0


def fill_of(part: str) -> str:
    """The colour of what a part of a model is for."""
    colours = palette()
    shades = colours.weight, colours.residual, between(colours.surface, colours.weight, 0.4)
    return dict(zip(KINDS, shades, strict=True)).get(part, colours.line)


class PartsOfModels:
    """Layers of two models as rows of squares of d × d, and below those of a model its parameters as one bar.

    Args:
        layers: the layers of each model: "part", counted in squares.
        shares: the parts of each model: "part", shares of all its parameters.
        names: of each row: of the layers of a model, and then of the model.

    `squares` and `bars` are, for each model, its rows of squares and its bar: each a name, shapes, and numbers.
    """

    def __init__(
        self, layers: Sequence[Sequence[NamedTensor]], shares: Sequence[NamedTensor], names: Sequence[str]
    ) -> None:
        head, body = STAGE.split_rows(HEAD, AIR)
        side, rest = body.split_columns(NAMES)
        rows = iter(zip(names, body.rows(len(names), AIR), strict=True))
        count = max(float(row.values.sum()) for some in layers for row in some)
        pitch = min((rest.width - APART) / (count + 1), body.rows(len(names), AIR)[0].height)
        self.squares: list[list[VGroup]] = []
        self.bars: list[VGroup] = []
        for some, share in zip(layers, shares, strict=True):
            self.squares.append([])
            for layer in some:
                name, room = next(rows)
                text = Words(name, "block").begin_in(side.cross(room))
                self.squares[-1].append(VGroup(text, *_row(layer, rest.cross(room), pitch)))
            name, room = next(rows)
            parts = share.pick(part=tuple(sorted(range(len(share)), key=lambda i: _place(share.labels["part"][i]))))
            bar = StackedRows(parts, [rest.cross(room)], [fill_of(part) for part in parts.labels["part"]], "share")
            text = Words(name, "block").begin_in(side.cross(room))
            self.bars.append(VGroup(text, VGroup(*bar.segments.values()), bar.numbers))
        signs = [VGroup(Box(34, 34, fill_of(kind), 5), Words(kind, "fact", "ink2")) for kind in KINDS]
        signs.append(VGroup(Box(34, 34, fill_of(""), 5), Words("other", "fact", "ink2")))
        signs.append(VGroup(frame(34, 34, "ink2", 3, 5), Formula("d times d", role="ink2")))
        for sign in signs:
            sign.arrange(RIGHT, buff=gap("line"))
        self.legend = VGroup(signs).arrange(RIGHT, buff=gap("part")).move_to(rest.cross(head).centre)


def _place(part: str) -> int:
    """Return the place of a kind in a row."""
    return KINDS.index(part) if part in KINDS else len(KINDS)


def uncovered(row: VGroup) -> tuple[Play, ...]:
    """A row comes: its name, its shapes from the left to the right, and its numbers."""
    name, shapes, numbers = row
    return (appear(name), Wipe(*shapes)), appear(numbers)


def _row(layer: NamedTensor, room: Room, pitch: float) -> tuple[VGroup, VGroup]:
    """The squares of each part of a layer in a row, one part after the other, and the number of each."""
    shapes, numbers, left = VGroup(), VGroup(), room.left
    for part, count in zip(layer.labels["part"], layer.quantities(), strict=True):
        shapes.add(_squares(count, fill_of(part), pitch).move_to(room.centre).align_to(at(left, 0), LEFT))
        numbers.add(number(count, ".3g", "number").next_to(shapes[-1], RIGHT, buff=gap("line")))
        left += float(count) * pitch + APART
    return shapes, numbers


def _squares(count: Quantity, fill: str, pitch: float) -> VMobject:
    """Draw so many squares side by side as one shape, the last one cut where it is a part of one."""
    side, lefts = units(pitch - SLIT), units(pitch) * np.arange(np.ceil(float(count)))
    rights = np.minimum(lefts + side, units(pitch * float(count) - SLIT))
    corners = [[(left, 0), (right, 0), (right, side), (left, side)] for left, right in zip(lefts, rights, strict=True)]
    squares = quads(np.array(corners), fill_color=fill, fill_opacity=1, stroke_width=0)
    return means(squares, Length(count, "width", pitch, pitch - SLIT, more=-SLIT))
