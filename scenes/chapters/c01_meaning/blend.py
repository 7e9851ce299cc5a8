"""The result of a soft lookup: values that add up to a blend, and their cosines with it."""

from __future__ import annotations

import numpy as np
from manim import LEFT, RIGHT, Animation, VGroup

from scenes.animations import Travel, lagged
from scenes.layout import Room
from scenes.mobjects.text import Words, number
from scenes.mobjects.value_plane import ValuePlane
from scenes.theme import at, pixels, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import Trace

#: Px above and below the arrows, between a chip and its number, and for both.
AIR, NEAR, SIDE = 40.0, 22.0, 270.0
#: So many values are arrows, those of most weight: the plane that spreads the sum and them holds both, or nearly so.
HEAVIEST = 2
#: How thick an arrow of the others is, and how long its head, as shares of its length.
SMALL = np.array([0.16, 1 / 3])


class Blend(ValuePlane):
    """The values of a lookup in a plane with their sum, and beside it the cosine of each with the sum.

    Args:
        run: of one query, `value_plane`, `weighted_value_plane`, `weights` and `blend`.
        query: the query.
        values: the chips of all values, in whose lines the cosines stand.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, query: Label, values: VGroup, room: Room) -> None:
        inside, side = room.split_columns(-SIDE, 64)
        super().__init__(run["value_plane"], run["weighted_value_plane"], query, inside, AIR)
        heavy = [int(j) for j in np.argsort(-run["weights"].values)[:HEAVIEST]]
        self.whole, self.ghosts = (VGroup(arrows[j] for j in heavy) for arrows in (self.whole, self.ghosts))
        self.chips = VGroup(chip for chip in self.chips if chip.label.position in heavy)
        self.heavy, self.values = heavy, values
        for j in {*range(len(values))} - {*heavy}:
            start, tip = (part.points[0].copy() for part in self.chained[j])
            self.chained[j].become(self.plane.line(start, tip, "value", *pixels(np.linalg.norm(tip - start)) * SMALL))
        self.called, self.numbers = VGroup(), VGroup()
        cosines = run["blend"].pick(frame=run["blend"].size("frame") - 1)
        for chip in values:
            self.called.add(chip.copy().move_to(at(side.left, 0), LEFT).match_y(chip))
            text = number(cosines.quantity(cosines.position("key", chip.label)), ".2f", "stage number")
            self.numbers.add(text.settle(chip.get_center()).next_to(self.called[-1], RIGHT, buff=units(NEAR)))
        self.measure = Words("cosine with the sum", "fact", "ink2").end_in(room)
        self.heading = Words("sum", "stage word", "weight").next_to(self.origin, LEFT, buff=units(NEAR))

    def shorten(self) -> Animation:
        """The arrows shrink to their weighted length; faint ones stay to show how long they were."""
        return self._each(self.whole, VGroup(self.shorter[j] for j in self.heavy))

    def chain(self) -> Animation:
        """The arrows are set tip to tail, and the smaller parts come out of their values."""
        parts = [self.shorter[j] if j in self.heavy else self.values[j] for j in range(len(self.values))]
        turns = [
            Travel(part, new, 0.0, "row", leaving=j in self.heavy)
            for j, (part, new) in enumerate(zip(parts, self.chained, strict=True))
        ]
        return lagged(turns, 0.25)
