"""The same row of attention weights at several temperatures, under the tokens of a ribbon."""

from __future__ import annotations

import numpy as np
from manim import DOWN, UP, Animation, VGroup

from scenes.animations import Count, Riding
from scenes.layout import Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.cells import fitting
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import rule
from scenes.mobjects.softmax_stages import AIR
from scenes.mobjects.text import Words
from scenes.theme import at, units
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
        self.temperatures, self.rows = temperatures, [row.quantities() for row in table]
        #: The indices of the states at the lowest and at the highest temperature.
        self.ends = 0, len(temperatures) - 1
        style = "stage number" if ribbon.wide >= 120 else "cell"
        self.spec = fitting([entry for row in self.rows for entry in row], ribbon.pitch - 4, "weight", style)
        wide = min(170.0, ribbon.wide * 0.66)
        self.states: list[VGroup] = []
        for row in self.rows:
            bars = VGroup()
            for j, weight in zip(keys, row, strict=True):
                bar = bar_of(weight, "height", room.height, wide, radius=4, least=3)
                bars.add(bar.move_to(np.array([ribbon.centre(j), at(0, room.bottom)[1], 0]), aligned_edge=DOWN))
            self.states.append(bars)
        self.floor = rule(at(ribbon.columns[0].left, room.bottom), at(ribbon.columns[-1].right, room.bottom), "ink3", 3)

    def sweep(self, bars: VGroup, numbers: VGroup, label: Words, start: int, stop: int) -> tuple[Animation, ...]:
        """The `bars` go from one state to another, and the `numbers` on them, while `label` counts the temperature."""
        places = [*range(start, stop, 1 if stop > start else -1), stop]
        states, rows, counted = ([some[i] for i in places] for some in (self.states, self.rows, self.temperatures))
        ride = Riding(bars, states, numbers, rows, self.spec, UP * units(AIR / 2), "row")
        return ride, Count(label, counted, ".2f", "row", "temperature ")

    def at(self, temperature: float = 1.0) -> int:
        """Return the index of the state at a temperature, or at the one that is nearest to it."""
        return int(np.abs(np.array([float(t) for t in self.temperatures]) - temperature).argmin())
