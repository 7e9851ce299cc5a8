"""Directions among embeddings: arrows from word to word in a plane, and how parallel the steps of many pairs are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.layout import Room
from scenes.mobjects.marks import Away, Ground, Tip, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import arrow, dashes, dot
from scenes.mobjects.text import Words, word
from scenes.theme import at, gap, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px around the words, px of a dot, and px between it and its name.
AIR, SPOT, NEAR = 70.0, 9.0, 12.0


class WordSteps(VGroup):
    """Pairs of words as dots in a plane, and an arrow from the first word of each pair to its second.

    Args:
        plane: "vocab component", the two words of a pair one after the other.
        steps: "vocab component", from the first to the second, by the second.
        names: what leads across and up.
        room: the rectangle that is filled.

    Dots and arrows are all drawn; a word is written where it is clear of those before it.

    Example::

        run = trace.under("experiment.meaning")
        room = Room(280, 190, 1640, 830)
        figure = WordSteps(run["capital_plane"], run["capital_steps"], ("across", "up"), room)
    """

    def __init__(self, plane: NamedTensor, steps: NamedTensor, names: tuple[str, str], room: Room) -> None:
        spots = plane.values
        low, high = spots.min(0), spots.max(0)
        inside = room.inset(AIR * 1.8, AIR)
        scales = np.array([inside.width, inside.height]) / np.maximum(high - low, 1e-9)
        px = float(scales.min())
        middle = room.centre - np.array([*(low + high) / 2, 0]) * units(px)
        ground = Ground()
        self.origin = means(dot(middle, SPOT, "background"), ground)
        self.firsts, self.seconds, self.arrows = VGroup(), VGroup(), VGroup()
        labels = plane.words("vocab")
        for i in range(len(plane)):
            spot = dot(middle + np.array([*spots[i], 0]) * units(px), SPOT, "residual" if i % 2 else "ink2")
            across, up = (Away(plane.quantity(i, k), 0.0, k, px, 2 * SPOT, ground) for k in (0, 1))
            (self.seconds if i % 2 else self.firsts).add(means(spot, across, up))
        for i, (first, second) in enumerate(zip(self.firsts, self.seconds, strict=True)):
            way = second.get_center() - first.get_center()
            tip = min(24.0, float(np.linalg.norm(way)) * 135 * 0.5)
            lead = arrow(first.get_center(), second.get_center(), "residual", 5, tip)
            self.arrows.add(means(lead, Tip(steps.quantity(i, 0), steps.quantity(i, 1), px, 2 * SPOT, ground)))
        self.first_names, self.second_names = VGroup(), VGroup()
        self._taken: list[tuple[np.ndarray, np.ndarray]] = []
        for first, second, one, other in zip(self.firsts, self.seconds, labels[::2], labels[1::2], strict=True):
            up = UP if second.get_y() >= first.get_y() else DOWN
            texts = [self._placed(first, one, -up, "ink2"), self._placed(second, other, up, "residual")]
            if all(texts):
                self.first_names.add(texts[0])
                self.second_names.add(texts[1])
            elif any(texts):
                self._taken.pop()
        left, foot = Room(room.left, room.bottom, room.left, room.bottom).centre[:2]
        self.axes = VGroup(
            arrow(np.array([left, foot, 0]), np.array([left + units(190), foot, 0]), "ink3", 4, 20),
            arrow(np.array([left, foot, 0]), np.array([left, foot + units(190), 0]), "ink3", 4, 20),
        )
        self.names = VGroup(
            Words(names[0], "axis", "ink2").next_to(self.axes[0], RIGHT, buff=gap("line")),
            Words(names[1], "axis", "ink2").next_to(self.axes[1], UP, buff=gap("line")).align_to(self.axes[1], LEFT),
        )
        super().__init__(
            self.origin, self.axes, self.names, self.arrows, self.firsts, self.seconds, self.first_names,
            self.second_names,
        )  # fmt: skip

    def _placed(self, spot: VMobject, label: Label, side: np.ndarray, role: str) -> Words | None:
        """A word at a dot, if it is clear of those before."""
        text = word(label, "fact", role)
        text.next_to(spot, side, buff=units(NEAR))
        half = np.array([text.width, text.height]) / 2 + units(5)
        here = text.get_center()[:2]
        if any((np.abs(here - there) < half + other).all() for there, other in self._taken):
            return None
        self._taken.append((here, half))
        return text


class Likenesses(VGroup):
    """Cosines of many things as dots, a row for each kind, and a line that chance seldom passes.

    Args:
        rows: the cosines of each kind, by the name that is written at the left.
        level: the cosine that chance seldom passes.
        counts: what is written at the right of each row.
        room: the rectangle that is filled.

    `lines[name]` are the dots of a row.
    """

    def __init__(
        self, rows: Mapping[str, NamedTensor], level: Quantity, counts: Sequence[str], room: Room, by_chance: str
    ) -> None:
        side, rest = room.split_columns(250, 24)
        body, ends = rest.split_columns(-170, 24)
        high = body.height - 96
        values = np.concatenate([row.values for row in rows.values()])
        plot = self.plot = Plot(
            (min(0.0, float(values.min())) - 0.04, 1.0), (0, len(rows)), ("cosine with the mean of the others", "kind"),
            body.width, high,
        )  # fmt: skip
        plot.remove(plot.names[1])
        plot.names.remove(plot.names[1])
        plot.shift(at(body.left, body.top + high) - plot.axes[0].get_left())
        self.up = plot.axes[1].set_stroke(opacity=0)
        self.lines, self.names, self.counts = {}, VGroup(), VGroup()
        for i, (name, row) in enumerate(rows.items()):
            y = len(rows) - i - 0.5
            role = "ink3" if name == by_chance else "residual"
            self.lines[name] = plot.dots(row, [y] * len(row), role, 10)
            middle = plot.point(0.0, y)[1]
            text = Words(name, "fact", "ink2" if name == by_chance else "ink")
            self.names.add(text.settle(np.array([0, middle, 0])).begin_at(at(side.left, 0)[0]))
        for i, said in enumerate(counts):
            middle = plot.point(0.0, len(rows) - i - 0.5)[1]
            self.counts.add(Words(said, "fact").settle(np.array([0, middle, 0])).end_at(at(ends.right, 0)[0]))
        ticks = (0.0, 1.0)
        self.ends = VGroup(*(dashes(plot.point(x, 0), plot.point(x, len(rows)), "line", 3) for x in ticks))
        self.level = dashes(plot.point(float(level), 0), plot.point(float(level), len(rows)), "focus", 4)
        self.level_name = Words("by chance, seldom beyond", "axis", "ink2")
        self.level_name.next_to(self.level, DOWN, buff=units(12))
        super().__init__(plot, self.up, self.ends, *self.lines.values(), self.names, self.counts, self.level)
