"""Graphical truth: a length, an area, a thickness, a shade or a place that means a number, and which number.

A figure writes on each of its marks what the mark means, as a caption's digits carry their source. `misdrawn` reads
the drawing back and compares it with the trace, so that a bar that is too long is found like a wrong digit.

    bar = means(Box(...), Length(share, "width", px_per_unit, across=44))
    misdrawn([bar], trace)        # [] or ["a width of 120.0 px is drawn for 0.41 of encoder.1...: 164.0 px"]

A figure may be scaled, moved or copied as a whole after it was made, and stays true. So no meaning holds px of the
screen or another mobject: a length is compared with the other side of the same mark, which grows along with it; a
place with its ground (a zero line, an axis), which is looked for on stage by the `Ground` that it carries; an end with
the token that stands there. What such a ground or token is missing for, or on its way for, is not judged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
from manim import Mobject, VMobject

from scenes.mobjects.shapes import stroke
from scenes.theme import PIXELS_PER_UNIT, shared, signed
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

#: How many px a length or a place may differ from what it means; shades are equal.
SLACK = 0.75
#: A line ends at a token, and a chip names a row, up to so many px away from it.
NEAR = 28.0
#: The sides of a mark by their names.
SIDES = {"width": 0, "height": 1}
Drawn = TypeVar("Drawn", bound=Mobject)


class Meaning(ABC):
    """The meaning of a property of a drawing, such as a length; a copy of the drawing means the same."""

    @abstractmethod
    def fault(self, mark: VMobject, sight: Sight) -> str:
        """Say what is drawn wrongly, or "" if the drawing is true."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def means(mobject: Drawn, *meanings: Meaning) -> Drawn:
    """Write on `mobject` what its lengths, shades or places mean."""
    mobject.meanings = (*getattr(mobject, "meanings", ()), *meanings)
    return mobject


def hand_over(old: Mobject, new: Mobject) -> None:
    """Let the parts of `old` mean what those of `new` mean, whose look they have taken on."""
    for part, other in zip(old.get_family(), new.get_family(), strict=False):
        part.meanings = getattr(other, "meanings", ())


class Entry(NamedTuple):
    """A box on stage, in units, that shows an entry of a tensor."""

    low: np.ndarray
    high: np.ndarray
    quantity: Quantity
    part: Mobject


class Sight:
    """A picture as it is judged: what stands on stage, the trace, and which parts are on their way."""

    def __init__(self, stage: Sequence[Mobject], trace: Trace, moving: Container[int] = ()) -> None:
        self.trace, self.moving = trace, moving
        self.roots = {id(part): root for root in stage for part in root.get_family()}
        self.parts = {id(part): part for root in stage for part in root.get_family()}
        self.marks = [part for part in self.parts.values() if getattr(part, "meanings", ())]
        self._entries: dict[str, list[Entry]] | None = None
        self._stands: list[tuple[Mobject, Label]] | None = None
        self._read: dict[str, NamedTensor] = {}

    def tensor(self, name: str) -> NamedTensor:
        """The full tensor of a source, read from the trace again."""
        if name not in self._read:
            self._read[name] = self.trace.full(name)
        return self._read[name]

    def value(self, quantity: float) -> float:
        """The entry at the source of a quantity; a plain number, such as a place on an axis, is itself."""
        if not isinstance(quantity, Quantity):
            return float(quantity)
        return float(self.tensor(quantity.name).values[quantity.index])

    def stands_still(self, part: Mobject) -> bool:
        return id(part) not in self.moving and not getattr(part, "dived", False)

    def carrier(self, ground: Ground, mark: Mobject) -> Mobject | None:
        """The part that carries `ground` in the figure of `mark`, or elsewhere on stage; None if there is none."""
        found = [part for part in self.marks if any(meaning is ground for meaning in part.meanings)]
        root = self.roots.get(id(mark))
        near = [part for part in found if self.roots[id(part)] is root] or found
        if not near or not all(map(self.stands_still, near)):
            return None
        return min(near, key=lambda part: _between(_box(part), _box(mark)))

    def entries(self, name: str) -> list[Entry]:
        """All boxes on stage that show entries of the tensor called `name`."""
        if self._entries is None:
            self._entries = {}
            for entry in self._shown():
                self._entries.setdefault(entry.quantity.name, []).append(entry)
        return self._entries.get(name, [])

    def _shown(self) -> Iterator[Entry]:
        for part in self.parts.values():
            quantity = getattr(part, "quantity", None)
            if isinstance(quantity, Quantity) and self.stands_still(part) and part.get_family()[-1].has_points():
                yield Entry(*_box(part), quantity, part)
            for meaning in getattr(part, "meanings", ()):
                if isinstance(meaning, (Squares, Heat, Shade)) and self.stands_still(part):
                    yield from meaning.entries(part)

    @property
    def stands(self) -> list[tuple[Mobject, Label]]:
        """All parts that stand for tokens, each with its label."""
        if self._stands is None:
            self._stands = []
            for part in self.parts.values():
                label = getattr(part, "label", None)
                labels = [m.label for m in getattr(part, "meanings", ()) if isinstance(m, Stands)]
                self._stands += [(part, one) for one in (label, *labels) if isinstance(one, Label)]
        return self._stands


