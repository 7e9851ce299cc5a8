"""Positions as clock hands: a dial for each pair of sine and cosine, and below it the table that is read off them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import Animation, AnimationGroup, LaggedStart, VGroup, VMobject

from scenes.animations import Flight, Sweep, Travel, Visit, ring_around
from scenes.animations.turning import Turn
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Ground, Reach, Shade, Tip, means
from scenes.mobjects.shapes import Box, arrow, dot, rule
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.vectors import Vector
from scenes.theme import at, ink_on, pace, palette, signed, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Px of a dial, of what is written below it, of the heads of the table, of the names at the left, and of a number.
DIAL, SPEED, HEAD, SIDE, NUMBER = 230.0, 50.0, 46.0, 170.0, 66.0
#: Px of the dot in the middle of a dial, and between the end of a hand and the rim.
PIVOT, RIM = 16.0, 14.0
#: So many positions have a row.
ROWS = 10


def hands_shown(pairs: int) -> list[int]:
    """Choose the hands to show: more of the fast ones, and the slowest."""
    return sorted({min(pairs - 1, round(share * pairs)) for share in (0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)})


class Dial(VGroup):
    """A dial for one pair of entries: a hand leads as far right as the sine says, and as far up as the cosine.

    Args:
        hands: position × component, (sine, cosine) of this pair.
        radius: px.
        centre: where it stands.
    """

    def __init__(self, hands: NamedTensor, radius: float, centre: np.ndarray) -> None:
        self.tensor, self.reach, self.centre, self.ground, self.rim = hands, radius - RIM, centre, Ground(), Ground()
        colours = palette()
        self.face = means(Box(2 * radius, 2 * radius, colours.surface, radius, colours.line, 3), self.rim)
        self.pivot = means(dot(centre, PIVOT / 2, "weight"), self.ground)
        super().__init__(self.face.move_to(centre), self.pivot)

    def tip(self, place: int) -> np.ndarray:
        """The end of the hand at a position."""
        return self.centre + np.array([*self.tensor.values[place], 0]) * units(self.reach)

    def hand(self, place: int, role: str = "weight", thick: float = 7) -> VMobject:
        """The hand as it stands at a position."""
        ends = self.tensor.quantity(place, 0), self.tensor.quantity(place, 1)
        lead = arrow(self.centre, self.tip(place), role, thick, 4 * thick)
        return means(lead, Tip(*ends, self.reach, PIVOT, self.ground))

    def sector(self, place: int, other: int) -> VMobject:
        """The sector between the hands of two positions, the shorter way round."""
        start, end = (np.arctan2(*self.tensor.values[i][::-1]) for i in (place, other))
        turn = (end - start + np.pi) % (2 * np.pi) - np.pi
        far = units(self.reach) * 0.5
        rim = [self.centre + far * np.array([np.cos(t), np.sin(t), 0]) for t in np.linspace(start, start + turn, 24)]
        part = VMobject(fill_color=palette().weight, fill_opacity=0.4, stroke_width=0)
        return part.set_points_as_corners([self.centre, *rim, self.centre])

    def legs(self, place: int) -> tuple[VMobject, VMobject]:
        """The sine of the hand as a line to the right, and its cosine as a line up."""
        tip = self.tip(place)
        foot = np.array([self.centre[0], tip[1], 0])
        share = self.reach / (self.face.width * 135)
        legs = rule(foot, tip, "focus", 12), rule(self.centre, foot, "focus", 12)
        entries = self.tensor.pick(position=place).quantities()
        for k, (leg, entry) in enumerate(zip(legs, entries, strict=True)):
            means(leg, Reach(entry, k, share, self.rim)).set_stroke(signed(entry, 1.0))
        return legs


class Clocks:
    """Dials side by side, and below each two columns of a table with a row for each position.

    Args:
        hands: position × pair × component, (sine, cosine) of every hand.
        turns: degrees that each hand turns from one position to the next, by pair.
        numbers: the number of each position.
        words: the tokens of the sentence, which stand at the first positions.
    """

    def __init__(self, hands: NamedTensor, turns: NamedTensor, numbers: NamedTensor, words: Sequence[Label]) -> None:
        shown = self.shown = hands_shown(hands.size("pair"))
        self.places = range(min(ROWS, len(numbers)))
        named = [word(label, "fact", "ink2") for label in words[: len(self.places)]]
        side, wide = STAGE.split_columns(max([SIDE, *(text.width * 135 + NUMBER for text in named)]), 16)
        top, below = wide.split_rows(DIAL + SPEED)
        self.under = STAGE.cross(below)
        heads, body = below.split_rows(HEAD)
        columns = wide.columns(len(shown), 44)
        radius = min(DIAL, columns[0].width) / 2
        lines = body.rows(len(self.places), 4)
        self.dials, self.speeds, self.heads, self.rows = [], VGroup(), VGroup(), VGroup()
        cells: list[list[VMobject]] = [[] for _ in self.places]
        for k, (pair, column) in enumerate(zip(shown, columns, strict=True)):
            across = (column.left + column.right) / 2
            self.dials.append(Dial(hands[:, pair], radius, at(across, top.top + DIAL / 2)))
            turn = turns.quantity(pair)
            spec = ".0f" if turn >= 10 else ".1f" if turn >= 1 else ".2f" if turn >= 0.1 else ".3f"
            text = f"{turn:{spec}}° a step" if k == 0 else f"{turn:{spec}}°"
            self.speeds.add(Words(text, "fact", "ink2").settle(at(across, top.bottom - SPEED / 2)))
            halves = column.columns(2, 4)
            for name, half in zip(("sin", "cos"), halves, strict=True):
                self.heads.add(Words(name, "aside", "ink2").settle(half.cross(heads).centre))
            for i, line in enumerate(lines):
                for c, half in enumerate(halves):
                    entry = hands.quantity(i, pair, c)
                    cell = means(Box(half.width, line.height, signed(entry, 1.0), 4), Shade(entry, 1.0))
                    cells[i].append(cell.move_to(half.cross(line).centre))
        self.rows.add(*(VGroup(*row) for row in cells))
        self.title = Words("position", "aside", "ink2").end_in(side.cross(heads))
        self.numbers = VGroup()
        for i, line in enumerate(lines):
            self.numbers.add(number(numbers.quantity(i), "", "number", "ink2").end_in(side.cross(line)))
        before, _ = side.split_columns(-NUMBER)
        self.numbers.add(*(text.end_in(before.cross(line)) for text, line in zip(named, lines, strict=False)))
        self.ring = ring_around(self.rows[0])
        self.faces = VGroup(*self.dials)
        self.hands = self.hands_at(0)
        self.spots = VGroup(*(VGroup(*(dot(d.tip(i), 6, "ink3") for d in self.dials)) for i in self.places))

    def hands_at(self, place: int) -> VGroup:
        """All hands as they stand at a position."""
        return VGroup(*(dial.hand(place) for dial in self.dials))

    def pairs_at(self, place: int, apart: int) -> VGroup:
        """For each dial the hands of two positions, and what lies between them."""
        return VGroup(
            *(
                VGroup(d.sector(place, place + apart), d.hand(place, "query"), d.hand(place + apart, "key"))
                for d in self.dials
            )
        )

    @staticmethod
    def part(hands: Sequence[VMobject], others: Sequence[VMobject]) -> Animation:
        """Other hands come out of the ones that stand there."""
        return AnimationGroup(*(Travel(a, b, 0.0) for a, b in zip(hands, others, strict=True)))

    def column(self, k: int) -> VGroup:
        """A dial and the cells of the table below it."""
        cells = (cell for row in self.rows for cell in row)
        width, middle = self.dials[k].width, self.dials[k].get_x()
        return VGroup(self.dials[k], *(cell for cell in cells if abs(cell.get_x() - middle) < width / 2))

    def into(self, vector: Vector) -> Animation:
        """Copies of the dials fly to their entries in the whole encoding of a position."""
        flights = [Flight(d, vector.cells.of(2 * pair)) for d, pair in zip(self.dials, self.shown, strict=True)]
        return LaggedStart(*flights, lag_ratio=0.15, run_time=pace("row"))

    @property
    def _turning(self) -> tuple[list[np.ndarray], list[float]]:
        """The centre of each dial, and the angle of a place."""
        tips = [dial.tensor.values for dial in self.dials]
        angles = [float(np.arctan2(*tip[1]) - np.arctan2(*tip[0])) if len(tip) > 1 else 0.0 for tip in tips]
        return [dial.centre for dial in self.dials], [angle % (2 * np.pi) for angle in angles]

    def turn(self, hands: VGroup, places: list[int] | range, last: VGroup, kind: str) -> Animation:
        """Turn hands from place to place; at the end they stand as `last` does."""
        return Turn(hands, *self._turning, places, last, kind)

    def grow(self) -> tuple[Animation, ...]:
        """At each position the table gets a row out of the ends of the hands, and all hands turn on."""
        rows = [
            AnimationGroup(*(Travel(self.spots[i][k // 2], cell, 0.0, "flow") for k, cell in enumerate(self.rows[i])))
            for i in self.places
        ]
        rest, count = 0.6, len(rows)  # a hand rests in the first part of each place
        return (
            self.turn(self.hands, self.places, self.hands_at(self.places[-1]), "tour"),
            Sweep(self.spots, "tour"),
            Visit(self.ring, self.rows, "tour"),
            LaggedStart(*rows, lag_ratio=1 / rest, run_time=pace("tour") * (1 - (1 - rest) / count)),
        )


class LargeDial:
    """A dial as high as a room, and the sine and the cosine that are read off its hand.

    `dial` has the `hand` of the second position.
    """

    def __init__(self, hands: NamedTensor, room: Room) -> None:
        place = min(1, len(hands) - 1)
        left, right = room.columns(2, 40)
        self.dial = Dial(hands, room.height / 2 - 8, left.centre)
        self.hand, self.legs = self.dial.hand(place, thick=11), VGroup(*self.dial.legs(place))
        self.readings = VGroup()
        lines = right.inset(0, 110).rows(2, 40)
        for k, (name, line) in enumerate(zip(("sine: how far right", "cosine: how far up"), lines, strict=True)):
            entry = hands.quantity(place, k)
            upper, lower = line.split_rows(60, 10)
            fill = signed(entry, 1.0)
            box = means(Box(300, lower.height, fill, 8), Shade(entry, 1.0)).move_to(lower.split_columns(300)[0].centre)
            value = Words(f"{entry:.2f}", "chapter", paper=box).settle(box.get_center()).set_fill(ink_on(fill))
            self.readings.add(VGroup(Words(name, "stage word").begin_in(upper), box, value))
