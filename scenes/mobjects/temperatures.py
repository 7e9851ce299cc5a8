"""The same row of attention weights at several temperatures, under the tokens of a ribbon."""

from __future__ import annotations

import numpy as np
from manim import DOWN, VGroup

from scenes.layout import Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import rule
from scenes.theme import at
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor


class Temperatures:
    """A row of weights as bars, a state for each temperature; the states stand in the same place.

    Args:
        table: "temperature key", of the keys that the query may see.
        temperatures: the temperature of each state.
        ribbon: the tokens; `keys` are the positions of the keys.
        room: what lies under the ribbon; a weight of one is as high as it.

    Example::

        head, room = trace.under("encoder.1.self_attn", batch=0, head=0), Room(360, 190, 1560, 690)
        ribbon = Ribbon(head["weights"].words("key"), room)
        table, temperatures = head["by_temperature"].pick(query="red"), head["temperatures"].quantities()
        states = Temperatures(table, temperatures, ribbon, (0, 1, 2, 3), ribbon.below(room))
        figure = VGroup(ribbon, states.floor, states.states[states.at(4.0)])
    """

    def __init__(
        self, table: NamedTensor, temperatures: list[Quantity], ribbon: Ribbon, keys: tuple[int, ...], room: Room
    ) -> None:
        self.temperatures = temperatures
        wide = min(170.0, ribbon.wide * 0.66)
        self.states: list[VGroup] = []
        for row in table:
            bars = VGroup()
            for j, weight in zip(keys, row.quantities(), strict=True):
                bar = bar_of(weight, "height", room.height, wide, radius=4, least=3)
                bars.add(bar.move_to(np.array([ribbon.centre(j), at(0, room.bottom)[1], 0]), aligned_edge=DOWN))
            self.states.append(bars)
        self.floor = rule(at(ribbon.columns[0].left, room.bottom), at(ribbon.columns[-1].right, room.bottom), "ink3", 3)

    def at(self, temperature: float = 1.0) -> int:
        """Return the index of the state at a temperature."""
        return [float(t) for t in self.temperatures].index(temperature)
