"""Trainings that differ in one thing, and how much of a difference chance explains.

Everywhere the whole model is green and what was taken out is in the colour of a warning; a seed is a dot, the mean of
all seeds a short line, and the band is what chance explains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from manim import RIGHT, UP, VGroup, VMobject

from scenes.mobjects.marks import Away, Ground, Length, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, dashes, dot, path, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: How parts are called on screen, and what a model without them is called.
CALLED = {
    "nothing": "the whole model",
    "positions": "no positions",
    "residual": "no residual",
    "norm": "no norm",
    "all heads but one": "one head",
    "feed-forward": "no feed-forward",
    "root": "no root",
    "warm-up": "no warm-up",
}
#: px: where the pictures at the right of the diagram begin, and the height of their middle.
LEFT, MIDDLE = 830.0, 520.0


def envelope(plot: Plot, x: Sequence[float], curves: np.ndarray, role: str, opacity: float = 0.3) -> VMobject:
    """From the lowest to the highest of several curves, as a band."""
    top = [plot.point(a, b) for a, b in zip(x, curves.max(0), strict=True)]
    low = [plot.point(a, b) for a, b in zip(x, curves.min(0), strict=True)]
    colour = palette().role(role)
    band = VMobject(fill_color=colour, fill_opacity=opacity, stroke_width=0)
    band.set_points_as_corners([*top, *low[::-1], top[0]])
    return band


class Bands(VGroup):
    """Accuracy by step for the models without some parts: a band over the seeds, their mean, and the last value.

    Args:
        run: the tensors of the experiment.
        parts: whose curves there are.
    """

    def __init__(self, run: Trace, parts: Sequence[str]) -> None:
        steps = run["step"]
        self.plot = Plot(
            [0, *steps.values], [0.0, 1.0], ("steps of training", "new sentences that come out right"), 660, 500
        )
        self.plot.add(self.plot.ticks(steps.quantities()[1::2], ",.0f"))
        # The labels are as wide as they are: the axes stand where the stage has room for the longest.
        self.plot.shift(at(LEFT + 330, MIDDLE) - self.plot.axes.get_center())
        self.seeds: dict[str, VGroup] = {}
        self.bands: dict[str, VGroup] = {}
        self.labels: dict[str, VGroup] = {}
        for part in parts:
            role = "residual" if part == "nothing" else "warning"
            rows = run["curve"].pick(part=part)
            curves = rows.values
            self.seeds[part] = VGroup(*(self.plot.curve(steps, row, role, 3) for row in rows))
            mean = self.plot.curve(steps.values, curves.mean(0), role, 5)
            self.bands[part] = VGroup(envelope(self.plot, steps.values, curves, role), mean)
            share = run["exact.over_seeds"].pick(part=part)
            value = number(share, "share", "number", role)
            text = VGroup(value, Words(CALLED[part], "fact", role)).arrange(RIGHT, buff=units(14))
            self.labels[part] = self.plot.label(text, steps.values[-1], max(float(share), 0.03))
        self._spread_out()
        super().__init__(self.plot)

    def _spread_out(self) -> None:
        """No label on another: each a line lower than the one above it."""
        order = sorted(self.labels.values(), key=lambda label: -label.get_y())
        for upper, lower in pairwise(order):
            lower.set_y(min(lower.get_y(), upper.get_y() - units(46)))


class DotRows(VGroup):
    """A line for each part: a dot a seed, their mean, and around the mean of the whole model what chance explains.

    Args:
        exact: part × seed.
        parts: the parts, from the top.
        mean, chance, points: of each part: the mean, the band's half width, and the points gained.
        counts: 1 where the difference is an effect.
    """

    WIDE, PITCH = 440.0, 116.0

    def __init__(self, run: Trace, parts: Sequence[str]) -> None:
        exact = run["exact"]
        self.mean, self.chance, self.points, self.counts = (
            run[f"exact.{name}"] for name in ("over_seeds", "chance", "points", "effect")
        )
        whole = self.mean.pick(part="nothing")
        reach = [v for part in parts for v in (*exact.pick(part=part).values, whole - self.chance.pick(part=part),
                                               whole + self.chance.pick(part=part))]  # fmt: skip
        self.low, self.high = float(min(reach)), float(max(reach))
        self.left = LEFT + 220
        #: Px from nothing to a whole, and the line that dots are measured from: the mean of the whole model.
        self.unit, self.ground = self.WIDE / (self.high - self.low), Ground()
        top = MIDDLE + 56 - self.PITCH * (len(parts) - 1) / 2
        self.ys = [top + self.PITCH * k for k in range(len(parts))]
        x = self.x(whole)
        self.axis = VGroup(dashes(at(x, top - 62), at(x, self.ys[-1] + 58), "residual", 3, 7))
        means(self.axis[0], self.ground)
        self.axis.add(number(whole, ".1%", "number", "residual").settle(at(x, top - 88)))
        self.axis.add(Words(CALLED["nothing"], "fact", "residual").settle(at(x, top - 128)))
        self.heads = VGroup(Words("points", "axis", "ink2").settle(at(self.left + self.WIDE + 96, top - 88)))
        self.names, self.bands, self.seeds, self.verdicts = VGroup(), VGroup(), VGroup(), VGroup()
        for part, y in zip(parts, self.ys, strict=True):
            self._line(part, y, exact.pick(part=part).quantities(), float(whole))
        super().__init__(self.axis, self.heads, self.names, self.bands, self.seeds, self.verdicts)

    def x(self, share: float) -> float:
        """px of a share."""
        return self.left + self.WIDE * (float(share) - self.low) / (self.high - self.low)

    def _line(self, part: str, y: float, seeds: Sequence[Quantity], whole: float) -> None:
        half = float(self.chance.pick(part=part))
        self.names.add(Words(CALLED[part], "fact").settle(at(0, y)).end_at(at(self.left - 26, 0)[0]))
        wide = self.x(whole + half) - self.x(whole - half)
        band = band_of_chance(wide, 64).move_to(at(self.x(whole), y))
        means(band[0], Length(self.chance.pick(part=part), "width", 2 * self.unit, 64, 4))
        self.bands.add(band)
        effect = bool(self.counts.pick(part=part))
        role = "warning" if effect else "ink2"
        line = VGroup()
        for seed in seeds:
            away = Away(seed, self.mean.pick(part="nothing"), 0, self.unit, 16, self.ground)
            line.add(means(dot(at(self.x(seed), y), 8, role), away))
        mean = self.x(float(self.mean.pick(part=part)))
        line.add(rule(at(mean, y - 25), at(mean, y + 25), role, 5))
        self.seeds.add(line)
        value = number(self.points.pick(part=part), "+.1f", "large number", "ink" if effect else "ink2")
        told = Words("an effect" if effect else "chance?", "note", role)
        x = self.left + self.WIDE + 96
        self.verdicts.add(VGroup(value.settle(at(x, y - 12)), told.settle(at(x, y + 34))))


def band_of_chance(wide: float, high: float) -> VGroup:
    """A hatched strip: what lies in it may be chance."""
    colours = palette()
    box = Box(max(wide, 4), high, colours.surface, 4, colours.ink3, 1.5)
    marks = VGroup()
    for k in range(int(wide // 16) + 1):
        x = -wide / 2 + 8 + 16 * k
        if x + 7 < wide / 2:
            marks.add(rule(np.array([units(x - 7), -units(high / 2), 0]), np.array([units(x + 7), units(high / 2), 0]),
                           "line", 2))  # fmt: skip
    return VGroup(box, marks)


class Crossed(VGroup):
    """Two sizes, with and without a part: does what the part is worth depend on the size?

    Args:
        ends: for "with" and "without", the seeds at the small and at the large size.
        averages: their means.
        names: what the two lines are called.
        sizes, notes: what the two sizes are called, and what else differs there.
    """

    WIDE, HIGH = 430.0, 460.0

    def __init__(
        self,
        ends: Mapping[str, tuple[NamedTensor, NamedTensor]],
        averages: Mapping[str, tuple[Quantity, Quantity]],
        names: Mapping[str, str],
        sizes: tuple[str, str],
        notes: tuple[str, str],
    ) -> None:
        self.x0, self.x1 = LEFT + 190, LEFT + 190 + self.WIDE
        self.foot, self.ground = MIDDLE + self.HIGH / 2 - 30, Ground()
        self.columns, self.lines, self.starts, self.labels = VGroup(), VGroup(), VGroup(), VGroup()
        for x, size, note in zip((self.x0, self.x1), sizes, notes, strict=True):
            post = means(rule(at(x, self.foot), at(x, self.foot - self.HIGH), "line", 3), self.ground)
            told = Words(size, "fact", "ink").settle(at(x, self.foot + 38))
            self.columns.add(VGroup(post, told, Words(note, "axis", "ink2").settle(at(x, self.foot + 82))))
        for which, role in (("with", "residual"), ("without", "warning")):
            spots = [at(x, self.y(mean)) for x, mean in zip((self.x0, self.x1), averages[which], strict=True)]
            dots = [self._dots(x, seeds, role) for x, seeds in zip((self.x0, self.x1), ends[which], strict=True)]
            self.starts.add(dots[0])
            self.lines.add(VGroup(path(spots, role, 6), dots[1]))
            texts = VGroup()
            for x, mean, side in ((self.x0, averages[which][0], -1), (self.x1, averages[which][1], 1)):
                value = number(mean, "share", "number", role).settle(at(x, self.y(mean)))
                texts.add(value.end_at(at(x - 26, 0)[0]) if side < 0 else value.begin_at(at(x + 26, 0)[0]))
            name = Words(names[which], "fact", role).settle(at(0, self.y(averages[which][1])))
            texts.add(name.begin_at(texts[1].get_right()[0] + units(16)))
            self.labels.add(texts)
        self._apart()
        super().__init__(self.columns, self.starts, self.lines, self.labels)

    def _dots(self, x: float, seeds: NamedTensor, role: str) -> VGroup:
        """A dot for each seed, on a post whose middle is a half."""
        found = VGroup()
        for seed in seeds.quantities():
            away = Away(seed, 0.5, 1, self.HIGH - 32, 16, self.ground)
            found.add(means(dot(at(x, self.y(seed)), 8, role), away))
        return found

    def y(self, share: float) -> float:
        """px of a share."""
        return self.foot - 16 - (self.HIGH - 32) * float(share)

    def _apart(self) -> None:
        """Numbers that would stand on each other move away, those of both ends by themselves."""
        for parts in ((0,), (1, 2)):
            ups = [VGroup(*(texts[k] for k in parts)) for texts in self.labels]
            upper, lower = sorted(ups, key=lambda group: -group[0].get_y())
            short = units(46) - (upper[0].get_y() - lower[0].get_y())
            if short > 0:
                upper.shift(UP * short / 2)
                lower.shift(-UP * short / 2)
