"""Places, axes and arrows that mean a number: how far from its ground a mark stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from manim import Mobject, VMobject

from scenes.mobjects.marks.judging import SLACK, Ground, Grounded, MarkMeaning, Sight, box_of, extent, named
from scenes.theme import PIXELS_PER_UNIT
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.provenance import Quantity

#: An entry, or the sum of several.
Entries = Quantity | tuple[Quantity, ...]


@dataclass(frozen=True, eq=False)
class AxisSpan(Ground):
    """An axis of a plot: its line leads from `low` to `high`, or from their powers of ten; `axis` 0 across, 1 up."""

    axis: int
    low: float
    high: float
    logarithmic: bool = False

    def spot(self, value: float, line: Mobject) -> float:
        """The place of a value along the drawn line of the axis, in units."""
        start, end = (corner[self.axis] for corner in box_of(line))
        level = np.log10(value) if self.logarithmic else value
        return float(start + (level - self.low) / ((self.high - self.low) or 1.0) * (end - start))


@dataclass(frozen=True)
class Rises(Grounded):
    """The mark stands on its ground and leads to the side that the sign says: up or right for a positive number."""

    quantity: Quantity
    axis: int
    ground: Ground
    slack: float = 1.0

    def fault_from(self, line: Mobject, mark: VMobject, sight: Sight) -> str:
        low, high = (corner[self.axis] for corner in box_of(mark))
        zero = sum(corner[self.axis] for corner in box_of(line)) / 2
        value = sight.value(self.quantity)
        foot, away = (low if value >= 0 else high), ((low + high) / 2 - zero) * PIXELS_PER_UNIT
        if abs(away) > SLACK and value and np.sign(away) != np.sign(value):
            return f"{named(self.quantity)} is drawn on the other side of zero"
        off = abs(foot - zero) * PIXELS_PER_UNIT
        return f"{named(self.quantity)} begins {off:.1f} px from its ground" if off > self.slack + SLACK else ""


@dataclass(frozen=True)
class Away(Grounded):
    """The middle of the mark lies (value - `origin`) × `unit` px from its ground along `axis`, where it is `own` wide.

    A dot that was scaled with its figure is as much nearer as it is smaller.
    """

    quantity: float
    origin: float
    axis: int
    unit: float
    own: float
    ground: Ground

    def scales(self) -> Sequence[tuple[int, float]]:
        return ((self.axis, self.unit),)

    def fault_from(self, line: Mobject, mark: VMobject, sight: Sight) -> str:
        grown = extent(mark, "width") / self.own
        (low, high), (start, end) = box_of(mark), box_of(line)
        drawn = float((low + high - start - end)[self.axis]) / 2 * PIXELS_PER_UNIT / grown
        right = (sight.value(self.quantity) - sight.value(self.origin)) * self.unit
        wrong = abs(drawn - right) > SLACK
        return f"{named(self.quantity)} is drawn {drawn:.1f} px from its ground: {right:.1f} px" if wrong else ""


@dataclass(frozen=True)
class Course(MarkMeaning):
    """The corners of a line, or the middle of a dot, lie at these values of two axes."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    across: AxisSpan
    up: AxisSpan

    def fault(self, mark: VMobject, sight: Sight) -> str:
        found = [(span, sight.carrier(span, mark)) for span in (self.across, self.up)]
        axes = [(span, line, (self.x, self.y)[span.axis]) for span, line in found if line is not None]
        corners = np.array([*mark.points[::4], mark.points[-1]]) if len(self.x) > 1 else mark.get_center()[None]
        if len(corners) != len(self.x):
            return f"a line of {len(corners)} points is drawn for {len(self.x)} values"
        for span, line, values in axes:
            for corner, value in zip(corners, values, strict=True):
                right = span.spot(sight.value(value), line)
                off = abs(corner[span.axis] - right) * PIXELS_PER_UNIT
                if off > SLACK:
                    return f"{named(value)} is drawn {off:.1f} px off along axis {span.axis}"
        return ""


