"""A vector as a list of numbers and as an arrow: two of its entries are coordinates of a plane."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import draw, follow
from scenes.layout import Room
from scenes.mobjects.planes import Plane, add_at_tip, put_aside
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.shapes import rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import named_rows, vector_in
from scenes.theme import at, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Px of the vector, of its numbers below it, and around the arrows.
HIGH, DOWN_TO, AIR = 96.0, 84.0, 66.0
#: Px between the middles of both numbers at least.
APART = 140.0


class Coordinates(VGroup):
    """The vector of a token as a strip, and below it the arrow to which its largest and its smallest entry lead.

    Args:
        vectors: "position d_model".
        token: whose vector it is.
        room: the rectangle that is filled.
        inside: a part of it.

    Before that, the vectors of all tokens fill what is `inside`, or all: `tokens` and their `strips`. `own` is the
    arrow of the token, and `others` are those of the others, by the same two entries.

    Example::

        vectors = trace["embed_src.token"].pick(batch=0)
        figure = Coordinates(vectors, vectors.label("position", 3), Room(280, 190, 1640, 800))
    """

    def __init__(self, vectors: NamedTensor, token: Label, room: Room, inside: Room | None = None) -> None:
        own = vectors.pick(position=token)
        head, rest = room.split_rows(HIGH, DOWN_TO)
        labels = vectors.words("position")
        side, line = head.split_columns(gutter(labels), 14)
        body = inside or room
        self.tokens, self.strips = named_rows(vectors, body, body.width - gutter(labels) - 14, "residual")
        self.chip = Token(token, "", side.width, 60).move_to(side.centre)
        self.vector = vector_in(line, own, "residual")
        places = sorted((own.smallest()[0].position, own.largest()[0].position))
        self.cells = [self.vector.cells.of(place) for place in places]
        entries = [own.quantity(place) for place in places]
        self.numbers, self.names = VGroup(), VGroup()
        foot = self.vector.get_bottom()[1] - units(46)
        for cell, entry, name in zip(self.cells, entries, ("across", "up" if entries[1] >= 0 else "down"), strict=True):
            self.numbers.add(number(entry, ".2f", "stage number").settle(np.array([cell.get_x(), foot, 0])))
            self.names.add(Words(name, "fact", "ink2"))
        self._name_numbers(line)
        self.leads = VGroup(
            rule(cell.get_bottom() + DOWN * units(4), text.get_top() + UP * units(10), "focus", 4)
            for cell, text in zip(self.cells, self.numbers, strict=True)
        )
        coordinates = vectors.pick(d_model=tuple(places))
        plane = Plane(np.vstack([coordinates.values, np.zeros(2)]), rest.inset(AIR))
        self.origin, (x, y, _) = plane.origin, plane.foot
        low, high = at(rest.left, rest.bottom), at(rest.right, rest.top)
        ends = ((low[0], y), (high[0], y)), ((x, low[1]), (x, high[1]))
        self.axes = VGroup(rule(np.array([*start, 0]), np.array([*end, 0]), "line", 3) for start, end in ends)
        self.chips, self.others = VGroup(), VGroup()
        rows = [*zip(labels, coordinates, strict=True)]
        for label, row in sorted(rows, key=lambda one: one[0].position != token.position):
            lead = plane.arrow(plane.foot, row.quantities(), "residual", tip=28)
            add_at_tip(self.chips, Token(label), lead, 10)
            if label.position == token.position:
                self.own = lead
            else:
                self.others.add(lead)
        for label, row in rows:
            chips = [chip for chip in self.chips if chip.label.position != label.position]
            put_aside(plane.foot, plane.point(row.values), chips, self.chips)
        super().__init__(
            self.axes, self.names, self.origin, self.others, self.own, self.chips, self.chip, self.vector,
            self.leads, self.numbers,
        )  # fmt: skip

    def _name_numbers(self, line: Room) -> None:
        """Say at each number which way it leads, and keep both clear of each other and inside of the line."""
        first, last = sorted((0, 1), key=lambda i: self.numbers[i].get_x())
        missing = units(APART) - (self.numbers[last].get_x() - self.numbers[first].get_x())
        for i, side in ((first, LEFT), (last, RIGHT)):
            self.numbers[i].shift(side * max(missing, 0.0) / 2)
            self.names[i].next_to(self.numbers[i], side, buff=units(16)).stand_on(self.numbers[i].baseline)
        both = VGroup(*self.numbers, *self.names)
        low, high = (at(x, 0)[0] for x in (line.left, line.right))
        both.shift(RIGHT * (max(0.0, low - both.get_left()[0]) - max(0.0, both.get_right()[0] - high)))

    def pull_out(self) -> tuple[Animation, ...]:
        """Both numbers come out of their cells."""
        return draw(self.leads, kind="row"), follow(self.numbers)
