"""A norm of a vector stage by stage: its entries as bars, all on one scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup

from scenes.layout import Room
from scenes.mobjects.marks import Ground, Length, Rises, Shade, means
from scenes.mobjects.shapes import Box, rule, stroke
from scenes.mobjects.tensors import LONG, full_colour
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: How opaque the band is that shows the spread.
FAINT = 0.22
#: Px before a number at the right.
AIR = 20.0


class NormStages:
    """Stages of a vector, each drawn as bars in one room and on one scale.

    Args:
        rows: the vector at each stage, in order.
        room: the rectangle that is filled.
        scale: the absolute value that gets the full colour; if 0, the largest.

    `level(value)` is a line across at a value, and `band(spread)` reaches from minus to plus the spread.
    """

    def __init__(self, rows: Sequence[NamedTensor], room: Room, scale: float = 0) -> None:
        self.room = room
        reach = np.concatenate([*(row.values for row in rows), [0.0]])
        self.unit = room.height / max(float(np.ptp(reach)), 1e-9)
        self.ground = at(0, room.bottom)[1] - float(reach.min()) * units(self.unit)
        # Few entries of a long vector may be many times as large as all others, which would have no colour.
        long = len(rows[0]) > LONG
        self.scale = scale or (min(full_colour(row) for row in rows) if long else float(np.abs(reach).max()))
        origin = Ground()
        self.before = VGroup()
        self.zero = means(self.level(0.0, "ink3", 2), origin)
        self.states = [bars_of(row.quantities(), room, self.ground, self.unit, origin, self.scale) for row in rows]

    def level(self, value: float = 0.0, role: str = "ink", thick: float = 4) -> VGroup:
        """A line across at a value."""
        y = self.ground + value * units(self.unit)
        return VGroup(rule(at(self.room.left, 0), at(self.room.right, 0), role, thick).set_y(y))

    def told(self, value: Quantity) -> Words:
        """A number at the right of the room, as high as it lies."""
        spot = np.array([0, self.ground + float(value) * units(self.unit), 0])
        return number(value, ".2f", "stage number").settle(spot).begin_at(at(self.room.right + AIR, 0)[0])

    def outline(self, bars: VGroup) -> VGroup:
        """The bars of a stage, hollow: `before`, which stays where they were."""
        hollow = (bar.copy().set_fill(opacity=0) for bar in bars)
        return self.before.add(bar.set_stroke(palette().ink2, stroke(2)) for bar in hollow)

    def band(self, spread: Quantity) -> VGroup:
        """From minus to plus a spread around zero."""
        high = 2 * float(spread) * self.unit
        band = Box(self.room.width, high, palette().ink2, 0).set_fill(opacity=FAINT)
        means(band, Length(spread, "height", 2 * self.unit, self.room.width))
        return VGroup(band.move_to(np.array([self.room.centre[0], self.ground, 0])))


def bars_of(row: Sequence[Quantity], room: Room, ground: float, unit: float, origin: Ground, scale: float) -> VGroup:
    """Entries as bars from the height `ground`, `unit` px for a one, across a room, shaded up to `scale`."""
    pitch = room.width / len(row)
    bars = VGroup()
    for i, value in enumerate(row):
        length = float(value) * unit
        bar = Box(pitch * 0.72, max(abs(length), 1.5), signed(float(value), scale), min(2, pitch / 4))
        long = Length(value, "height", unit, pitch * 0.72, 1.5)
        means(bar, long, Rises(value, 1, origin), Shade(value, scale))
        x = at(room.left + (i + 0.5) * pitch, 0)[0]
        bars.add(bar.move_to(np.array([x, ground + units(length) / 2, 0])))
    return bars
