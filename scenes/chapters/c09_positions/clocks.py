"""Positions as clock hands, with the table that is read off them; and the dot products of positions, by distance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from itertools import product

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, LaggedStart, Mobject, VGroup, VMobject

from scenes.animations import Count, Flight, Sweep, Travel, Turn, Visit, appear, draw, exchange, lagged, ring_around
from scenes.chapters.c09_positions.sums import ScaledBars
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Ground, Length, Reach, Rises, Shade, Tip, means
from scenes.mobjects.shapes import Box, arrow, dot, path, rule, sector
from scenes.mobjects.tensors import Heatmap
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.vectors import Vector
from scenes.theme import at, pace, palette, pixels, shape, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a dial, of what is written below it, of the heads of the table, of the names at the left, and of a number.
DIAL, SPEED, HEAD, SIDE, NUMBER = 230.0, 50.0, 46.0, 170.0, 66.0
#: Px of the dot in the middle of a dial, and between the end of a hand and the rim.
PIVOT, RIM = 16.0, 14.0
#: So many hands are shown; so many positions have a row; and two positions that are compared are so many apart.
HANDS, ROWS, APART = 6, 10, 3
#: How near, as a share of its length, the tip of a hand comes to where it was, to be almost there.
NEAR = 0.35
#: Px that the name of an edge of a map takes, and that of a distance beside it, and of the heading of a panel.
NAME, DISTANCE, TITLE = 50.0, 210.0, 70.0


def hands_shown(pairs: int) -> list[int]:
    """Choose the hands to show: the fastest and others in equal steps, so that one factor leads from each to the next.

    The slowest of all are left out: in a few positions nobody would see them turn.
    """
    step = max(1, round(pairs / 16))
    return [*range(0, min(HANDS * step, pairs), step)]


class SineDial(VGroup):
    """A dial for one pair of entries: a hand leads as far right as the sine says, and as far up as the cosine.

    Args:
        hands: position × component, (sine, cosine) of this pair.
        radius: px.
        centre: where it stands.

    From one position to the next, the hand turns by the angle `turn`, in radians.
    """

    def __init__(self, hands: NamedTensor, radius: float, centre: np.ndarray) -> None:
        self.tensor, self.reach, self.centre, self.ground, self.rim = hands, radius - RIM, centre, Ground(), Ground()
        start, then = (float(np.arctan2(*hands.values[place])) for place in (0, min(1, len(hands) - 1)))
        self.turn = (then - start) % (2 * np.pi)
        self.face = means(Box(2 * radius, 2 * radius, palette().surface, radius, palette().line, 3), self.rim)
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
        tips = self.tensor.values
        return sector(self.centre, self.reach / 2, tips[place], tips[other], "weight", 0.4)

    def legs(self, place: int) -> tuple[VMobject, VMobject]:
        """The sine of the hand as a line to the right, and its cosine as a line up."""
        tip = self.tip(place)
        foot = np.array([self.centre[0], tip[1], 0])
        share = self.reach / (pixels(self.face.width))
        legs = rule(foot, tip, "focus", 12), rule(self.centre, foot, "focus", 12)
        for k, (leg, entry) in enumerate(zip(legs, self.tensor.pick(position=place).quantities(), strict=True)):
            means(leg, Reach(entry, k, share, self.rim)).set_stroke(signed(entry, 1.0))
        return legs


class PositionClocks:
    """Dials side by side, and below each two columns of a table with a row for each position.

    `words` are the tokens of the sentence, which stand at the first positions.
    """

    def __init__(self, embedding: Trace, words: Sequence[Label]) -> None:
        hands, turns = embedding["table_sin_cos"], embedding["table_degrees_per_position"]
        numbers = embedding["position_numbers"]
        shown = self.shown = hands_shown(hands.size("pair"))
        self.places = range(min(ROWS, len(numbers)))
        named = [word(label, "fact", "ink2") for label in words[: len(self.places)]]
        side, wide = STAGE.split_columns(max([SIDE, *(pixels(text.width) + NUMBER for text in named)]), 16)
        top, below = wide.split_rows(DIAL + SPEED)
        heads, body = below.split_rows(HEAD)
        columns = wide.columns(len(shown), 44)
        radius, lines = min(DIAL, columns[0].width) / 2, body.rows(len(self.places), 4)
        self.dials, self.speeds, self.heads = [], VGroup(), VGroup()
        #: The table by positions; and each dial with what is below it.
        self.rows, self.columns = VGroup(VGroup() for _ in self.places), list[VGroup]()
        for k, (pair, column) in enumerate(zip(shown, columns, strict=True)):
            across = (column.left + column.right) / 2
            self.dials.append(SineDial(hands[:, pair], radius, at(across, top.top + DIAL / 2)))
            self.columns.append(VGroup(self.dials[-1]))
            turn = turns.quantity(pair)
            spec = ".0f" if turn >= 10 else ".1f" if turn >= 1 else ".2f" if turn >= 0.1 else ".3f"
            text = f"{turn:{spec}}° a step" if k == 0 else f"{turn:{spec}}°"
            self.speeds.add(Words(text, "fact", "ink2").settle(at(across, top.bottom - SPEED / 2)))
            halves = column.columns(2, 4)
            for name, half in zip(("sin", "cos") if k == 0 else (), halves, strict=False):
                self.heads.add(Words(name, "aside", "ink2").settle(half.cross(heads).centre))
            for (i, line), (c, half) in product(enumerate(lines), enumerate(halves)):
                entry = hands.quantity(i, pair, c)
                cell = means(Box.of(half.cross(line), signed(entry, 1.0), 4), Shade(entry, 1.0))
                self.rows[i].add(cell)
                self.columns[k].add(cell)
        self.title = Words("position", "aside", "ink2").end_in(side.cross(heads))
        self.numbers = VGroup()
        for i, line in enumerate(lines):
            self.numbers.add(number(numbers.quantity(i), "", "number", "ink2").end_in(side.cross(line)))
        before, _ = side.split_columns(-NUMBER)
        self.numbers.add(*(text.end_in(before.cross(line)) for text, line in zip(named, lines, strict=False)))
        self.ring = ring_around(self.rows[0])
        self.faces = VGroup(*self.dials)
        self.hands = self.hands_at(0)
        self.spots = VGroup(VGroup(dot(d.tip(i), 6, "ink3") for d in self.dials) for i in self.places)

    def beside(self, room: Room) -> tuple[PositionClocks, Room, Room]:
        """The same clocks in two lines at the top of a room, without the table; a line below them, and the rest."""
        other, radius = copy(self), pixels(self.dials[0].face.width) / 2
        above, below = room.split_rows(4 * radius + SPEED)
        lines = above.rows(2, SPEED)
        places = [place for line in lines for place in line.columns(-(-len(self.dials) // 2))]
        other.dials = [
            SineDial(dial.tensor, radius, place.centre) for dial, place in zip(self.dials, places, strict=False)
        ]
        other.faces = VGroup(*other.dials)
        return other, *below.split_rows(SPEED)

    def hands_at(self, place: int) -> VGroup:
        """All hands as they stand at a position."""
        return VGroup(dial.hand(place) for dial in self.dials)

    def pairs_at(self, place: int, apart: int) -> VGroup:
        """For each dial the hands of two positions, and what lies between them."""
        end = place + apart
        return VGroup(VGroup(d.sector(place, end), d.hand(place, "query"), d.hand(end, "key")) for d in self.dials)

    @staticmethod
    def part(hands: Sequence[VMobject], others: Sequence[VMobject]) -> Animation:
        """Other hands come out of the ones that stand there."""
        return AnimationGroup(Travel(a, b, 0.0) for a, b in zip(hands, others, strict=True))

    def into(self, vector: Vector) -> Animation:
        """Copies of the dials fly to their entries in the whole encoding of a position."""
        flights = [Flight(d, vector.cells.of(2 * pair)) for d, pair in zip(self.dials, self.shown, strict=True)]
        return lagged(flights, 0.15, kind="row")

    def turn(self, hands: VGroup, places: list[int] | range, last: VGroup, kind: str) -> Animation:
        """Turn hands from place to place; at the end they stand as `last` does."""
        return Turn(hands, [d.centre for d in self.dials], [d.turn for d in self.dials], places, last, kind)

    def grow(self) -> tuple[Animation, ...]:
        """At each position the table gets a row out of the ends of the hands, and all hands turn on."""
        rows = [
            AnimationGroup(Travel(self.spots[i][k // 2], cell, 0.0, "flow") for k, cell in enumerate(self.rows[i]))
            for i in self.places
        ]
        rest, count = 0.6, len(rows)  # a hand rests in the first part of each place
        return (
            self.turn(self.hands, self.places, self.hands_at(self.places[-1]), "tour"),
            Sweep(self.spots, "tour"),
            Visit(self.ring, self.rows, "tour"),
            LaggedStart(*rows, lag_ratio=1 / rest, run_time=pace("tour") * (1 - (1 - rest) / count)),
        )


class LargeSineDial:
    """A dial as high as a room, and at its right the sines and the cosines that its hand writes as it ticks.

    `dial` has the `hand` of the second position, with its `legs`, and that of the first, the `start`. It ticks on over
    the `places`, up to that where it is nearest to its start, so many positions `later`, and almost there `again`.
    """

    def __init__(self, hands: NamedTensor, numbers: NamedTensor, room: Room) -> None:
        first, tips = min(1, len(hands) - 1), hands.values
        away = np.linalg.norm(tips[first + 1 : first + ROWS] - tips[0], axis=-1)
        self.places = range(first, first + (int(away.argmin()) + 2 if len(away) else 1))
        self.again, self.later = bool(len(away) and away.min() < NEAR), numbers.quantity(self.places[-1])
        left, right = room.columns(2, 40)
        self.dial = SineDial(hands, room.height / 2 - 8, left.centre)
        self.hand, self.legs = self.dial.hand(first, thick=11), VGroup(*self.dial.legs(first))
        self.start, self.last = self.dial.hand(0, "ink3", 11), self.dial.hand(self.places[-1], thick=11)
        rows = [hands[: self.places[-1] + 1, k] for k in range(2)]
        body, foot = right.split_rows(-NUMBER)
        self.names, self.bars = VGroup(), []
        for text, row, line in zip(("sine: how far right", "cosine: how far up"), rows, body.rows(2, 40), strict=True):
            upper, lower = line.split_rows(60, 10)
            self.names.add(Words(text, "stage word").begin_in(upper))
            self.bars.append(ScaledBars(row, 1.0, lower, tips[: self.places[-1] + 1]))
        self.numbers = VGroup(
            number(numbers.quantity(i), "", "number", "ink2").settle(foot.centre).set_x(bar.get_x())
            for i, bar in enumerate(self.bars[0].entries)
        )

    def readings(self) -> Iterator[Animation]:
        """The sine, and then the cosine, is read off the hand."""
        for leg, name, bars in zip(self.legs, self.names, self.bars, strict=True):
            yield draw(leg, kind="row")
            yield appear(name, bars.zero, *bars.entries[: self.places[0] + 1], *self.numbers[: self.places[0] + 1])

    def tick(self) -> tuple[Animation, ...]:
        """The hand ticks from position to position, and writes its wave."""
        # These stand there: what is next comes with the second rest of the hand.
        columns, there = (*(bars.entries for bars in self.bars), self.numbers), self.places[0] + 1
        turn = Turn(VGroup(self.hand), [self.dial.centre], [self.dial.turn], self.places, VGroup(self.last), "slow")
        return turn, *(Sweep(VGroup(VGroup(), *column[there:]), "slow") for column in columns)


class PositionProducts:
    """The map of p_i · p_j, and a diagonal of it: all pairs that lie equally far apart.

    Args:
        products: position × position.
        distances: how far positions lie apart.
        room: the rectangle in whose height the map stands, at its left.

    They lie `apart` positions from each other: an `outline` with its name goes around them, and `lit` is around the
    first of them.
    """

    def __init__(self, products: NamedTensor, distances: NamedTensor, room: Room) -> None:
        distance = self.apart = min(APART, len(products) - 1)
        _, body = room.split_rows(NAME)
        count, side = len(products), body.height - 10
        self.map = Heatmap(products, side, side, 0, weights=bool(products.values.min() >= 0))
        self.map.move_to(body.centre).align_to(at(body.left + NAME, 0), LEFT)
        corner = self.map.backdrop.get_corner(UP + LEFT) + units(5) * (RIGHT + DOWN)
        cell = side / count
        right = [corner + units(cell) * ((i + distance + 0.43) * RIGHT + (i + 0.43) * DOWN) for i in range(count)]
        self.diagonal = VGroup(dot(spot, 1) for spot in right[: count - distance])
        first, last, half = self.diagonal[0].get_center(), self.diagonal[-1].get_center(), units(0.8 * cell)
        across, down = half * RIGHT, half * DOWN
        corners = [first - across, first - down, last + across, last + down, first - across]
        self.outline = VGroup(path(corners, "focus", 5).set_z_index(1))
        name = Words(f"distance {distances.quantity(distance)}", "stage word", "focus")
        self.outline.add(name.next_to(last, RIGHT, buff=units(1.4 * cell)))
        self.lit = Box(cell, cell, palette().key, 3).move_to(first).set_z_index(1)
        beside = Words("one position", "stage word", "query").rotate(np.pi / 2).next_to(self.map, LEFT, buff=units(10))
        beside.turned = True
        self.names = VGroup(Words("another", "stage word", "key").next_to(self.map, UP, buff=units(10)), beside)
        for i in (0, count - 1):
            spot = corner + units(cell) * (i + 0.43) * (RIGHT + DOWN)
            over, left = (number(distances.quantity(i), "", "number", role) for role in ("key", "query"))
            self.names.add(over.next_to(self.map, UP, buff=units(10)).set_x(spot[0]))
            self.names.add(left.next_to(self.map, LEFT, buff=units(10)).set_y(spot[1]))

    def beside(self, room: Room) -> Room:
        """The part of a room at the right of the map."""
        edge = pixels(self.map.get_right()[0]) + shape().width / 2
        return Room(edge + DISTANCE, room.top, room.right, room.bottom)


class DotProductReadout(VGroup):
    """Two positions and their dot product, as numbers that may count.

    Args:
        products: position × position.
        numbers: the number of each position.
        apart: how far the second position lies from the first, which is the very first.
        room: the rectangle that is filled.
    """

    def __init__(self, products: NamedTensor, numbers: NamedTensor, apart: int, room: Room) -> None:
        self.products, self.numbers, self.apart = products, numbers, apart
        self.names = VGroup()
        given = (
            ("one position", numbers.quantity(0), "", "query"),
            ("another", numbers.quantity(apart), "", "key"),
            ("dot product", products.quantity(0, apart), ".2f", "ink"),
        )
        values = []
        for (name, quantity, spec, role), column in zip(given, room.columns(3, 20), strict=True):
            upper, lower = column.inset(0, column.height / 5).rows(2, 0)
            self.names.add(Words(name, "stage word", role).settle(upper.centre))
            values.append(number(quantity, spec, "chapter", role).settle(lower.centre))
        self.here, self.there, self.product = values
        super().__init__(self.names, *values)

    def count(self, places: Sequence[int], kind: str) -> tuple[Animation, ...]:
        """The first position runs over some places, and the second and the dot product with it."""
        others = [i + self.apart for i in places]
        return (
            Count(self.here, [self.numbers.quantity(i) for i in places], "", kind),
            Count(self.there, [self.numbers.quantity(j) for j in others], "", kind),
            Count(self.product, [*map(self.products.quantity, places, others)], ".2f", kind),
        )


class OffsetBars(VGroup):
    """Bars over offsets, the key before the query at the left, after it at the right.

    Args:
        entries: a value for each offset.
        offsets: by how much the key stands after the query.
        distance: so far before and after the query numbers are written, with this one below them.
        room: the rectangle that is filled.
        whole: the values of all panels on this scale.
    """

    def __init__(
        self,
        entries: Sequence[Quantity],
        offsets: Sequence[int],
        distance: Quantity,
        room: Room,
        whole: Sequence[float],
    ) -> None:
        self.head, rest = room.split_rows(TITLE)
        body, foot = rest.inset(0, 50).split_rows(-40)
        low, top = min(0.0, *map(float, whole)), max(0.0, *map(float, whole))
        px, pitch = body.height / ((top - low) or 1.0), room.width / len(offsets)
        zero, ground = body.bottom + low * px, Ground()

        def spot(i: int, high: float) -> np.ndarray:
            return at(room.left + pitch * (i + 0.5), zero - high)

        self.bars, self.numbers, self.sides = VGroup(), VGroup(), VGroup()
        scale, wide = max(-low, top), pitch * 0.62
        for i, (entry, offset) in enumerate(zip(entries, offsets, strict=True)):
            high = float(entry) * px
            bar = Box(wide, max(abs(high), 2), signed(float(entry), scale), 4).move_to(spot(i, high / 2))
            self.bars.add(
                means(bar, Length(entry, "height", px, wide, 2), Rises(entry, 1, ground), Shade(entry, scale))
            )
            if abs(offset) == int(distance):
                side = 1 if high >= 0 else -1
                text = number(entry, ".1f", "stage number").settle(spot(i, high + side * 34))
                apart = number(distance, "", "number", "ink2")
                self.sides.add(apart.settle(spot(i, 0) * RIGHT + (foot.centre[1] - units(20)) * UP))
                # Clear of the bar nearer to the middle, which may be higher.
                self.numbers.add(text.shift(RIGHT * np.sign(offset) * max(0.0, text.width - units(wide)) * 0.75))
        ends = at(room.left, zero), at(room.right, zero)
        self.zero = means(rule(*ends, "ink3", 3), ground)
        for told, side in (("key before the query", LEFT), ("key after the query", RIGHT)):
            words = Words(told, "fact", "ink2").move_to(foot.centre + DOWN * units(58))
            self.sides.add(words.align_to(ends[0 if side is LEFT else 1], side))
        super().__init__(self.zero, self.bars, self.numbers, self.sides)

    def heading(self, mobject: Mobject) -> Mobject:
        """Put a name or a formula above the bars."""
        return self.head.fit(mobject, most=1.0)

    def become(self, other: OffsetBars) -> tuple[Animation, ...]:
        """Each bar takes the place and the height that it has in another panel over the same offsets."""
        old, new = ([one.zero, *one.sides, *one.bars] for one in (self, other))
        return exchange(old, new, "row")
