"""A norm of all vectors as small bars, and the two places where a norm may stand: on the branch, or after the sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from manim import DOWN, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import pulses
from scenes.layout import Room
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.marks import Ground, Length, means
from scenes.mobjects.norm_stages import bars_of
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, arrow, path, rule, stream_band
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a box, of the stream, of the disc of a sum, and of a share at the end of a stream.
BOX, STREAM, DISC, RIGHT_SHARE = (220.0, 84.0), 44.0, 56.0, 130.0
#: Where things stand along the stream, as shares of its length: boxes on the branch, fork, sum, norm on the stream.
FIRST, SECOND, ALONE, FORK, JOIN, BEHIND = 0.36, 0.58, 0.47, 0.21, 0.72, 0.865


class NormOrder:
    """A sublayer and its norm on the stream.

    Args:
        name: "pre-norm" has the norm before the sublayer, on the branch; "post-norm" after the sum, on the stream; and
            "no norm" has none.
        room: the rectangle that is filled.
    """

    def __init__(self, name: str, room: Room) -> None:
        before, behind_it = name == "pre-norm", name == "post-norm"
        y, high = room.bottom - BOX[1] / 2, room.top + BOX[1] / 2
        spot = [room.left + share * room.width for share in (FIRST, SECOND, ALONE, FORK, JOIN, BEHIND)]
        first, second, alone, fork, join, behind = spot
        self.stream = stream_band(at(room.left, y), at(room.right, y), STREAM)
        self.sublayer = self._box("Sublayer", second if before else alone, high)
        self.norm = self._box("Norm", *((first, high) if before else (behind, y)))
        chain = [self.norm, self.sublayer] if before else [self.sublayer]
        corners = [at(fork, high), at(join, high)]
        self.ways = VGroup(
            rule(at(fork, y), corners[0], "residual", 6),
            arrow(corners[0], chain[0].get_left(), "residual", 6, 22),
            *([arrow(chain[0].get_right(), chain[1].get_left(), "residual", 6, 22)] if before else []),
            rule(chain[-1].get_right(), corners[1], "residual", 6),
            arrow(corners[1], at(join, y - DISC / 2), "residual", 6, 22),
        )
        disc = Box(DISC, DISC, palette().background, DISC / 2, palette().residual, 6).move_to(at(join, y))
        arms = [rule(at(join - 14, y), at(join + 14, y), "ink", 5), rule(at(join, y - 14), at(join, y + 14), "ink", 5)]
        self.plus = VGroup(disc, *arms).set_z_index(1)
        self.heading = Words(name, "block").settle(at(room.left, high)).begin_at(at(room.left, 0)[0])
        end = self.norm.get_left() if behind_it else at(room.right, y)
        stops = [corners[0], *(side for box in chain for side in (box.get_left(), box.get_right())), corners[1]]
        #: Along the stream, into the branch and between its boxes, and out of it: dots pass over no name.
        self.lanes = [
            path([at(room.left, y), end], "residual", 1),
            path([at(fork, y), *stops[:2]], "residual", 1),
            *(path([a, b], "residual", 1) for a, b in zip(stops[2:-2:2], stops[3:-2:2], strict=True)),
            path([*stops[-2:], at(join, y), end], "residual", 1),
        ]

    @staticmethod
    def _box(name: str, x: float, y: float) -> VGroup:
        box = Box(*BOX, palette().surface, 14, palette().line, 3).move_to(at(x, y))
        return VGroup(box, Words(name, "stage word", paper=box).settle(at(x, y)))

    def parts(self) -> list[VMobject]:
        """The parts that move from one order to the other, one for one."""
        return [self.stream, self.sublayer, self.plus, self.norm]


class NormOrders:
    """Streams with a norm in either place, and without one, one below the other; at their ends, what such models get
    right.

    Args:
        shares: what each gets right, by its name.
        steps: of their trainings.
        room: the rectangle that is filled.
    """

    def __init__(self, shares: Mapping[str, Quantity], steps: Quantity, room: Room) -> None:
        roads, ends = room.split_rows(20)[1].split_columns(-RIGHT_SHARE, 30)
        self.orders = [NormOrder(name, row) for name, row in zip(shares, roads.rows(len(shares), 36), strict=True)]
        self.results = VGroup(
            number(share, ".0%", "large word").settle(ends.centre).set_y(order.stream.get_y())
            for share, order in zip(shares.values(), self.orders, strict=True)
        )
        told = (Words(text, "fact", "ink2") for text in ("new sentences right", f"after {steps:,.0f} steps"))
        self.caption = VGroup(*told).arrange(DOWN, buff=units(6), aligned_edge=RIGHT)
        self.caption.next_to(self.results[0], UP, buff=units(18)).align_to(at(room.right, 0), RIGHT)


def running(*orders: NormOrder) -> Callable[[float], Animation]:
    """For `beat(ambient=...)`: vectors run along the stream and through the branch."""
    return pulses([lane for order in orders for lane in order.lanes], role="focus")


#: Px above the bars, for a formula, between small bars and the tokens above them, of what is written below them, around
#: a formula, and of a number.
HEAD, UNDER, FEET, AIR, NUMBER = 172.0, 36.0, 100.0, 14.0, 110.0
#: Px that a small bar has at least, and a column from which its numbers are named; how opaque the band of spread is.
NARROWEST, NAMED, FAINT = 1.8, 280.0, 0.22


def under_formula(room: Room, sources: Sequence[str]) -> tuple[Room, list[Formula]]:
    """A room for bars with numbers beside it, and formulas above it, of which one stands there at a time."""
    head, body = room.split_rows(HEAD, 10)
    return body.inset(NUMBER, 0), [head.inset(0, AIR).fit(Formula(source, LARGE), most=1.0) for source in sources]


def shown_of(row: NamedTensor, wide: float) -> list[int]:
    """The entries of a row that have a bar in `wide` px: where several would share one, the largest of them."""
    parts = np.array_split(np.arange(len(row)), max(1, min(len(row), int(wide / NARROWEST))))
    return [int(part[np.abs(row.values[part]).argmax()]) for part in parts]


def small_bars(rows: NamedTensor, norm: Trace, ribbon: Ribbon, scale: float, most: float) -> tuple[VGroup, VGroup]:
    """The vector of each token as bars below it, at `most` so many px for a one; and for each a tick at its mean, a
    band of its spread around it, and both in numbers, as the `norm` reads them."""
    rooms = [column.inset(2, 0).split_rows(UNDER)[1].split_rows(-FEET)[0] for column in ribbon.columns]
    reach, by_mean = np.concatenate([rows.values.ravel(), [0.0]]), "mean" in norm
    unit = min(most, rooms[0].height / max(float(np.ptp(reach)), 1e-9))
    ground, bars, own = at(0, rooms[0].bottom)[1] - float(reach.min()) * units(unit), VGroup(), VGroup()
    for i, (row, place, column) in enumerate(zip(rows, rooms, ribbon.columns, strict=True)):
        origin = Ground()
        zero = means(rule(at(place.left, 0), at(place.right, 0), "ink3", 2).set_y(ground), origin)
        values = [row.quantity(entry) for entry in shown_of(row, place.width)]
        bars.add(VGroup(zero, bars_of(values, place, ground, unit, origin, scale)))
        spread, middle = norm["scale"].quantity(i), norm["mean"].quantity(i) if by_mean else 0.0
        band = Box(place.width, 2 * float(spread) * unit, palette().ink2, 0).set_fill(opacity=FAINT)
        means(band, Length(spread, "height", 2 * unit, place.width)).move_to(place.centre).set_y(ground)
        tick = rule(band.get_left(), band.get_right(), "ink", 4) if by_mean else VGroup()
        squares = norm["var" if by_mean else "mean_square"].quantity(i)
        told = [f"mean {middle:.2f}", f"variance {squares:.3f}"] if by_mean else [f"mean square {squares:.2f}"]
        if place.width < NAMED:
            told = [f"{middle:.2f}", f"{squares:.3f}"] if by_mean else [f"{squares:.2f}"]
        lines = (column.cross(line) for line in column.split_rows(-FEET)[1].rows(2, 0))
        words = VGroup(Words(text, "fact").settle(line.centre) for text, line in zip(told, lines, strict=False))
        roomy = words.width < units(place.width)
        own.add(VGroup(VGroup(band, tick).shift(UP * float(middle) * units(unit)), words if roomy else VGroup()))
    return bars, own
