"""Marks that name or point at an entry: words beside rows, ends of lines, rings."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from manim import Mobject, VMobject

from scenes.mobjects.marks.judging import NEAR, Grounded, MarkMeaning, ShownEntry, Sight, between, box_of, named
from scenes.mobjects.marks.places import AxisSpan, Course
from scenes.mobjects.wording import entry_name, is_called
from scenes.theme import PIXELS_PER_UNIT, units
from transformer_core.tracing.provenance import Label, Quantity

#: How far a ring may reach over the border of what stands beside it: about as thick as its line. What is smaller than
#: `TIP` is the head of an arrow that leads to what the ring goes around.
BITE, TIP = units(8), units(20)


@dataclass(frozen=True)
class Names(Grounded):
    """The text is the name of an axis, and so of what is drawn over it: below a lying one, above an upright one."""

    numeric = False
    ground: AxisSpan
    name: str
    text: str

    def fault_from(self, line: Mobject, mark: VMobject, sight: Sight) -> str:
        text, low, (foot, top) = getattr(mark, "text", ""), box_of(mark)[0], box_of(line)
        right = low[1] > top[1] if self.ground.axis else low[1] < foot[1]
        if not right or text != self.text:
            return f"{text!r} stands where {self.text!r} names an axis"
        for course in (meaning for other in sight.marks for meaning in other.meanings if isinstance(meaning, Course)):
            for span, values in ((course.across, course.x), (course.up, course.y)):
                shown = {
                    entry_name(value)
                    for value in values
                    if span is self.ground and isinstance(value, Quantity) and not is_called(value, self.name)
                }
                if other := shown - {"", self.name}:
                    return f"{text!r} names an axis of {sorted(other)}"
        return ""


@dataclass(frozen=True)
class Called(MarkMeaning):
    """All curves in the colour of this name show entries that `label` labels along `axis` of their tensor.

    A name that has the label of another entry in it is that one's.
    """

    label: str
    axis: str

    def fault(self, mark: VMobject, sight: Sight) -> str:
        colour, text = mark.get_fill_color().to_hex(), getattr(mark, "text", "")
        for other in sight.marks:
            for meaning in other.meanings:
                if isinstance(meaning, Course) and other.get_color().to_hex() == colour:
                    for value in meaning.y:
                        found, labels = self._labels(value, sight)
                        if found not in {"", self.label}:
                            return f"a curve of {found!r} is drawn in the colour of {self.label!r}"
                        said = max(
                            (one for one in labels if re.search(rf"\b{re.escape(one)}\b", text)), key=len, default=""
                        )
                        if said not in self.label and self.label not in text:
                            return f"a curve of {self.label!r} is called {text!r}"
        return ""

    def _labels(self, value: float, sight: Sight) -> tuple[str, tuple[str, ...]]:
        """The label of an entry, and all along its axis."""
        tensor = sight.tensor(value.name) if isinstance(value, Quantity) else None
        if tensor is None or not isinstance(value, Quantity) or self.axis not in tensor.labels:
            return "", ()
        labels = tensor.labels[self.axis]
        return labels[value.index[tensor.axes.index(self.axis)]], labels


@dataclass(frozen=True)
class End(MarkMeaning):
    """The line begins (`first`) or ends where a token stands: that of a label, or that of an entry.

    Of an entry it is the token at its place along `axis`, such as "query"; with no axis, the entry itself says the
    position. The end is not judged where the token is not on stage, nor where a line may stand `alone`, with no token
    near its end. An end that is `level` with its token may stand far beside it: of the tokens of the same axis, that
    one's height is the nearest.
    """

    at: Label | Quantity
    first: bool = False
    axis: str = ""
    alone: bool = False
    level: bool = False

    def fault(self, mark: VMobject, sight: Sight) -> str:
        lines = [part for part in mark.get_family() if len(part.points)]
        # An arrow's head is a shape of its own, which begins at its tip.
        end = lines[0].points[0] if self.first else lines[-1].points[-1] if len(lines) == 1 else lines[-1].points[0]
        root = sight.roots.get(id(mark))
        stands = [stand for stand in sight.stands if sight.roots[id(stand[0])] is root] or sight.stands
        if not any(self._is(label, sight) for _, label in stands):
            return ""
        if self.level and isinstance(self.at, Label):
            stands = [stand for stand in stands if (stand[1].name, stand[1].axis) == (self.at.name, self.at.axis)]
        part, found = min(stands, key=lambda stand: self._off(stand[0], end))
        if not sight.stands_still(part):
            return ""
        off = self._off(part, end) * PIXELS_PER_UNIT
        where = f"a line that means {named(self.at) if isinstance(self.at, Quantity) else self.at!r}"
        if off > NEAR:
            return "" if self.alone else f"{where} ends {off:.0f} px from the nearest token"
        return "" if self._is(found, sight) else f"{where} ends at {found!r}, {found.position}"

    def _off(self, part: Mobject, end: np.ndarray) -> float:
        box = box_of(part)
        beside = np.array([box[0][0], *end[1:]]) if self.level else end
        return between(box, (beside, beside))

    def _is(self, label: Label, sight: Sight) -> bool:
        if isinstance(self.at, Label):
            return (str(label), label.position, label.axis) == (str(self.at), self.at.position, self.at.axis)
        tensor = sight.tensor(self.at.name)
        place = self.at.index[tensor.axes.index(self.axis)] if self.axis else int(sight.value(self.at))
        return label.position == place


@dataclass(frozen=True)
class Beside(MarkMeaning):
    """The word names the row or column of the cells beside it, where cells of the label's tensor stand there."""

    numeric = False
    label: Label

    def fault(self, mark: VMobject, sight: Sight) -> str:
        entries = sight.entries(self.label.name)
        if not entries or not sight.tensor(self.label.name).axes.count(self.label.axis):
            return ""
        box = box_of(mark)
        middle = (box[0] + box[1]) / 2
        level = [e for e in entries if _overlap(middle, e) and between(box, e[:2]) * PIXELS_PER_UNIT <= NEAR]
        if not level:
            return ""
        nearest = min(level, key=lambda entry: between(box, entry[:2]))
        axis = sight.tensor(self.label.name).axes.index(self.label.axis)
        here = nearest.quantity.index[axis]
        right = here == self.label.position
        return "" if right else f"{self.label!r}, {self.label.position}, names row or column {here}"


