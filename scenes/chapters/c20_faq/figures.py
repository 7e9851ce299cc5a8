"""The parts of a model: its layers as squares, and all of its parameters as a bar."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.animations import Play, Travel, Wipe, appear, draw, lagged, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.formulas import Formula
from scenes.mobjects.marks import Length, means
from scenes.mobjects.shapes import Box, frame, rule
from scenes.mobjects.stacked import StackedRows
from scenes.mobjects.text import Words, number
from scenes.theme import at, between, gap, ink_on, palette, pixels, units
from transformer_core.tracing.trace import NamedTensor

#: The kinds of parts in the order in which every row has them; what is left comes last.
KINDS = ("attention", "feed-forward", "embeddings")
#: Px of a name, between squares, of two kinds, below them, of a segment at least that is named, of a sign, and
#: between two rows.
HEAD, SLIT, APART, AIR, NAMED, SIGN, BETWEEN = 50.0, 4.0, 120.0, 10.0, 280.0, 40.0, 36.0


def fill_of(part: str) -> str:
    """The colour of what a part of a model is for."""
    colours = palette()
    shades = colours.weight, colours.residual, between(colours.surface, colours.weight, 0.4)
    return dict(zip(KINDS, shades, strict=True)).get(part, colours.line)


class LayerSquares:
    """A layer as squares of d × d: those of attention, and beside them those of the feed-forward network.

    Args:
        layer: "part", counted in squares.
        name: what it is called.
        room: a line for the name, one for the kinds, and the squares.
    """

    def __init__(self, layer: NamedTensor, name: str, room: Room) -> None:
        head, rest = room.split_rows(HEAD)
        kinds, body = rest.split_rows(HEAD, AIR)
        self.name, self.told, self.blocks = Words(name, "title").begin_in(head), VGroup(), list[VGroup]()
        pitch = min(body.height - AIR, (body.width - 2 * APART) / (ceil(layer.values.sum()) + 1))
        self.kinds, left = kinds, body.left
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
        self.side = VGroup(frame(SIGN, SIGN, "ink2", 4, 0), Formula("d times d", role="ink2"))
        self.side.arrange(RIGHT, gap("line")).next_to(self.told[-1], RIGHT, buff=units(APART))
        #: All that is there of it in the end.
        self.shown = list[VMobject]([self.name, self.told, *self.blocks])

    def built(self) -> list[Play]:
        """The squares come."""
        return [appear(self.name), (Wipe(*self.blocks), appear(self.told))]

    def rebuilt(self, before: LayerSquares) -> list[Play]:
        """Copies of a layer that stands there become this one; what it has more of is its cross-attention."""
        both = [*zip(before.blocks, self.blocks, strict=True)]
        moved = [Travel(*pair, 0.0, "row") for one, other in both for pair in zip(one, other, strict=False)]
        more = [Travel(new[k % len(old)], new[k], 0.0, "row") for old, new in both for k in range(len(old), len(new))]
        crossing = Words("cross-attention", "block", "weight").begin_in(self.kinds)
        self.shown.append(crossing.align_to(self.blocks[0][len(before.blocks[0])], LEFT))
        return [(appear(self.name), *moved), (appear(crossing), lagged(more, 0.3)), appear(self.told)]


class ParametersBar:
    """The parameters of a model as a bar.

    Args:
        shares: "part", shares of all its parameters.
        spoken: the part whose share is written on it.
        name: of the model.
        room: a line for the name, and the bar.
    """

    def __init__(self, shares: NamedTensor, spoken: str, name: str, room: Room) -> None:
        (head, body), kinds = room.split_rows(HEAD), [*map(str, shares.labels["part"])]
        parts = shares.pick(part=tuple(sorted(range(len(shares)), key=lambda i: [*KINDS, kinds[i]].index(kinds[i]))))
        labels = [str(part) for part in parts.labels["part"]]
        self.bar = StackedRows(parts, [body], [fill_of(part) for part in labels], "share")
        self.segments = dict(zip(labels, self.bar.segments.values(), strict=True))
        self.name, self.words = Words(name, "title").begin_in(head), VGroup()
        for part, segment in self.segments.items():
            if segment.width > units(NAMED):
                share = number(segment.quantity, "share", "chapter" if part == spoken else "title")
                told = VGroup(Words(part, "block"), share).arrange(DOWN, buff=units(AIR)).move_to(segment)
                for text in told.set_fill(ink_on(segment.fill)):
                    text.paper = segment
                self.words.add(told)
        if segment.width <= units(NAMED):  # the last one is named above its end
            last = VGroup(Words(part, "block", "ink2"), number(segment.quantity, "share", "title"))
            last.arrange(RIGHT, buff=gap("chip")).move_to(head.centre).align_to(self.bar.frames, RIGHT)
            self.words.add(last)
        #: What stands there before the parameters are counted.
        self.asked = VGroup(self.bar.frames, Words("?", "chapter").move_to(self.bar.frames))
        self.whole = VGroup(self.bar.frames, self.name, *self.segments.values(), self.words)

    def filled(self, *layers: LayerSquares) -> list[Play]:
        """Copies of all squares flow together into the bar, and what is left of the model joins them."""
        slices, flows = VGroup(), list[Play]()
        for kind, *blocks in zip(KINDS, *(layer.blocks for layer in layers), strict=False):
            segment, squares = self.segments[kind], [square for block in blocks for square in block]
            wide, high = pixels(segment.width) / len(squares), pixels(segment.height)
            row = VGroup(Box(wide, high, segment.fill, 0) for _ in squares).arrange(RIGHT, buff=0).move_to(segment)
            slices.add(row)
            flows += (Travel(square, part, 0.0, "camera") for square, part in zip(squares, row, strict=True))
        gone = leave(slices, self.asked[1])
        return [(*flows,), (appear(*self.segments.values(), rise=False), gone), appear(self.words)]

    def border(self, other: ParametersBar) -> Play:
        """The line from the end of attention here to its end in the bar below."""
        upper, lower = (whole.segments[KINDS[0]] for whole in (self, other))
        return draw(rule(upper.get_corner(RIGHT + DOWN), lower.get_corner(RIGHT + UP), "ink", 5), kind="row")


class PartsOfModels:
    """Layers one below the other, and below them two models as bars.

    Args:
        layers: of an encoder, a decoder and a large model: "part", counted in squares.
        shares: the parts of both models: "part", shares of all its parameters.
        spoken: of both models the part whose share is written.
        names: of the layers, and then of the models.
    """

    def __init__(
        self, layers: Sequence[NamedTensor], shares: Sequence[NamedTensor], spoken: Sequence[str], names: Sequence[str]
    ) -> None:
        above, upper, lower = STAGE.rows(3, BETWEEN)
        self.layers = [LayerSquares(*one) for one in zip(layers, names, (above, upper, above), strict=False)]
        self.models = [
            ParametersBar(*one) for one in zip(shares, spoken, names[len(layers) :], (lower, upper), strict=True)
        ]
        #: What the bar of the first model leaves.
        self.free = Room(above.left, above.top, upper.right, upper.bottom)
