"""A stack of plates in depth: heads, layers, sentences of a batch, of which one lies in front."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import RIGHT, VGroup

from scenes.layout import Room
from scenes.mobjects.formulas import Formula
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from scenes.theme import palette, units

#: Px from one plate to the next, across and up, at most; with fewer than `NAMED` only the plate in front has a name.
STEP, NAMED = 54.0, 32.0
#: The size of a formula in a strip.
SIGN = 32.0


class DeckPlate(Box):
    """A plate that lies partly over others."""


class Deck(VGroup):
    """Plates behind each other, each with a name at its upper left; the one in `front` is lit.

    Args:
        names: what stands on each plate, from the farthest to the nearest.
        front: which of them is lit.
        room: the rectangle that is filled.
        role: the colour of the plates.
        symbol: a formula behind each name: what there is one of on each plate.

    Example::

        names = [f"head {letter}" for letter in "ABCD"]
        figure = Deck(names, 1, Room(560, 190, 1360, 590), "query")
    """

    def __init__(self, names: Sequence[str], front: int, room: Room, role: str, symbol: str = "") -> None:
        count = len(names)
        step = min(STEP, room.height * 0.6 / max(1, count - 1), room.width * 0.4 / max(1, count - 1))
        wide, high = room.width - step * (count - 1), room.height - step * (count - 1)
        colours = palette()
        self.plates = VGroup()
        for i, name in enumerate(names[k] for k in nearest_last(count, front)):
            lit = i == count - 1
            plate = DeckPlate(wide, high, colours.surface, 12, colours.role(role if lit else "line"), 6 if lit else 3)
            plate.shift(_aside(i, count, step))
            parts = VGroup(plate)
            if step >= NAMED or lit:
                text = Words(name, "fact" if step >= 40 else "note", role if lit else "ink2", paper=plate)
                text.settle(np.array([0, plate.get_top()[1] - units(max(step, NAMED) / 2), 0]))
                parts.add(text.begin_at(plate.get_left()[0] + units(14)))
                if symbol and step >= NAMED:
                    sign = Formula(symbol, SIGN, role if lit else "ink2")
                    parts.add(sign.next_to(text, RIGHT, buff=units(18)))
            self.plates.add(parts)
        super().__init__(*self.plates)
        self.move_to(room.centre)


def nearest_last(count: int, front: int) -> list[int]:
    """The places of a deck from the farthest to the nearest: `front` comes last."""
    return [*range(front), *range(front + 1, count), front]


def _aside(place: int, count: int, step: float) -> np.ndarray:
    """The shift of a plate from the middle of its deck: to the right of and below the one behind it."""
    return np.array([1, -1, 0]) * (place - (count - 1) / 2) * units(step)