def _overlap(middle: np.ndarray, entry: ShownEntry) -> bool:
    """True if a box lies beside an entry, or above or below it, and not across a corner."""
    return any(entry.low[axis] <= middle[axis] <= entry.high[axis] for axis in (0, 1))


@dataclass(frozen=True)
class Around(MarkMeaning):
    """The ring encloses the mark of this entry, where that is on stage."""

    quantity: Quantity

    def fault(self, mark: VMobject, sight: Sight) -> str:
        low, high = box_of(mark)
        places = [entry for entry in sight.entries(self.quantity.name) if entry.quantity.index == self.quantity.index]
        inside = [np.all(low[:2] <= one.low[:2]) and np.all(one.high[:2] <= high[:2]) for one in places]
        return "" if any(inside) or not places else f"the ring is not around {named(self.quantity)}"


@dataclass(frozen=True)
class Rings(MarkMeaning):
    """The outline goes around something, lies above it, and cuts into nothing beside it.

    It may lie within a plate, or lead around a column across one.
    """

    numeric = False

    def fault(self, mark: VMobject, sight: Sight) -> str:
        ring, empty = _rectangle(mark), True
        order = {part: place for place, part in enumerate(sight.parts)}
        for part, box in sight.filled:
            if not sight.stands_still(part):
                continue
            across, down = (min(ring[a + 2], box[a + 2]) - max(ring[a], box[a]) for a in (0, 1))
            within = [box[a] >= ring[a] - BITE and box[a + 2] <= ring[a + 2] + BITE for a in (0, 1)]
            inside = [ring[a] >= box[a] and ring[a + 2] <= box[a + 2] for a in (0, 1)]
            if all(within):
                if order[id(part)] > order[id(mark)]:
                    return "a ring lies under what it goes around"
                empty = False
            elif (
                min(across, down) > BITE
                and max(box[2:] - box[:2]) > TIP
                and not (all(inside) or (within[0] and inside[1]) or (within[1] and inside[0]))
            ):
                return f"a ring cuts {min(across, down) * PIXELS_PER_UNIT:.0f} px into what stands beside it"
        return "a ring is around nothing" if empty and not sight.moving else ""


def _rectangle(mark: Mobject) -> np.ndarray:
    """Left, low, right, high."""
    low, high = box_of(mark)
    return np.array([*low[:2], *high[:2]])
