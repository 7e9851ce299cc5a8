"""Dot products of positions: all of them as a map, and what a head makes of them by distance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, Mobject, VGroup

from scenes.animations import Count, exchange
from scenes.layout import Room
from scenes.mobjects.marks import Ground, Length, Reach, Rises, Shade, means
from scenes.mobjects.shapes import Box, dot, rule
from scenes.mobjects.tensors import Heatmap
from scenes.mobjects.text import Words, number
from scenes.theme import at, shape, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px that the name of the upper edge takes, and the side of a diagonal's dot over that of a square.
NAME, SPOT = 50.0, 0.7
#: How many positions apart two positions are that are compared.
APART = 3
#: Px of the heading of a panel.
TITLE = 70.0


class Likeness:
    """The map of p_i · p_j, and a diagonal of it: all pairs that lie equally far apart.

    Args:
        products: position × position.
        room: the rectangle in whose height the map stands, at its left.

    They lie `apart` positions from each other.
    """

    def __init__(self, products: NamedTensor, room: Room) -> None:
        distance = self.apart = min(APART, len(products) - 1)
        _, body = room.split_rows(NAME)
        count, side = len(products), body.height - 10
        self.map = Heatmap(products, side, side, 0, weights=bool(products.values.min() >= 0))
        self.map.move_to(body.centre).align_to(at(body.left + NAME, 0), LEFT)
        corner = self.map.backdrop.get_corner(UP + LEFT) + units(5) * (RIGHT + DOWN)
        cell = side / count
        self.diagonal = VGroup(
            *(
                dot(
                    corner + units(cell) * ((i + distance + 0.43) * RIGHT + (i + 0.43) * DOWN), cell * SPOT / 2, "focus"
                )
                for i in range(count - distance)
            )
        )
        self.names = VGroup(
            Words("position", "aside", "ink2").next_to(self.map, UP, buff=units(10)),
            Words("position", "aside", "ink2").rotate(np.pi / 2).next_to(self.map, LEFT, buff=units(10)),
        )
        self.names[1].turned = True

    def beside(self, room: Room) -> Room:
        """The part of a room at the right of the map."""
        edge = self.map.get_right()[0] * 135 + shape().width / 2
        return Room(edge + 110, room.top, room.right, room.bottom)


class Readout(VGroup):
    """Two positions and their dot product, as numbers that may count.

    Args:
        products: position × position.
        numbers: the number of each position.
        apart: how far the second position lies from the first, which is the very first.
        room: the rectangle that is filled.
    """

    def __init__(self, products: NamedTensor, numbers: NamedTensor, apart: int, room: Room) -> None:
        self.products, self.numbers, self.apart = products, numbers, apart
        self.names = VGroup()
        given = (
            ("one position", numbers.quantity(0), "", "query"),
            ("another", numbers.quantity(apart), "", "key"),
            ("dot product", products.quantity(0, apart), ".2f", "ink"),
        )
        values = []
        for (name, quantity, spec, role), column in zip(given, room.columns(3, 20), strict=True):
            upper, lower = column.inset(0, column.height / 5).rows(2, 0)
            self.names.add(Words(name, "stage word", role).settle(upper.centre))
            values.append(number(quantity, spec, "chapter", role).settle(lower.centre))
        self.here, self.there, self.product = values
        super().__init__(self.names, *values)

    def count(self, places: Sequence[int], kind: str) -> tuple[Animation, ...]:
        """The first position runs over some places, and the second and the dot product with it."""
        others = [i + self.apart for i in places]
        return (
            Count(self.here, [self.numbers.quantity(i) for i in places], "", kind),
            Count(self.there, [self.numbers.quantity(j) for j in others], "", kind),
            Count(self.product, [*map(self.products.quantity, places, others)], ".2f", kind),
        )


class Panel(VGroup):
    """Bars over offsets, the key before the query at the left, after it at the right.

    Args:
        entries: a value for each offset.
        offsets: by how much the key stands after the query.
        marked: the offsets whose numbers are written.
        distance: the distance of both marked offsets, written below them.
        room: the rectangle that is filled.
        spread: a deviation for each, drawn as a whisker.
    """

    def __init__(
        self,
        entries: Sequence[Quantity],
        offsets: Sequence[int],
        marked: Sequence[int],
        distance: Quantity,
        room: Room,
        spread: Sequence[float] = (),
    ) -> None:
        self.head, rest = room.split_rows(TITLE)
        body, foot = rest.inset(0, 50).split_rows(-40)
        values, whiskers = np.array([float(entry) for entry in entries]), list(spread) or [0.0] * len(entries)
        low = min(0.0, float((values - whiskers).min()))
        top = max(0.0, float((values + whiskers).max()))
        px, pitch = body.height / ((top - low) or 1.0), room.width / len(offsets)
        zero, ground = body.bottom + low * px, Ground()

        def spot(i: int, high: float) -> np.ndarray:
            return at(room.left + pitch * (i + 0.5), zero - high)

        self.bars, self.whiskers, self.numbers, self.rings = VGroup(), VGroup(), VGroup(), VGroup()
        scale, wide = float(np.abs(values).max()), pitch * 0.62
        for i, (entry, offset, deviation) in enumerate(zip(entries, offsets, whiskers, strict=True)):
            high = float(entry) * px
            bar = Box(wide, max(abs(high), 2), signed(float(entry), scale), 4).move_to(spot(i, high / 2))
            self.bars.add(
                means(bar, Length(entry, "height", px, wide, 2), Rises(entry, 1, ground), Shade(entry, scale))
            )
            if deviation:
                line = rule(spot(i, high - deviation * px), spot(i, high + deviation * px), "ink2", 4)
                self.whiskers.add(means(line, Reach(deviation, 1, 2 * px / room.width, ground)))
            if offset in marked:
                side = 1 if high >= 0 else -1
                told = number(entry, ".1f", "stage number")
                self.numbers.add(told.settle(spot(i, high + side * (deviation * px + 34))))
        ends = at(room.left, zero), at(room.right, zero)
        self.zero = means(rule(*ends, "ink3", 3), ground)
        self.sides = VGroup()
        for text, side in (("key before the query", LEFT), ("key after the query", RIGHT)):
            words = Words(text, "fact", "ink2").move_to(foot.centre + DOWN * units(40))
            self.sides.add(words.align_to(ends[0 if side is LEFT else 1], side))
        for offset in marked:
            here = spot(offsets.index(offset), 0)
            self.sides.add(number(distance, "", "number", "ink2").settle(np.array([here[0], words.get_y(), 0])))
        super().__init__(self.zero, self.bars, self.whiskers, self.numbers, self.sides)

    def heading(self, mobject: Mobject) -> Mobject:
        """Put a name or a formula above the bars."""
        return self.head.fit(mobject, most=1.0)

    def become(self, other: Panel) -> tuple[Animation, ...]:
        """Each bar takes the height that it has in another panel over the same offsets."""
        return exchange([self.zero, *self.bars], [other.zero, *other.bars], "row")
