"""Two tensors and what they differ by: rows, squares and heads, on one scale, and the difference on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from manim import DOWN, RIGHT, UP, VGroup

from scenes.layout import STAGE
from scenes.mobjects.marks import Beside, means
from scenes.mobjects.patterns import on_columns
from scenes.mobjects.ramps import Ramp
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import CELLS, TensorGrid, full_colour
from scenes.mobjects.text import Words, word
from scenes.theme import at, gap, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: What stands above the three parts of a comparison.
HEADS = ("A", "B", "B − A")
#: Px of a cell from which a number fits, a large one and a huge one; of its sides at most; and between two grids.
NUMBERED, ROOMY, HUGE, LARGEST, APART = 90.0, 120.0, 176.0, 260.0, 64.0


#: Below this part of the largest difference a cell has hardly a hue, and no dash that says below zero.
FAINT = 0.02


def finely(most: float, finest: str = ".0e") -> str:
    """The format of differences of which the largest is `most`: two decimals, or more where these would say nothing."""
    return "+" + (".2f" if most >= 0.045 or not most else ".3f" if most >= 0.0045 else finest)


def told(apart: NamedTensor) -> Words:
    """The largest difference as a line: it has the full colour."""
    most = largest(apart)
    text = f"largest: {format(most, finely(abs(most)))}" if most else "nothing"
    return Words(text, "note", "ink2")


def styled(pitch: float, tall: float) -> str:
    """The cells that there is room for: huge numbers, large ones, numbers, or none."""
    if tall < NUMBERED / 3 or pitch < NUMBERED:
        return "tile"
    room = min(pitch, 2 * tall)
    return "huge" if room >= HUGE else "large" if room >= ROOMY else "normal"


def seen_at(tensor: NamedTensor, entry: Quantity) -> tuple[int, ...]:
    """Return the indices of an entry within the view `tensor`; `entry` has those within the full array."""
    places = [place for place, axis in zip(entry.index, tensor.origin, strict=True) if axis in tensor.axes]
    return tuple(tensor.kept[axis].index(place) for axis, place in zip(tensor.axes, places, strict=True))


def largest(tensor: NamedTensor) -> Quantity:
    """The entry that is farthest from nothing."""
    at_ = np.unravel_index(int(np.abs(tensor.values).argmax()), tensor.shape)
    return tensor.quantity(*(int(i) for i in at_))


class DifferenceTrio(VGroup):
    """Three squares side by side: two tensors on one scale, and their difference in two hues on a scale of its own.

    Args:
        first, second, apart: "query key", in the same tokens.
        shares: whether entries lie between nothing and one; else they have a sign, and one is full.
        masked: the masked scores of either, where a query may not look at a key.
        names: what stands under the letters of the two.
    """

    def __init__(
        self,
        first: NamedTensor,
        second: NamedTensor,
        apart: NamedTensor,
        shares: bool = True,
        masked: NamedTensor | None = None,
        names: Sequence[str] = (),
    ) -> None:
        labels = first.words("query")
        rows = len(labels)
        widest = pixels(max(word(label, "token").width for label in labels)) + 24
        pitch = min(LARGEST, (STAGE.width - widest - 2 * APART) / 3 / rows)
        self.style = "token" if widest < pitch else "map"
        side = pixels(max(word(label, self.style).width for label in labels)) + 24
        tall = min(pitch, 440 / rows)
        cell = styled(pitch, tall)
        spec = (".2f", "weight")[shares]
        sizes: dict[str, Any] = {"wide": pitch - 4, "high": tall - 4}
        most = abs(largest(apart))
        grids = [
            TensorGrid(tensor, cell, spec, 1.0, weights=shares, masked=masked, **sizes) for tensor in (first, second)
        ]
        grids.append(TensorGrid(apart, cell, finely(most, ".3f"), most, masked=masked, **sizes))
        for faint in grids[2].cells.values():
            if faint.dash and abs(faint.quantity) < most * FAINT:
                faint.remove(faint.dash)
        called = [Words(name, "fact", "ink2") for name in names]
        space = max([units(APART), *(text.width + units(APART) - grids[0].width for text in called)])
        self.grids = VGroup(*grids).arrange(RIGHT, buff=space).move_to(at(960 + side / 2, 560))
        self.row_words = VGroup(self._beside(label, i) for i, label in enumerate(labels))
        self.column_words = VGroup(VGroup(*self._above(grid, pitch)) for grid in grids)
        top = max(float(words.get_top()[1]) for words in self.column_words) + units(44)
        for text in called:
            text.settle(np.array([0, top, 0]))
        top += units(50) if called else 0.0
        self.heads = VGroup(
            Words(name, "block").settle(np.array([grid.get_x(), top, 0]))
            for name, grid in zip(HEADS, grids, strict=True)
        )
        self.called = VGroup(text.set_x(grid.get_x()) for text, grid in zip(called, grids, strict=False))
        self.note = told(apart).next_to(grids[2], DOWN, buff=gap("chip"))
        self.ramp = VGroup() if CELLS[cell][2] else self._ramp(shares)
        super().__init__(self.grids, self.row_words, self.column_words, self.heads, self.called, self.note, self.ramp)
        self.move_to(at(0, 555)[1] * UP + self.get_x() * RIGHT)

    def _ramp(self, shares: bool) -> Ramp:
        """The scale of the first two, where no number is written in their cells."""
        ends = ("none of a query’s attention", "all of it") if shares else ("opposite", "the same direction")
        ramp = Ramp("", *ends, shares=shares)
        return ramp.move_to(self.grids[:2]).set_y(self.note.get_y())

    def _beside(self, label: Label, row: int) -> Words:
        line = self.grids[0].row(row)
        text = means(word(label, self.style, "ink2"), Beside(label))
        edge = line.get_left()[0] - units(16)
        return text.settle(np.array([edge, line.get_y(), 0])).end_at(edge)

    def _above(self, grid: TensorGrid, pitch: float) -> list[Words]:
        texts = [means(word(label, self.style, "ink2"), Beside(label)) for label in grid.tensor.words("key")]
        upright = max(text.width for text in texts) > units(pitch - 8)
        return on_columns(texts, [grid.column(j).get_x() for j in range(len(texts))], grid.get_top()[1], upright)

    def difference(self, row: int, column: int) -> VGroup:
        """A cell of the difference."""
        return self.grids[2].cells[row, column]


class RowTrio(VGroup):
    """One row of the stream in both, as strips one below the other, and the difference where their widths agree.

    `scale` has the full colour of the two, and of the difference.
    """

    def __init__(
        self, rows: Sequence[NamedTensor], apart: NamedTensor | None, name: str, scale: tuple[float, float], top: float
    ) -> None:
        wide, high, pitch = 1300.0, 54.0, 72.0
        self.name = Words(name, "fact").move_to(at(0, top)).begin_at(at(STAGE.left + 20, 0)[0])
        self.strips, self.signs = VGroup(), VGroup()
        for place, row in enumerate([*rows, *([] if apart is None else [apart])]):
            y = top + 62 + place * pitch
            self.strips.add(Strip(row, wide, high, scale[place == 2] or 1.0).move_to(at(960, y)))
            self.signs.add(Words(HEADS[place], "block").settle(at(STAGE.left + 130, y)))
        self.note: Words | None = None
        if apart is not None:
            self.note = told(apart).next_to(self.strips[2], RIGHT, buff=gap("word"))
        super().__init__(self.name, self.strips, self.signs, *([self.note] if self.note else []))


class TwoRows(VGroup):
    """The row of a token as it enters the first layer and as it leaves the last, each a `RowTrio`."""

    CALLS = "as it enters the first layer", "as it leaves the last layer"

    @classmethod
    def of(cls, trace: Trace, stack: str, token: int, last: Mapping[str, int]) -> TwoRows:
        """`last` has the number of the last layer of both."""
        names = [dict.fromkeys(last, f"{stack}.0.resid_pre"), {s: f"{stack}.{n}.resid_post" for s, n in last.items()}]
        rows = [
            [trace[f"{side}.{name}"].pick(batch=0, position=token) for side, name in both.items()] for both in names
        ]
        entering, leaving = f"diff.{stack}.0.resid_pre", f"diff.{stack}.leaving"
        if leaving not in trace:
            widths = [trace[f"{side}.config.d_model"] for side in last]
            return cls(rows, (None, None), f"no difference: {widths[0]} entries against {widths[1]}")
        return cls(rows, (trace[entering].pick(batch=0, position=token), trace[leaving].pick(position=token)))

    def __init__(
        self, rows: Sequence[Sequence[NamedTensor]], apart: Sequence[NamedTensor | None], why: str = ""
    ) -> None:
        full = full_colour(*(row for pair in rows for row in pair))
        reach = max([float(np.abs(tensor.values).max()) for tensor in apart if tensor is not None], default=0.0)
        tops = (250, 560) if apart[0] is not None else (290, 560)
        parts = zip(rows, apart, self.CALLS, tops, strict=True)
        super().__init__(*(RowTrio(pair, one, call, (full, reach), top) for pair, one, call, top in parts))
        if why:
            self.add(Words(why, "fact", "ink2").move_to(at(960, 820)))
