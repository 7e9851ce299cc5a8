"""A linear probe: vectors as dots on a plane, carried through the layers, and the line that parts them."""

from __future__ import annotations

import numpy as np
from manim import LEFT, RIGHT, UP, VGroup, VMobject

from scenes.animations import Play, appear, appear_in_turn, exchange, follow, leave, reshape
from scenes.layout import Room
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import dashes, dot, rule
from scenes.mobjects.text import Words, word
from scenes.theme import at, palette, units
from transformer_core.tracing.trace import NamedTensor, Trace

#: The colours of both genders; px of a dot that the probe is fitted to, and of one of a new noun.
MASCULINE, FEMININE = "key", "value"
KNOWN, NEW = 10.0, 17.0
#: The part of the extent of all dots that is left free around them.
MARGIN = 0.08


class ProbePlane:
    """Vectors as dots on one plane, for each layer where they lie then, and the line of the linear probe of that layer.

    Across lies what the probe says, so that its line is upright; up, how the vectors differ most at right angles to it.
    The last plane is that of genders dealt at random.

    Args:
        run: the results of the experiment.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        spots, genders, new = run["spots"], run["genders"], run["unseen"].values > 0
        head, body = room.split_rows(64, 56)
        across, up = (spots.pick(**{spots.axes[-1]: axis}) for axis in (0, 1))
        reach, heights = (
            (1 + MARGIN) * float(np.abs(across.values).max()),
            (float(up.values.min()), float(up.values.max())),
        )
        air = MARGIN * (heights[1] - heights[0])
        around = (-reach, reach), (heights[0] - air, heights[1] + air)
        self.plot = Plot.filling(body.split_rows(-90)[0], across, up, around)
        self.ticks = self.plot.ticks([genders.smallest()[-1], genders.largest()[-1]], ".0f", "fact")
        self.line = dashes(self.plot.point(0, heights[0]), self.plot.point(0, heights[1]), "query", 6)
        #: For each plane its name, the dots that the probe is fitted to, those of new nouns, crosses on the wrong ones.
        self.names, self.known, self.told, self.wrong, self.counts = (VGroup() for _ in range(5))
        for k in range(len(spots)):
            self.names.add(word(spots.label("part", k), "large word").begin_in(head))
            known, told = (
                VGroup(self._dot(spots, genders, k, int(i), large) for i in np.flatnonzero(some))
                for some, large in ((~new, KNOWN), (new, NEW))
            )
            sides = spots.values[k, new, 0] * genders.values[k, new]
            self.known.add(known)
            self.told.add(told)
            self.wrong.add(VGroup(cross(told[int(i)].get_center()) for i in np.flatnonzero(sides <= 0)))
            count = f"{run['wrong_side'].quantity(k):.0f} of {run['asked']:.0f} wrong"
            self.counts.add(Words(count, "large word").end_in(head))
        self.blank = self.told[0].copy().set_fill(palette().ink3)
        looks = ((KNOWN, MASCULINE), (KNOWN, FEMININE), (NEW, "ink3"))
        signs = (*(dot(np.zeros(3), *look) for look in looks), cross(np.zeros(3)))
        names = "masculine", "feminine", "new noun", "on the wrong side"
        self.legend = VGroup(VGroup(one, Words(name, "fact")).arrange() for one, name in zip(signs, names, strict=True))
        self.legend.arrange(RIGHT, buff=units(48)).align_to(at(room.left, 0), LEFT).set_y(self.plot.names[0].get_y())

    def _dot(self, spots: NamedTensor, genders: NamedTensor, part: int, sample: int, radius: float) -> VMobject:
        across, up = ([spots.quantity(part, sample, axis)] for axis in (0, 1))
        role = FEMININE if genders.quantity(part, sample) > 0 else MASCULINE
        spot: VMobject = self.plot.dots(across, up, role, radius)[0]
        return spot

    def ask(self) -> list[Play]:
        """New nouns come as grey dots; then their genders are told, and they are judged."""
        return [appear_in_turn([*self.blank]), exchange([*self.blank], [*self.told[0]]), *self.judge(0)]

    def judge(self, part: int) -> list[Play]:
        """Crosses go on those that lie on the wrong side, and are counted."""
        return [(appear_in_turn([*self.wrong[part]], "rest"), appear(self.counts[part]))]

    def carry(self, part: int) -> list[Play]:
        """All dots move to where they lie in the next plane, and are judged there."""
        gone = leave(self.wrong[part - 1], self.counts[part - 1], self.names[part - 1])
        moved = (reshape(dots[0], dots[part], "row") for dots in (self.known, self.told))
        return [(gone, follow(self.names[part]), *moved), *self.judge(part)]


def cross(centre: np.ndarray) -> VGroup:
    """A cross on a dot."""
    arms = ((UP + side) * units(NEW) for side in (LEFT, RIGHT))
    return VGroup(rule(centre - arm, centre + arm, "ink", 5) for arm in arms)
