"""The result of a soft lookup: values that add up to a blend, the right answer, and their cosines with it."""

from __future__ import annotations

from manim import DOWN, LEFT, RIGHT, Animation, VGroup

from scenes.animations import Count
from scenes.layout import Room
from scenes.mobjects.planes import add_at_tip
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.value_plane import ValuePlane
from scenes.theme import units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import Trace

#: Px above and below the arrows, between a chip and its number, for what the numbers are, and for them.
AIR, NEAR, HEAD, SIDE = 84.0, 22.0, 40.0, 120.0


class Blend(ValuePlane):
    """The values of a lookup in a plane with the right answer, the `goal`; each has its cosine with the sum so far.

    Args:
        run: of one query, `fan_plane` with the goal in its last row, `weighted_fan_plane`, and `blend`.
        query: the query.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, query: Label, room: Room) -> None:
        spots, weighted, self.cosines = run["fan_plane"], run["weighted_fan_plane"], run["blend"]
        count = weighted.size("key")
        inside = room.split_columns(-SIDE)[0]
        super().__init__(spots.pick(key=slice(count)), weighted, query, inside, AIR, spots.values[count:])
        goal = spots.pick(key=count)
        self.goal = self.plane.arrow(self.plane.foot, goal.quantities(), "ink2", 5)
        self.answer = spots.label("key", count)
        self.goal_chip = VGroup()
        add_at_tip(self.goal_chip, Token(self.answer), self.goal, 12)
        self.numbers = VGroup()
        first = self.cosines.pick(frame=0)
        for chip in (*self.chips, *self.goal_chip):
            text = number(first.pick(key=str(chip.label)), ".2f", "stage number").settle(chip.get_center())
            self.numbers.add(text.next_to(chip, RIGHT, buff=units(NEAR)))
        self.measure = Words("cosine with the sum", "fact", "ink2").end_in(room.split_rows(HEAD)[0])
        self.remove(self.heading)
        self.heading = Words("sum", "stage word", "weight").next_to(self.origin, LEFT, buff=units(NEAR))
        rank = f"number {run['blend_rank']} of {run['others']} not in the table"
        self.rank = Words(rank, "stage word", "ink2").next_to(self.goal_chip, LEFT, units(NEAR), aligned_edge=DOWN)
        self.add(self.heading, self.goal, self.goal_chip, self.numbers, self.measure)

    def follow(self) -> tuple[Animation, ...]:
        """The arrows are set tip to tail, and the cosines of all follow their sum."""
        counts = [
            Count(text, self.cosines.pick(key=str(chip.label)).quantities(), ".2f", "slow")
            for chip, text in zip((*self.chips, *self.goal_chip), self.numbers, strict=True)
        ]
        return self.chain(), *counts
