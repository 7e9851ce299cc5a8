"""Rotary positions: clock dials, a hand for each pair of entries of a query and of a key, and what each pair adds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import Animation, VGroup, VMobject

from scenes.animations import Count, Play, Roll, Shades, Through, appear, exchange, gather, lagged, leave
from scenes.chapters.c16_modern.blocks import bars, zero_in
from scenes.chapters.c16_modern.plan import INSIDE
from scenes.layout import Room
from scenes.mobjects.marks import Ground, Tip, means
from scenes.mobjects.shapes import Box, arrow, dashes, dot, sector
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector
from scenes.theme import palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import Trace

#: From one pair that is drawn to the next, and by how many positions the first of them turns alone.
EVERY, ALONE = 4, 2
#: Px of both vectors at the left, of the row of positions at the foot, of a pivot, and from a hand to the rim.
SIDE, ROW, PIVOT, RIM = 262.0, 100.0, 12.0, 9.0
#: Px of a chip and of a position below it, and of the score below the vectors.
CHIP, NUMBER, SCORE = 52.0, 34.0, 128.0
#: Px of the title above dials, of the line of words below a dial, and of a column.
HEAD, FOOT, WIDE = 44.0, 44.0, 56.0
#: Whose hands there are, and how thick these are in a small dial and in the large one.
ROLES, THICK, THICKER = ("query", "key"), 8.0, 14.0


class DialFace(VGroup):
    """A face with a pivot in its middle."""

    def __init__(self, centre: np.ndarray, radius: float) -> None:
        self.reach, self.centre, self.ground = radius - RIM, centre, Ground()
        face = Box(2 * radius, 2 * radius, palette().background, radius, palette().line, 2.5).move_to(centre)
        super().__init__(face, means(dot(centre, PIVOT / 2, "ink2"), self.ground))


class RotaryDials:
    """A large dial for the first pair; then one for every few pairs, and beside it a column: what it adds to the score.

    At the left are the vectors that hands are made of, at the foot a row of positions with both tokens. A hand leads
    up by the first entry of its pair and right by the second; all are drawn equally long.

    Args:
        run: the results of the experiment.
        query, key: the positions at which both tokens stand in the sentence.
    """

    def __init__(self, run: Trace, query: int, key: int) -> None:
        self.run, self.places = run, {"query": query, "key": key}
        side, wide = INSIDE.split_columns(SIDE, 34)
        wall, row = wide.split_rows(-ROW, 18)
        side = side.split_rows(-ROW, 18)[0]
        self.hands, self.adds = {role: run[f"{role}_hands"] for role in ROLES}, run["adds"]
        self.pairs = range(0, len(run["turns"]), EVERY)
        title, body = wall.split_rows(HEAD, 4)
        cells = [cell for line in body.rows(2, 16) for cell in line.columns(len(self.pairs) // 2, 14)]
        #: Of each pair its dial, above its angle, and beside it room for its column.
        sides, self.rooms = zip(*(cell.split_columns(cell.height - FOOT) for cell in cells), strict=True)
        faces, feet = zip(*(side.split_rows(-FOOT) for side in sides), strict=True)
        self.dials = [DialFace(face.centre, face.width / 2) for face in faces]
        self.large = DialFace(wall.centre, wall.height / 2)
        #: How far each hand turns from one position to the next.
        self.speeds = VGroup(
            Words(f"{run['turns'].quantity(pair):.2g}°", "fact", "ink2").settle(foot.centre)
            for pair, foot in zip(self.pairs, feet, strict=True)
        )
        self.speeds.add(Words("every fourth pair, and its turn per position", "fact", "ink2").begin_in(title))
        self.angles = [float(np.radians(run["turns"].values[pair])) for pair in self.pairs]
        self._row(row)
        named = Words("position", "aside", "ink2").settle(row.split_rows(-NUMBER, 6)[1].centre)
        self.numbers.add(named.end_at(self.numbers.get_left()[0] - units(24)))
        self._vectors(side)
        self.moving = {"query": self.hands_at("query", ALONE), "key": self.hands_at("key", key)}
        #: The first hand in the large dial, at each of its positions, and what it leaves there.
        self.left = VGroup()
        self.alone = [self.hand("query", place, 0, self.large) for place in range(ALONE + 1)]
        #: Where the hands of the query stood at first.
        self.traces = VGroup(self._trace(dial, pair, ALONE) for dial, pair in zip(self.dials, self.pairs, strict=True))
        drawn = self.adds.values[:, list(self.pairs)]
        self.unit, self.grounds = self.rooms[0].height / 2 / float(np.abs(drawn).max()), [Ground() for _ in self.rooms]
        self.title = Words("every fourth pair, and what it adds to the score", "fact", "ink2").begin_in(title)
        self.zero = VGroup(
            zero_in(room.inset(10, 0), ground) for room, ground in zip(self.rooms, self.grounds, strict=True)
        )

    def _row(self, room: Room) -> None:
        """Positions from left to right, with a slot above each."""
        positions, words = self.run["positions"], self.run["tokens"].words("position")
        self.slots = room.columns(len(positions), 8)
        chips, numbers = room.split_rows(-NUMBER, 6)
        self.numbers, self.words = VGroup(), VGroup()
        for slot, position in zip(self.slots, positions.quantities(), strict=True):
            place = slot.cross(chips)
            self.numbers.add(
                VGroup(
                    Box(place.width, CHIP, palette().background, 10, palette().line, 2).move_to(place.centre),
                    number(position, "", "number", "ink2").settle(slot.cross(numbers).centre),
                )
            )
        self.pitch = units(self.slots[1].left - self.slots[0].left)
        self.chip_rooms = [slot.cross(chips) for slot in self.slots]
        self.labels = {role: words[place] for role, place in self.places.items()}
        self.others = VGroup(self._chip(i, "") for i in range(len(words)) if i not in self.places.values())
        #: The query begins at the first position, the key at its own.
        self.chips = {
            "query": self._chip(self.places["query"], "query", 0),
            "key": self._chip(self.places["key"], "key"),
        }

    def _chip(self, place: int, role: str, at_slot: int | None = None) -> Token:
        """The token of a position in its slot, or in another one."""
        room = self.chip_rooms[place if at_slot is None else at_slot]
        label = self.run["tokens"].label("position", place)
        return Token(label, role, room.width, CHIP, "small token").move_to(room.centre)

    def _vectors(self, side: Room) -> None:
        body, self.foot = side.split_rows(-SCORE, 10)
        scale = max(full_colour(self.run[role]) for role in ROLES)
        self.vectors, self.names = {}, {}
        for role, column in zip(ROLES, body.columns(2, 22), strict=True):
            head, strip = column.split_rows(CHIP + 48, 8)
            title, chip = head.split_rows(44, 4)
            self.vectors[role] = Vector(self.run[role], 84, strip.height, role, scale, upright=True).move_to(
                strip.centre
            )
            self.names[role] = VGroup(
                Words(role, "fact", role).settle(title.centre),
                Token(self.labels[role], role, column.width, CHIP, "small token").move_to(chip.centre),
            )

    def hand(self, role: str, place: int, i: int, dial: DialFace | None = None) -> VMobject:
        """The hand of a pair, as it stands at a position, in its dial or in a large one."""
        entry, face = self.hands[role].pick(position=place, pair=self.pairs[i]), dial or self.dials[i]
        thick = THICKER if dial else THICK
        tip = face.centre + np.array([*entry.values, 0]) * units(face.reach)
        across, up = entry.quantities()
        lead = arrow(face.centre, tip, role, thick, 3.4 * thick)
        return means(lead, Tip(across, up, face.reach, PIVOT, face.ground))

    def _trace(self, dial: DialFace, pair: int, place: int) -> VMobject:
        tip = np.array([*self.hands["query"].values[place, pair], 0]) * units(dial.reach)
        return dashes(dial.centre, dial.centre + tip, "ink3", 3, 6)

    def hands_at(self, role: str, place: int) -> VGroup:
        """The hands of the query or the key in all small dials at a position."""
        return VGroup(self.hand(role, place, i) for i in range(len(self.pairs)))

    def tick(self, place: int) -> list[Play]:
        """The first hand turns to the next position, and its angle is written beside it."""
        dial, (begin, end) = self.large, self.hands["query"].values[place : place + 2, 0]
        angle = sector(dial.centre, dial.reach / 2, begin, end, "query", 0.3)
        way = np.array([*(begin + end), 0])
        told = Words(f"{self.run['turns'].quantity(0):.0f}°", "large number", "query")
        told.settle(dial.centre + way / np.linalg.norm(way) * units(0.72 * dial.reach))
        trace, goal = self._trace(dial, 0, place), VGroup(VGroup(self.alone[place + 1]))
        self.left.add(trace, angle, told)
        chips, one = [self.chips["query"]], VGroup(VGroup(self.alone[0]))
        turn = Roll(one, [dial.centre], self.angles[:1], range(place, place + 2), goal, "row", chips, self.pitch)
        return [(appear(trace, rise=False), turn), appear(angle, told)]

    def spread(self) -> list[Play]:
        """The large dial becomes the first of many, each with a hand of its own pair."""
        faces, hands = self.dials[1:], self.moving["query"]
        return [
            (leave(self.left), *exchange([self.large, self.alone[0]], [self.dials[0], hands[0]], "camera")),
            appear(*faces, self.speeds),
            self.deal("query", 1),
        ]

    def sectors(self, query: int, key: int) -> VGroup:
        """The angle between both hands of each dial, the shorter way round."""
        ends = (self.hands["query"].values[query], self.hands["key"].values[key])
        both = [(dial, *(end[pair] for end in ends)) for dial, pair in zip(self.dials, self.pairs, strict=True)]
        return VGroup(sector(dial.centre, 0.55 * dial.reach, one, other, "ink", 0.45, 16) for dial, one, other in both)

    def columns(self, apart: int) -> VGroup:
        """The part that each pair adds to the score of two tokens so far apart."""
        row = self.adds.pick(offset=apart).quantities()
        places = zip(self.pairs, self.rooms, self.grounds, strict=True)
        return VGroup(*(bars([row[pair]], room, self.unit, WIDE, ground)[0] for pair, room, ground in places))

    def change(self, shown: VGroup, apart: Sequence[int]) -> tuple[Animation, ...]:
        """Columns pass through what pairs add at several distances."""
        states = [self.columns(distance) for distance in apart]
        fills = [[bar.get_fill_color().to_hex() for bar in state] for state in states]
        return Through(shown, states), Shades(shown, fills, states[-1])

    def entries(self, role: str, i: int) -> VGroup:
        """The two entries of a pair."""
        cells, pair = self.vectors[role].cells, self.pairs[i]
        return VGroup(cells.of(pair), cells.of(pair + len(self.run["turns"])))

    def begin(self) -> Animation:
        """The two entries of the first pair become the hand of the large dial."""
        return gather(self.entries("query", 0), self.alone[0])

    def deal(self, role: str, first: int = 0) -> Animation:
        """The two entries of each pair fly into their dial, and become its hand."""
        each = [gather(self.entries(role, i), hand, arc=0.0) for i, hand in enumerate(self.moving[role])]
        return lagged(each[first:], 0.15)

    def roll(self, places: dict[str, range], between: VGroup | None = None, kind: str = "slow") -> Animation:
        """Hands turn from place to place, with what lies between them, and their chips go along the row.

        Args:
            places: where the query or the key goes; if both, equally far.
            between: a shape of each dial that turns along.
        """
        shapes = [] if between is None else [between]
        moved = [*shapes, *(self.moving[role] for role in places)]
        last = [*shapes, *(self.hands_at(role, way[-1]) for role, way in places.items())]
        hands, goal = (VGroup(VGroup(*parts) for parts in zip(*groups, strict=True)) for groups in (moved, last))
        chips = [self.chips[role] for role in places]
        way = next(iter(places.values()))
        return Roll(hands, [dial.centre for dial in self.dials], self.angles, way, goal, kind, chips, self.pitch)

    def score(self, query: int, key: int) -> VGroup:
        """The score of both tokens at two positions, with its name."""
        name, figure = self.foot.split_rows(44, 4)
        value = number(self.run["scores"].pick(query=query, key=key), ".1f", "chapter")
        return VGroup(Words("score", "block", "ink2").settle(name.centre), value.settle(figure.centre))

    def counted(self, score: VGroup, queries: range, keys: range, kind: str = "slow") -> Animation:
        """The score runs along with both tokens."""
        ways = zip([*queries] * (len(keys) // len(queries)), keys, strict=True)
        found: list[Quantity] = [self.run["scores"].pick(query=query, key=key) for query, key in ways]
        return Count(score[1], found, ".1f", kind)
