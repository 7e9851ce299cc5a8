"""One entry of a tensor as a cell: open, or closed by a mask."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from manim import ORIGIN, RIGHT, VGroup, VMobject

from scenes.mobjects.copies import Copied
from scenes.mobjects.marks import DiscArea, Ground, Hue, Shade, means
from scenes.mobjects.shapes import Box, hatching, stroke
from scenes.mobjects.text import Words, number
from scenes.theme import ink_on, palette, pixels, shared, signed, units
from transformer_core.tracing.provenance import Quantity

DIMMED = 0.21
#: The share of a cell's shorter side that the largest disc takes, px between it and the edge, and px of a number.
WIDEST, AIR, LONGEST = 0.86, 4.0, 150.0
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


def widest(size: tuple[float, float]) -> float:
    """Px of the largest disc in a cell."""
    return WIDEST * min(size)


def at_left(size: tuple[float, float]) -> float:
    """Px from the middle of a cell to that of a disc beside its number."""
    return max(-min(0.3 * size[0], 0.65 * size[1]), widest(size) / 2 + AIR - size[0] / 2)


def number_room(size: tuple[float, float]) -> float:
    """Px that are left for a number right of a disc."""
    return min(size[0] / 2 - at_left(size) - widest(size) / 2, LONGEST)


def beside_a_disc(quantities: Iterable[Quantity], size: tuple[float, float], spec: str, style: str) -> str:
    """`style`, or none if a number in it has no room beside its disc."""
    room = units(number_room(size) - AIR)
    return style if style and all(number(one, spec, style).width <= room for one in quantities) else ""


class Disc(Box):
    """A disc that grows when it comes on stage."""


class Cell(Copied, VGroup):
    """One entry: its fill is its value, and a number says it where there is room for one.

    The fill is that of a signed number against `scale`, or of a weight if that is 0; a fill that is `given` means
    nothing. With `disc`, it is the area of a disc that is the value, and the hue of the disc is its sign.
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
        disc: bool = False,
    ) -> None:
        self.quantity = quantity
        given = given or (palette().surface if disc else "")
        self.fill = fill = given or (signed(quantity, scale) if scale else shared(quantity))
        self.box = Box(*size, fill, min(5, size[0] / 4, size[1] / 4))
        self.number: Words | None = None
        self.dash: VMobject | None = None
        self.disc: Disc | None = None
        super().__init__(self.box)
        middle = self.box.get_center()
        if disc:
            self.box.set_stroke(palette().line, stroke(2))
            self._set_disc(size, scale, bool(style))
            middle = middle + RIGHT * units(at_left(size) + (widest(size) + number_room(size)) / 2)
        elif not given:
            means(self.box, Shade(quantity, scale))
        if style:
            self.number = number(quantity, spec, style).settle(middle)
            self.number.set_fill(ink_on(fill)).paper = self.box
            self.add(self.number)
        elif dash and not disc and quantity < 0 and min(size) >= 30:
            self.dash = Box(min(size[0] * 0.4, 12), 2.5, ink_on(fill), 1).move_to(self.box)
            self.add(self.dash)

    def _set_disc(self, size: tuple[float, float], scale: float, numbered: bool) -> None:
        """Draw the value as a disc: in the middle, or left of its number."""
        full, ground = scale or 1.0, Ground()
        hue = signed(float(np.sign(self.quantity)), 1.0) if scale else palette().weight
        disc = Disc(widest(size), widest(size), hue, widest(size) / 2)
        disc.scale(min(abs(self.quantity) / full, 1.0) ** 0.5)
        if numbered:
            disc.shift(RIGHT * units(at_left(size)))
        self.disc = means(disc, DiscArea(self.quantity, full, widest(size) / size[1], ground))
        if scale:
            means(disc, Hue(self.quantity))
        means(self.box, ground)
        self.add(disc)

    @property
    def ground(self) -> VGroup:
        """The parts that nothing is written with."""
        return VGroup(*(part for part in (self.box, self.disc) if part))

    @property
    def written(self) -> list[VMobject]:
        """The number, if there is one."""
        return [self.number] if self.number else []

    def shade(self, dimmed: bool) -> Cell:
        """Step back (a faint fill, a grey number) or come forward again."""
        self.box.set_fill(self.fill, opacity=DIMMED if dimmed else 1)
        for mark in (self.number, self.dash):
            if mark:
                mark.set_fill(palette().ink3 if dimmed else ink_on(self.fill), opacity=1)
        return self


class MaskedCell(Cell):
    """An entry that a mask keeps from its row: hatched, with what stands there on a plate."""

    def __init__(self, quantity: Quantity, size: tuple[float, float], spec: str, style: str) -> None:
        super().__init__(quantity, size, spec, style, given=palette().background)
        self.box.set_stroke(palette().line, stroke(1.5))
        self.hatching = hatching(size[0] - 4, size[1] - 4).move_to(self.box)
        self.add(self.hatching)
        if self.number:
            self.remove(self.number)
            across, tall = pixels(self.number.width) + 12, pixels(self.number.height) + 10
            plate = Box(across, tall, palette().background, 4).move_to(self.number)
            self.add(plate, self.number.set_fill(palette().ink2))

    @property
    def ground(self) -> VGroup:
        """The box and its hatching."""
        return VGroup(self.box, self.hatching)

    @property
    def written(self) -> list[VMobject]:
        """The number with its plate."""
        return [part for part in self if part not in (self.box, self.hatching)]
