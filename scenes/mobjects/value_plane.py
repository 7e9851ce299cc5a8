"""Values as arrows in a plane: weighted, and set tip to tail, they lead to the output."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from manim import Animation, VGroup

from scenes.animations import Travel, lagged
from scenes.layout import Room
from scenes.mobjects.planes import Plane, add_at_tip, put_aside
from scenes.mobjects.shapes import dashes, direction
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.theme import units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Px around the arrows, for the chips at their tips.
AIR = 96.0


class ValuePlane(VGroup):
    """The values of a row in the plane of its output: whole, weighted, and tip to tail.

    Args:
        values, weighted: "key component" of `value_plane` and `weighted_value_plane`, for one query.
        query_token: the query.
        room: the rectangle that is filled.
        air: px above and below the arrows.

    `whole`, `shorter` and `chained` are arrows, one a key; the chain begins with the longest and ends at `output`. The
    `outline` around the tips of `whole` encloses every mean of the values.

    Example::

        head = trace.under("encoder.1.self_attn", batch=0, head=0)
        values, weighted = (head[name].pick(query="red") for name in ("value_plane", "weighted_value_plane"))
        figure = ValuePlane(values, weighted, head["q"].label("query", 3), Room(360, 190, 1560, 790))
    """

    def __init__(
        self, values: NamedTensor, weighted: NamedTensor, query_token: Label, room: Room, air: float = AIR
    ) -> None:
        lengths = np.linalg.norm(weighted.values, axis=-1)
        order = [int(j) for j in np.argsort(-lengths, kind="stable")]
        ends = np.cumsum([weighted.values[j] for j in order], axis=0)
        spots = np.vstack([values.values, weighted.values, ends, np.zeros((1, 2))])
        self.plane = plane = Plane(spots, room.inset(AIR, air))
        self.origin, foot = plane.origin, plane.foot
        self.whole, self.ghosts, self.shorter = (
            VGroup(plane.arrow(foot, row.quantities(), "value", thick, 26) for row in tensor).set_opacity(faint)
            for tensor, thick, faint in ((values, 6, 1.0), (values, 3, 0.3), (weighted, 10, 1.0))
        )
        self.chained = VGroup(*self.shorter.copy())
        for j, before in zip(order[1:], ends, strict=False):
            self.chained[j].shift(plane.point(before) - foot)
        terms = [tuple(weighted[:, side].quantities()) for side in (0, 1)]
        self.output = plane.arrow(foot, terms, "weight", 10, 30, fixed=True)
        self.outline = VGroup(
            dashes(plane.point(one), plane.point(other), "value", 2.5) for one, other in pairwise(hull(values.values))
        )
        self.chips = VGroup()
        own: list[int] = []
        for j in order:
            add_at_tip(self.chips, Token(values.label("key", j), "value"), self.whole[j], 12)
            own += [j] if len(self.chips) > len(own) else []
        put_aside(foot, plane.point(ends[-1]), self.chips, self.chips)
        for j in order:
            chips = [c for c, i in zip(self.chips, own, strict=True) if i != j]
            put_aside(foot, plane.point(values.values[j]), chips, self.chips)
        self.heading = Words(f"output for “{query_token}”", "stage word", "weight")
        arrows = [*self.whole, *self.chained]
        self._settle(np.array([(one[0].points[0], one[-1].points[0]) for one in arrows]), room)
        super().__init__(self.ghosts, self.whole, self.origin, self.output, self.outline, self.chips, self.heading)

    def _settle(self, spots: np.ndarray, room: Room) -> None:
        """Put the name of the output beside its arrow, where it is clearest of all that is drawn."""
        start, tip = self.output[0].points[0], self.output[-1].points[0]
        along, _ = direction(start, tip)
        size = np.array([self.heading.width, self.heading.height, 0]) / 2
        reach = float(np.abs(along) @ size) + units(24)
        places = [tip + along * reach, start - along * reach]
        for share in (0.35, 0.6):
            places += [
                start + (tip - start) * share + np.array([0, side * (size[1] + units(26)), 0]) for side in (1, -1)
            ]
        low, high = (Room(x, y, x, y).centre for x, y in ((room.left, room.bottom), (room.right, room.top)))
        inside = [
            one for one in places if np.all(one[:2] - size[:2] >= low[:2]) and np.all(one[:2] + size[:2] <= high[:2])
        ]
        ways = [start_ + (end - start_) * t for start_, end in spots for t in np.linspace(0, 1, 9)]
        chips = [(chip.get_center(), np.array([chip.width, chip.height, 0]) / 2) for chip in self.chips]
        there = [(way, np.zeros(3)) for way in ways] + chips

        def clear(place: np.ndarray) -> float:
            return min(float(np.max((np.abs(way - place) - size - own)[:2])) for way, own in there)

        self.heading.move_to(max(inside or places, key=clear))

    def lead(self) -> Animation:
        """The output grows straight out of the origin."""
        return Travel(self.origin, self.output, 0.0, "row")

    def shorten(self) -> Animation:
        """Each arrow shrinks to its weighted length; a faint one stays to show how long it was."""
        return self._each(self.whole, self.shorter)

    def chain(self) -> Animation:
        """The arrows are set tip to tail."""
        return self._each(self.shorter, self.chained)

    @staticmethod
    def _each(old: VGroup, new: VGroup) -> Animation:
        turns = [Travel(a, b, 0.0, "row", leaving=True) for a, b in zip(old, new, strict=True)]
        return lagged(turns, 0.25 if len(turns) < 8 else 0.1)


def hull(spots: np.ndarray) -> list[np.ndarray]:
    """The corners of the convex hull of spots, count × 2, from the first one back to it (Andrew 1979)."""
    ordered = sorted({(float(x), float(y)) for x, y in spots})
    corners: list[np.ndarray] = []
    for way in (ordered, ordered[::-1]):
        half: list[np.ndarray] = []
        for spot in map(np.array, way):
            while len(half) > 1 and np.linalg.det([half[-1] - half[-2], spot - half[-1]]) <= 0:
                half.pop()
            half.append(spot)
        corners += half[1:] if corners else half
    return corners
