"""Bars whose lengths are entries of a tensor."""

from __future__ import annotations

import numpy as np
from manim import VGroup

from scenes.mobjects.marks import Ground, Hue, Length, Rises, means
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.text import Words, number
from scenes.theme import gap, palette, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor


class SignedBars(VGroup):
    """Upright bars from a zero line, positive up and negative down, one above each of `columns`.

    Example::

        query = trace["encoder.1.self_attn.q"].pick(batch=0, head=0, query="red", d_head=slice(0, 10))
        columns = TensorGrid(query).columns
        figure = Room(360, 190, 1560, 590).fit(SignedBars(query, VGroup(*columns), 300), most=1)
    """

    def __init__(self, tensor: NamedTensor, columns: VGroup, room: float, width: float = 30) -> None:
        values = tensor.values
        top, bottom = max(float(values.max()), 0.0), min(float(values.min()), 0.0)
        self.unit = units(room) / ((top - bottom) or 1.0)
        self.quantities = tensor.quantities()
        self.bars, self.numbers = VGroup(), VGroup()
        scale, ground = float(np.abs(values).max()) or 1.0, Ground()
        for quantity, column in zip(self.quantities, columns, strict=True):
            length = abs(float(quantity)) * self.unit
            bar = Box(width, max(length * 135, 1.5), signed(float(np.sign(quantity)), 1.0), 3)
            bar.move_to(column.get_center()).set_y(np.sign(quantity) * length / 2)
            means(
                bar, Length(quantity, "height", self.unit * 135, width, 1.5), Rises(quantity, 1, ground), Hue(quantity)
            )
            self.bars.add(bar)
            if abs(quantity) > 0.2 * scale:
                beyond = np.array([0, units(22) * np.sign(quantity), 0])
                tip = bar.get_top() if quantity > 0 else bar.get_bottom()
                self.numbers.add(number(quantity, ".2f", "cell").settle(tip + beyond))
        left, right = columns.get_left()[0], columns.get_right()[0]
        self.zero = means(rule(np.array([left, 0, 0]), np.array([right, 0, 0]), "ink3", 2), ground)
        super().__init__(self.bars, self.zero, self.numbers)


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
        self.bar = Box(max(width * float(quantity), 2), height, colours.role(role), 5)
        means(self.bar, Length(quantity, "width", width, height, 2))
        self.bar.align_to(self.track, np.array([-1.0, 0, 0]))
        self.number: Words | None = None
        super().__init__(self.track, self.bar)
        if spec:
            self.number = number(quantity, spec, "number")
            self.number.settle(self.track.get_center()).end_at(self.track.get_right()[0] + gap("chip") + units(96))
            self.add(self.number)
