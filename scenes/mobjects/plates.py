"""Operations on a few numbers: each on a plate, the equation between them and the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from manim import Animation, VGroup, VMobject

from scenes.animations import Flight, Travel, appear, appear_in_turn
from scenes.layout import Room
from scenes.mobjects.equations import equation_of
from scenes.mobjects.operands import OperandPlate
from scenes.mobjects.shapes import Box, arrow, ellipsis
from scenes.mobjects.text import Words
from scenes.theme import at, palette, pixels
from transformer_core.tracing.explain import Entry

#: The most inputs that have a plate each; of more, the largest.
MOST = 5


def chosen(entry: Entry) -> list[Entry]:
    """The entries that are shown as inputs: each once, and of many the largest, in their own order."""
    found: dict[tuple[str, tuple[int, ...]], Entry] = {}
    for term in entry.terms:
        for cell in term:
            found.setdefault((cell.name, cell.index), cell)
    cells = [*found.values()]
    if len(cells) <= MOST:
        return cells
    order = sorted(range(len(cells)), key=lambda i: -abs(cells[i].value))[: MOST - 1]
    return [cells[i] for i in sorted(order)]


def _arriving(source: VMobject, plate: OperandPlate) -> list[Animation]:
    """The number flies to its plate, if the source shows it; else the plate comes out of the source."""
    shown = [part for part in source.get_family() if isinstance(part, Words) and part.text == plate.number.text]
    moving, origin = (plate.number, shown[0]) if shown else (plate.box, source)
    others = [part for part in plate if part is not moving]
    return [appear(*others, rise=False), Travel(origin, moving, kind="flow")]


class Plates(VGroup):
    """Inputs on plates at the left, what is done to them in the middle, and the result at the right."""

    def __init__(self, entry: Entry, room: Room, names: Mapping[str, VMobject]) -> None:
        cells = chosen(entry)
        count = len({(cell.name, cell.index) for term in entry.terms for cell in term})
        self.inputs: list[OperandPlate] = []
        self.arrows, self.middle, self.more, self.out = VGroup(), VGroup(), VGroup(), VGroup()
        if not cells:
            self.plate = OperandPlate(entry, room.inset(0, max(0.0, room.height / 2 - 190)), lit=True)
        else:
            left, rest = room.split_columns(0.32 * room.width)
            middle, right = rest.split_columns(-0.32 * room.width)
            rows = left.rows(len(cells) + (1 if len(cells) < count else 0), 18)
            least = max(0.0, left.height / 2 - 190) if len(rows) == 1 else 0.0
            for cell, place in zip(cells, rows, strict=False):
                name = names.get(cell.name.rpartition(".")[2])
                self.inputs.append(OperandPlate(cell, place.inset(0, least), name=name))
            if len(cells) < count:
                self.more.add(ellipsis(vertical=True).move_to(rows[-1].centre))
            self.plate = OperandPlate(entry, right.inset(0, max(0.0, right.height / 2 - 190)), lit=True)
            self._between(entry, middle, rows)
        self.result: Words = self.plate.number
        super().__init__(*self.inputs, self.more, self.arrows, self.middle, self.out, self.plate)

    def _between(self, entry: Entry, middle: Room, rows: Sequence[Room]) -> None:
        """The equation, with an arrow from each plate to it and from it to the result."""
        box = middle.inset(72, 0)
        equation = equation_of(entry, box.width - 40, 46)
        tall = max(170.0, pixels(equation.height) + 70) if equation else 120.0
        y = (box.top + box.bottom) / 2
        colours = palette()
        self.middle.add(Box(box.width, tall, colours.background, 26, colours.ink3, 2.5).move_to(box.centre))
        if equation:
            self.middle.add(equation.move_to(box.centre))
        spread = min(tall - 50, 40.0 * (len(self.inputs) - 1))
        for i, place in enumerate(rows[: len(self.inputs)]):
            goal = y - spread / 2 + (spread * i / (len(self.inputs) - 1) if len(self.inputs) > 1 else 0)
            self.arrows.add(arrow(at(middle.left + 12, (place.top + place.bottom) / 2), at(box.left - 10, goal)))
        self.out = arrow(at(box.right + 10, y), at(middle.right - 12, y), "focus", 4, 18)

    def plays(
        self, sources: Sequence[VMobject | None] = (), into: VMobject | None = None, known: bool = False
    ) -> list[list[Any]]:
        """Inputs, the operation, nothing, the result."""
        given = [*sources, *[None] * len(self.inputs)]
        pairs = [*zip(given, self.inputs, strict=False)]
        flying = [play for source, plate in pairs if source is not None for play in _arriving(source, plate)]
        turn = appear_in_turn([plate for source, plate in pairs if source is None] + [*self.more])
        landing = [] if known else [appear(self.plate)]
        flights = [Flight(self.result, into)] if into is not None else []
        if not self.inputs:
            return [[], [], [], [*landing, *flights]]
        return [
            [tuple(play for play in (*flying, turn) if play is not None)],
            [(appear(self.arrows, rise=False), appear(self.middle))],
            [],
            [(appear(self.out, rise=False), *landing), *flights],
        ]
