"""Word and position added: entry by entry, as arrows tip to tail, and the tokens to which the sum is nearest."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import Flight
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.marks import Ground, Length, Tip, means
from scenes.mobjects.shapes import Box, arrow, dot, path, rule
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width
from scenes.mobjects.vectors import Vector
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the names of vectors, and above and below each.
SIDE, AIR = 260.0, 70.0
#: So many tokens are listed.
NEAREST = 4
#: Px of the bar below the list, with its name.
FOOT = 140.0


class Added:
    """The encoding of a position, the embedding of the token there, and their sum, below each other, with their names.

    Args:
        part: the tensors of an embedding at one position.
        token: the token there.
    """

    def __init__(self, part: Trace, token: Label) -> None:
        rows = [part[name] for name in ("positional", "scaled", "sum")]
        scale = full_colour(*rows)
        side, wide = STAGE.split_columns(SIDE, 24)
        lines = wide.rows(3, AIR)
        self.rows = [
            Vector(row, line.width, line.height, role, scale).move_to(line.centre)
            for row, line, role in zip(rows, lines, ("ink2", "residual", "weight"), strict=True)
        ]
        self.names: list[VMobject] = [
            Words("its position", "stage word", "ink2"),
            Token(token, "", side.width, 84, "stage word"),
            Words("sum", "stage word"),
        ]
        for name, line in zip(self.names, lines, strict=True):
            name.move_to(side.cross(line).centre)

    def meet(self) -> Animation:
        """Copies of the first two fly into the place of their sum."""
        *parts, total = self.rows
        return AnimationGroup(*(Flight(part, total, 0.0, "row") for part in parts))


class TipToTail:
    """The plane of a word and its position, with their lengths and their angle kept.

    Args:
        plane: part × component, as `sum_plane` of one token.
        token: whose.
        angle: between the two, in degrees.
        room: the rectangle that is filled.
    """

    def __init__(self, plane: NamedTensor, token: Label, angle: Quantity, room: Room) -> None:
        (word, place), ground = plane.values, Ground()
        inside = Room(room.left + 60, room.top + 50, room.right - 230, room.bottom - 90)
        px, foot = inside.holding(np.array([np.zeros(2), word, word + place]))
        tip, end = (foot + np.array([*spot, 0]) * units(px) for spot in (word, word + place))
        self.origin = means(dot(foot, 9, "ink2"), ground)
        ways = ((foot, tip, "residual", 0), (tip, end, "ink2", 1))
        self.word, self.place = (
            means(arrow(start, stop, role, 9, 30), Tip(plane.quantity(i, 0), plane.quantity(i, 1), px, 18, ground))
            for start, stop, role, i in ways
        )
        self.total = arrow(foot, end, "weight", 11, 34)
        self.chip = Token(token).next_to(self.word, DOWN, buff=units(18))
        self.place_name = Words("its position", "stage word", "ink2")
        self.place_name.move_to((tip + end) / 2).shift(RIGHT * (units(28) + self.place_name.width / 2))
        self.total_name = Words("sum", "stage word")
        self.total_name.move_to((foot + end) / 2 + LEFT * (units(40) + self.total_name.width / 2) + UP * units(24))
        turn = float(np.arctan2(place[1], place[0]))
        bend = [tip + np.array([np.cos(t), np.sin(t), 0]) * units(64) for t in np.linspace(0, turn, 24)]
        self.angle = VGroup(rule(tip, tip + RIGHT * units(110), "ink3", 3), path(bend, "ink2", 4))
        self.degrees = Words(f"{angle:.0f}°", "stage number", "ink2").next_to(self.angle, RIGHT + DOWN, buff=units(4))


class NearestTokens:
    """The tokens of the vocabulary to which a vector is nearest, each with its cosine as a bar.

    Args:
        cosines: by vocab.
        own: the token that the vector was made of: it is lit.
        right: in how many sums the nearest token is the right one, as a bar below; None if that was not measured.
        told: what is written above that bar.
        room: the rectangle that is filled.
    """

    def __init__(self, cosines: NamedTensor, own: int, right: Quantity | None, told: str, room: Room) -> None:
        order = [int(i) for i in np.argsort(-cosines.values, kind="stable")[:NEAREST]]
        room, foot = room.split_rows(-FOOT, 30)
        head, body = room.split_rows(64)
        labels = [cosines.label("vocab", i) for i in order]
        side, rest = body.split_columns(max(map(chip_width, labels)), 20)
        bars, ends = rest.split_columns(-100, 16)
        self.lines = VGroup()
        for label, i, line in zip(labels, order, body.rows(NEAREST, 26), strict=True):
            value, high = cosines.quantity(i), min(line.height, 64.0)
            chip = Token(label, "", side.width).move_to(side.cross(line).centre)
            bar = Box(max(bars.width * float(value), 2), high, palette().weight if i == own else palette().ink3, 5)
            means(bar, Length(value, "width", bars.width, high, 2)).move_to(line.centre)
            bar.align_to(at(bars.left, 0), LEFT)
            text = number(value, ".2f", "stage number").settle(ends.cross(line).centre)
            self.lines.add(VGroup(chip, bar, text))
        self.title = Words("cosine with the sum", "fact", "ink2").begin_in(bars.cross(head))
        self.share, self.share_name = VGroup(), Words(told, "fact", "ink2")
        if right is not None:
            upper, lower = foot.split_rows(60)
            text = Words(f"{right:share}", "stage number").end_in(lower)
            bar = ShareBar(right, foot.width - text.width * 135 - 30, "", 56)
            self.share.add(bar.move_to(lower.centre).align_to(at(foot.left, 0), LEFT), text)
            self.share_name.begin_in(upper)
