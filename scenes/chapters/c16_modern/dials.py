"""Rotary positions: a wall of clock dials, a hand for each pair of entries of a query and of a key."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import LEFT, Animation, VGroup, VMobject

from scenes.animations import Count, Roll, Shades, gather, lagged, ring_around
from scenes.chapters.c16_modern.plan import INSIDE
from scenes.layout import Room
from scenes.mobjects.marks import Ground, Shade, Tip, means
from scenes.mobjects.shapes import Box, arrow, dashes, dot, sector
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector
from scenes.theme import palette, signed, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import Trace

#: Dials side by side and one below the other.
ACROSS, DOWN = 8, 4
#: Px of both vectors at the left, of the row of positions at the foot, of a pivot, and from a hand to the rim.
SIDE, ROW, PIVOT, RIM = 262.0, 100.0, 12.0, 9.0
#: Px of a chip and of a position below it, and of the score below the vectors.
CHIP, NUMBER, SCORE = 52.0, 34.0, 128.0
#: The places of the first hand and of the second in a dial, by role, and how thick they are.
ROLES = {"query": 6.0, "key": 6.0}


class Dials:
    """A dial for each pair, the vectors that its hands are made of, and a row of positions with both tokens.

    A hand leads up by the first entry of its pair and right by the second; all are drawn equally long.

    Args:
        run: the results of the experiment.
        query, key: the positions at which both tokens stand in the sentence.
    """

    def __init__(self, run: Trace, query: int, key: int) -> None:
        self.run, self.places = run, {"query": query, "key": key}
        side, wide = INSIDE.split_columns(SIDE, 34)
        wall, row = wide.split_rows(-ROW, 18)
        self.hands = {role: run[f"{role}_hands"] for role in ROLES}
        self.scale = full_colour(run["adds"])
        lines, columns = wall.rows(DOWN, 10), wall.columns(ACROSS, 10)
        radius = min(lines[0].height, columns[0].width) / 2
        self.reach = radius - RIM
        self.centres = [column.cross(line).centre for line in lines for column in columns]
        self.grounds = [Ground() for _ in self.centres]
        self.faces, self.pivots = VGroup(), VGroup()
        for centre, ground in zip(self.centres, self.grounds, strict=True):
            face = Box(2 * radius, 2 * radius, palette().background, radius, palette().line, 2.5)
            self.faces.add(face.move_to(centre))
            self.pivots.add(means(dot(centre, PIVOT / 2, "ink2"), ground))
        self.ring = ring_around(self.faces[0])
        turn = Words(f"{run['turns'].quantity(0):.0f}°", "stage number")
        #: How far the first hand turns from one position to the next.
        self.turn = turn.next_to(self.ring, LEFT, buff=units(12))
        self.angles = [float(np.radians(turn)) for turn in run["turns"].values]
        self._row(row)
        self._vectors(side)
        self.moving = {"query": self.hands_at("query", 0), "key": self.hands_at("key", key)}
        #: Where the hands of the query stood at first.
        self.traces = VGroup(self._trace(pair) for pair in range(len(self.centres)))

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

    def hand(self, role: str, place: int, pair: int) -> VMobject:
        """The hand of a pair, as it stands at a position."""
        entry = self.hands[role].pick(position=place, pair=pair)
        centre, thick = self.centres[pair], ROLES[role]
        tip = centre + np.array([*entry.values, 0]) * units(self.reach)
        lead = arrow(centre, tip, role, thick, 3.4 * thick)
        across, up = entry.quantities()
        return means(lead, Tip(across, up, self.reach, PIVOT, self.grounds[pair]))

    def _trace(self, pair: int) -> VMobject:
        start, tip = self.centres[pair], self.hands["query"].values[0, pair]
        return dashes(start, start + np.array([*tip, 0]) * units(self.reach), "ink3", 3, 6)

    def hands_at(self, role: str, place: int) -> VGroup:
        """All hands of the query or the key at a position."""
        return VGroup(self.hand(role, place, pair) for pair in range(len(self.centres)))

    def sectors(self, query: int, key: int) -> VGroup:
        """The angle between both hands of each dial, the shorter way round."""
        tips = zip(self.hands["query"].values[query], self.hands["key"].values[key], strict=True)
        both = zip(self.centres, tips, strict=True)
        return VGroup(sector(centre, 0.55 * self.reach, *pair, "ink", 0.45, 16) for centre, pair in both)

    def lit(self, apart: int) -> VGroup:
        """The faces, shaded by what each pair adds to the score of two tokens so far apart."""
        faces = self.faces.copy()
        for face, entry in zip(faces, self.run["adds"].pick(offset=apart).quantities(), strict=True):
            means(face.set_fill(signed(float(entry), self.scale)), Shade(entry, self.scale))
        return faces

    def shade(self, apart: Sequence[int], kind: str = "slow") -> Animation:
        """The faces pass through their shades at several distances; with one, they come out of their plain look."""
        states = [self.lit(distance) for distance in apart]
        fills = [[face.get_fill_color().to_hex() for face in state] for state in states]
        plain = [[palette().background] * len(self.faces)] if len(states) == 1 else []
        return Shades(self.faces, [*plain, *fills], states[-1], kind)

    def deal(self, role: str) -> Animation:
        """The two entries of each pair fly into their dial, and become its hand."""
        cells, hands = self.vectors[role].cells, self.moving[role]
        pairs = (VGroup(cells.of(i), cells.of(i + len(hands))) for i in range(len(hands)))
        each = (gather(pair, hand, arc=0.0) for pair, hand in zip(pairs, hands, strict=True))
        return lagged(each, 0.06)

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
        return Roll(hands, self.centres, self.angles, way, goal, kind, chips, self.pitch)

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
