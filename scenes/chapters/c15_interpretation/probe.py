"""A linear probe: vectors as dots on a plane, and the line that parts them."""

from __future__ import annotations

import numpy as np
from manim import RIGHT, VGroup, VMobject

from scenes.animations import (
    Play,
    appear,
    exchange,
)
from scenes.mobjects.card import Card
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import dashes, dot, stroke
from scenes.mobjects.text import Words, word
from scenes.theme import at, palette, units
from transformer_core.tracing.trace import NamedTensor, Trace

#: The colours of both genders.
MASCULINE, FEMININE = "key", "value"


class ProbePlanes:
    """Vectors as dots on a plane for each layer, and the line with which a linear probe parts them by gender.

    Across lies what the probe says, so that its line is upright; up, how the vectors differ most at right angles to it.

    Args:
        run: the results of the experiment.
        card: what is filled, the line of its name with the names of the colours.
    """

    def __init__(self, run: Trace, card: Card) -> None:
        spots, genders, new = run["spots"], run["genders"], run["unseen"].values > 0
        self.heads, self.planes, self.lines, self.ticks = (VGroup() for _ in range(4))
        #: Of each plane the dots that the probe is fitted to, and those of new nouns: without a gender, and with it.
        self.known, self.blank, self.told, self.counts = (VGroup() for _ in range(4))
        top, rest = card.inside.split_rows(48, 74)
        body, foot = rest.split_rows(-150)
        across, up = (spots.pick(**{spots.axes[-1]: axis}) for axis in (0, 1))
        reach = float(np.abs(across.values).max())
        heights = [float(f(up.values)) for f in (np.min, np.max)]
        for k, (column, below) in enumerate(
            zip(body.columns(len(spots), 60), foot.columns(len(spots), 60), strict=True)
        ):
            self.heads.add(word(spots.label("part", k), "block", "ink2").settle(column.cross(top).centre))
            plot = Plot.filling(column, across, up, ((-reach, reach), heights))
            # The first plane names the axes of all.
            self.planes.add(plot.axes if k else plot)
            sides = [genders.pick(part=k).smallest()[-1], genders.pick(part=k).largest()[-1]]
            self.ticks.add(plot.ticks(sides, ".0f", "fact"))
            self.lines.add(dashes(plot.point(0, heights[0]), plot.point(0, heights[1]), "query", 5))
            for group, some, large in ((self.known, ~new, 5), (self.told, new, 10)):
                group.add(VGroup(self._dot(plot, spots, genders, k, i, large) for i in map(int, np.flatnonzero(some))))
            self.blank.add(self.told[-1].copy().set_fill(palette().ink3).set_stroke(width=0))
            told = f"{run['wrong_side'].quantity(k):.0f} of {run['asked']:.0f} wrong"
            self.counts.add(Words(told, "stage number").settle(below.split_rows(-56)[1].centre))
        signs = ((MASCULINE, "masculine"), (FEMININE, "feminine"))
        self.legend = VGroup(VGroup(dot(np.zeros(3), 9, role), Words(name, "fact")).arrange() for role, name in signs)
        self.legend.arrange(RIGHT, buff=units(48)).move_to(card.head.centre).align_to(at(card.head.right, 0), RIGHT)

    @staticmethod
    def _dot(plot: Plot, spots: NamedTensor, genders: NamedTensor, part: int, sample: int, radius: float) -> VMobject:
        across, up = (spots.quantity(part, sample, axis) for axis in (0, 1))
        gender = genders.quantity(part, sample)
        (spot,) = plot.dots([across], [up], FEMININE if gender > 0 else MASCULINE, radius)
        wrong = bool(across * gender <= 0) and radius > 5
        return spot.set_stroke(palette().warning, stroke(3) if wrong else 0)

    def test(self, *parts: int) -> list[Play]:
        """New nouns come as grey dots; then their genders are told, and those on the wrong side are counted."""
        grey, told, counts = (VGroup(group[k] for k in parts) for group in (self.blank, self.told, self.counts))
        return [appear(grey, rise=False), exchange([*grey], [*told], "slow"), appear(counts)]
