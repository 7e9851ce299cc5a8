"""Fills that mean a number, and squares and discs whose areas do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from manim import Mobject, VMobject

from scenes.mobjects.marks.judging import SLACK, Ground, Grounded, MarkMeaning, ShownEntry, Sight, box_of, named
from scenes.theme import PIXELS_PER_UNIT, shared, signed
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.provenance import Quantity


@dataclass(frozen=True)
class Shade(MarkMeaning):
    """The fill is that of a signed number against `scale`, or of a weight between nothing and one if that is 0.

    A weight's shade may begin at `least` instead of at nothing.
    """

    quantity: Quantity
    scale: float = 0.0
    least: float = 0.0

    def entries(self, mark: Mobject) -> Iterator[ShownEntry]:
        """The box of the mark."""
        if isinstance(self.quantity, Quantity):
            yield ShownEntry(*box_of(mark), self.quantity, mark)

    def fault(self, mark: VMobject, sight: Sight) -> str:
        value = sight.value(self.quantity)
        weight = self.least + (1 - self.least) * min(max(value, 0.0), 1.0)
        return _wrong_fill(mark, signed(value, self.scale) if self.scale else shared(weight), self.quantity)


@dataclass(frozen=True)
class Hue(MarkMeaning):
    """The fill is that of the sign alone."""

    quantity: Quantity

    def fault(self, mark: VMobject, sight: Sight) -> str:
        return _wrong_fill(mark, signed(float(np.sign(sight.value(self.quantity))), 1.0), self.quantity)


def _wrong_fill(mark: VMobject, right: str, quantity: float) -> str:
    drawn = mark.get_fill_color().to_hex()
    return f"a fill of {drawn} is drawn for {named(quantity)}: {right}" if drawn != right else ""


@dataclass(frozen=True)
class DiscArea(Grounded):
    """The area of a disc is in proportion to |value|; for `full`, its diameter is `share` of the ground's height."""

    quantity: Quantity
    full: float
    share: float
    ground: Ground

    def fault_from(self, cell: Mobject, mark: VMobject, sight: Sight) -> str:
        low, high = box_of(cell)
        part = min(abs(sight.value(self.quantity)) / self.full, 1.0)
        right = self.share * float(high[1] - low[1]) * PIXELS_PER_UNIT * part**0.5
        sides = np.ptp(mark.points, axis=0)[:2] * PIXELS_PER_UNIT
        wrong = _apart(sides[None], np.array([right]))[0]
        return f"a disc of {sides[0]:.1f} px is drawn for {named(self.quantity)}: {right:.1f} px" if wrong else ""


@dataclass(frozen=True)
class Heat(MarkMeaning):
    """A matrix as squares, a shape for each of twenty shades of what is read against `scale`."""

    tensor: NamedTensor
    scale: float
    weights: bool

    def entries(self, mark: Mobject) -> Iterator[ShownEntry]:
        """A single row as one box; the rows of more stand too close to have names."""
        if self.tensor.shape[0] == 1:
            yield ShownEntry(*box_of(mark), self.tensor.quantity(0, 0), mark)

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
            levels = np.round(np.clip(sight.values(self.tensor)[down, across] / self.scale, -1, 1) * 10) / 10
            for level in np.unique(levels):
                right = shared(max(level, 0)) if self.weights else signed(level, 1)
                if drawn != right:
                    place = int(np.argmax(levels == level))
                    quantity = self.tensor.quantity(int(down[place]), int(across[place]))
                    return f"a square of {drawn} is drawn for {named(quantity)}: {right}"
        return ""


@dataclass(frozen=True)
class Squares(MarkMeaning):
    """A row of squares as one shape: the area of each is its entry of row `row`, a whole one as `full` × the pitch."""

    tensor: NamedTensor
    row: int
    full: float

    def drawn(self, mark: Mobject) -> np.ndarray:
        """The corners of the boxes of all squares: square × (low, high) × 3."""
        each = mark.points.reshape(self.tensor.shape[1], -1, 3)
        return np.stack([each.min(1), each.max(1)], 1)

    def entries(self, mark: Mobject) -> Iterator[ShownEntry]:
        """The cells of the squares, each as large as it can be."""
        boxes = self.drawn(mark)
        centres = boxes.mean(1)
        half = np.array([1.0, 1.0, 0.0]) * self._pitch(centres) / 2
        for j, centre in enumerate(centres):
            yield ShownEntry(centre - half, centre + half, self.tensor.quantity(self.row, j), mark)

    @staticmethod
    def _pitch(centres: np.ndarray) -> float:
        return float(np.ptp(centres[:, 0])) / (len(centres) - 1) if len(centres) > 1 else 0.0

    def fault(self, mark: VMobject, sight: Sight) -> str:
        boxes = self.drawn(mark)
        pitch = self._pitch(boxes.mean(1))
        if not pitch:
            return ""
        sides = (boxes[:, 1, :2] - boxes[:, 0, :2]) * PIXELS_PER_UNIT
        right = pitch * self.full * np.maximum(sight.values(self.tensor)[self.row], 0.0) ** 0.5 * PIXELS_PER_UNIT
        for j in np.flatnonzero(_apart(sides, right)):
            wide, high = sides[j]
            said = named(self.tensor.quantity(self.row, int(j)))
            return f"a square of {wide:.1f} × {high:.1f} px is drawn for {said}: {right[j]:.1f} px"
        return ""


@dataclass(frozen=True)
class Scattered(Grounded):
    """Some squares of a matrix as one shape around the middle of their ground: the area of each is its entry.

    The pitch is `pitch` × the width of the ground, and a whole entry is `full` × the pitch wide.
    """

    tensor: NamedTensor
    full: float
    pitch: float
    ground: Ground

    def fault_from(self, paper: Mobject, mark: VMobject, sight: Sight) -> str:
        if not len(mark.points):
            return ""
        low, high = box_of(paper)
        pitch, (rows, columns) = float(high[0] - low[0]) * self.pitch, self.tensor.shape
        each = mark.points.reshape(-1, 16, 3)
        places = ((each.min(1) + each.max(1)) / 2 - (low + high) / 2) / pitch
        down = np.round((rows - 1) / 2 - places[:, 1]).astype(int)
        across = np.round(places[:, 0] + (columns - 1) / 2).astype(int)
        if not ((down >= 0) & (down < rows) & (across >= 0) & (across < columns)).all():
            return f"a square stands beside the grid of {self.tensor.name}"
        sides = np.ptp(each, axis=1)[:, :2] * PIXELS_PER_UNIT
        entries = sight.values(self.tensor)[down, across]
        right = pitch * self.full * np.maximum(entries, 0.0) ** 0.5 * PIXELS_PER_UNIT
        for one in np.flatnonzero(_apart(sides, right)):
            said = named(self.tensor.quantity(int(down[one]), int(across[one])))
            return f"a square of {sides[one, 0]:.1f} px is drawn for {said}: {right[one]:.1f} px"
        return ""


def _apart(sides: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return True for each square (square × width and height, in px) whose sides are not its entry's."""
    return ~(np.abs(sides - right[:, None]).max(1) <= SLACK)
