"""Directions among embeddings: arrows from word to word in a plane, and how parallel the steps of many pairs are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from manim import LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import appear, draw, fill
from scenes.layout import Room
from scenes.mobjects.marks import Away, Tick, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import arrow, dashes, dot
from scenes.mobjects.text import Words, word
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px around the words, of a dot, between it and its name, and for what is written below.
AIR, SPOT, NEAR, FOOT = 24.0, 9.0, 12.0, 76.0
#: How opaque a pair is that has no names.
FAINT = 0.25
#: Px above and below the rows together, over two; for the names and the counts; and of a dot in a pile.
MARGIN, SIDE, PILE = 66.0, 230.0, 20.0


class WordSteps(VGroup):
    """Pairs of words as dots in a plane, and an arrow from the first word of each pair to its second.

    Args:
        words: "vocab component", the two words of a pair one after the other; the second component leads to the right.
        steps: "vocab component", from the first to the second, by the second.
        mean: "component", the mean step of other pairs.
        name: what leads to the right.
        room: the rectangle that is filled.

    A pair is named where both names are clear of those before; the others are faint. At the tail of each that is named,
    `means_there` has the mean step; `named` are their arrows.

    Example::

        run, room = trace.under("experiment.meaning"), Room(280, 190, 1640, 830)
        mean, name = run["capital_mean_step"], "from country to capital"
        figure = WordSteps(run["capital_plane"], run["capital_steps"], mean, name, room)
    """

    def __init__(self, words: NamedTensor, steps: NamedTensor, mean: NamedTensor, name: str, room: Room) -> None:
        body, foot = room.split_rows(-FOOT, 20)
        spots = words.values[:, ::-1]
        labels = words.words("vocab")
        aside = [max(pixels(word(label, "fact").width) for label in some) + AIR for some in (labels[::2], labels[1::2])]
        inside = Room(body.left + aside[0], body.top + AIR, body.right - aside[1], body.bottom - AIR)
        plane = Plane(spots, inside, SPOT, "ink")
        self.origin, ground = plane.origin.set_fill(opacity=0), plane.ground
        self.firsts, self.seconds, self.arrows = VGroup(), VGroup(), VGroup()
        for i in range(len(words)):
            spot = dot(plane.point(spots[i]), SPOT, "residual" if i % 2 else "ink2")
            away = (Away(words.quantity(i, 1 - k), 0.0, k, plane.px, 2 * SPOT, ground) for k in (0, 1))
            (self.seconds if i % 2 else self.firsts).add(means(spot, *away))
        for i, (first, second) in enumerate(zip(self.firsts, self.seconds, strict=True)):
            long = pixels(np.linalg.norm(second.get_center() - first.get_center()))
            by = steps.quantity(i, 1), steps.quantity(i, 0)
            self.arrows.add(plane.arrow(first.get_center(), by, "residual", 5, min(24, long / 2)))
        self.first_names, self.second_names, self.means_there = VGroup(), VGroup(), VGroup()
        by_mean, self.named = (mean.quantity(1), mean.quantity(0)), []
        taken = [(spot.get_center()[:2], np.full(2, units(SPOT))) for spot in [*self.firsts, *self.seconds]]
        pairs = zip(self.firsts, self.seconds, self.arrows, labels[::2], labels[1::2], strict=True)
        for first, second, lead, one, other in pairs:
            thin = plane.arrow(first.get_center(), by_mean, "ink2", 2.5, 16)
            texts = [_beside(first, one, LEFT, "ink2"), _beside(second, other, RIGHT, "residual")]
            if abs(thin.get_y() - texts[1].get_y()) < texts[1].height:
                texts[1].shift(RIGHT * max(0.0, thin.get_right()[0] + units(NEAR) - texts[1].get_left()[0]))
            boxes = [(text.get_center()[:2], np.array([text.width, text.height + units(10)]) / 2) for text in texts]
            if any((np.abs(a - b) < m + n).all() for a, m in boxes for b, n in taken):
                VGroup(first, second, lead).set_opacity(FAINT)
                continue
            taken += boxes
            self.means_there.add(thin)
            self.named.append(lead)
            self.first_names.add(texts[0])
            self.second_names.add(texts[1])
        self.title = Words(name, "block", "ink2").settle(foot.centre)
        left, right = at(body.left + AIR, 0)[0], at(body.right - AIR, 0)[0]
        height = self.title.get_top()[1] + units(22)
        self.way = arrow(np.array([left, height, 0]), np.array([right, height, 0]), "ink3", 4, 22)
        self.heading = VGroup(self.way, self.title)
        super().__init__(
            self.origin, self.arrows, self.means_there, self.firsts, self.seconds, self.first_names, self.second_names,
            self.heading,
        )  # fmt: skip

    def lead(self) -> tuple[Any, Animation]:
        """The arrows grow to the second words, which come as they arrive."""
        return (appear(self.origin), draw(*self.arrows, kind="slow"), fill(self.seconds, "slow")), appear(
            self.second_names
        )


def _beside(spot: VMobject, label: Label, side: np.ndarray, role: str) -> Words:
    """A word at the side of a dot."""
    text = word(label, "fact", role).settle(spot.get_center())
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
            name.next_to(line, UP, buff=units(8))
        ends_named[1].align_to(self.ends[1], RIGHT)
        beyond = Words("beyond the line", "fact", "ink2").next_to(self.counts, UP).align_to(self.counts, RIGHT)
        self.beyond = beyond.match_y(ends_named[0])
        self.ends.add(*ends_named)
        line = dashes(plot.point(float(level), 0), plot.point(float(level), high), "focus", 4)
        self.level = means(line, Tick(level, plot.across))
        super().__init__(
            plot, self.floors, self.ends, *self.lines.values(), self.names, self.beyond, self.counts, self.level
        )
