"""The parts of a model: a layer as squares, which is rebuilt, and all of its parameters as a bar."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import Play, Travel, Wipe, appear, draw, exchange, lagged, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.formulas import Formula
from scenes.mobjects.marks import Length, means
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.stacked import StackedRows
from scenes.mobjects.text import Words, number
from scenes.theme import at, between, gap, ink_on, palette, pixels, units
from transformer_core.tracing.trace import NamedTensor

#: The kinds of parts in the order in which every row has them; what is left comes last.
KINDS = ("attention", "feed-forward", "embeddings")
#: Px of a name, between squares, between two kinds of them, of a square at most, and of a bar.
HEAD, SLIT, APART, LARGEST, BAR = 60.0, 4.0, 120.0, 165.0, 140.0


def fill_of(part: str) -> str:
    """The colour of what a part of a model is for."""
    colours = palette()
    shades = colours.weight, colours.residual, between(colours.surface, colours.weight, 0.4)
    return dict(zip(KINDS, shades, strict=True)).get(part, colours.line)


class Layer:
    """A layer as squares of d × d: those of attention, and beside them those of the feed-forward network.

    Args:
        layer: "part", counted in squares.
        name: what it is called.
        room: a line for the name, one for the kinds, and the squares.
    """

    def __init__(self, layer: NamedTensor, name: str, room: Room) -> None:
        head, rest = room.split_rows(HEAD)
        kinds, body = rest.split_rows(HEAD, 10)
        self.name, self.told, self.blocks = Words(name, "title").begin_in(head), VGroup(), list[VGroup]()
        pitch, left = min(LARGEST, (body.width - 2 * APART) / (ceil(layer.values.sum()) + 1)), body.left
        for part, count in zip(layer.labels["part"], layer.quantities(), strict=True):
            block = VGroup()
            for i in range(ceil(count)):
                square = Box(pitch * min(1.0, float(count) - i) - SLIT, pitch - SLIT, fill_of(part), 0)
                block.add(square.move_to(at(left + i * pitch, body.top), aligned_edge=UP + LEFT))
            self.blocks.append(means(block, Length(count, "width", pitch, pitch - SLIT, more=-SLIT)))
            role = "weight" if part == KINDS[0] else "residual"
            kind = Words(str(part), "block", role).begin_in(kinds).align_to(block, LEFT)
            self.told.add(kind, number(count, ".3g", "large number").next_to(block, RIGHT, buff=gap("line")))
            left += float(count) * pitch + APART
        self.side = Formula("d times d", role="background").move_to(self.blocks[0][0])

    def built(self) -> list[Play]:
        """The squares come."""
        return [appear(self.name), (Wipe(*self.blocks), appear(self.told))]

    def rebuilt(self, before: Layer, source: VGroup) -> list[Play]:
        """A layer that stands there becomes this one: what it has more of comes out of a source."""
        more = [new[: max(0, len(new) - len(old))] for old, new in zip(before.blocks, self.blocks, strict=True)]
        moved = [
            move
            for old, new, some in zip(before.blocks, self.blocks, more, strict=True)
            for move in exchange([*old[: len(new)]], [*new[len(some) :]], "row")
        ]
        come = lagged([Travel(source, square, kind="row") for some in more for square in some], 0.3)
        gone = leave(before.name, before.told, before.side)
        return [(gone, *moved, appear(self.name, source)), come, (leave(source), appear(self.told))]


class Whole:
    """The parameters of a model as a bar.

    Args:
        shares: "part", shares of all its parameters.
        spoken: the part whose share is written on it.
        name: of the model.
        room: a line for the name, and the bar.
    """

    def __init__(self, shares: NamedTensor, spoken: str, name: str, room: Room) -> None:
        head, body = room.split_rows(HEAD)
        parts = shares.pick(part=tuple(sorted(range(len(shares)), key=lambda i: _place(shares.labels["part"][i]))))
        labels = [str(part) for part in parts.labels["part"]]
        self.bar = StackedRows(parts, [body], [fill_of(part) for part in labels], "share")
        self.segments = dict(zip(labels, self.bar.segments.values(), strict=True))
        self.name, told = Words(name, "title").begin_in(head), self.segments[spoken]
        share = number(told.quantity, "share", "chapter" if told.width > units(2 * BAR) else "block")
        self.words = VGroup(share.settle(told.get_center()).set_fill(ink_on(told.fill)))
        share.paper = told
        if spoken != KINDS[-1] and (rest := self.segments[KINDS[-1]]).width > units(2 * BAR):
            self.words.add(Words(KINDS[-1], "block", paper=rest).settle(rest.get_center()).set_fill(ink_on(rest.fill)))

    def filled(self, layer: Layer) -> list[Play]:
        """The squares of a layer flow together into the bar, and what is left of the model joins them."""
        slices, flows = VGroup(), list[Animation]()
        for block, kind in zip(layer.blocks, KINDS, strict=False):
            segment, count = self.segments[kind], len(block)
            row = VGroup(Box(pixels(segment.width) / count, BAR, segment.fill, 0) for _ in range(count))
            row.arrange(RIGHT, buff=0).stretch_to_fit_height(segment.height).move_to(segment)
            slices.add(row)
            flows += exchange([*block], [*row], "camera")
        gone = leave(layer.name, layer.told, layer.side)
        return [
            (gone, *flows),
            (appear(self.name, *self.segments.values(), rise=False), leave(slices)),
            appear(self.words),
        ]

    def border(self, other: Whole) -> Play:
        """The line from the end of attention here to its end in the bar below."""
        upper, lower = (whole.segments[KINDS[0]] for whole in (self, other))
        return draw(rule(upper.get_corner(RIGHT + DOWN), lower.get_corner(RIGHT + UP), "ink", 5), kind="row")


def _place(part: str) -> int:
    """Return the place of a kind in a row."""
    return KINDS.index(part) if part in KINDS else len(KINDS)


class PartsOfModels:
    """A layer that is rebuilt, and below it two models as bars.

    Args:
        layers: of an encoder, a decoder and a large model: "part", counted in squares.
        shares: the parts of both models: "part", shares of all its parameters.
        spoken: of both models the part whose share is written.
        names: of the layers, and then of the models.
    """

    def __init__(
        self, layers: Sequence[NamedTensor], shares: Sequence[NamedTensor], spoken: Sequence[str], names: Sequence[str]
    ) -> None:
        above, below = STAGE.rows(2, 0)
        lower, upper = below.rows(2, 0)[::-1]
        self.layers = [Layer(layer, name, above) for layer, name in zip(layers, names, strict=False)]
        both = zip(shares, spoken, names[len(layers) :], (lower, upper), strict=True)
        self.models = [Whole(*one) for one in both]
        plate = Box(LARGEST, HEAD, palette().chip, 10)
        plate.move_to(at(STAGE.left, STAGE.bottom), aligned_edge=LEFT + DOWN)
        self.source = VGroup(plate, Words("source", "block", paper=plate).settle(plate.get_center()))
