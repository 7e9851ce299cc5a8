"""A whole picture is judged: each mark by what it means, and the marks by what stands beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from itertools import chain

import numpy as np
from manim import Mobject

from scenes.mobjects.marks.judging import SIDES, THERE, Ground, Grounded, ShownEntry, Sight, between, box_of, named
from scenes.mobjects.marks.lengths import Length
from scenes.mobjects.marks.names import Beside
from scenes.mobjects.marks.shades import Shade
from scenes.theme import units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

#: A number belongs to a bar that is at most so far away, and two bars are equally near up to so much.
BESIDE, ALIKE = units(60), units(1)
#: What belongs to a token stands in the middle below its chip; a mark is at least so much of it as wide, and at most so
#: much wider. A cell of a vector that lies across has no place there.
OFF, NARROWEST, WIDER = units(3), 0.25, units(8)


def misdrawn(stage: Sequence[Mobject], trace: Trace, moving: Container[int] = ()) -> list[str]:
    """Faults: marks drawn otherwise than the trace says. Parts whose ids are among the `moving` are not judged."""
    sight = Sight(stage, trace, moving)
    judged = [mark for mark in sight.marks if sight.stands_still(mark)]
    faults = [fault for mark in judged for meaning in mark.meanings if (fault := meaning.fault(mark, sight))]
    return faults + scales_of_one_ground(judged) + other_numbers(sight) + other_columns(sight)


def scales_of_one_ground(marks: Sequence[Mobject]) -> list[str]:
    """Faults: marks that are measured from one ground along one axis, but not in the same unit."""
    found: dict[tuple[Ground, int], set[float]] = {}
    for mark in marks:
        grounds = [meaning.ground for meaning in mark.meanings if isinstance(meaning, Grounded)]
        for axis, unit in chain.from_iterable(meaning.scales() for meaning in mark.meanings):
            for ground in grounds:
                found.setdefault((ground, axis), set()).add(round(unit, 6))
    return [
        f"marks are measured from one line along axis {axis} by different units: {sorted(units)} px"
        for (_, axis), units in found.items()
        if len(units) > 1
    ]


def other_numbers(sight: Sight) -> list[str]:
    """Faults: numbers on a cell, or beside bars of their tensor, that are those of another entry.

    A number may stand beyond a longer bar, level with its own.
    """
    bars, cells = [*_marks(sight, Length)], [*_marks(sight, Shade)]
    faults = []
    for number in _numbers(sight):
        box, middle = number[:2], (number.low + number.high) / 2
        apart = [(between(box, bar[:2]), bar.quantity) for bar in bars if bar.quantity.name == number.quantity.name]
        nearest = min((far for far, _ in apart), default=BESIDE)
        on = [q for far, q in apart if far <= nearest + ALIKE] if nearest < BESIDE else []
        on += [bar.quantity for bar in bars if on and _level(bar, middle)]
        on = on or [
            cell.quantity
            for cell in cells
            if cell.quantity.name == number.quantity.name and not between(cell[:2], (middle, middle))
        ]
        if on and all(quantity.index != number.quantity.index for quantity in on):
            faults.append(f"{named(number.quantity)} is written on {named(on[0])}")
    return faults


def other_columns(sight: Sight) -> list[str]:
    """Faults: bars, cells and numbers below a token that are entries of another token of its sentence.

    A row of a matrix may stand below a token by accident: a column has entries of one token, and the next of another;
    and at least half of the tokens have a column.
    """
    chips = [
        (*box_of(part), meaning.label)
        for part in sight.marks
        for meaning in part.meanings
        if isinstance(meaning, Beside) and sight.stands_still(part)
    ]
    if not chips:
        return []
    low, high = (np.array([chip[side] for chip in chips]) for side in (0, 1))
    # A token that stands over every column is what all of them are about.
    often = Counter((chip[2].source, round(float(chip[0][1]), 2)) for chip in chips)
    below: dict[tuple[str, float, float], dict[int, dict[int, ShownEntry]]] = {}
    for entry, least in chain(
        ((mark, NARROWEST) for mark in chain(_marks(sight, Length), _marks(sight, Shade))),
        ((number, 0.0) for number in _numbers(sight)),
    ):
        middle, wide = (entry.low[0] + entry.high[0]) / 2, entry.high[0] - entry.low[0]
        above = np.flatnonzero((low[:, 0] <= middle) & (middle <= high[:, 0]) & (low[:, 1] >= entry.high[1] - ALIKE))
        if not len(above):
            continue
        chip = above[low[above, 1].argmin()]
        room, centre = high[chip, 0] - low[chip, 0], (low[chip, 0] + high[chip, 0]) / 2
        if abs(middle - centre) > OFF or not least * room <= wide <= room + WIDER:
            continue
        label, axis = chips[chip][2], _axis_of(chips[chip][2], entry.quantity.name, sight)
        if often[label.source, round(float(low[chip, 1]), 2)] > 1:
            continue
        if axis is not None:
            row = below.setdefault((entry.quantity.name, least, round(float(low[chip, 1]), 2)), {})
            row.setdefault(int(chip), {})[entry.quantity.index[axis]] = entry
    faults, beside = [], Counter(round(float(y), 2) for y in low[:, 1])
    for (_, _, level), row in below.items():
        columns = [(chips[chip][2], *found.popitem()) for chip, found in row.items() if len(found) == 1]
        if 2 * len(columns) >= beside[level] and len({token for _, token, _ in columns}) > 1:
            faults += [
                f"{named(entry.quantity)} stands below {label!r}, {label.position}"
                for label, token, entry in columns
                if token != label.position
            ]
    return faults


def _level(bar: ShownEntry, spot: np.ndarray) -> bool:
    """True if a place lies in the direction of a bar, before or behind it."""
    (meaning,) = [one for one in bar.part.meanings if isinstance(one, Length)]
    axis = 1 - SIDES[meaning.side]
    return bool(bar.low[axis] <= spot[axis] <= bar.high[axis])


def _marks(sight: Sight, kind: type[Length | Shade]) -> Iterator[ShownEntry]:
    """Marks that are as long as an entry, or have its shade."""
    for part in sight.marks:
        for meaning in part.meanings:
            if isinstance(meaning, kind) and isinstance(meaning.quantity, Quantity) and sight.stands_still(part):
                yield ShownEntry(*box_of(part), meaning.quantity, part)


def _numbers(sight: Sight) -> Iterator[ShownEntry]:
    """Texts that say one entry and nothing else, but for those of an equation."""
    for part in sight.parts.values():
        if vars(part).get("in_equation", False):
            continue
        for span in vars(part).get("spans", ()):
            source, alone = span.source, span.shown == vars(part).get("text", "")
            if alone and not source.axis and part.get_fill_opacity() >= THERE and sight.stands_still(part):
                yield ShownEntry(*box_of(part), Quantity(float(source.value), source.name, source.index), part)


def _axis_of(label: Label, name: str, sight: Sight) -> int | None:
    """The axis of a tensor along which the tokens of a label's sentence stand: its own, or else the only one."""
    tensor, sentence = sight.tensor(name), sight.tensor(label.name).labels.get(label.axis)
    found = [axis for axis in tensor.axes if sentence and tensor.labels.get(axis) == sentence]
    chosen = label.axis if label.axis in found else found[0] if len(found) == 1 else None
    return None if chosen is None else tensor.axes.index(chosen)
