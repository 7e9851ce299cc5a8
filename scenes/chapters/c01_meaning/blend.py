"""The result of a soft lookup: values that add up to a blend, and their angles with it."""

from __future__ import annotations

from manim import LEFT, RIGHT, Animation, VGroup

from scenes.animations import exchange
from scenes.layout import Room
from scenes.mobjects.planes import add_at_tip
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.value_plane import ValuePlane
from scenes.theme import units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import Trace

#: Px above and below the arrows, between a chip and its number, and for numbers.
AIR, NEAR, SIDE = 60.0, 22.0, 120.0


class Blend(ValuePlane):
    """The values of a lookup in a plane; `turned` have their true angles to the sum, and the same extent along it.

    Args:
        run: of one query, `fan_plane`, `true_fan`, `weighted_fan_plane`, and `blend`.
        query: the query.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, query: Label, room: Room) -> None:
        weighted = run["weighted_fan_plane"]
        flat, true = run["fan_plane"].pick(key=slice(weighted.size("key"))), run["true_fan"]
        inside = room.split_columns(-SIDE)[0]
        super().__init__(flat, weighted, query, inside, AIR, true.values)
        foot = self.plane.foot
        self.turned = VGroup(self.plane.arrow(foot, row.quantities(), "value", 5, 24, fixed=True) for row in true)
        self.called, self.numbers = VGroup(), VGroup()
        cosines = run["blend"].pick(frame=run["blend"].size("frame") - 1)
        for chip in self.chips:
            place = true.position("key", chip.label)
            add_at_tip(self.called, Token(chip.label, "value"), self.turned[place], 12)
            text = number(cosines.quantity(place), ".2f", "stage number").settle(self.called[-1].get_center())
            self.numbers.add(text.next_to(self.called[-1], RIGHT, buff=units(NEAR)))
        self.measure = Words("cosine with the sum", "fact", "ink2").end_in(room).set_y(self.origin.get_y())
        self.remove(self.heading)
        self.heading = Words("sum", "stage word", "weight").next_to(self.origin, LEFT, buff=units(NEAR))
        self.add(self.heading, self.turned, self.called, self.numbers, self.measure)

    def turn(self) -> tuple[Animation, ...]:
        """Each value leaves the plane for its true angle to the sum, and its chip goes along."""
        return *exchange(self.ghosts, self.turned, "slow"), *exchange(self.chips, self.called, "slow")
