"""A chain: one cell a word, each with the state that it hands to the next; and the dial that counts its ticks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import RIGHT, VGroup, VMobject

from scenes.layout import LEFT_EDGE, WIDTH
from scenes.mobjects.patterns import squares
from scenes.mobjects.shapes import Box, arrow, dot, stroke
from scenes.mobjects.shifted import on_places
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import chip_width
from scenes.theme import at, palette, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Room in px around the entries of a state, in its cell.
AIR = 8.0


def entries(vector: NamedTensor, columns: int, pitch: float, scale: float) -> VGroup:
    """All entries of a vector as small squares, `columns` in a line; one shape for each shade."""
    places = np.array([(i % columns, -(i // columns)) for i in range(len(vector))], float) * units(pitch)
    shades: dict[str, list[int]] = {}
    for i, value in enumerate(vector.values):
        shades.setdefault(signed(round(float(np.clip(value / scale, -1, 1)), 1), 1), []).append(i)
    shapes = VGroup()
    for colour, inside in shades.items():
        sides = np.full(len(inside), units(pitch) * 0.86)
        shapes.add(squares(places[inside], sides, "ink").set_fill(colour))
    return shapes


class Chain(VGroup):
    """A sentence below, a cell above each word, an arrow from each cell to the next.

    Args:
        words: the sentence.
        states: position × d_state; the cells are empty without it.
        y: the height of the cells' centres, in px.
        columns: entries of a state in a line of its cell.
        widest: px of a cell at most.
        low: px between the centres of a cell and its word.
        above: whether the words stand above their cells.
    """

    def __init__(
        self,
        words: Sequence[Label],
        states: NamedTensor | None,
        y: float,
        columns: int = 8,
        widest: float = 136,
        above: bool = False,
    ) -> None:
        count, colours = len(words), palette()
        self.pitch = min(330.0, WIDTH / count)
        wide = min(widest, self.pitch - 40)
        lines = -(-(len(states[0]) if states is not None else 14 * columns) // columns)
        high = (wide - 2 * AIR) / columns * lines + 2 * AIR
        left = LEFT_EDGE + (WIDTH - self.pitch * count) / 2
        xs = [left + (i + 0.5) * self.pitch for i in range(count)]
        scale = float(np.abs(states.values).max()) if states is not None else 1.0
        self.cells, self.states = VGroup(), VGroup()
        for i, x in enumerate(xs):
            self.cells.add(Box(wide, high, colours.surface, 10, colours.line, 2.5).move_to(at(x, y)))
            inside = VGroup() if states is None else entries(states[i], columns, (wide - 2 * AIR) / columns, scale)
            self.states.add(inside.move_to(at(x, y)))
        width = max(chip_width(label) for label in words)
        side = -1 if above else 1
        away = high / 2 + 78
        self.words = on_places(words, xs, y + side * away, self.pitch, width)
        self.ups = VGroup(
            *(arrow(at(x, y + side * (away - 32)), at(x, y + side * (high / 2 + 4)), "ink3", 3, 13) for x in xs)
        )
        self.links = VGroup(
            *(
                arrow(a.get_right() + RIGHT * units(4), b.get_left() - RIGHT * units(4), "residual", 6, 18)
                for a, b in zip(self.cells, self.cells[1:], strict=False)
            )
        )
        super().__init__(self.cells, self.states, self.ups, self.links, self.words)

    def moment(self, i: int) -> VGroup:
        """All that comes with word i: what is handed on to its cell, the cell, and its state."""
        return VGroup(*([self.links[i - 1]] if i else []), self.ups[i], self.cells[i], self.states[i])


class Dial(VGroup):
    """A clock with a dot for each tick, and the number of ticks in its middle."""

    def __init__(self, ticks: Sequence[Quantity], name: str, centre: np.ndarray, radius: float = 62) -> None:
        self.rim = Box(2 * radius + 34, 2 * radius + 34, palette().surface, radius + 17, palette().line, 2.5)
        self.rim.move_to(centre)
        angles = np.pi / 2 - 2 * np.pi * np.arange(len(ticks)) / len(ticks)
        size = min(8.0, 60 / len(ticks) + 3)
        spots = [centre + units(radius) * np.array([np.cos(a), np.sin(a), 0]) for a in angles]
        self.dots = VGroup(*(dot(spot, size, "residual") for spot in spots))
        self.places = VGroup(*(self._place(spot, size) for spot in spots))
        # Where the last number is centred, the first one begins.
        self.count = number(ticks[-1], "", "large number").settle(centre).rewrite(f"{ticks[0]}")
        self.called = Words(name, "aside", "ink2").next_to(self.rim, RIGHT, buff=units(24))
        self.face = VGroup(self.rim, self.places, self.dots, self.count)
        super().__init__(self.face, self.called)

    @staticmethod
    def _place(spot: np.ndarray, size: float) -> VMobject:
        ring = dot(spot, size, "ink3").set_fill(opacity=0)
        return ring.set_stroke(palette().ink3, width=stroke(2))
