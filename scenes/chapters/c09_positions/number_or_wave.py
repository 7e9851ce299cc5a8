"""The entries of an embedding, and beside them what might tell the position: a plain number, or a wave."""

from __future__ import annotations

import numpy as np
from manim import UP, Animation, VGroup

from scenes.animations import slide
from scenes.layout import Room
from scenes.mobjects.marks import Ground, Length, Rises, means
from scenes.mobjects.shapes import Box, dashes, rule
from scenes.mobjects.tensors import pooled
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px above and below the bars for what is written there; of a bar over its pitch.
TOP, FOOT, SHARE = 50.0, 64.0, 0.66


class Scaled(VGroup):
    """Bars of an embedding and of positions on one zero line and one scale, which all of them just fit.

    `px` are those of a one, and `zero` is the line, `entries` and `places` are the bars.
    """

    def __init__(self, embedding: NamedTensor, places: NamedTensor, rooms: tuple[Room, Room]) -> None:
        values = [embedding.values, places.values]
        low, high = min(0.0, *(float(some.min()) for some in values)), max(float(some.max()) for some in values)
        left, right = rooms
        self.px = left.height / (high - low)
        self.level, ground = left.top + high * self.px, Ground()
        self.zero = means(rule(at(left.left, self.level), at(right.right, self.level), "ink3", 3), ground)
        shown = pooled(embedding.values, left.width / 2)
        sources = embedding.quantities() if len(shown) == len(embedding) else [None] * len(shown)
        scale = float(np.abs(shown).max())

        def bar(room: Room, i: int, count: int, value: float, fill: str, source: Quantity | None) -> Box:
            pitch = room.width / count
            wide = pitch * SHARE
            box = Box(wide, max(abs(value) * self.px, 2), fill, min(4, wide / 3))
            box.move_to(at(room.left + (i + 0.5) * pitch, self.level - value * self.px / 2))
            if source is not None:
                means(box, Length(source, "height", self.px, wide, 2), Rises(source, 1, ground))
            return box

        self.entries = VGroup(
            *(
                bar(left, i, len(shown), float(value), signed(float(value), scale), source)
                for i, (value, source) in enumerate(zip(shown, sources, strict=True))
            )
        )
        self.places = VGroup(
            *(bar(right, i, len(places), float(q), palette().ink2, q) for i, q in enumerate(places.quantities()))
        )
        super().__init__(self.zero, self.entries, self.places)


class NumberOrWave:
    """An embedding as bars at the left; at the right a bar for each position: its number, or an entry of its encoding.

    Args:
        embedding: the entries of one token.
        token: which.
        numbers, wave: by position.
        largest: the largest entry of the embedding, in size.
        room: the rectangle that is filled.

    `far` has the numbers, and is so much smaller that they fit; `near` has the wave.
    """

    def __init__(
        self,
        embedding: NamedTensor,
        token: Label,
        numbers: NamedTensor,
        wave: NamedTensor,
        largest: Quantity,
        room: Room,
    ) -> None:
        body, foot = Room(room.left, room.top + TOP, room.right, room.bottom).split_rows(-FOOT)
        left, right = body.columns(2, 80)
        self.near, self.far = (Scaled(embedding, places, (left, right)) for places in (wave, numbers))
        self.again = self.near.copy()
        # The longest bar may hang below the zero line: then its level stands there, and as high above it.
        sides = (1,) if float(embedding.values.max()) >= float(largest) else (-1, 1)
        levels = [self.far.level - side * float(largest) * self.far.px for side in sides]
        self.levels = [dashes(at(left.left, level), at(right.right, level), "residual", 5) for level in levels]
        line, last = foot.centre[1] - units(16), len(numbers) - 1
        self.token_name = Words(f"entries of “{token}”", "stage word", "residual").settle(left.centre).stand_on(line)
        self.position_name = Words("position", "stage word", "ink2").settle(right.centre).stand_on(line)
        self.ends = VGroup(
            *(
                number(numbers.quantity(i), "", "stage number", "ink2")
                .settle(self.far.places[i].get_center())
                .stand_on(line)
                for i in sorted({0, last})
            )
        )
        self.last = number(numbers.quantity(last), "", "large number")
        self.last.next_to(self.far.places[-1], UP, buff=units(10))

    def zoom_out(self) -> Animation:
        """The entries shrink to the scale on which the numbers fit."""
        return self._zoom(self.near, self.far)

    def zoom_in(self) -> tuple[Animation, ...]:
        """The entries grow again, and each number turns into its entry of the wave."""
        return self._zoom(self.far, self.again), slide(self.far.places, self.again.places, "row")

    @staticmethod
    def _zoom(old: Scaled, new: Scaled) -> Animation:
        return slide([old.zero, *old.entries], [new.zero, *new.entries], "row")
