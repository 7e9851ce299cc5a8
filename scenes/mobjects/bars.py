"""Bars whose lengths are entries of a tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from manim import LEFT, RIGHT, UP, VGroup

from scenes.layout import Room
from scenes.mobjects.marks import Ground, Length, Rises, Stair, means
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words, number
from scenes.theme import at, gap, palette, pixels, units
from transformer_core.tracing.provenance import Quantity

#: Px of the shortest bar.
LEAST = 2.0
#: The least px of the number of a share at the right of its bar.
NUMBER = 130.0


class ShareBar(VGroup):
    """A share of one as a bar in its track, with the number beside it.

    Example::

        weights = trace["encoder.1.self_attn.weights"].pick(batch=0, head=0, query="red")
        figure = Room(560, 190, 1360, 250).fit(ShareBar(weights.largest()[1], 600))
    """

    def __init__(
        self, quantity: Quantity, width: float = 340, spec: str = ".3f", height: float = 44, role: str = "weight"
    ) -> None:
        colours = palette()
        self.quantity = quantity
        self.track = Box(width, height, colours.surface, 5)
        self.bar = bar_of(quantity, "width", width, height, role)
        self.bar.align_to(self.track, np.array([-1.0, 0, 0]))
        self.number: Words | None = None
        super().__init__(self.track, self.bar)
        if spec:
            self.number = number(quantity, spec, "number")
            self.number.settle(self.track.get_center()).end_at(self.track.get_right()[0] + gap("chip") + units(96))
            self.add(self.number)


def named_shares(shares: Mapping[str, Quantity], room: Room, spec: str = ".0%", role: str = "residual") -> VGroup:
    """Shares as bars one below the other, each under its name and with its number at the right."""
    made, told = VGroup(), [number(share, spec, "large number") for share in shares.values()]
    widest = max(NUMBER, *(pixels(one.width) for one in told))
    for (name, share), text, place in zip(shares.items(), told, room.rows(len(shares), 10), strict=True):
        line, side = place.split_columns(-widest, 20)
        bar = ShareBar(share, line.width, "", 56, role).move_to(line.centre)
        words = Words(name, "stage word", "ink2").next_to(bar.track, UP, buff=units(14)).align_to(bar.track, LEFT)
        made.add(VGroup(words, bar, text.end_in(side)))
    return made


def bar_of(
    value: Quantity,
    along: str,
    unit: float,
    across: float,
    role: str = "weight",
    radius: float = 5,
    least: float = LEAST,
    fill: str = "",
) -> Box:
    """A bar of `unit` px for one `along` its "width" or "height", and `across` px on its other side.

    Its colour is that of a role, or any `fill`.
    """
    long = max(unit * abs(float(value)), least)
    sides = (long, across) if along == "width" else (across, long)
    return means(Box(*sides, fill or palette().role(role), radius), Length(value, along, unit, across, least))


def bar_in(room: Room, value: Quantity, unit: float, highest: float, role: str = "weight", **look: Any) -> Box:
    """A level bar from the left edge of a room, as high as this, but at most `highest` px."""
    bar = bar_of(value, "width", unit, min(room.height, highest), role, **look)
    return bar.move_to(room.centre).align_to(at(room.left, 0), LEFT)


def bar_on(
    zero: np.ndarray, ground: Ground, value: Quantity, along: str, unit: float, across: float, **look: Any
) -> Box:
    """A bar that leads from a point of a zero line to the side that its sign says."""
    axis, bar = int(along == "height"), bar_of(value, along, unit, across, **look)
    side = (RIGHT, UP)[axis] * (1 if value >= 0 else -1)
    return means(bar.move_to(zero, aligned_edge=-side), Rises(value, axis, ground))


def end_to_end(
    terms: Sequence[Quantity], starts: Sequence[np.ndarray], unit: float, high: float, ground: Ground, radius: float = 4
) -> VGroup:
    """Level bars, each from where the sum of those before it ends, `unit` px for one."""
    bars = VGroup()
    for place, (term, start) in enumerate(zip(terms, starts, strict=True)):
        bar = Box(max(unit * float(term), 2.0), high, palette().weight, radius)
        middle = sum(map(float, terms[:place])) + float(term) / 2
        bar.move_to(start + RIGHT * units(middle * unit))
        bars.add(means(bar, Stair(tuple(terms[: place + 1]), 0, unit, high, ground, 2.0)))
    return bars
