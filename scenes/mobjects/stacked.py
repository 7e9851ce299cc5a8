"""Parts of one as segments of a bar: rows of weights that all have the same length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import LEFT, RIGHT, VGroup

from scenes.layout import Room
from scenes.mobjects.marks import Length, Shade, means
from scenes.mobjects.shapes import Box, frame
from scenes.mobjects.text import Words, number
from scenes.theme import at, ink_on, palette, shared, units
from transformer_core.tracing.trace import NamedTensor

#: Px from the segments of a row to its frame.
AIR = 6.0


class StackedRows(VGroup):
    """Each row of weights as one bar, a segment a key: the bars are equally long, since each row adds up to one.

    Args:
        weights: "query key", or other parts of one; of a single row "key". Each says its key, if no
            `fills` tell the keys apart.
        rooms: the rectangle of each row.
        fills: a colour for each column; without, a segment is as bright as its weight is large.
        spec: how a part is written.

    `segments[i, j]` is the weight that query i gives to key j.

    Example::

        weights = trace["encoder.1.self_attn.weights"].pick(batch=0, head=0)
        figure = StackedRows(weights, Room(360, 190, 1560, 590).rows(len(weights)))
    """

    def __init__(
        self, weights: NamedTensor, rooms: list[Room], fills: Sequence[str] = (), spec: str = "weight"
    ) -> None:
        self.segments: dict[tuple[int, int], Box] = {}
        colours, highs = palette(), [room.height - min(24.0, 0.3 * room.height) for room in rooms]
        #: Of the whole of each row, around its segments: the darkest of them can't be told from what is behind them.
        self.frames = VGroup(
            frame(room.width + 2 * AIR, high + 2 * AIR, "ink3", 2, 8).move_to(room.centre)
            for room, high in zip(rooms, highs, strict=True)
        )
        rows = [weights] if len(weights.shape) == 1 else [*weights]
        #: The column whose sum is farthest from one.
        self.uneven = int(np.abs(np.sum([row.values for row in rows], axis=0) - 1).argmax())
        for i, (row, room, high) in enumerate(zip(rows, rooms, highs, strict=True)):
            left = at(room.left, 0)[0]
            for j, weight in enumerate(row.quantities()):
                wide = max(float(weight) * room.width, 1.0)
                fill = fills[j] if fills else shared(weight)
                part = Box(wide, high, fill, 4, colours.background, 2)
                part.move_to(np.array([left, room.centre[1], 0]), aligned_edge=LEFT)
                left = part.get_edge_center(RIGHT)[0]
                part.quantity, part.fill, part.told = weight, fill, "" if fills else row.label("key", j)
                means(part, Length(weight, "width", room.width, high, 1.0))
                self.segments[i, j] = part if fills else means(part, Shade(weight))
        self.numbers = VGroup()
        for part in self.segments.values():
            if part.width > units(120) and part.height > units(44):
                text = Words(f"{part.told}  {part.quantity:{spec}}".strip(), "stage number")
                if text.width > part.width - units(20):
                    text = number(part.quantity, spec, "stage number")
                text.settle(part.get_center()).set_fill(ink_on(part.fill)).paper = part
                self.numbers.add(text)
        super().__init__(*self.segments.values(), self.numbers)
