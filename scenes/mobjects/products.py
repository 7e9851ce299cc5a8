"""The plane of a query and a key, where their score is an area."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.layout import Room
from scenes.mobjects.cells import Cell
from scenes.mobjects.marks import Away, Length, Reach, means
from scenes.mobjects.planes import Plane, add_at_tip, clear_of
from scenes.mobjects.ribbon import HIGH
from scenes.mobjects.shapes import around, arrow, dashes, dot, path, rule, stroke
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import gap, palette, signed, units
from transformer_core.studies.focus import Focus, within_reach
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Angles in degrees between two arrows: the same way, at a right angle, apart, opposite.
SAME_WAY, RIGHT_ANGLE, APART, HALF_TURN = 0.0, 90.0, 120.0, 180.0
#: Px around a plane, left, above, right and below, and room for the chip of another key, over its length.
ROOMY, BEYOND = (150.0, 24.0, 110.0, 96.0), 1.12
#: How opaque an area is; px from its edge to its number and from there to its name; how soon these change sides.
SHEER, AIR, NAMED, CROSSING = 0.35, 22.0, (44.0, 96.0), 40.0
#: Px of the score of a key, across and at most down, of its token there and at its tip, and of the dot where its shadow
#: ends.
SCORE, HIGHEST, LARGE, CHIP, SPOT = 340.0, 130.0, 60.0, 44.0, 14.0


class PlaneOfTwo(VGroup):
    """The plane that a query and a key span, where both keep their lengths and their angle, and their score is an area.

    There is room for the key at all angles of `swings`, in degrees from the query, for both at `grown` times their
    length, and for the keys at the places `others`. `drop` is the perpendicular from the tip of the key to the query,
    `reach` the projection of the key onto it, |k| cos θ. `wall` is the query turned upright: with the reach it spans
    the `area`, in which `score` stands, `called` so. `lengths` are |q| and |k|.
    """

    def __init__(
        self,
        head: Trace,
        query_token: Label,
        top_key: Label,
        room: Room,
        called: str = "score",
        swings: Sequence[float] = (SAME_WAY, RIGHT_ANGLE, APART),
        grown: float = 1.0,
        others: Sequence[int] = (),
    ) -> None:
        self.swings, self.grown = swings, grown
        points: NamedTensor = head["plane"].pick(query=query_token, key=top_key)
        tip: NamedTensor = points.pick(other=top_key.position)
        length: Quantity = head["q_norm"].pick(query=query_token)
        score: Quantity = head["scores"].pick(query=query_token, key=top_key)
        far, side = float(np.linalg.norm(tip.values)), 1.0 if tip.values[1] >= 0 else -1.0
        most, away = grown * float(length), UP * side
        swung = [[grown * far * np.cos(t), side * grown * far * np.sin(t)] for t in np.radians(swings)]
        swung += [BEYOND * head["plane"].pick(query=query_token, key=j, other=j).values for j in others]
        spots = np.array([tip.values, [most, 0], [0, side * most], [0, 0], *swung])
        left, above, right, below = ROOMY
        plane = self.plane = Plane(
            spots, Room(room.left + left, room.top + above, room.right - right, room.bottom - below)
        )
        self.origin, start = plane.origin, plane.foot
        end, foot = plane.point(tip.values), plane.point((tip.values[0], 0))
        self.query = arrow(start, plane.point((float(length), 0)), "query", 9, 30)
        self.wall = arrow(start, plane.point((0, side * float(length))), "query", 9, 30)
        self.key = plane.arrow(start, tip.quantities(), "key", 9, 30)
        self.drop = dashes(end, foot, "ink2", 4)
        self.reach = VGroup(
            means(rule(start, foot, "key", 14), Reach(tip.quantity(0), 0, plane.px / 18, plane.ground)),
            number(tip.quantity(0), ".2f", "stage number").settle((start + foot) / 2 - away * units(46)),
        )
        self.area = VMobject(fill_color=signed(float(score), abs(float(score))), fill_opacity=SHEER, stroke_width=0)
        self.area.set_points_as_corners(corners(start, foot - start, self.wall))
        means(self.area, Length(tip.quantity(0), "width", plane.px, float(length) * plane.px))
        self.score, self.called = number(score, ".2f", "large number"), Words(called, "stage word")
        px = units(plane.px)
        name_area(self.score, self.called, start, float(foot[0] - start[0]), side * float(length) * px)
        self.outline = self.area.copy().set_fill(opacity=0).set_stroke(palette().ink3, stroke(3))
        own = {axis: at for axis, at in {"query": query_token, "key": top_key}.items() if axis in head["k_norm"].axes}
        self.lengths = VGroup(
            number(length, ".2f", "stage number", "query").settle(self.query.get_right()),
            number(head["k_norm"].pick(**own), ".2f", "stage number", "key").settle(end),
        )
        turn = float(np.arctan2(tip.values[1], tip.values[0]))
        (middle,) = around(start, 160, turn / 2, turn / 2, 1)
        self.angle = VGroup(path(around(start, 120, 0, turn), "ink2", 4), Words("θ", "block").settle(middle))
        asker, found = (
            Token(token, role, 0, HIGH, "stage word") for token, role in ((query_token, "query"), (top_key, "key"))
        )
        asker.next_to(self.query, -away, buff=units(18)).align_to(self.query, RIGHT)
        found.next_to(end, RIGHT, buff=units(22))
        for text, before in zip(self.lengths, (self.query, found), strict=True):
            text.begin_at(before.get_right()[0] + units(18))
        at_tip = VGroup(found, self.lengths[1])
        if not all(clear_of(one, self.lengths[0]) for one in at_tip):
            at_tip.shift(away * units(HIGH))
        self.names = VGroup(asker, found)
        told = VGroup(self.score, self.called)
        # An area in which they have no room has them at its left.
        if not all(clear_of(told, other, air=NAMED[0]) for other in (found, *self.lengths)):
            told.next_to(self.area, LEFT, buff=units(AIR))
        super().__init__(self.area, self.drop, self.angle, self.origin, self.reach, self.wall, self.query, self.key)
        self.add(self.names, self.lengths, self.score, self.called)

    @classmethod
    def of(cls, trace: Trace, focus: Focus, room: Room) -> Self:
        """That of the followed query and key, with room for them to turn and to grow, and for the other keys."""
        head, query_token, top_key = focus.seen(trace), focus.query_token, focus.top_key
        pair, others = {"query": query_token, "key": top_key}, within_reach(head, query_token)
        flat, lengths = float(head["flat_angle"].pick(**pair)), head["stretched"].pick(part="query", **pair).values
        swings, grown = (flat, HALF_TURN - flat), float(lengths[-1] / lengths[0])
        return cls(head, query_token, top_key, room, swings=swings, grown=grown, others=others)


def corners(foot: np.ndarray, reach: np.ndarray, wall: VMobject) -> list[np.ndarray]:
    """Points of the rectangle over a reach, as high as a wall."""
    up = wall[-1].points[0] - foot
    return [foot, foot + reach, foot + reach + up, foot + up, foot]


def name_area(text: Words, name: Words, foot: np.ndarray, reach: float, high: float) -> None:
    """Put the number and the name of the area over a reach below its upper edge, or at the right of it without one."""
    off = max(abs(reach) / 2, units(AIR) + max(text.width, name.width) / 2)
    across = off * float(np.clip(1 + reach / units(CROSSING), -1, 1))
    for words, below in zip((text, name), NAMED, strict=True):
        words.settle(foot + np.array([across, high - np.sign(high) * units(below), 0]))


class KeyFan(VGroup):
    """The keys of a query: each keeps its length and its angle to the query. Angles between two keys are not true.

    Args:
        head: the tensors of a head.
        query_token: the query.
        reach: the places of the keys.
        of: the plane of the query and one of them, in which all are drawn.
        room: the rectangle of the scores.

    From each of `keys` one of `drops` falls onto the line of the query, to one of `feet` in the colour of the sign;
    `scores` are cells, below each other, and `tokens` stand beside them. `chips` are at the tips where there is room.
    """

    def __init__(self, head: Trace, query_token: Label, reach: Sequence[int], of: PlaneOfTwo, room: Room) -> None:
        planes, plane, foot = head["plane"].pick(query=query_token), of.plane, of.plane.foot
        tips = [planes.pick(key=j, other=j) for j in reach]
        ends = [0.0, *(float(tip.values[0]) for tip in tips)]
        self.line = rule(plane.point((min(ends), 0)), plane.point((max(ends), 0)), "ink3", 3)
        self.keys, self.drops, self.feet, self.chips = VGroup(), VGroup(), VGroup(), VGroup()
        self.scores, self.tokens = VGroup(), VGroup()
        scores = head["scores"].pick(query=query_token, key=tuple(reach))
        lines = room.rows(len(reach), 8)
        tall = min(HIGHEST, lines[0].height)
        size, style = (SCORE, tall), "stage number" if tall >= LARGE else "cell"
        wide = max(chip_width(label) for label in scores.words("key"))
        thick, head_of = (9, 30) if tall >= LARGE else (5, 20)
        for tip, label, score in zip(tips, scores.words("key"), scores.quantities(), strict=True):
            ahead = signed(1.0 if score >= 0 else -1.0, 1.0)
            spot = plane.point((float(tip.values[0]), 0))
            end = dot(spot, SPOT).set_fill(ahead)
            self.keys.add(plane.arrow(foot, tip.quantities(), "key", thick, head_of))
            self.drops.add(dashes(plane.point(tip.values), spot, "ink2", 3))
            self.feet.add(means(end, Away(tip.quantity(0), 0.0, 0, plane.px, 2 * SPOT, plane.ground)))
            add_at_tip(self.chips, Token(label, "key", 0, CHIP, "token"), self.keys[-1], 12)
            self.tokens.add(Token(label, "key", wide, min(tall, LARGE)))
            self.scores.add(Cell(score, size, ".2f", style, full_colour(head["scores"]), disc=True))
        rows = [VGroup(*row).arrange(RIGHT, buff=gap("chip")) for row in zip(self.tokens, self.scores, strict=True)]
        VGroup(*rows).arrange(DOWN, buff=units(8), aligned_edge=RIGHT).move_to(room.centre)
        super().__init__(self.line, self.drops, self.keys, self.feet, self.chips, self.scores, self.tokens)
