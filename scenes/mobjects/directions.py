"""Directions among embeddings: arrows from word to word in a plane, and how parallel the steps of many pairs are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.layout import Room
from scenes.mobjects.marks import Away, Ground, Tick, Tip, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import dashes, dot, rule
from scenes.mobjects.text import Words, word
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px around the words, of a dot, and between it and its name; the style of the names.
AIR, SPOT, NEAR, NAMES = 24.0, 11.0, 14.0, "stage word"
#: Px above and below the rows together, over two; for the names and the counts; and of a dot in a pile.
MARGIN, SIDE, PILE = 66.0, 230.0, 20.0


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
        self.firsts, self.seconds, self.first_names, self.second_names = VGroup(), VGroup(), VGroup(), VGroup()
        self.arrows, kept = VGroup(), []
        taken: list[tuple[np.ndarray, np.ndarray]] = []
        for i in sorted(range(len(steps)), key=lambda i: i != own):
            ends = []
            for k, role in ((0, "ink2"), (1, "residual")):
                spot = dot(plane.point(spots[2 * i + k]), SPOT, role)
                away = (Away(words.quantity(2 * i + k, 1 - c), 0.0, c, plane.px, 2 * SPOT, ground) for c in (0, 1))
                ends.append(means(spot, *away))
            lead = plane.arrow(ends[0].get_center(), steps[i].quantities()[::-1], "residual", 7, 30)
            tip, goal = lead[-1].points[0], ends[1].get_center()
            texts = [
                _beside(ends[0], labels[2 * i], LEFT, "ink2"),
                _beside(ends[1], labels[2 * i + 1], RIGHT, "residual"),
            ]
            texts[1].shift(RIGHT * max(0.0, tip[0] - goal[0]) * (abs(tip[1] - goal[1]) < texts[1].height))
            boxes = [(text.get_center()[:2], np.array([text.width, text.height + units(14)]) / 2) for text in texts]
            way = np.linspace(ends[0].get_center(), tip, 24)[:, :2]
            boxes += [(spot, np.full(2, units(2))) for spot in [*way, goal[:2]]]
            if any((np.abs(a - b) < m + n).all() for a, m in boxes for b, n in taken if m[0] + n[0] > units(5)):
                continue
            taken += boxes
            kept.append(i)
            self.firsts.add(ends[0])
            self.seconds.add(ends[1])
            self.first_names.add(texts[0])
            self.second_names.add(texts[1])
            self.arrows.add(lead)
        self.kept = kept
        self.copies = VGroup(
            self._mean(spot.get_center(), [j for j in range(len(steps)) if j != i], self.shared)
            for i, spot in zip(kept, self.firsts, strict=True)
        )
        self.words = [(labels[2 * i], labels[2 * i + 1]) for i in kept]
        far = distances.values[np.ix_(kept, kept)]
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


class CosineDots(VGroup):
    """Cosines of two kinds of pairs as dots that pile up, and a line that chance seldom passes.

    Args:
        rows: the cosines of each kind, by the name that is written at the left; the last row is that of chance.
        level: the cosine that chance seldom passes.
        counts: what is written at the right of each row: what lies beyond the line.
        room: the rectangle that is filled.

    `lines[name]` are the dots of a row; those that do not pass the line are grey.
    """

    def __init__(
        self, rows: Mapping[str, Sequence[NamedTensor]], level: Quantity, counts: Sequence[str], room: Room
    ) -> None:
        side, rest = room.split_columns(SIDE, 24)
        body, ends = rest.split_columns(-SIDE, 24)
        high = body.height - 2 * MARGIN
        values = np.concatenate([tensor.values for tensors in rows.values() for tensor in tensors])
        low, most = min(0.0, float(values.min())) - 0.04, 1.0
        (cosines, *_), *_ = rows.values()
        plot = self.plot = Plot(cosines, cosines, ((low, most), (0, high)), body.width, high)
        plot.remove(plot.names[1])
        plot.names.remove(plot.names[1])
        plot.shift(at(body.left, body.top + MARGIN / 2 + high) - plot.axes[0].get_left())
        plot.axes[1].set_stroke(opacity=0)
        self.lines, self.names, self.counts, self.floors = {}, VGroup(), VGroup(), VGroup()
        for i, ((name, tensors), count) in enumerate(zip(rows.items(), counts, strict=True)):
            foot, role = high * (len(rows) - 1 - i) / len(rows), "ink" if i == len(rows) - 1 else "residual"
            self.lines[name], piled = VGroup(), Counter[int]()
            for tensor in tensors:
                for quantity in tensor.quantities():
                    column = int((quantity - low) / (most - low) * body.width / PILE)
                    y = foot + PILE * (piled[column] + 0.5)
                    piled[column] += 1
                    self.lines[name].add(
                        *plot.dots([quantity], [y], role if quantity > level else "ink3", PILE / 2 - 1)
                    )
            middle = plot.point(0.0, foot + PILE * 2)
            self.names.add(Words(name, "stage word").settle(middle).begin_at(at(side.left, 0)[0]))
            self.counts.add(Words(count, "stage word").settle(middle).end_at(at(ends.right, 0)[0]))
            self.floors.add(plot.level(foot).set_stroke(palette().role("line")))
        self.ends = VGroup(dashes(plot.point(x, 0), plot.point(x, high), "line", 3) for x in (0.0, most))
        ends_named = [Words(name, "fact", "ink2") for name in ("at right angles", "the same way")]
        for name, line in zip(ends_named, self.ends, strict=True):
            name.next_to(line, DOWN, buff=units(8))
        ends_named[1].align_to(self.ends[1], RIGHT)
        self.beyond = Words("beyond the line", "fact", "ink").next_to(self.counts, UP).align_to(self.counts, RIGHT)
        self.ends.add(*ends_named)
        line = dashes(plot.point(float(level), 0), plot.point(float(level), high), "focus", 4)
        self.level = means(line, Tick(level, plot.across))
        super().__init__(
            plot, self.floors, self.ends, *self.lines.values(), self.names, self.beyond, self.counts, self.level
        )
