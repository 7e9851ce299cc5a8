"""A vector as a list of numbers and as an arrow: two of its entries are coordinates on paper."""

from __future__ import annotations

import numpy as np
from manim import LEFT, RIGHT, Animation, VGroup

from scenes.animations import Travel, ring_around
from scenes.layout import Room
from scenes.mobjects.card import paper_in
from scenes.mobjects.marks import Ground, Tip, means
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.shapes import arrow, dot, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector, named_rows
from scenes.theme import at, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Px of the vector, of its numbers below it, of the margin of the paper, and around the arrows.
HIGH, DOWN_TO, EDGE, AIR = 96.0, 84.0, 22.0, 66.0
#: Px between the middles of both numbers at least.
APART = 140.0


class Coordinates(VGroup):
    """The vector of a token as a strip, and below it the arrow to which its largest and its smallest entry lead.

    Args:
        vectors: "position d_model".
        token: whose vector it is.
        room: the rectangle that is filled.

    Before that, the vectors of all tokens fill the room: `tokens` and their `strips`. `own` is the arrow of the token,
    and `others` are those of the others, by the same two entries.

    Example::

        vectors = trace["embed_src.token"].pick(batch=0)
        figure = Coordinates(vectors, vectors.label("position", 3), Room(280, 190, 1640, 800))
    """

    def __init__(self, vectors: NamedTensor, token: Label, room: Room) -> None:
        own = vectors.pick(position=token)
        head, rest = room.split_rows(HIGH, DOWN_TO)
        labels = vectors.words("position")
        side, line = head.split_columns(gutter(labels), 14)
        self.tokens, self.strips = named_rows(vectors, room, line.width, "residual")
        self.chip = Token(token, "", side.width, 60).move_to(side.centre)
        self.vector = Vector(own, line.width, line.height, "residual").move_to(line.centre)
        places = [own.smallest()[0].position, own.largest()[0].position]
        self.cells = [self.vector.cells.of(place) for place in places]
        self.rings = VGroup(*(ring_around(cell) for cell in self.cells))
        entries = [own.quantity(place) for place in places]
        self.numbers, self.names = VGroup(), VGroup()
        foot = self.vector.get_bottom()[1] - units(46)
        for cell, entry, name in zip(self.cells, entries, ("across", "up"), strict=True):
            self.numbers.add(number(entry, ".2f", "stage number").settle(np.array([cell.get_x(), foot, 0])))
            self.names.add(Words(name, "fact", "ink2"))
        self._name_numbers(line)
        self.paper = paper_in(rest)
        rest = rest.inset(EDGE)
        spots = vectors.values[:, places]
        low, high = np.minimum(spots.min(0), 0), np.maximum(spots.max(0), 0)
        space = np.array([rest.width - 2 * AIR, rest.height - 2 * AIR])
        px = float((space / np.maximum(high - low, 1e-9)).min())
        origin = rest.centre - np.array([*(low + high) / 2, 0]) * units(px)
        ground = Ground()
        self.origin = means(dot(origin, 9, "ink2"), ground)
        left, foot = (Room(x, y, x, y).centre for x, y in ((rest.left, rest.top), (rest.left, rest.bottom)))
        right, top = rest.centre * 2 - left, rest.centre[1] * 2 - foot[1]
        self.axes = VGroup(
            rule(np.array([left[0], origin[1], 0]), np.array([right[0], origin[1], 0]), "line", 3),
            rule(np.array([origin[0], foot[1], 0]), np.array([origin[0], top, 0]), "line", 3),
        )
        self.arrows, self.chips = {}, VGroup()
        for position in sorted(range(len(vectors)), key=lambda p: p != self._place(vectors, token)):
            way = np.array([*spots[position], 0]) * units(px)
            long = float(np.linalg.norm(way)) * 135
            lead = arrow(origin, origin + way, "residual", 8, min(28.0, long * 0.6))
            across, up = (vectors.quantity(position, place) for place in places)
            label = vectors.label("position", position)
            self.arrows[label.position] = means(lead, Tip(across, up, px, 18, ground))
            self._name(Token(label), lead)
        self.own = self.arrows[token.position]
        self.others = VGroup(*(lead for position, lead in self.arrows.items() if position != token.position))
        super().__init__(
            self.paper, self.axes, self.names, self.origin, self.others, self.own, self.chips, self.chip, self.vector,
            self.rings, self.numbers,
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

    @staticmethod
    def _place(vectors: NamedTensor, token: Label) -> int:
        """The row of a token, which in a window is not its position."""
        return next(i for i, label in enumerate(vectors.words("position")) if label.position == token.position)

    def _name(self, chip: Token, lead: VGroup) -> None:
        """Put a chip beyond the tip of an arrow, if it is clear of the chips before."""
        start, tip = lead[0].points[0], lead[-1].points[0]
        way = (tip - start) / max(float(np.linalg.norm(tip - start)), 1e-9)
        chip.move_to(tip + way * (np.array([chip.width / 2, chip.height / 2, 0]) + units(10)))
        for other in self.chips:
            apart = np.abs(chip.get_center() - other.get_center())[:2]
            if (apart < np.array([chip.width + other.width, chip.height + other.height]) / 2 + units(6)).all():
                return
        self.chips.add(chip)

    def own_chip(self) -> VGroup:
        """The name at the arrow of the token itself."""
        return VGroup(self.chips[0])

    def pull_out(self) -> tuple[Animation, ...]:
        """Both numbers come out of their cells."""
        return tuple(Travel(cell, text, kind="row") for cell, text in zip(self.cells, self.numbers, strict=True))
