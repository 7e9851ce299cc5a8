"""A sublayer and its norm on the stream: before the sublayer, or after the sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from manim import LEFT, UP, Animation, VGroup, VMobject

from scenes.animations import pulses
from scenes.layout import Room
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.shapes import Box, arrow, path, ribbon, rule
from scenes.mobjects.text import Words
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Quantity

#: Px of a box, of the stream, and of the disc of a sum.
BOX, STREAM, DISC = (200.0, 88.0), 44.0, 56.0
#: Px of a whole bar.
WIDE = 420.0
#: Where things stand along the stream, as shares of its length: boxes on the branch, fork, sum, norm on the stream.
FIRST, SECOND, ALONE, FORK, JOIN, BEHIND = 0.36, 0.58, 0.47, 0.21, 0.72, 0.865


class NormOrder(VGroup):
    """A sublayer and its norm on the stream.

    Args:
        order: "pre" puts the norm before the sublayer, on the branch; "post" after the sum, on the stream.
        name: what this is called.
        room: the rectangle that is filled.
    """

    def __init__(self, order: str, name: str, room: Room) -> None:
        y, high = room.bottom - BOX[1] / 2, room.top + BOX[1] / 2
        spot = [room.left + share * room.width for share in (FIRST, SECOND, ALONE, FORK, JOIN, BEHIND)]
        first, second, alone, fork, join, behind = spot
        self.stream = ribbon(at(room.left, y), at(room.right, y), STREAM)
        self.sublayer = self._box("Sublayer", second if order == "pre" else alone, high)
        self.norm = self._box("Norm", *((first, high) if order == "pre" else (behind, y)))
        chain = [self.norm, self.sublayer] if order == "pre" else [self.sublayer]
        corners = [at(fork, high), at(join, high)]
        self.ways = VGroup(
            rule(at(fork, y), corners[0], "residual", 6),
            arrow(corners[0], chain[0].get_left(), "residual", 6, 22),
            *([arrow(chain[0].get_right(), chain[1].get_left(), "residual", 6, 22)] if order == "pre" else []),
            rule(chain[-1].get_right(), corners[1], "residual", 6),
            arrow(corners[1], at(join, y - DISC / 2), "residual", 6, 22),
        )
        disc = Box(DISC, DISC, palette().background, DISC / 2, palette().residual, 6).move_to(at(join, y))
        arms = [rule(at(join - 14, y), at(join + 14, y), "ink", 5), rule(at(join, y - 14), at(join, y + 14), "ink", 5)]
        self.plus = VGroup(disc, *arms)
        self.heading = Words(name, "block").settle(at(room.left, high)).begin_at(at(room.left, 0)[0])
        end = self.norm.get_left() if order == "post" else at(room.right, y)
        stops = [corners[0], *(side for box in chain for side in (box.get_left(), box.get_right())), corners[1]]
        #: Along the stream, into the branch and between its boxes, and out of it: dots pass over no name.
        self.lanes = [
            path([at(room.left, y), end], "residual", 1),
            path([at(fork, y), *stops[:2]], "residual", 1),
            *(path([a, b], "residual", 1) for a, b in zip(stops[2:-2:2], stops[3:-2:2], strict=True)),
            path([*stops[-2:], at(join, y), end], "residual", 1),
        ]
        super().__init__(self.stream, self.ways, self.sublayer, self.plus, self.norm, self.heading)

    @staticmethod
    def _box(name: str, x: float, y: float) -> VGroup:
        box = Box(*BOX, palette().surface, 14, palette().line, 3).move_to(at(x, y))
        return VGroup(box, Words(name, "stage word", paper=box).settle(at(x, y)))

    def parts(self) -> list[VMobject]:
        """The parts that move from one order to the other, one for one."""
        return [self.stream, self.sublayer, self.plus, self.norm]


class NormOrders:
    """Pre-norm above post-norm, and beside them what models of either kind, and without a norm, get right.

    Args:
        shares: what each gets right, by its name.
        room: the rectangle that is filled.
    """

    def __init__(self, shares: Mapping[str, Quantity], room: Room) -> None:
        wired, beside = room.split_rows(20)[1].golden_columns(80)
        upper, lower = (row.inset(0, 16) for row in wired.rows(2, 50))
        self.orders = {"pre": NormOrder("pre", "pre-norm", upper), "post": NormOrder("post", "post-norm", lower)}
        self.results = VGroup()
        for (name, share), place in zip(shares.items(), beside.rows(len(shares), 10), strict=True):
            bar = ShareBar(share, WIDE, ".0%", role="residual")
            words = Words(name, "stage word", "ink2").next_to(bar.track, UP, buff=units(16))
            self.results.add(place.fit(VGroup(words.align_to(bar.track, LEFT), bar), most=1.3))


def running(*orders: NormOrder) -> Callable[[float], Animation]:
    """For `beat(ambient=...)`: vectors run along the stream and through the branch."""
    return pulses([lane for order in orders for lane in order.lanes], role="focus")
