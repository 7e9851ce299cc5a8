"""The result of a soft lookup: values that add up to a blend, and their angles to it."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import appear, exchange
from scenes.layout import Room
from scenes.mobjects.directions import BESIDE, Dial
from scenes.mobjects.planes import clear_of
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.value_plane import ValuePlane
from scenes.theme import units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import Trace

#: Px above and below the arrows.
AIR = 70.0


class LookupSum(ValuePlane):
    """The values of a lookup in a plane with their sum, and then as the hands of a dial.

    Args:
        run: of one query, `value_plane`, `weighted_value_plane`, and the cosines with the sum as `likeness`.
        query: the query.
        room: the rectangle that is filled.

    Each of `hands` is at its true angle to the sum, in turn on either side, with one of `called` and of `numbers` at
    its tip; all are as long as the arrow of the `dial`, which is the sum then, and `told` says what they show.
    """

    def __init__(self, run: Trace, query: Label, room: Room) -> None:
        super().__init__(run["value_plane"], run["weighted_value_plane"], query, room, AIR)
        for label, arrow in zip(run["value_plane"].words("key"), self.whole, strict=True):
            if label not in [chip.label for chip in self.chips]:
                chip = Token(label, "value")
                places = [chip.copy().next_to(arrow[-1], way, buff=units(BESIDE)) for way in (UP, DOWN, RIGHT)]
                self.chips.add(next(p for p in places if all(clear_of(p, other) for other in self.chips)))
        self.heading = Words("sum", "stage word", "weight").next_to(self.origin, LEFT, buff=units(BESIDE))
        cosines, foot = run["likeness"], self.origin.get_center()
        order = [int(j) for j in np.argsort(-cosines.values)]
        px = (room.height / 2 - AIR) / float(np.sqrt(1 - cosines.values.min() ** 2))
        self.dial, self.hands, self.called = Dial(foot, px, "weight"), VGroup(), VGroup()
        for j, cosine in enumerate(cosines.quantities()):
            side = (-1) ** order.index(j) * np.sign(run["value_plane"].values[order[0], 1])
            self.hands.add(self.dial.hand(cosine, "value", 5, side))
            (chip,) = (chip for chip in self.chips if chip.label.position == j)
            self.called.add(chip.copy().next_to(self.hands[-1][-1], RIGHT, buff=units(2 * BESIDE)))
        column = max(chip.get_right()[0] for chip in self.called) + units(BESIDE)
        self.numbers = VGroup(number(one, ".2f", "stage number") for one in cosines.quantities())
        for text, chip in zip(self.numbers, self.called, strict=True):
            text.settle(chip.get_center()).begin_at(column)
        above = self.called.get_top() + UP * units(BESIDE)
        self.told = VGroup(
            Words("true angles to the sum", "fact", "ink2").move_to(above, DOWN).align_to(self.heading, LEFT),
            Words("cosine", "fact", "ink2").move_to(above, DOWN).align_to(self.numbers, LEFT),
        )
        self.passed, self.moved = self.chips[2:], VGroup()  # what the chain runs through, and where its pieces are
        for chip in self.passed:
            piece = self.chained[chip.label.position]
            places = [chip.copy().next_to(piece, way, buff=units(BESIDE)) for way in (DOWN, RIGHT, UP)]
            self.moved.add(next(p for p in places if all(clear_of(p, other) for other in self.moved)))
        self.best = VGroup(self.called[order[0]], self.numbers[order[0]])

    def turn(self) -> tuple[Animation, ...]:
        """Turn each value out of the plane to its true angle, and let all and the sum be of one length."""
        chips = {chip.label.position: chip for chip in (*self.chips[:2], *self.moved)}
        old = *self.ghosts, *(chips[j] for j in range(len(chips))), self.output
        turned = exchange(old, [*self.hands, *self.called, self.dial.unit], "row")
        return *turned, appear(self.dial.hub, self.told[0], rise=False)