@dataclass(frozen=True)
class Slope(MarkMeaning):
    """The middle of the line lies at (x, y) of two axes, and it rises by `slope` for each one of the first."""

    slope: Quantity
    x: float
    y: float
    across: AxisSpan
    up: AxisSpan

    def fault(self, mark: VMobject, sight: Sight) -> str:
        across, up = (sight.carrier(span, mark) for span in (self.across, self.up))
        if across is None or up is None:
            return ""
        x, y = sight.value(self.x), sight.value(self.y)
        spot = np.array([self.across.spot(x, across), self.up.spot(y, up)])
        wide, high = self.across.spot(x + 1, across) - spot[0], self.up.spot(y + 1, up) - spot[1]
        start, end = mark.points[0, :2], mark.points[-1, :2]
        rises = sight.value(self.slope) * high / wide * (end - start)[0]
        off = float(max(abs((end - start)[1] - rises), *abs((start + end) / 2 - spot))) * PIXELS_PER_UNIT
        return f"a tangent of slope {named(self.slope)} is drawn {off:.1f} px off" if off > SLACK else ""


@dataclass(frozen=True)
class Tick(Grounded):
    """The middle of the mark stands at a value of an axis."""

    quantity: float
    ground: AxisSpan
    slack: float = SLACK

    def fault_from(self, line: Mobject, mark: VMobject, sight: Sight) -> str:
        low, high = (corner[self.ground.axis] for corner in box_of(mark))
        off = abs((low + high) / 2 - self.ground.spot(sight.value(self.quantity), line)) * PIXELS_PER_UNIT
        return f"the tick of {named(self.quantity)} stands {off:.1f} px off" if off > self.slack else ""


@dataclass(frozen=True)
class Tip(Grounded):
    """The arrow leads by `across` and `up`, each times `unit` px, from its foot, or from its ground if it is `fixed`.

    In a plane that is stretched, `unit` has the px of both sides.
    The ground is a dot of `own` px: one that was scaled with its figure is as much larger as the arrow is longer.
    """

    across: Entries
    up: Entries
    unit: float | tuple[float, float]
    own: float
    ground: Ground
    fixed: bool = False

    def scales(self) -> Sequence[tuple[int, float]]:
        return [*enumerate(np.broadcast_to(self.unit, 2))]

    def fault_from(self, dot: Mobject, mark: VMobject, sight: Sight) -> str:
        lines = [part for part in mark.get_family() if len(part.points)]
        low, high = box_of(dot)
        grown = float(high[0] - low[0]) * PIXELS_PER_UNIT / self.own
        foot = (low + high) / 2 if self.fixed else lines[0].points[0]
        # An arrow's head is a shape of its own, which begins at its tip.
        drawn = (lines[-1].points[0] - foot)[:2] * PIXELS_PER_UNIT / grown
        sides = [one if isinstance(one, tuple) else (one,) for one in (self.across, self.up)]
        right = np.array([sum(map(sight.value, side)) for side in sides]) * self.unit
        wrong = float(np.abs(drawn - right).max()) > SLACK
        return f"an arrow by {drawn.round(1)} px is drawn for {named(sides[0][-1])}: {right.round(1)}" if wrong else ""


@dataclass(frozen=True)
class Swung(Grounded):
    """From tip to tip of two arrows with one foot, the other being the ground, it is value × the length of this one."""

    quantity: Quantity
    ground: Ground

    def fault_from(self, line: Mobject, mark: VMobject, sight: Sight) -> str:
        shapes = ([part for part in one.get_family() if len(part.points)] for one in (mark, line))
        (foot, tip), (_, other) = ((parts[0].points[0], parts[-1].points[0]) for parts in shapes)
        drawn, length = (float(np.linalg.norm(tip - end)) * PIXELS_PER_UNIT for end in (other, foot))
        right = sight.value(self.quantity) * length
        wrong = abs(drawn - right) > SLACK
        return f"two tips {drawn:.1f} px apart are drawn for {named(self.quantity)}: {right:.1f} px" if wrong else ""


def row_of(tensor: NamedTensor | Sequence[float]) -> tuple[float, ...]:
    """The values of a row, with their sources where it is a tensor."""
    return tuple(tensor.quantities()) if isinstance(tensor, NamedTensor) else tuple(tensor)
