"""Curves of an experiment on one plot, each with its name and its last value at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from manim import UP, Animation, VGroup

from scenes.animations import appear, draw, fill
from scenes.mobjects.marks import Called, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.text import Words
from scenes.theme import units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor


def spread(labels: Sequence[Words]) -> None:
    """Move labels apart that would stand on each other, the lowest first."""
    for lower, upper in zip(ordered := sorted(labels, key=lambda label: label.get_y()), ordered[1:], strict=False):
        missing = 1.7 * upper.height - (upper.get_y() - lower.get_y())
        upper.shift(UP * max(0.0, missing))


class Curves(VGroup):
    """Curves over one axis, such as the steps of a training: a line for each seed, or one with dots.

    Args:
        plot: the axes.
        x: what runs along the first axis.
        rows: the values of each curve, or of each of its seeds, by the name along `axis` of their tensor.
        names: what each curve is called, and in which role: `{"nothing": ("with Add", "residual")}`.
        ends: the number that stands beside the name, and its format.

    Example::

        run = trace.under("experiment.gradient_by_depth")
        plot = Plot(run["depths"].values, (0.1, 10), ("layers", "gradient"), high=340, logarithmic=(True, True))
        rows = {way: run["first"].pick(choice=way) for way in ("pre-norm", "post-norm")}
        names = {"pre-norm": ("pre-norm", "residual"), "post-norm": ("post-norm", "ink2")}
        curves = Curves(plot, run["depths"], rows, names, {way: (row.quantity(3), ".2f") for way, row in rows.items()})
        figure = Room(360, 190, 1560, 690).fit(curves)
    """

    def __init__(
        self,
        plot: Plot,
        x: NamedTensor,
        rows: Mapping[str, NamedTensor],
        names: Mapping[str, tuple[str, str]],
        ends: Mapping[str, tuple[Quantity, str]],
        axis: str = "choice",
    ) -> None:
        self.plot = plot
        self.lines: dict[str, VGroup] = {}
        self.labels: dict[str, Words] = {}
        for key, (name, role) in names.items():
            row = rows[key]
            seeds = [row] if len(row.axes) == 1 else [*row]
            lines = [plot.curve(x, one, role, 6 if len(seeds) == 1 else 4) for one in seeds]
            dots = plot.dots(x, row, role, 10) if len(seeds) == 1 else VGroup()
            self.lines[key] = VGroup(*lines, dots)
            end, spec = ends[key]
            words = means(Words(f"{name} {end:{spec}}", "stage word", role), Called(key, axis))
            last = sum(float(one.values[-1]) for one in seeds) / len(seeds)
            self.labels[key] = plot.label(words, float(x.values[-1]), last)
            lift = plot.axes[0].get_y() + units(30) - words.get_y()
            words.shift(UP * max(0.0, lift))
        spread([*self.labels.values()])
        super().__init__(plot, *self.lines.values(), *self.labels.values())

    def drawn(self, *keys: str) -> list[object]:
        """Two plays: these curves run to their ends, and their names appear there."""
        both: list[Animation] = []
        for key in keys:
            *lines, dots = self.lines[key]
            both += [draw(*lines, kind="slow"), *([fill(dots, "slow")] if len(dots) else [])]
        return [tuple(both), appear(*(self.labels[key] for key in keys))]