def misdrawn(stage: Sequence[Mobject], trace: Trace, moving: Container[int] = ()) -> list[str]:
    """Faults: marks drawn otherwise than the trace says. Parts whose ids are among the `moving` are not judged."""
    sight = Sight(stage, trace, moving)
    return [
        fault
        for mark in sight.marks
        if sight.stands_still(mark)
        for meaning in mark.meanings
        if (fault := meaning.fault(mark, sight))
    ]


def marks_on(stage: Sequence[Mobject]) -> list[VMobject]:
    """Every part of a picture that means a number: a ground, a token and a name mean none."""
    return [
        part
        for mobject in stage
        for part in mobject.get_family()
        if any(not isinstance(meaning, (Ground, Stands, Beside, Names)) for meaning in getattr(part, "meanings", ()))
    ]


def named(quantity: float) -> str:
    if isinstance(quantity, Quantity):
        return f"{float(quantity):.4g} of {quantity.name}{list(quantity.index)}"
    return f"{float(quantity):.4g}"


def _box(mobject: Mobject) -> tuple[np.ndarray, np.ndarray]:
    """The lower left and the upper right corner."""
    points = np.concatenate([part.points for part in mobject.get_family() if len(part.points)] or [np.zeros((1, 3))])
    return points.min(0), points.max(0)


