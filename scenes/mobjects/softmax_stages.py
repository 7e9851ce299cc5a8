"""A row of scores on its way through the softmax: a bar for each key, at every stage an entry of the trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from manim import DOWN, RIGHT, UP, Animation, Scene, VGroup, rate_functions

from scenes.animations import Come, Travel, leave
from scenes.animations.fades import Leave, Motion
from scenes.animations.verbs import LATE
from scenes.layout import Room
from scenes.mobjects.bars import bar_on
from scenes.mobjects.cells import fitting
from scenes.mobjects.marks import Ground, Shade, means
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, pace, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px above and below the bars, for their numbers.
AIR = 56.0
#: The first stage whose numbers lie between nothing and one.
FIRST_OF_ONE = 3
#: The pace at which a stage turns into the next.
TURN = "row"


@dataclass(frozen=True)
class SoftmaxStage:
    """The row at one stage: `bars` from a `zero` line, a number at each, and the name of the stage.

    The numbers stand at `spots`, written by `spec`.
    """

    bars: VGroup
    numbers: VGroup
    spots: list[np.ndarray]
    spec: str
    zero: VGroup
    name: Words
    room: Room

    @property
    def whole(self) -> VGroup:
        """All of it."""
        return VGroup(self.zero, self.bars, self.numbers, self.name)


class SoftmaxStages:
    """Stages of a row over the same keys, each drawn under the tokens of a ribbon.

    Args:
        rows: a stage each, "key".
        names: what a viewer calls each stage.
        ribbon: the tokens; `keys` are the positions that the query may see.
        room: what lies under the ribbon; its left part, beside the columns, takes the names.
        specs: the formats of the numbers.
        way: the rows between the stages, "frame key", in as many frames from each to the next, if they are known.

    The first three stages share the scale of the first, so that a division is seen; the last two have numbers between
    nothing and one, and one fills the room.

    Example::

        head, room = trace.under("encoder.1.self_attn", batch=0, head=0), Room(560, 190, 1640, 700)
        ribbon = Ribbon(head["weights"].words("key"), room)
        rows = [head[name].pick(query="red") for name in ("scores", "scaled", "scores_minus_max", "weights")]
        names, specs = ("score", "scaled", "minus the largest", "weight"), (".1f", ".1f", ".1f", "weight")
        stages = SoftmaxStages(rows, names, ribbon, (0, 1, 2, 3), ribbon.below(room), specs)
        figure = VGroup(ribbon, stages.stages[0].whole)  # one stage at a time
    """

    def __init__(
        self,
        rows: Sequence[NamedTensor],
        names: Sequence[str],
        ribbon: Ribbon,
        keys: Sequence[int],
        room: Room,
        specs: Sequence[str],
        way: NamedTensor | None = None,
    ) -> None:
        self.ribbon, self.keys, self.room = ribbon, list(keys), room
        reach = [min(0.0, float(rows[0].values[self.keys].min())), max(0.0, float(rows[0].values[self.keys].max()))]
        reach[0] = min([reach[0], *(float(row.values[self.keys].min()) for row in rows[1:FIRST_OF_ONE])])
        self.reach = reach
        self.here, self.way = 0, way
        signs = [place < FIRST_OF_ONE for place in range(len(rows))]
        self.stages = [self._stage(*one) for one in zip(rows, names, specs, signs, strict=True)]

    def _stage(self, row: NamedTensor, name: str, spec: str, signed_row: bool) -> SoftmaxStage:
        # What lies between nothing and one has one scale at every stage: a weight is seen as a part of the whole.
        low, top = self.reach if signed_row else (0.0, 1.0)
        below = AIR if signed_row else 0.0
        unit = (self.room.height - AIR - below) / ((top - low) or 1.0)
        level = self.room.top + AIR + top * unit
        first, last = self.ribbon.columns[0].left, self.ribbon.columns[-1].right
        ground = Ground()
        line = means(rule(at(first, level), at(last, level), "ink3", 3), ground)
        bars, numbers, spots = VGroup(), VGroup(), []
        scale = float(np.abs(self.reach).max()) or 1.0
        wide = min(170.0, self.ribbon.wide * 0.66)
        style = "stage number" if self.ribbon.wide >= 120 else "cell"
        entries = [row.quantity(j) for j in self.keys]
        spec = fitting(entries, self.ribbon.pitch - 4, spec, style)
        for j, entry in zip(self.keys, entries, strict=True):
            look = {"fill": signed(entry, scale)} if signed_row else {}
            foot, side = self.ribbon.columns[j].centre * RIGHT + line.get_y() * UP, UP if entry >= 0 else DOWN
            bar = bar_on(foot, ground, entry, "height", unit, wide, radius=4, least=3, **look)
            bars.add(means(bar, Shade(entry, scale)) if signed_row else bar)
            spots.append(bar.get_edge_center(side) + side * units(AIR / 2))
            numbers.add(number(entry, spec, style).settle(spots[-1]))
        text = Words(name, "block", "ink2")
        text.settle(np.array([0, line.get_y(), 0])).end_at(at(first - 28, 0)[0])
        room = Room(first, self.room.top + AIR, last, self.room.bottom)
        return SoftmaxStage(bars, numbers, spots, spec, VGroup(line), text, room)

    def forward(self, *others: Animation) -> tuple[Animation, ...]:
        """The play that leads on to the next stage, all at once: bars, numbers, floor and name; `others` go along."""
        one, other = self.stages[self.here], self.stages[self.here + 1]
        pairs = (one.zero, other.zero), (one.name, other.name)
        if self.way is None:
            turned = [*zip(one.bars, other.bars, strict=True), *zip(one.numbers, other.numbers, strict=True)]
            self.here += 1
            return (*(Travel(a, b, 0.0, "row", leaving=True) for a, b in (*turned, *pairs)), *others)
        frames = (len(self.way) - 1) // (len(self.stages) - 1)
        span = slice(self.here * frames, (self.here + 1) * frames + 1)
        counted = self.here + 1 != FIRST_OF_ONE
        self.here += 1
        rows = [[row.quantity(j) for j in self.keys] for row in [*self.way][span]]
        # What the bars are is told when they are there; what is no score any more gives way to a formula at once.
        late = rate_functions.squish_rate_func(rate_functions.smooth, 0.4, 0.6)
        gone = Leave(one.name, run_time=pace(TURN), rate_func=late) if counted else leave(one.name)
        named = gone, Come(other.name, run_time=pace(TURN), rate_func=LATE)
        along = [Travel(one.zero, other.zero, 0.0, TURN, leaving=True), *named]
        return (Onward(one, other, rows, counted), *along, *others)


class Onward(Motion):
    """Bars become those of the next stage, and the number at each is `counted` along; `rows` are the entries between.

    No number lies between an entry and its exponential: there the old ones go out, and the new ones come.
    """

    def __init__(
        self, one: SoftmaxStage, other: SoftmaxStage, rows: Sequence[Sequence[Quantity]], counted: bool = True
    ) -> None:
        self.one, self.other, self.shown = one, other, -1
        self.rows, self.counted = rows if counted else [rows[0], rows[-1]], counted
        super().__init__(VGroup(one.bars, one.numbers), run_time=pace(TURN), rate_func=rate_functions.smooth)

    def begin(self) -> None:
        self.states = [
            (bar, bar.points, to.points, bar.fill_rgbas, to.fill_rgbas)
            for bar, to in zip(self.one.bars, self.other.bars, strict=True)
        ]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        along = self.rate_func(alpha)
        for bar, start, end, fill, other_fill in self.states:
            bar.points = start + (end - start) * along
            bar.fill_rgbas = fill + (other_fill - fill) * along
        row = round(along * (len(self.rows) - 1))
        for i, text in enumerate(self.one.numbers):
            if row != self.shown:
                text.rewrite(format(self.rows[row][i], self.one.spec))
            if self.counted:  # it goes from one side of the zero line to the other at once
                bar, side = self.one.bars[i], UP if self.rows[row][i] >= 0 else DOWN
                text.settle(bar.get_edge_center(side) + side * units(AIR / 2))
            else:  # it is gone before its bar has got far
                text.settle((self.one, self.other)[round(along)].spots[i])
                text.set_fill(opacity=max(0.0, abs(2 * along - 1) * 8 - 7))
        self.shown = row

    def clean_up_from_scene(self, scene: Scene) -> None:
        super().clean_up_from_scene(scene)
        scene.remove(*self.mobject.get_family())
        scene.add(self.other.bars, self.other.numbers)
