"""Ablation: heads that are switched off one by one, a translation that goes wrong, and the costs of spare heads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, UP, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import OffAndOn, appear, draw, grow, lagged, ring_around
from scenes.language import Told
from scenes.layout import Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.shapes import Box, curve, dashes
from scenes.mobjects.sorted_heads import SmallGrid
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, paragraph, wrapped
from scenes.mobjects.vectors import Vector
from scenes.mobjects.wording import CALLED, layer_name, letter_of
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px around the heads of a layer and between two, of the numbers below bars, and of what is counted.
INSET, SPACE, NUMBERS, COUNTED = 8.0, 22.0, 66.0, 44.0
#: Px of a bar for all heads, and the part of a head's width that one for it has.
ALL, BROAD = 130.0, 0.95
#: Px of the names of what words depend on, between two, around a number, and of a stream of all words.
NAMED, BETWEEN, AROUND, STREAM = 156.0, 18.0, 44.0, 200.0


class AblatedHeads(VGroup):
    """The heads of a stack in one row, layer by layer; below each a bar of what is right when it is ablated.

    Args:
        weights: for each layer, head × query × key.
        mean: what an ablated head gives to every token, "layer head d_head".
        right: the share that is right with all heads, and without each, "model layer head".
        of: how many sentences these are shares of.
        rooms: one for each layer, from left to right; the last one is that of the bars.
    """

    def __init__(
        self, weights: Sequence[NamedTensor], mean: NamedTensor, right: NamedTensor, of: Quantity, rooms: Sequence[Room]
    ) -> None:
        (*layers, self.below), before, self.heads = rooms, right.pick(model=0).quantity(0, 0), right.size("head")
        self.mean, (self.names, self.grids, self.bars, self.numbers) = mean, (VGroup() for _ in range(4))
        rest, under = self.below.split_rows(-COUNTED)
        (body, foot), told = rest.split_rows(-NUMBERS), f"right without this head, of {of:,.0f} new sentences"
        self.counted = Words(told, "fact", "ink2").begin_in(layers[0].cross(under))

        def counted(share: Quantity, x: float, wide: float) -> tuple[Box, Words]:
            bar = bar_of(share, "height", body.height, wide).move_to(at(x, body.bottom), aligned_edge=DOWN)
            return bar, Words(f"{share:.1%}", "stage number").settle(at(x, (foot.top + foot.bottom) / 2))

        for layer, room in enumerate(layers):
            for head, place in enumerate(room.inset(INSET).columns(self.heads, SPACE)):
                side, x = min(place.width, place.height), (place.left + place.right) / 2
                self.grids.add(SmallGrid(weights[layer][head], side).move_to(place.centre))
                name = Words(letter_of(head), "block", "ink2").settle(at(x, room.top - 22))
                self.names.add(name)
                if not head:
                    called = Words(layer_name(layer), "fact", "ink2").settle(name.get_center())
                    self.names.add(called.end_at(name.get_left()[0] - units(22)))
                bar, told = counted(right.quantity(1, layer, head), x, BROAD * side)
                self.bars.add(bar)
                self.numbers.add(told)
        #: The same with all heads: a bar, and its height all along the others.
        bar, told = counted(before, (self.below.left + layers[0].left) / 2, ALL)
        level = dashes(bar.get_top(), np.array([at(self.below.right, 0)[0], bar.get_top()[1], 0]), "ink3", 3)
        called = Words("all heads", "fact").settle(layers[0].centre).set_x(bar.get_x())
        self.all, self.whole = bar, VGroup(level, told, called)
        super().__init__(self.names, self.grids)

    def place(self, layer: int, head: int) -> int:
        """The place of a head in the row."""
        return layer * self.heads + head

    def average(self, k: int) -> VGroup:
        """The output that a head which is off gives to every token, with its name."""
        head, side = self.mean.pick(layer=k // self.heads, head=k % self.heads), pixels(self.grids[k].width)
        average = Vector(head, side, side, "weight", full_colour(self.mean)).move_to(self.grids[k])
        return VGroup(average, Words("its average", "fact", "ink2").next_to(average, DOWN, buff=units(NUMBERS)))

    def mark(self, k: int, role: str, *names: str) -> VGroup:
        """A ring around a head, and words in its bar, or above it where they have no room."""
        bar = self.bars[k]
        told = [Told(line) for name in names for line in wrapped(name, "fact", pixels(bar.width))]
        lines = VGroup(*paragraph([*told], "fact", role, 0)).next_to(bar, UP, units(2 * INSET))
        if bar.height > lines.height + units(4 * INSET):
            for line in lines.next_to(bar.get_top(), DOWN, units(2 * INSET)):
                line.set_fill(palette().background).paper = bar
        return VGroup(ring_around(self.grids[k], role), lines)

    def called(self, k: int, name: str, role: str) -> Words:
        """A name below the number of a head, on the line of what is counted."""
        return Words(name, "fact", role).settle(self.counted.get_center()).set_x(self.bars[k].get_x())

    def count(self, k: int) -> Animation:
        """The share that is right without it."""
        return AnimationGroup(grow(self.bars[k], DOWN), appear(self.numbers[k]))

    def ablate(self, places: Sequence[int]) -> Animation:
        """Each head in turn goes off and on, and the sentences that are right without it are counted."""
        return lagged((AnimationGroup(OffAndOn(self.grids[k][1]), self.count(k)) for k in places), 0.6, kind="tour")


class LostWords:
    """From each head a stream to what goes wrong without it, as wide as the share of its words.

    Args:
        cost: "role layer head".
        least: the share from which on there is a stream.
        grids: the heads, in a row.
        room: from below these down.
    """

    def __init__(self, cost: NamedTensor, least: float, grids: VGroup, room: Room) -> None:
        (rest, under), roles = room.split_rows(-COUNTED, 2 * INSET), cost.labels["role"]
        self.counted = Words("so many of these words go wrong without the head", "fact", "ink2").begin_in(under)
        foot, lost = rest.split_rows(-NAMED)[1], cost.values.reshape(len(roles), -1)
        wide = units(STREAM) * (lost * (lost >= least)).sum(0)
        edges = [grid.get_x() - float(both) / 2 for grid, both in zip(grids, wide, strict=True)]
        places = foot.columns(len(roles), BETWEEN)
        #: By role its plate; by head its streams, each with its number.
        self.plates: dict[str, VGroup] = {}
        self.streams, self.numbers = (VGroup(VGroup() for _ in grids) for _ in range(2))
        for row, place in zip(lost.argmax(1).argsort(kind="stable"), places, strict=True):
            role, plate = roles[row], Box.of(place, palette().surface, 12)
            some = [(k, share) for k, share in enumerate(cost.pick(role=role).quantities()) if share >= least]
            told = map(Told, wrapped(CALLED[role], "stage word", place.width - AROUND))
            lines = paragraph([*told], "stage word", "ink", 0)
            for line in lines:
                line.paper = plate
            self.plates[role] = VGroup(plate, place.inset(INSET).fit(VGroup(*lines), most=1.0))
            for (k, share), part in zip(some, place.columns(len(some), 0), strict=True):
                half = units(STREAM) * float(share) / 2
                start, end = grids[k].get_bottom(), at((part.left + part.right) / 2, part.top)
                start[0], edges[k] = edges[k] + half, edges[k] + 2 * half
                self.streams[k].add(as_thick_as(share, curve(start, end, "warning"), 0, STREAM))
                figure = number(share, "share", "stage number").settle(end + UP * units(0.8 * AROUND))
                self.numbers[k].add(figure.begin_at(end[0] + half + units(0.6 * AROUND)))

    def tour(self, grids: VGroup) -> Animation:
        """Each head goes off and on, and what is lost without it falls down."""
        turns = (AnimationGroup(OffAndOn(grid[1]), *([draw(lines), appear(told)] if len(lines) else []))
                 for grid, lines, told in zip(grids, self.streams, self.numbers, strict=True))  # fmt: skip
        return lagged(turns, 0.6, kind="tour")

    def other_way(self, role: str) -> tuple[VMobject, Words]:
        """A way that is not known yet, to what hardly goes wrong."""
        top = self.plates[role].get_top() + LEFT * (self.plates[role].width / 2 - units(1.5 * AROUND))
        asked = Words("?", "chapter", "query").settle(top + UP * units(2.4 * AROUND))
        return dashes(asked.get_bottom() + DOWN * units(BETWEEN), top, "query", 6), asked