def _between(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    """The distance of two boxes."""
    return float(np.linalg.norm(np.maximum(0, np.maximum(one[0] - other[1], other[0] - one[1]))))


def _extent(mark: VMobject, side: str) -> float:
    axis = SIDES[side]
    return float(np.ptp(mark.points[:, axis])) * PIXELS_PER_UNIT


@dataclass(frozen=True)
class Length(Meaning):
    """The extent along `side` ("width", "height") is |value| × `unit` px + `more`, where the other side is `across`.

    It is at least `least` px. A bar that was scaled is as much thinner as it is shorter.
    """

    quantity: float
    side: str
    unit: float
    across: float
    least: float = 0.0
    more: float = 0.0

    def fault(self, mark: VMobject, sight: Sight) -> str:
        other = "height" if self.side == "width" else "width"
        grown = _extent(mark, other) / self.across
        right = max(abs(sight.value(self.quantity)) * self.unit + self.more, self.least)
        drawn = _extent(mark, self.side) / (grown or 1.0)
        wrong = abs(drawn - right) > SLACK
        return f"a {self.side} of {drawn:.1f} px is drawn for {named(self.quantity)}: {right:.1f} px" if wrong else ""


@dataclass(frozen=True)
class Stair(Meaning):
    """The bar leads along `axis` from the sum of all terms but the last to the sum of all, × `unit` px from its ground.

    Its other side is `across` px, and it is at least `least` px long.
    """

    terms: tuple[Quantity, ...]
    axis: int
    unit: float
    across: float
    ground: Ground
    least: float = 0.0

    def fault(self, mark: VMobject, sight: Sight) -> str:
        line = sight.carrier(self.ground, mark)
        if line is None:
            return ""
        sides = np.ptp(mark.points, axis=0) * PIXELS_PER_UNIT
        grown = float(sides[1 - self.axis]) / self.across
        zero = sum(corner[self.axis] for corner in _box(line)) / 2
        drawn = [float(corner[self.axis] - zero) * PIXELS_PER_UNIT / grown for corner in _box(mark)]
        values = [sight.value(term) for term in self.terms]
        low, high = sorted((sum(values[:-1]) * self.unit, sum(values) * self.unit))
        spare = max(0.0, self.least - (high - low)) / 2
        off = max(abs(drawn[0] - low + spare), abs(drawn[1] - high - spare))
        return f"a step for {named(self.terms[-1])} is {off:.1f} px off" if off > SLACK else ""


@dataclass(frozen=True)
class Area(Meaning):
    """The area of the mark is its share of the area of all marks of the same `sum`, which are `unit` px² for a one.

    Below each is a slit of `gap` px, or of a fifth of its height if that is less, which belongs to it.
    """

    quantity: Quantity
    sum: Ground
    unit: float
    gap: float

    def fault(self, mark: VMobject, sight: Sight) -> str:
        everywhere = [
            (other, sight.value(meaning.quantity))
            for other in sight.marks
            for meaning in other.meanings
            if isinstance(meaning, Area) and meaning.sum is self.sum
        ]
        root = sight.roots.get(id(mark))
        here = [one for one in everywhere if sight.roots[id(one[0])] is root]
        # Marks that came one after another are figures of their own on stage.
        together = here if len(here) > 1 else everywhere
        whole = sum(value for _, value in together)
        bare = sum(_extent(other, "width") * _extent(other, "height") for other, _ in together)
        slit = self.gap * (bare / (whole * self.unit)) ** 0.5
        area = sum(_extent(other, "width") * self._high(other, slit) for other, _ in together)
        right = sight.value(self.quantity) * area / whole / max(_extent(mark, "width"), 1e-9)
        drawn = self._high(mark, slit)
        wrong = abs(drawn - right) > SLACK
        return f"a height of {drawn:.1f} px is drawn for {named(self.quantity)}: {right:.1f} px" if wrong else ""

    @staticmethod
    def _high(mark: VMobject, slit: float) -> float:
        """The height of a mark in px with its slit."""
        return min(_extent(mark, "height") + slit, _extent(mark, "height") / 0.8)


@dataclass(frozen=True, eq=False)
class Ground(Meaning):
    """A place that marks are measured from, such as a zero line: its carrier on stage is found by this object."""

    def fault(self, mark: VMobject, sight: Sight) -> str:  # noqa: ARG002 - nothing is measured of a ground
        return ""


@dataclass(frozen=True, eq=False)
class Span(Ground):
    """An axis of a plot: its line leads from `low` to `high`, or from their powers of ten; `axis` 0 across, 1 up."""

    axis: int
    low: float
    high: float
    logarithmic: bool = False

    def spot(self, value: float, line: Mobject) -> float:
        """The place of a value along the drawn line of the axis, in units."""
        start, end = (corner[self.axis] for corner in _box(line))
        level = np.log10(value) if self.logarithmic else value
        return float(start + (level - self.low) / ((self.high - self.low) or 1.0) * (end - start))


@dataclass(frozen=True)
class Rises(Meaning):
    """The mark stands on its ground and leads to the side that the sign says: up or right for a positive number."""

    quantity: Quantity
    axis: int
    ground: Ground
    slack: float = 1.0

    def fault(self, mark: VMobject, sight: Sight) -> str:
        line = sight.carrier(self.ground, mark)
        if line is None:
            return ""
        low, high = (corner[self.axis] for corner in _box(mark))
        zero = sum(corner[self.axis] for corner in _box(line)) / 2
        value = sight.value(self.quantity)
        foot, away = (low if value >= 0 else high), ((low + high) / 2 - zero) * PIXELS_PER_UNIT
        if abs(away) > SLACK and value and np.sign(away) != np.sign(value):
            return f"{named(self.quantity)} is drawn on the other side of zero"
        off = abs(foot - zero) * PIXELS_PER_UNIT
        return f"{named(self.quantity)} begins {off:.1f} px from its ground" if off > self.slack + SLACK else ""


@dataclass(frozen=True)
class Away(Meaning):
    """The middle of the mark lies (value - `origin`) × `unit` px from its ground along `axis`, where it is `own` wide.

    A dot that was scaled with its figure is as much nearer as it is smaller.
    """

    quantity: float
    origin: float
    axis: int
    unit: float
    own: float
    ground: Ground

    def fault(self, mark: VMobject, sight: Sight) -> str:
        line = sight.carrier(self.ground, mark)
        if line is None:
            return ""
        grown = _extent(mark, "width") / self.own
        (low, high), (start, end) = _box(mark), _box(line)
        drawn = float((low + high - start - end)[self.axis]) / 2 * PIXELS_PER_UNIT / grown
        right = (sight.value(self.quantity) - sight.value(self.origin)) * self.unit
        wrong = abs(drawn - right) > SLACK
        return f"{named(self.quantity)} is drawn {drawn:.1f} px from its ground: {right:.1f} px" if wrong else ""


@dataclass(frozen=True)
class Reach(Meaning):
    """The line along `axis` is value × `share` of the length of its ground: a thin line has no other side."""

    quantity: float
    axis: int
    share: float
    ground: Ground

    def fault(self, mark: VMobject, sight: Sight) -> str:
        line = sight.carrier(self.ground, mark)
        if line is None:
            return ""
        right = abs(sight.value(self.quantity)) * self.share * float(np.ptp(_box(line), axis=0).max()) * PIXELS_PER_UNIT
        drawn = float(np.ptp(mark.points[:, self.axis])) * PIXELS_PER_UNIT
        wrong = abs(drawn - right) > SLACK
        return f"a line of {drawn:.1f} px is drawn for {named(self.quantity)}: {right:.1f} px" if wrong else ""


@dataclass(frozen=True)
class Filled(Meaning):
    """As many of the group's dots are filled as the share says, of all of them."""

    quantity: Quantity

    def fault(self, mark: Mobject, sight: Sight) -> str:
        filled = sum(1 for part in mark.submobjects if part.get_fill_opacity() > 0)
        right = round(len(mark.submobjects) * sight.value(self.quantity))
        return f"{filled} filled dots are drawn for {named(self.quantity)}: {right}" if filled != right else ""


@dataclass(frozen=True)
class Thickness(Meaning):
    """The line is `least` + value × `unit` px thick; to scale a figure leaves its lines as they are."""

    quantity: Quantity
    unit: float
    least: float = 0.0

    def fault(self, mark: VMobject, sight: Sight) -> str:
        right = stroke(self.least + sight.value(self.quantity) * self.unit)
        drawn = float(mark.get_stroke_width())
        return (
            f"a line {drawn:.2f} thick is drawn for {named(self.quantity)}: {right:.2f}" if _off(drawn, right) else ""
        )


@dataclass(frozen=True)
class Shade(Meaning):
    """The fill is that of a signed number against `scale`, or of a weight between nothing and one if that is 0.

    A weight's shade may begin at `least` instead of at nothing.
    """

    quantity: Quantity
    scale: float = 0.0
    least: float = 0.0

    def entries(self, mark: Mobject) -> Iterator[Entry]:
        """The box of the mark."""
        if isinstance(self.quantity, Quantity):
            yield Entry(*_box(mark), self.quantity, mark)

    def fault(self, mark: VMobject, sight: Sight) -> str:
        value = sight.value(self.quantity)
        weight = self.least + (1 - self.least) * min(max(value, 0.0), 1.0)
        return _wrong_fill(mark, signed(value, self.scale) if self.scale else shared(weight), self.quantity)


@dataclass(frozen=True)
class Hue(Meaning):
    """The fill is that of the sign alone."""

    quantity: Quantity

    def fault(self, mark: VMobject, sight: Sight) -> str:
        return _wrong_fill(mark, signed(float(np.sign(sight.value(self.quantity))), 1.0), self.quantity)


def _wrong_fill(mark: VMobject, right: str, quantity: float) -> str:
    drawn = mark.get_fill_color().to_hex()
    return f"a fill of {drawn} is drawn for {named(quantity)}: {right}" if drawn != right else ""


@dataclass(frozen=True)
class Heat(Meaning):
    """A matrix as squares, a shape for each of twenty shades of what is read against `scale`."""

    tensor: NamedTensor
    scale: float
    weights: bool

    def entries(self, mark: Mobject) -> Iterator[Entry]:
        """A single row as one box; the rows of more stand too close to have names."""
        if self.tensor.shape[0] == 1:
            yield Entry(*_box(mark), self.tensor.quantity(0, 0), mark)

    def fault(self, mark: Mobject, sight: Sight) -> str:
        shapes = [part for part in mark.submobjects if len(part.points) and part is not getattr(mark, "backdrop", None)]
        if not shapes:
            return ""
        corners = [part.points.reshape(-1, 16, 3) for part in shapes]
        middles = [(each.min(1) + each.max(1)) / 2 for each in corners]
        low, high = np.concatenate(middles).min(0), np.concatenate(middles).max(0)
        rows, columns = self.tensor.shape
        for part, centres in zip(shapes, middles, strict=True):
            share = (centres - low) / np.where(high > low, high - low, 1.0)
            across = np.round(share[:, 0] * (columns - 1)).astype(int)
            down = np.round((1 - share[:, 1]) * (rows - 1)).astype(int) if rows > 1 else np.zeros(len(share), int)
            drawn = part.get_fill_color().to_hex()
            for i, j in zip(down, across, strict=True):
                quantity = self.tensor.quantity(int(i), int(j))
                level = np.round(np.clip(sight.value(quantity) / self.scale, -1, 1) * 10) / 10
                right = shared(max(level, 0)) if self.weights else signed(level, 1)
                if drawn != right:
                    return f"a square of {drawn} is drawn for {named(quantity)}: {right}"
        return ""


@dataclass(frozen=True)
class Squares(Meaning):
    """A row of squares as one shape: the area of each is its entry of row `row`, a whole one as `full` × the pitch."""

    tensor: NamedTensor
    row: int
    full: float

    def drawn(self, mark: Mobject) -> np.ndarray:
        """The corners of the boxes of all squares: square × (low, high) × 3."""
        each = mark.points.reshape(self.tensor.shape[1], -1, 3)
        return np.stack([each.min(1), each.max(1)], 1)

    def entries(self, mark: Mobject) -> Iterator[Entry]:
        """The cells of the squares, each as large as it can be."""
        boxes = self.drawn(mark)
        centres = boxes.mean(1)
        half = np.array([1.0, 1.0, 0.0]) * self._pitch(centres) / 2
        for j, centre in enumerate(centres):
            yield Entry(centre - half, centre + half, self.tensor.quantity(self.row, j), mark)

    @staticmethod
    def _pitch(centres: np.ndarray) -> float:
        return float(np.ptp(centres[:, 0])) / (len(centres) - 1) if len(centres) > 1 else 0.0

    def fault(self, mark: VMobject, sight: Sight) -> str:
        boxes = self.drawn(mark)
        pitch = self._pitch(boxes.mean(1))
        if not pitch:
            return ""
        sides = (boxes[:, 1, :2] - boxes[:, 0, :2]) * PIXELS_PER_UNIT
        for j, both in enumerate(sides):
            quantity = self.tensor.quantity(self.row, j)
            right = pitch * self.full * max(sight.value(quantity), 0.0) ** 0.5 * PIXELS_PER_UNIT
            if np.abs(both - right).max() > SLACK:
                return f"a square of {both[0]:.1f} × {both[1]:.1f} px is drawn for {named(quantity)}: {right:.1f} px"
        return ""


@dataclass(frozen=True)
class Scattered(Meaning):
    """Some squares of a matrix as one shape around the middle of their ground: the area of each is its entry.

    The pitch is `pitch` × the width of the ground, and a whole entry is `full` × the pitch wide.
    """

    tensor: NamedTensor
    full: float
    pitch: float
    ground: Ground

    def fault(self, mark: VMobject, sight: Sight) -> str:
        paper = sight.carrier(self.ground, mark)
        if paper is None or not len(mark.points):
            return ""
        low, high = _box(paper)
        pitch, (rows, columns) = float(high[0] - low[0]) * self.pitch, self.tensor.shape
        each = mark.points.reshape(-1, 16, 3)
        places = ((each.min(1) + each.max(1)) / 2 - (low + high) / 2) / pitch
        down = np.round((rows - 1) / 2 - places[:, 1]).astype(int)
        across = np.round(places[:, 0] + (columns - 1) / 2).astype(int)
        for square, i, j in zip(np.ptp(each, axis=1)[:, :2], down, across, strict=True):
            if not (0 <= i < rows and 0 <= j < columns):
                return f"a square stands beside the grid of {self.tensor.name}"
            quantity = self.tensor.quantity(int(i), int(j))
            right = pitch * self.full * max(sight.value(quantity), 0.0) ** 0.5
            if np.abs(square - right).max() * PIXELS_PER_UNIT > SLACK:
                side = float(square[0]) * PIXELS_PER_UNIT
                return f"a square of {side:.1f} px is drawn for {named(quantity)}: {right * PIXELS_PER_UNIT:.1f} px"
        return ""


@dataclass(frozen=True)
class Course(Meaning):
    """The corners of a line, or the middle of a dot, lie at these values of two axes."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    across: Span
    up: Span

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
class Tick(Meaning):
    """The middle of the mark stands at a value of an axis."""

    quantity: float
    span: Span
    slack: float = SLACK

    def fault(self, mark: VMobject, sight: Sight) -> str:
        line = sight.carrier(self.span, mark)
        if line is None:
            return ""
        low, high = (corner[self.span.axis] for corner in _box(mark))
        off = abs((low + high) / 2 - self.span.spot(sight.value(self.quantity), line)) * PIXELS_PER_UNIT
        return f"the tick of {named(self.quantity)} stands {off:.1f} px off" if off > self.slack else ""


@dataclass(frozen=True)
class Names(Meaning):
    """The text is the name of an axis: it reaches below a lying one, and stands above an upright one."""

    span: Span
    text: str

    def fault(self, mark: VMobject, sight: Sight) -> str:
        line = sight.carrier(self.span, mark)
        if line is None:
            return ""
        text, low, (foot, top) = getattr(mark, "text", ""), _box(mark)[0], _box(line)
        right = low[1] > top[1] if self.span.axis else low[1] < foot[1]
        return "" if right and text == self.text else f"{text!r} stands where {self.text!r} names an axis"


@dataclass(frozen=True)
class Called(Meaning):
    """All curves in the colour of this name show entries that `label` labels along `axis` of their tensor."""

    label: str
    axis: str

    def fault(self, mark: VMobject, sight: Sight) -> str:
        colour = mark.get_fill_color().to_hex()
        for other in sight.marks:
            for meaning in other.meanings:
                if isinstance(meaning, Course) and other.get_color().to_hex() == colour:
                    for value in meaning.y:
                        found = self._label(value, sight)
                        if found not in {"", self.label}:
                            return f"a curve of {found!r} is drawn in the colour of {self.label!r}"
        return ""

    def _label(self, value: float, sight: Sight) -> str:
        if not isinstance(value, Quantity):
            return ""
        tensor = sight.tensor(value.name)
        if self.axis not in tensor.labels:
            return ""
        return tensor.labels[self.axis][value.index[tensor.axes.index(self.axis)]]


@dataclass(frozen=True)
class Stands(Meaning):
    """The mark stands for a token or another entry of an axis: lines that mean it end here."""

    label: Label

    def fault(self, mark: VMobject, sight: Sight) -> str:  # noqa: ARG002 - lines are judged, not what they lead to
        return ""


@dataclass(frozen=True)
class End(Meaning):
    """The line begins (`first`) or ends where a token stands: that of a label, or that of an entry.

    Of an entry it is the token at its place along `axis`, such as "query"; with no axis, the entry itself says the
    position. The end is not judged where the token is not on stage, nor where a line may stand `alone`, with no token
    near its end.
    """

    at: Label | Quantity
    first: bool = False
    axis: str = ""
    alone: bool = False

    def fault(self, mark: VMobject, sight: Sight) -> str:
        lines = [part for part in mark.get_family() if len(part.points)]
        # An arrow's head is a shape of its own, which begins at its tip.
        end = lines[0].points[0] if self.first else lines[-1].points[-1] if len(lines) == 1 else lines[-1].points[0]
        root = sight.roots.get(id(mark))
        stands = [stand for stand in sight.stands if sight.roots[id(stand[0])] is root] or sight.stands
        if not any(self._is(label, sight) for _, label in stands):
            return ""
        part, found = min(stands, key=lambda stand: _between(_box(stand[0]), (end, end)))
        if not sight.stands_still(part):
            return ""
        off = _between(_box(part), (end, end)) * PIXELS_PER_UNIT
        where = f"a line that means {named(self.at) if isinstance(self.at, Quantity) else self.at!r}"
        if off > NEAR:
            return "" if self.alone else f"{where} ends {off:.0f} px from the nearest token"
        return "" if self._is(found, sight) else f"{where} ends at {found!r}, {found.position}"

    def _is(self, label: Label, sight: Sight) -> bool:
        if isinstance(self.at, Label):
            return (str(label), label.position, label.axis) == (str(self.at), self.at.position, self.at.axis)
        tensor = sight.tensor(self.at.name)
        place = self.at.index[tensor.axes.index(self.axis)] if self.axis else int(sight.value(self.at))
        return label.position == place


@dataclass(frozen=True)
class Tip(Meaning):
    """The arrow leads by `across` and `up`, each times `unit` px, from its foot, or from its ground if it is `fixed`.

    The ground is a dot of `own` px: one that was scaled with its figure is as much larger as the arrow is longer.
    """

    across: Quantity
    up: Quantity
    unit: float
    own: float
    ground: Ground
    fixed: bool = False

    def fault(self, mark: VMobject, sight: Sight) -> str:
        dot, lines = sight.carrier(self.ground, mark), [part for part in mark.get_family() if len(part.points)]
        if dot is None:
            return ""
        low, high = _box(dot)
        grown = float(high[0] - low[0]) * PIXELS_PER_UNIT / self.own
        foot = (low + high) / 2 if self.fixed else lines[0].points[0]
        # An arrow's head is a shape of its own, which begins at its tip.
        drawn = (lines[-1].points[0] - foot)[:2] * PIXELS_PER_UNIT / grown
        right = np.array([sight.value(one) for one in (self.across, self.up)]) * self.unit
        wrong = float(np.abs(drawn - right).max()) > SLACK
        return f"an arrow by {drawn.round(1)} px is drawn for {named(self.across)}: {right.round(1)}" if wrong else ""


@dataclass(frozen=True)
class Beside(Meaning):
    """The word names the row or column of the cells beside it, where cells of the label's tensor stand there."""

    label: Label

    def fault(self, mark: VMobject, sight: Sight) -> str:
        entries = sight.entries(self.label.name)
        if not entries or not sight.tensor(self.label.name).axes.count(self.label.axis):
            return ""
        box = _box(mark)
        middle = (box[0] + box[1]) / 2
        level = [e for e in entries if _overlap(middle, e) and _between(box, e[:2]) * PIXELS_PER_UNIT <= NEAR]
        if not level:
            return ""
        nearest = min(level, key=lambda entry: _between(box, entry[:2]))
        axis = sight.tensor(self.label.name).axes.index(self.label.axis)
        here = nearest.quantity.index[axis]
        right = here == self.label.position
        return "" if right else f"{self.label!r}, {self.label.position}, names row or column {here}"


def _overlap(middle: np.ndarray, entry: Entry) -> bool:
    """True if a box lies beside an entry, or above or below it, and not across a corner."""
    return any(entry.low[axis] <= middle[axis] <= entry.high[axis] for axis in (0, 1))


@dataclass(frozen=True)
class Around(Meaning):
    """The ring encloses the mark of this entry, where that is on stage."""

    quantity: Quantity

    def fault(self, mark: VMobject, sight: Sight) -> str:
        low, high = _box(mark)
        places = [entry for entry in sight.entries(self.quantity.name) if entry.quantity.index == self.quantity.index]
        inside = [np.all(low[:2] <= one.low[:2]) and np.all(one.high[:2] <= high[:2]) for one in places]
        return "" if any(inside) or not places else f"the ring is not around {named(self.quantity)}"


def _off(drawn: float, right: float) -> bool:
    return abs(drawn - right) > 0.01 * max(1.0, abs(right))


def row_of(tensor: NamedTensor | Sequence[float]) -> tuple[float, ...]:
    """The values of a row, with their sources where it is a tensor."""
    return tuple(tensor.quantities()) if isinstance(tensor, NamedTensor) else tuple(tensor)
