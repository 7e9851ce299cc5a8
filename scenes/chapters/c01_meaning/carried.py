"""King minus man plus woman: a step between two words, carried to a third, and the words that are nearest to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, DR, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import Riding, Through, appear, deal
from scenes.layout import Room
from scenes.mobjects.directions import BESIDE, Dial
from scenes.mobjects.marks import End, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

#: Px around the arrows, for the words at their tips; from a chip to its number; and how far along its hand, and how far
#: beside it, the chip of the fourth word is.
ACROSS, DOWN_TO, OVER, ALONG, ASIDE = 80.0, 84.0, 34.0, 0.7, 112.0


class CarriedStep(VGroup):
    """Three words as arrows in a plane, the step from the second to the third, and the same step at the first.

    Args:
        run: `queen_plane` of four words, `queen_step`, `queen_cosine`, and along the way `queen_path`, `queen_way`.
        room: the rectangle that the plane fills.
        beside: that of the dial: the sum is the arrow to the right, the first and the fourth word are hands.

    `states` are these hands with the chips of their words, frame by frame of the way, and `sums` the sum.
    """

    def __init__(self, run: Trace, room: Room, beside: Room) -> None:
        words, way, step = run["queen_plane"], run["queen_way"], run["queen_step"].quantities()
        spots = np.vstack([words.values, words.values[0] + run["queen_step"].values, np.zeros((1, 2))])
        self.plane = plane = Plane(spots, room.inset(ACROSS, DOWN_TO), 11, "ink")
        foot = at(beside.left, beside.bottom - DOWN_TO)
        self.origin, self.dial = plane.origin, Dial(foot, beside.width - 2 * ACROSS)
        ways = [spot.quantities() for spot in words]
        leads = [means(plane.arrow(plane.foot, one, "residual"), End(one[0], axis="vocab")) for one in ways]
        self.three, self.goal, self.names = VGroup(*leads[:-1]), leads[-1], VGroup()
        labels = words.words("vocab")
        for label, lead, side in zip(labels, leads, (UP, LEFT, RIGHT, UP), strict=True):
            self.names.add(Token(label).next_to(lead[-1].points[0], side, buff=units(BESIDE)))
        self.step, self.carried = (
            plane.arrow(plane.point(words.values[place]), step, "ink", 9, 30) for place in (1, 0)
        )
        self.said = Words(f"− “{labels[1]}” + “{labels[2]}”", "stage word").next_to(self.step, DOWN, buff=units(BESIDE))
        self.sums = [VGroup(*plane.arrow_to(plane.foot, one.quantities(), "residual")) for one in run["queen_path"]]
        for one in self.sums:
            one.add(Words("sum", "stage word", "residual").next_to(one[-1].points[0], DR, buff=units(BESIDE)))
        self.sum, self.pair = self.sums[0].copy(), [labels[0], labels[3]]
        known = [str(label) for label in way.words("vocab")]
        self.rows = [[frame.quantity(known.index(str(label))) for label in self.pair] for frame in way]
        self.states = [self._hands(frame) for frame in self.rows]
        self.now, self.numbers = self.states[0].copy(), self._numbers(0)
        summed = Words("sum", "stage word").next_to(self.dial.unit[-1].points[0], DOWN, buff=units(1.5 * BESIDE))
        true = Words("true angles to the sum", "fact", "ink2").next_to(summed, DOWN, buff=units(BESIDE / 4))
        self.told = VGroup(summed, true.align_to(self.dial.hub, LEFT))
        # The tips of the nearest tokens but these two, and what they say of all others.
        tips = VGroup(self.dial.spoke(one, "ink2")[-1] for one in run["queen_cosine"].quantities()[2:])
        self.rest = VGroup(tips, Words("all other tokens: no nearer", "fact", "ink2").next_to(tips, UP, units(ASIDE)))
        super().__init__(self.origin, self.three, self.goal, self.names, self.step, self.carried)

    def _hands(self, row: Sequence[Quantity]) -> VGroup:
        """Both hands and their chips: the first word's beyond its tip, the fourth's beside its hand.

        So neither lies on the other hand, though the first one passes over the fourth.
        """
        (king, queen), (one, other) = row, map(Token, self.pair)
        hands = self.dial.hand(king, "ink2", 8), self.dial.hand(queen, "residual", 8)
        across, up, _ = (self.dial.spot(queen) - self.dial.foot) / units(self.dial.px)
        one.next_to(hands[0][-1], RIGHT, buff=units(2 * BESIDE))
        other.move_to(self.dial.spot(queen, reach=ALONG) + units(ASIDE) * np.array([-up, across, 0]))
        return VGroup(*hands, one, other)

    def _numbers(self, frame: int) -> VGroup:
        """The cosines over the chips in a frame, in the colours of the hands."""
        chips = self.states[frame][2:]
        return VGroup(
            number(one, ".2f", "stage number", role).settle(chip.get_top() + UP * units(OVER))
            for one, chip, role in zip(self.rows[frame], chips, ("ink2", "residual"), strict=True)
        )

    def line_of(self, label: Label) -> VGroup:
        """The chip of a word of the pair, and its cosine with the sum in the end."""
        place = [str(one) for one in self.pair].index(str(label))
        return VGroup(self.states[-1][2 + place], self._numbers(-1)[place])

    def turn(self) -> list[tuple[Animation | None, ...]]:
        """Turn the arrows of the pair to their true angles to the sum, which is still the first word."""
        old = self.three[0], self.goal, self.names[0], self.names[3]
        come = appear(self.sum, self.dial.hub, self.dial.unit, *self.told)
        return [(deal(old, [*self.now]), come), (appear(self.numbers),)]

    def lead(self) -> tuple[Animation, ...]:
        """The sum is led along the step: the angles to it change, and numbers ride over the chips."""
        states = self.now, *self.states
        boxes = [VGroup(*(chip.box for chip in state[2:])) for state in states]
        rest = [
            VGroup(part for part in state.family_members_with_points() if part not in [*box])
            for state, box in zip(states, boxes, strict=True)
        ]
        return (
            Through(rest[0], rest[1:], "slow"),
            Through(self.sum, self.sums, "slow"),
            Riding(boxes[0], boxes[1:], self.numbers, self.rows, ".2f", UP * units(OVER), "slow"),
        )
