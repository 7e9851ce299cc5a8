"""Two models as squares to scale."""

from __future__ import annotations

from manim import LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import Travel, appear, ring_around
from scenes.chapters.c16_modern.plan import INSIDE
from scenes.mobjects.marks import Area, Ground, means
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from scenes.theme import at, between, palette, units
from transformer_core.tracing.provenance import Quantity

#: The side of the largest square in px, and how much of the ink its fill has.
SIDE, FILL = 650.0, 0.28


def size_of(millions: Quantity, billions: Quantity) -> Words:
    """A number of parameters in words."""
    if billions >= 1:
        return Words(f"{billions:.0f} billion parameters", "block", "ink2")
    return Words(f"{millions:.{1 if millions < 10 else 0}f} million parameters", "block", "ink2")


class ToScale(VGroup):
    """Two models as squares: the larger one fills the stage, the smaller one lies in its corner, to scale.

    Args:
        small, large: their numbers of parameters.
        name: what is written beside the larger one; `told` below it.
        dot: what is written beside the smaller one.
    """

    def __init__(
        self, small: Quantity | None, large: Quantity, name: Words, told: Words, dot: Words | None = None
    ) -> None:
        room, beside = INSIDE.split_columns(SIDE + 200, 60)
        sum_, colours = Ground(), palette()
        unit = SIDE**2 / float(large)
        self.large = Box(SIDE, SIDE, between(colours.surface, colours.weight, FILL), 6, colours.weight, 3)
        means(self.large.move_to(room.centre), Area(large, sum_, unit, 0))
        self.small: Box | None = None
        if small is not None:
            side = (float(small) * unit) ** 0.5
            self.small = Box(side, side, colours.weight, min(6.0, side / 6))
            self.small.move_to(self.large, aligned_edge=LEFT + UP).shift((RIGHT - UP) * units(40))
            means(self.small, Area(small, sum_, unit, 0))
            self.front = self.small.copy()
        left = at(beside.left, 0)[0]
        self.words = VGroup(
            name.settle(beside.centre).begin_at(left).shift(UP * units(44)),
            told.settle(beside.centre).begin_at(left).shift(-UP * units(44)),
        )
        #: Around the smaller one, which is no more than a dot, with its name.
        self.ring: list[VMobject] = []
        if self.small and dot is not None:
            ring = ring_around(self.small, roomy=True)
            self.ring = [ring, dot.next_to(ring, RIGHT, buff=units(20))]
            dot.paper = self.large
        super().__init__(self.large, *([self.small] if self.small else []), self.words)

    def grown(self) -> tuple[Animation, ...]:
        """The larger one comes out of the smaller one, which stays in front of it."""
        if self.small is None:
            return (appear(self.large),)
        return Travel(self.small.copy(), self.large, kind="row"), Travel(
            self.small, self.front, kind="row", leaving=True
        )
