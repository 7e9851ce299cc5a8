"""The entries of an embedding, and beside them what might tell the position: a plain number, or a wave."""

from __future__ import annotations

import numpy as np
from manim import UP, VGroup

from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Ground, Length, Rises, means
from scenes.mobjects.shapes import Box, dashes, rule
from scenes.mobjects.tensors import pooled
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px below and above the bars for what is written there; of a bar over its pitch.
FOOT, TOP, SHARE = 70.0, 50.0, 0.66


class NumberOrWave(VGroup):
    """An embedding as bars at the left; at the right a bar for each position: its number, or an entry of its encoding.

    Args:
        embedding: the entries of one token.
        token: which.
        numbers, wave: by position.
        largest: the largest entry of the embedding.
        room: the rectangle that is filled.
    """

    def __init__(
        self,
        embedding: NamedTensor,
        token: Label,
        numbers: NamedTensor,
        wave: NamedTensor,
        largest: Quantity,
        room: Room = STAGE,
    ) -> None:
        values = [embedding.values, numbers.values, wave.values]
        low, high = min(float(some.min()) for some in values), max(float(some.max()) for some in values)
        body = Room(room.left, room.top + TOP, room.right, room.bottom - FOOT)
        self.px = body.height / (high - low)
        self.zero_at, self.ground = body.top + high * self.px, Ground()
        left, right = body.golden_columns(60, last=True)
        self.zero = means(rule(at(room.left, self.zero_at), at(room.right, self.zero_at), "ink3", 3), self.ground)
        shown = pooled(embedding.values, left.width / 2)
        sources = embedding.quantities() if len(shown) == len(embedding) else [None] * len(shown)
        scale = float(np.abs(shown).max())
        self.entries = VGroup(
            *(
                self._bar(left, i, len(shown), float(v), signed(float(v), scale), source)
                for i, (v, source) in enumerate(zip(shown, sources, strict=True))
            )
        )
        self.numbers, self.wave = (
            VGroup(
                *(self._bar(right, i, len(row), float(q), palette().ink2, q) for i, q in enumerate(row.quantities()))
            )
            for row in (numbers, wave)
        )
        level = self.zero_at - float(largest) * self.px
        self.level = dashes(at(left.left, level), at(right.right, level), "residual", 4)
        foot = at(0, room.bottom - 24)[1]
        last = len(numbers) - 1
        self.token_name = Words(f"entries of “{token}”", "fact", "residual")
        self.token_name.move_to(at((left.left + left.right) / 2, 0)).stand_on(foot)
        self.position_name = (
            Words("position", "fact", "ink2").move_to(at((right.left + right.right) / 2, 0)).stand_on(foot)
        )
        self.ends = VGroup(
            *(
                number(numbers.quantity(i), "", "number", "ink2").settle(self.numbers[i].get_center()).stand_on(foot)
                for i in {0, last}
            )
        )
        self.last = number(numbers.quantity(last), "", "large number").next_to(self.numbers[-1], UP, buff=units(12))
        super().__init__(
            self.entries, self.zero, self.numbers, self.token_name, self.position_name, self.ends, self.last
        )

    def _bar(self, room: Room, i: int, count: int, value: float, fill: str, source: Quantity | None) -> Box:
        pitch = room.width / count
        wide = pitch * SHARE
        bar = Box(wide, max(abs(value) * self.px, 2), fill, min(4, wide / 3))
        bar.move_to(at(room.left + (i + 0.5) * pitch, self.zero_at - value * self.px / 2))
        if source is not None:
            means(bar, Length(source, "height", self.px, wide, 2), Rises(source, 1, self.ground))
        return bar
