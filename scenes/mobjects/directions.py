"""Directions among embeddings: arrows from word to word in a plane, and a dial of their true angles to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.layout import Room
from scenes.mobjects.marks import Away, Ground, Tip, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.shapes import dashes, dot, rule
from scenes.mobjects.text import Words, word
from scenes.theme import at, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px around the words, of a dot, and between it and its name; the style of the names.
AIR, SPOT, NEAR, NAMES = 24.0, 11.0, 14.0, "stage word"
#: Px below and above a dial, of the dot at the tip of a hand and of a spoke, and from a tip to its name.
BELOW, TIP, SMALL, BESIDE = 56.0, 9.0, 6.0, 22.0
#: The share of a room's width at the left of the hub, and of a spoke that is not drawn; how far both kinds of it reach.
BEFORE, HOLE, REACHES = 0.4, 0.3, (1.0, 0.8)


class WordSteps(VGroup):
    """Pairs of words as dots in a plane, the arrow from the first word of each to its second, and what they share.

    Args:
        words: "vocab component", the two words of a pair one after the other; the second component leads to the right.
        steps: "vocab component", from the first to the second, by the second.
        own: the `copied_step`, which comes first.
        distances: the `copy_distances`, "vocab other".
        room: the rectangle that is filled.

    The pairs are those whose names and arrows are clear of each other. `copies` are the mean step of all other pairs,
    from each first word on, and `snaps` are ways from their tips to the `nearest`
    second word that is shown, in the colour of a warning where that is another pair's: `astray` are these
    pairs, that whose own word is farthest first.

    Example::

        run, room = trace.under("experiment.meaning"), Room(280, 190, 1640, 830)
        words, own, distances = (run[f"capital_plane{name}"] for name in ("", ".copied_step", ".copy_distances"))
        figure = WordSteps(words, run["capital_steps"], own, distances, room)
    """

    def __init__(self, words: NamedTensor, steps: NamedTensor, own: float, distances: NamedTensor, room: Room) -> None:
        spots, labels = words.values[:, ::-1], words.words("vocab")
        aside = [max(pixels(word(label, NAMES).width) for label in some) + AIR for some in (labels[::2], labels[1::2])]
        inside = Room(room.left + aside[0], room.top + AIR, room.right - aside[1], room.bottom - AIR)
        plane = Plane(spots, inside, SPOT, "ink")
        self.origin, ground = plane.origin.set_fill(opacity=0), plane.ground
        self.plane, self.steps, self.shared = plane, steps, Ground()
        self.kept, shown = [], []
        taken: list[tuple[np.ndarray, np.ndarray]] = []
        for i in sorted(range(len(steps)), key=lambda i: i != own):
            ends = []
            for k, role in ((0, "ink2"), (1, "residual")):
                spot = dot(plane.point(spots[2 * i + k]), SPOT, role)
                away = (Away(words.quantity(2 * i + k, 1 - c), 0.0, c, plane.px, 2 * SPOT, ground) for c in (0, 1))
                ends.append(means(spot, *away))
            lead = plane.arrow(ends[0].get_center(), steps[i].quantities()[::-1], "residual", 7, 30)
            tip, goal = lead[-1].points[0], ends[1].get_center()
            looks = (LEFT, "ink2"), (RIGHT, "residual")
            texts = [_beside(spot, labels[2 * i + k], *looks[k]) for k, spot in enumerate(ends)]
            texts[1].shift(RIGHT * max(0.0, tip[0] - goal[0]) * (abs(tip[1] - goal[1]) < texts[1].height))
            boxes = [(text.get_center()[:2], np.array([text.width, text.height + units(14)]) / 2) for text in texts]
            way = np.linspace(ends[0].get_center(), tip, 24)[:, :2]
            boxes += [(spot, np.full(2, units(2))) for spot in [*way, goal[:2]]]
            if any((np.abs(a - b) < m + n).all() for a, m in boxes for b, n in taken if m[0] + n[0] > units(5)):
                continue
            taken += boxes
            self.kept.append(i)
            shown.append((*ends, *texts, lead))
        parts = (VGroup(*some) for some in zip(*shown, strict=True))
        self.firsts, self.seconds, self.first_names, self.second_names, self.arrows = parts
        self.copies = VGroup(
            self._mean(spot.get_center(), [j for j in range(len(steps)) if j != i], self.shared)
            for i, spot in zip(self.kept, self.firsts, strict=True)
        )
        self.words = [(labels[2 * i], labels[2 * i + 1]) for i in self.kept]
        far = distances.values[np.ix_(self.kept, self.kept)]
        self.nearest = [int(i) for i in far.argmin(-1)]
        missed = [i for i, near in enumerate(self.nearest) if near != i]
        self.astray = sorted(missed, key=lambda i: -far[i, i])
        self.snaps = VGroup(
            rule(lead[-1].points[0], self.seconds[near].get_center(), "warning" if i in missed else "residual", 12)
            for i, (lead, near) in enumerate(zip(self.copies, self.nearest, strict=True))
        )
        super().__init__(
            self.origin, self.snaps, self.copies, self.firsts, self.seconds, self.first_names, self.second_names
        )

    def _mean(self, foot: np.ndarray, some: Sequence[int], ground: Ground) -> VGroup:
        """The mean of some steps as an arrow from a point."""
        up, across = (tuple(self.steps.quantity(i, c) for i in some) for c in (0, 1))
        by = np.array([sum(across), sum(up), 0]) / len(some) * units(self.plane.px)
        line = self.plane.line(foot, foot + by, "ink", 9, 34)
        return means(line, Tip(across, up, self.plane.px / len(some), 2 * SPOT, ground))

    def by_itself(self, name: str, room: Room) -> tuple[VGroup, VGroup, VGroup]:
        """The arrow of each pair from one foot in another room, the mean of all, and that foot with a name."""
        ways = [self.steps[i].quantities()[::-1] for i in self.kept]
        rise = units(self.plane.px * min(float(up) for _, up in ways))
        foot = np.array([at(room.left, 0)[0], room.centre[1] - rise / 2, 0])
        fan = VGroup(self.plane.arrow(foot, way, "residual", 5, 26) for way in ways)
        mean, corner = self._mean(foot, range(len(self.steps)), ground := Ground()), units(AIR / 2) * (UP + RIGHT)
        text = Words(name, "large word").move_to(mean.get_center() + corner, DOWN + LEFT)
        return fan, mean, VGroup(means(dot(foot, SPOT, "ink"), self.shared, ground), text)


def _beside(spot: VMobject, label: Label, side: np.ndarray, role: str) -> Words:
    """A word at the side of a dot."""
    text = word(label, NAMES, role).settle(spot.get_center())
    text.shift(RIGHT * (spot.get_edge_center(side) + side * units(NEAR) - text.get_edge_center(-side))[0])
    return text


class Dial:
    """The `hub`, and the arrow to the right, `unit`, that all angles are measured from: it is `px` long."""

    def __init__(self, foot: np.ndarray, px: float, role: str = "ink") -> None:
        self.foot, self.px, self.grounds = foot, px, (Ground(), Ground())
        self.hub = means(dot(foot, TIP, role), *self.grounds)
        self.unit = Plane.line(foot, self.spot(1.0), role, 10, 30)

    @classmethod
    def at_the_foot(cls, room: Room) -> Dial:
        """A dial as high as a room, with place for hands that point back."""
        return cls(at(room.left + BEFORE * room.width, room.bottom - BELOW), room.height - 2 * BELOW)

    def spot(self, cosine: float, side: float = 1.0, reach: float = 1.0) -> np.ndarray:
        """The place of a tip."""
        away = np.array([cosine, side * np.sqrt(max(0.0, 1 - cosine**2)), 0])
        return self.foot + units(self.px * reach) * away

    def hand(self, cosine: Quantity, role: str, thick: float, side: float = 1.0) -> VGroup:
        """An arrow at the angle of a cosine, with a dot at its tip."""
        tip = self.spot(cosine, side)
        end = means(dot(tip, TIP, role), Away(cosine, 0.0, 0, self.px, 2 * TIP, self.grounds[0]))
        return VGroup(Plane.line(self.foot, tip, role, thick, BESIDE), end)

    def spoke(self, cosine: Quantity, role: str, kind: int = 0) -> VGroup:
        """The outer part of a line at the angle of a cosine, with a dot at its tip; two kinds differ in length."""
        tip, px = self.spot(cosine, reach=REACHES[kind]), self.px * REACHES[kind]
        end = means(dot(tip, SMALL, role), Away(cosine, 0.0, 0, px, 2 * SMALL, self.grounds[kind]))
        return VGroup(rule(self.foot + HOLE * (tip - self.foot), tip, role, 1.2), end)


class CosineSpokes(VGroup):
    """The cosines of two kinds of pairs as spokes of a dial, and a line that chance seldom passes.

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
            self.names.add(Words(name, "stage word", role).next_to(spot, side, buff=units(BESIDE)))
        self.upright = dashes(dial.foot, dial.spot(0.0), "line", 3)
        self.level = VGroup(dashes(dial.foot, dial.spot(level), "focus", 4), dial.hand(level, "focus", 0)[-1])
        self.beyond = Words("beyond the line", "fact").next_to(self.level[-1], UP + RIGHT, buff=0)
        self.ends = VGroup(
            Words("at right angles", "fact", "ink2").next_to(dial.spot(0.0), LEFT),
            Words("mean of the others", "stage word").next_to(dial.unit, DOWN, buff=units(BESIDE)),
        )
        super().__init__(
            *self.lines.values(), self.names, self.beyond, self.counts, self.upright, self.level, self.ends
        )
