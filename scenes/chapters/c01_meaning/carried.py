"""King minus man plus woman: a step between two words, carried to a third, and the words that are nearest to it."""

from __future__ import annotations

import numpy as np
from manim import DOWN, DR, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import Riding, Through, Travel, leave
from scenes.layout import Room
from scenes.mobjects.bars import bar_on
from scenes.mobjects.marks import End, Ground, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.shapes import dot, rule
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token
from scenes.theme import at, gap, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

#: Px around the arrows, for the words at their tips; of the heading, for the names, for a number, of a bar, and between
#: a tip and its word.
ACROSS, DOWN_TO, HEAD, NAME, NUMBER, BAR, NEAR = 80.0, 84.0, 70.0, 170.0, 90.0, 40.0, 20.0


class CarriedStep(VGroup):
    """Three words as arrows in a plane, the step from the second to the third, and the same step at the first.

    Args:
        run: `queen_plane` of four words, `queen_step`, and along the way `queen_path` and `queen_way`.
        room: the rectangle that is filled: at the right stand the words of `queen_way`, nearest first in the end.

    The `sum` is an arrow with its name that begins as the first word, and is led along the `carried` step.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        left, right = room.golden_columns()
        words, path, step = run["queen_plane"], run["queen_path"], run["queen_step"].quantities()
        spots = np.vstack([words.values, path.values, np.zeros((1, 2))])
        self.plane = plane = Plane(spots, left.inset(ACROSS, DOWN_TO), 11, "ink")
        self.origin, foot = plane.origin, plane.foot
        ways = [spot.quantities() for spot in words]
        leads = [means(plane.arrow(foot, way, "residual"), End(way[0], axis="vocab")) for way in ways]
        self.three, self.goal = VGroup(*leads[:-1]), leads[-1]
        sides = (UP, LEFT, RIGHT, UP)
        self.names = VGroup()
        for label, lead, side in zip(words.words("vocab"), leads, sides, strict=True):
            self.names.add(Token(label).next_to(lead[-1].points[0], side, buff=units(NEAR)))
        self.step, self.carried = (
            plane.arrow(plane.point(words.values[place]), step, "ink", 9, 30) for place in (1, 0)
        )
        _, man, woman, _ = words.words("vocab")
        self.said = Words(f"− “{man}” + “{woman}”", "stage word").next_to(self.step, DOWN, buff=units(NEAR))
        self.sums = [
            VGroup(
                *plane.arrow_to(foot, spot.quantities(), "residual"),
                end := dot(plane.point(spot.values), 14, "focus"),
                Words("sum", "stage word", "residual").next_to(end, DR, buff=units(NEAR / 2)),
            )
            for spot in path
        ]
        self.sum = self.sums[0].copy()
        self._list(run, right)
        super().__init__(self.origin, self.three, self.names, self.step, self.carried, self.sum)

    def _list(self, run: Trace, room: Room) -> None:
        """The words, nearest first in the end, and their cosines in each frame of the way."""
        way = run["queen_way"]
        self.listed = way.words("vocab")
        queen = str(run["queen_plane"].words("vocab")[-1])
        head, body = room.inset(0, gap("cell")).split_rows(HEAD)
        lines = body.rows(len(self.listed), 8)
        side, rest = body.split_columns(NAME, 16)
        ground, ends = Ground(), np.argsort(np.argsort(-way.values[-1], kind="stable"))
        self.heading = Words("by cosine, in all dimensions", "fact", "ink2").begin_in(head)
        self.zero = means(rule(at(rest.left, body.top), at(rest.left, body.bottom), "ink3", 3), ground)
        places, names = [lines[end] for end in ends], (word(label, "stage word") for label in self.listed)
        self.texts = VGroup(name.begin_in(side.cross(line)) for name, line in zip(names, places, strict=True))
        self.rows: list[list[Quantity]] = [frame.quantities() for frame in way]
        self.bars_of = [VGroup() for _ in self.rows]
        for bars, row in zip(self.bars_of, self.rows, strict=True):
            for label, cosine, line in zip(self.listed, row, places, strict=True):
                start, role = rest.cross(line), "residual" if str(label) == queen else "ink2"
                foot = at(start.left, (start.top + start.bottom) / 2)
                bars.add(bar_on(foot, ground, cosine, "width", rest.width - NUMBER, BAR, role=role, radius=4))
        self.bars = self.bars_of[0].copy()
        self.numbers = VGroup()
        for bar, quantity in zip(self.bars, self.rows[0], strict=True):
            self.numbers.add(number(quantity, ".2f", "stage number").settle(bar.get_right() + self._beside))

    @property
    def _beside(self) -> np.ndarray:
        return RIGHT * units(NUMBER * 0.55)

    def line_of(self, label: Label) -> VGroup:
        """The row of a word with its bar and its cosine with the sum, where they stand in the end."""
        place = [str(one) for one in self.listed].index(str(label))
        bar = self.bars_of[-1][place]
        cosine = number(self.rows[-1][place], ".2f", "stage number").settle(bar.get_right() + self._beside)
        return VGroup(self.texts[place], bar, cosine)

    def carry(self) -> Animation:
        """The step goes to the tip of the first word."""
        return Travel(self.step, self.carried, 0.0, "row")

    def lead(self) -> tuple[Animation, ...]:
        """The sum is led along the step, and the bars follow; its name is gone on the way past the fourth word."""
        return (
            leave(self.sum[-1]),
            Through(VGroup(*self.sum[:-1]), [VGroup(*one[:-1]) for one in self.sums], "slow"),
            Riding(self.bars, self.bars_of, self.numbers, self.rows, ".2f", self._beside, "slow"),
        )
