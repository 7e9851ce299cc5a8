"""Models trained with and without a part: accuracy by step, a line for each seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from manim import UP, VGroup

from scenes.mobjects.bars import ShareBar
from scenes.mobjects.marks import Called, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.text import Words, number
from scenes.theme import at, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import Trace


def crowd(labels: Sequence[Words]) -> None:
    """Move two labels apart that would stand on each other."""
    upper, lower = sorted(labels, key=lambda label: -label.get_y())
    if upper.get_y() - lower.get_y() < upper.height * 1.3:
        middle = (upper.get_y() + lower.get_y()) / 2
        upper.set_y(middle + upper.height * 0.75)
        lower.set_y(middle - upper.height * 0.75)


class Trained(VGroup):
    """Curves of the trainings without the named parts (experiment `parts_removed`).

    Args:
        run: the tensors of the experiment.
        parts: what is called how, and in which role: `{"nothing": ("with Add", "residual")}`. Two of them.
    """

    def __init__(self, run: Trace, parts: Mapping[str, tuple[str, str]], wide: float = 980) -> None:
        steps = run["step"]
        names = ("steps of training", "new sentences that come out right")
        self.plot = Plot([0, *steps.values], [0.0, 1.0], names, wide=wide, high=500)
        self.lines: dict[str, VGroup] = {}
        self.labels: dict[str, Words] = {}
        self.mean: dict[str, Quantity] = {}
        for part, (name, role) in parts.items():
            curves = run["curve"].pick(part=part)
            self.lines[part] = VGroup(*(self.plot.curve(steps, curve, role, 4) for curve in curves))
            self.mean[part] = run["exact.over_seeds"].pick(part=part)
            words = means(Words(f"{name} {self.mean[part]:.0%}", "fact", role), Called(part, "part"))
            height = float(curves.values[:, -1].mean())
            self.labels[part] = self.plot.label(words, steps.values[-1], height)
            if height < 0.05:  # clear of the axis
                words.shift(UP * units(26))
        crowd(list(self.labels.values()))
        self.plot.add(self.plot.ticks(steps.quantities()[1::2], ",.0f"))
        super().__init__(self.plot, *self.lines.values(), *self.labels.values())


#: Ways to build a stack, what they are called, and in which role.
WAYS = {
    "no norm, no Add": ("neither", "ink3"),
    "no norm": ("Add alone", "warning"),
    "pre-norm, no Add": ("Norm alone", "key"),
    "pre-norm": ("Add and Norm", "residual"),
}


class ByDepth(VGroup):
    """The gradient at the first layer, untrained, by the number of layers (experiment `gradient_by_depth`)."""

    def __init__(self, run: Trace) -> None:
        depths = run["depths"]
        values = {way: run["first"].pick(choice=way) for way in WAYS}
        reach = [float(value) for curve in values.values() for value in curve.values]
        names = ("layers", "gradient at the first layer, powers of ten")
        self.plot = Plot(depths.values.tolist(), reach, names, high=500, logarithmic=(True, True))
        self.deepest = depths.quantities()[-1]
        self.lines: dict[str, VGroup] = {}
        self.labels: dict[str, Words] = {}
        self.ends: dict[str, Quantity] = {}
        for way, (name, role) in WAYS.items():
            y = values[way]
            self.lines[way] = VGroup(self.plot.curve(depths, y, role, 5), self.plot.dots(depths, y, role, 8))
            end = self.ends[way] = values[way].quantities()[-1]
            words = Words(f"{name} {end:{'.2f' if 0.01 < end < 1000 else '.0e'}}", "fact", role)
            means(words, Called(way, "choice"))
            self.labels[way] = self.plot.label(words, float(self.deepest), float(end))
        crowd([self.labels["pre-norm, no Add"], self.labels["pre-norm"]])
        self.plot.add(self.plot.ticks(depths.quantities()))
        super().__init__(self.plot, *self.lines.values(), *self.labels.values())


class Deep(VGroup):
    """Shares as bars, under a heading."""

    def __init__(self, heading: str, shares: Mapping[str, tuple[Quantity, str]]) -> None:
        self.heading = Words(heading, "block").settle(at(0, 380)).begin_at(at(1330, 0)[0])
        super().__init__(self.heading)
        for i, (name, (share, role)) in enumerate(shares.items()):
            y = 500 + (150 if len(shares) < 3 else 118) * i
            title = Words(name, "fact", role).settle(at(0, y - 46)).begin_at(at(1330, 0)[0])
            bar = ShareBar(share, 320, "", 44, role).move_to(at(1490, y))
            value = number(share, ".0%", "large number").settle(at(0, y)).begin_at(at(1674, 0)[0])
            self.add(VGroup(title, bar, value))
