"""A dial of true angles: a cosine with one arrow is how far a hand of the same length reaches along it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.layout import Room
from scenes.mobjects.marks import Away, Ground, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.shapes import dashes, dot, rule
from scenes.mobjects.text import Words
from scenes.theme import at, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px below and above a dial, of the dot at the tip of a hand and of a spoke, and from a tip to its name.
AIR, SPOT, SMALL, NEAR = 56.0, 9.0, 6.0, 22.0
#: The share of a room's width at the left of the hub, and of a spoke that is not drawn.
BEFORE, HOLE = 0.4, 0.3
#: How far the spokes of each kind reach.
REACHES = 1.0, 0.8


class Dial:
    """The `hub`, and the arrow to the right, `unit`, that all angles are measured from: it is `px` long."""

    def __init__(self, foot: np.ndarray, px: float, role: str = "ink") -> None:
        self.foot, self.px, self.grounds = foot, px, (Ground(), Ground())
        self.hub = means(dot(foot, SPOT, role), *self.grounds)
        self.unit = Plane.line(foot, self.spot(1.0), role, 10, 30)

    @classmethod
    def at_the_foot(cls, room: Room) -> Dial:
        """A dial as high as a room, with place for hands that point back."""
        return cls(at(room.left + BEFORE * room.width, room.bottom - AIR), room.height - 2 * AIR)

    def spot(self, cosine: float, side: float = 1.0, reach: float = 1.0) -> np.ndarray:
        """The place of a tip."""
        away = np.array([cosine, side * np.sqrt(max(0.0, 1 - cosine**2)), 0])
        return self.foot + units(self.px * reach) * away

    def hand(self, cosine: Quantity, role: str, thick: float, side: float = 1.0) -> VGroup:
        """An arrow at the angle of a cosine, with a dot at its tip."""
        tip = self.spot(cosine, side)
        end = means(dot(tip, SPOT, role), Away(cosine, 0.0, 0, self.px, 2 * SPOT, self.grounds[0]))
        return VGroup(Plane.line(self.foot, tip, role, thick, NEAR), end)

    def spoke(self, cosine: Quantity, role: str, kind: int = 0) -> VGroup:
        """A hand of many of a kind, of which there are two: the outer part of its line, and a dot."""
        tip, px = self.spot(cosine, reach=REACHES[kind]), self.px * REACHES[kind]
        end = means(dot(tip, SMALL, role), Away(cosine, 0.0, 0, px, 2 * SMALL, self.grounds[kind]))
        return VGroup(rule(self.foot + HOLE * (tip - self.foot), tip, role, 1.2), end)


class Sheaves(VGroup):
    """Two kinds of pairs as spokes of a dial, and a line that chance seldom passes.

    Args:
        rows: the cosines of each kind, by its name; the last row is that of chance.
        level: the cosine that chance seldom passes.
        counts: what is written beside each name: what lies beyond the line.
        room: where the counts stand.

    `lines[name]` are the spokes of a kind; those that do not pass the line are grey.
    """

    def __init__(
        self, dial: Dial, rows: Mapping[str, Sequence[NamedTensor]], level: Quantity, counts: Sequence[str], room: Room
    ) -> None:
        self.lines, self.names, self.counts = {}, VGroup(), VGroup()
        looks = ("residual", UP + RIGHT), ("ink", LEFT)
        for kind, ((name, tensors), count, (role, side)) in enumerate(zip(rows.items(), counts, looks, strict=True)):
            line = room.rows(3 * len(rows))[kind]
            cosines = [cosine for tensor in tensors for cosine in tensor.quantities()]
            spokes = [dial.spoke(one, role if one > level else "ink3", kind) for one in sorted(cosines)]
            self.lines[name] = VGroup(*spokes)
            self.counts.add(VGroup(Words(name, "stage word", role).begin_in(line)))
            self.counts[-1].add(Words(count, "stage word", role).end_in(line))
            spot = spokes[0 if kind else len(spokes) // 2][-1]
            self.names.add(Words(name, "stage word", role).next_to(spot, side, buff=units(NEAR)))
        self.upright = dashes(dial.foot, dial.spot(0.0), "line", 3)
        self.level = VGroup(dashes(dial.foot, dial.spot(level), "focus", 4), dial.hand(level, "focus", 0)[-1])
        self.beyond = Words("beyond the line", "fact").next_to(self.level[-1], UP + RIGHT, buff=0)
        self.ends = VGroup(
            Words("at right angles", "fact", "ink2").next_to(dial.spot(0.0), LEFT),
            Words("mean of the others", "stage word").next_to(dial.unit, DOWN, buff=units(NEAR)),
        )
        super().__init__(
            *self.lines.values(), self.names, self.beyond, self.counts, self.upright, self.level, self.ends
        )
