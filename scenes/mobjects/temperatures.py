"""The same row of shares at several temperatures: states of one chart, and small charts side by side."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.mobjects.marks import Length, means
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import gap, palette, units
from transformer_core.studies.focus import within_reach
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import Trace


class Temperatures(VGroup):
    """A row of shares as columns, one state for each temperature; the states stand in the same place."""

    def __init__(self, head: Trace, query_token: Label, wide: float = 1250, high: float = 420) -> None:
        colours = palette()
        table = head["by_temperature"].pick(query=query_token, key=within_reach(head, query_token))
        labels = table.words("key")
        pitch = wide / len(labels)
        self.states: list[VGroup] = []
        for row in table:
            bars = VGroup()
            for i, share in enumerate(row.quantities()):
                bar = Box(min(pitch * 0.6, 150), max(high * float(share), 2), colours.weight, 5)
                means(bar, Length(share, "height", high, min(pitch * 0.6, 150), 2))
                bars.add(bar.move_to(np.array([units((i + 0.5) * pitch), 0, 0]), aligned_edge=DOWN))
            self.states.append(bars)
        self.floor = rule(np.zeros(3), np.array([units(wide), 0, 0]), "ink3", 2.5)
        self.room = (
            Box(wide, high, colours.background, 0).set_fill(opacity=0).move_to(np.zeros(3), aligned_edge=LEFT + DOWN)
        )
        self.tokens = VGroup(
            *(
                Token(label, "key", 0, 44).move_to(np.array([units((i + 0.5) * pitch), -units(44), 0]))
                for i, label in enumerate(labels)
            )
        )
        self.temperatures = head["temperatures"].quantities()
        super().__init__(self.room, self.floor, self.tokens, *self.states)

    def at(self, temperature: float) -> int:
        """Which state belongs to a temperature."""
        return [float(t) for t in self.temperatures].index(temperature)


#: Temperatures that are shown side by side: cold, as it is, hot.
TELLING = (0.25, 1.0, 4.0)


class TemperaturePanel(VGroup):
    """The shares of a row at one temperature, small: key by key, with the largest share and the temperature."""

    def __init__(self, head: Trace, query_token: Label, place: int, width: float = 440, high: float = 300) -> None:
        colours = palette()
        row = head["by_temperature"].pick(query=query_token, temperature=place, key=within_reach(head, query_token))
        pitch = width / len(row)
        self.bars = VGroup()
        for i, share in enumerate(row.quantities()):
            bar = Box(pitch * 0.66, max(high * float(share), 2), colours.weight, 4)
            means(bar, Length(share, "height", high, pitch * 0.66, 2))
            self.bars.add(bar.move_to(np.array([units((i + 0.5) * pitch), 0, 0]), aligned_edge=DOWN))
        floor = rule(np.zeros(3), np.array([units(width), 0, 0]), "ink3", 2.5)
        best = int(np.argmax(row.values))
        self.best = number(row.quantity(best), "share", "number").settle(self.bars[best].get_top() + UP * units(28))
        self.name = Words(f"temperature {head['temperatures'].quantity(place):.2f}", "fact", "ink2")
        self.name.next_to(floor, DOWN, buff=gap("line"))
        room = (
            Box(width, high + 60, colours.background, 0).set_fill(opacity=0).align_to(floor, DOWN).set_x(floor.get_x())
        )
        super().__init__(room, floor, self.bars, self.best, self.name)


def temperature_panels(head: Trace, query_token: Label) -> VGroup:
    """The same row cold, as it is, and hot."""
    temperatures = list(head["temperatures"].values)
    panels = VGroup(*(TemperaturePanel(head, query_token, temperatures.index(t)) for t in TELLING))
    return panels.arrange(RIGHT, buff=gap("part"))
