"""A linear probe: vectors as dots on a plane, carried through the layers, and the line that parts them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import LEFT, RIGHT, VGroup

from scenes.animations import Play, appear, appear_in_turn, exchange, follow, leave, reshape
from scenes.layout import Room
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, dashes, dot, drop, frame
from scenes.mobjects.text import Words, word
from scenes.theme import at, palette, units
from transformer_core.tracing.trace import NamedTensor, Trace

#: The colours of both genders; px of a dot that the probe is fitted to, of one of a new noun, and of a
#: circle around it where it is wrong.
MASCULINE, FEMININE = "key", "value"
GENDERS = (MASCULINE, FEMININE), ("masculine", "feminine")
KNOWN, NEW, HALO = 10.0, 17.0, 46.0
#: The part of the extent of all dots that is left free around them.
MARGIN = 0.08
#: Px of the name of a plane, of a line below it, between its parts, and around what stands in it.
HEAD, ROW, APART, INSET = 72.0, 56.0, 4.0, 22.0
#: How opaque each side of the line is.
TINT = 0.13


class ProbePlane:
    """Vectors as dots on one plane, for each layer where they lie then, and the line of the linear probe of that layer.

    Across lies what the probe says, so that its line is upright, and what it calls masculine or feminine is a side of
    its colour; up, how the vectors differ most at right angles to it. In the last plane genders are dealt at random.

    Args:
        run: the results of the experiment.
        room: the rectangle that is filled.
        stops: the places of the stream above it where it is read.
    """

    def __init__(self, run: Trace, room: Room, stops: Sequence[np.ndarray]) -> None:
        spots, genders, new, asked = run["spots"], run["genders"], run["unseen"].values > 0, run["asked"]
        head, (body, foot) = room.split_rows(HEAD)[0], room.split_rows(HEAD)[1].split_rows(-ROW)
        across, up = (spots.pick(**{spots.axes[-1]: axis}) for axis in (0, 1))
        reach, heights = (1 + MARGIN) * float(np.abs(across.values).max()), (up.values.min(), up.values.max())
        air = MARGIN * (heights[1] - heights[0])
        around = (-reach, reach), (heights[0] - air, heights[1] + air)
        self.plot = Plot.filling(body, across, up, around)
        self.plot.remove(self.plot.names)
        self.line = dashes(self.plot.point(0, around[1][0]), self.plot.point(0, around[1][1]), "query", 6)
        #: Either side of the line with the gender that the probe reads there; what the upright axis is.
        self.sides, line = VGroup(), body.inset(INSET).split_rows(ROW)[0]
        self.axis = Words("up: another direction", "fact", "ink2").begin_in(line)
        for half, under, role, name in zip(body.columns(2, 0), foot.columns(2, 2 * INSET), *GENDERS, strict=True):
            side = Box.of(half, palette().role(role), 0).set_fill(opacity=TINT).set_z_index(-1)
            call = Words(f"read as {name}", "stage word", role)
            self.sides.add(side, call.end_in(under) if role == MASCULINE else call.begin_in(under))
        #: For each plane the needle that reads it, its name, the dots that the probe is fitted to, those of new nouns,
        #: circles around the wrong ones, and their count.
        self.needles, self.names, self.known, self.told, self.wrong, self.counts = (VGroup() for _ in range(6))
        for k in range(len(spots)):
            stop, name = stops[min(k, len(stops) - 1)], word(spots.label("part", k), "large word").settle(head.centre)
            name.set_x(min(stop[0], at(room.right, 0)[0] - name.width / 2))
            if k == len(stops):  # read at the last place, too
                name.next_to(self.names[-1], LEFT, units(ROW))
            self.names.add(name)
            self.needles.add(VGroup(dot(stop, KNOWN + APART, "query"), drop(dot(stop), name, "query", 6)))
            for dots, some, large in (self.known, ~new, KNOWN), (self.told, new, NEW):
                dots.add(VGroup(self._dot(spots, genders, k, int(i), large) for i in np.flatnonzero(some)))
            told, off = self.told[-1], np.flatnonzero(spots.values[k, new, 0] * genders.values[k, new] <= 0)
            self.wrong.add(VGroup(frame(HALO, HALO, "warning", 4, HALO / 2).move_to(told[int(i)]) for i in off))
            told_of = Words(f"wrong: {run['wrong_side'].quantity(k):.0f} of {asked:.0f}", "large word")
            self.counts.add(told_of.end_in(foot))
        self.blank = self.told[0].copy().set_fill(palette().ink3)
        self.legend = VGroup(dot(np.zeros(3), NEW, "ink3"), Words("new noun", "fact", "ink2"))
        self.legend.arrange(RIGHT, units(3 * APART)).move_to(foot.centre).align_to(at(foot.left, 0), LEFT)

    def _dot(self, spots: NamedTensor, genders: NamedTensor, part: int, sample: int, radius: float) -> VGroup:
        across, up = ([spots.quantity(part, sample, axis)] for axis in (0, 1))
        role = FEMININE if genders.quantity(part, sample) > 0 else MASCULINE
        return self.plot.dots(across, up, role, radius)

    def ask(self) -> list[Play]:
        """New nouns come as grey dots, and then their genders are told."""
        return [(appear(self.legend), appear_in_turn([*self.blank], "rest")), exchange([*self.blank], [*self.told[0]])]

    def judge(self, part: int = 0) -> list[Play]:
        """Those that lie on the wrong side are circled, and counted."""
        return [(appear(self.counts[part]), appear_in_turn([*self.wrong[part]]))]

    def carry(self, part: int, back: bool = False) -> list[Play]:
        """All dots move to where they lie in the next plane, or in the one before, and are judged there."""
        before = part + 1 if back else part - 1
        names = [self.names[before]] if part < len(self.names) - 1 else []
        gone = leave(self.wrong[before], self.counts[before], *names)
        needle = exchange([self.needles[before]], [self.needles[part]], "row")
        moved = (reshape(dots[0], dots[part], "row") for dots in (self.known, self.told))
        return [(gone, *([follow(self.names[part])] if not back else []), *needle, *moved), *self.judge(part)]
