"""One entry of a tensor as a cell: open, or closed by a mask."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from manim import ORIGIN, VGroup, VMobject

from scenes.mobjects.copies import Copied
from scenes.mobjects.marks import Shade, means
from scenes.mobjects.shapes import Box, hatching, stroke
from scenes.mobjects.text import Words, number
from scenes.theme import ink_on, palette, shared, signed, units
from transformer_core.tracing.provenance import Quantity

DIMMED = 0.21
#: The formats that lose a decimal where a number has no room for it.
DECIMALS = (".3f", ".2f", ".1f", ".0f")


def fitting(quantities: Iterable[Quantity], wide: float, spec: str, style: str) -> str:
    """`spec`, with as many of its decimals as all of these numbers have room for in a cell of `wide` px."""
    finite = [quantity for quantity in quantities if np.isfinite(quantity)]
    if not style or spec not in DECIMALS or not finite:
        return spec
    longest = max(finite, key=lambda quantity: len(f"{float(quantity):{spec}}"))
    for found in DECIMALS[DECIMALS.index(spec) :]:
        text = number(longest, found, style).settle(ORIGIN)
        if max(-text.get_left()[0], text.get_right()[0]) <= units(wide / 2):
            return found
    return DECIMALS[-1]


class Cell(Copied, VGroup):
    """One entry: its fill is its value, and a number says it where there is room for one.

    The fill is that of a signed number against `scale`, or of a weight if that is 0; a fill that is `given` means
    nothing.
    """

    def __init__(
        self,
        quantity: Quantity,
        size: tuple[float, float],
        spec: str,
        style: str,
        scale: float = 0.0,
        dash: bool = False,
        given: str = "",
    ) -> None:
        self.quantity = quantity
        self.fill = fill = given or (signed(quantity, scale) if scale else shared(quantity))
        self.box = Box(*size, fill, min(5, size[0] / 4, size[1] / 4))
        self.number: Words | None = None
        self.dash: VMobject | None = None
        super().__init__(self.box)
        if not given:
            means(self.box, Shade(quantity, scale))
        if style:
            self.number = number(quantity, spec, style).settle(self.box.get_center())
            self.number.set_fill(ink_on(fill)).paper = self.box
            self.add(self.number)
        elif dash and quantity < 0 and min(size) >= 30:
            self.dash = Box(min(size[0] * 0.4, 12), 2.5, ink_on(fill), 1).move_to(self.box)
            self.add(self.dash)

    def shade(self, dimmed: bool) -> Cell:
        """Step back (a faint fill, a grey number) or come forward again."""
        self.box.set_fill(self.fill, opacity=DIMMED if dimmed else 1)
        for mark in (self.number, self.dash):
            if mark:
                mark.set_fill(palette().ink3 if dimmed else ink_on(self.fill), opacity=1)
        return self


class Closed(Cell):
    """An entry that a mask keeps from its row: hatched, with what stands there on a plate."""

    def __init__(self, quantity: Quantity, size: tuple[float, float], spec: str, style: str) -> None:
        super().__init__(quantity, size, spec, style, given=palette().background)
        self.box.set_stroke(palette().line, stroke(1.5))
        self.add(hatching(size[0] - 4, size[1] - 4).move_to(self.box))
        if self.number:
            self.remove(self.number)
            across, tall = self.number.width * 135 + 12, self.number.height * 135 + 10
            plate = Box(across, tall, palette().background, 4).move_to(self.number)
            self.add(plate, self.number.set_fill(palette().ink2))
