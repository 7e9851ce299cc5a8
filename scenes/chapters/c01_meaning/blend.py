"""The result of a soft lookup: values that add up to a blend, and their angles to it."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import appear, exchange
from scenes.layout import Room
from scenes.mobjects.marks import Away, Ground, means
from scenes.mobjects.planes import clear_of
from scenes.mobjects.shapes import dot
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.value_plane import ValuePlane
from scenes.theme import units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import Trace

#: Px above and below the arrows, beside what is named, and of the dot at the tip of a hand.
AIR, NEAR, SPOT = 70.0, 22.0, 9.0


class Blend(ValuePlane):
    """The values of a lookup in a plane with their sum, and then as the hands of a dial.

    Args:
        run: of one query, `value_plane`, `weighted_value_plane`, and the cosines with the sum as `likeness`.
        query: the query.
        room: the rectangle that is filled.

    Each of `hands` is at its true angle to the sum, in turn on either side, with one of `called` and, for the two
    nearest, of `numbers` at its tip.
    """

    def __init__(self, run: Trace, query: Label, room: Room) -> None:
        super().__init__(run["value_plane"], run["weighted_value_plane"], query, room, AIR)
        for label, arrow in zip(run["value_plane"].words("key"), self.whole, strict=True):
            if label not in [chip.label for chip in self.chips]:
                chip = Token(label, "value")
                places = [chip.copy().next_to(arrow[-1], way, buff=units(NEAR)) for way in (UP, DOWN, RIGHT)]
                self.chips.add(next(p for p in places if all(clear_of(p, other) for other in self.chips)))
        self.heading = Words("sum", "stage word", "weight").next_to(self.origin, LEFT, buff=units(NEAR))
        cosines, foot = run["likeness"], self.origin.get_center()
        order = [int(j) for j in np.argsort(-cosines.values)]
        px = (room.height - AIR) / 2 / float(np.sqrt(1 - cosines.values.min() ** 2))
        self.hub = means(dot(foot, SPOT, "weight"), ground := Ground())
        self.hands, self.called = VGroup(), VGroup()
        for j, cosine in enumerate(cosines.quantities()):
            side = (-1) ** order.index(j) * np.sign(run["value_plane"].values[order[0], 1])
            tip = foot + units(px) * np.array([cosine, side * np.sqrt(1 - cosine**2), 0])
            end = means(dot(tip, SPOT, "value"), Away(cosine, 0.0, 0, px, 2 * SPOT, ground))
            self.hands.add(VGroup(self.plane.line(foot, tip, "value", 5, NEAR), end))
            (chip,) = (chip for chip in self.chips if chip.label.position == j)
            self.called.add(chip.copy().next_to(end, RIGHT, buff=units(NEAR)))
        self.numbers = VGroup(
            number(cosines.quantity(j), ".2f", "stage number").next_to(self.called[j], RIGHT, buff=units(NEAR))
            for j in order[:2]
        )
        self.best = VGroup(self.called[order[0]], self.numbers[0])

    def turn(self) -> tuple[Animation, ...]:
        """Turn each value out of the plane to its true angle."""
        chips = sorted(self.chips, key=lambda chip: chip.label.position)
        return *exchange([*self.ghosts, *chips], [*self.hands, *self.called], "row"), appear(self.hub, rise=False)
