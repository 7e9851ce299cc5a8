"""One row and its three jobs, and the rows that enter an attention."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.layout import HEIGHT, centred
from scenes.mobjects.formulas import Formula
from scenes.mobjects.shapes import Box, arrow, curve
from scenes.mobjects.strips import Strip, rows_shown
from scenes.mobjects.tensors import TensorGrid, abridged
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Tag, Token
from scenes.theme import at, gap, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

JOBS = {
    "query": ("It asks", "“What am I looking for?”"),
    "key": ("It is found", "“What can I be matched by?”"),
    "value": ("It hands over", "“What do I hand over?”"),
}


class ThreeJobs(VGroup):
    """The row of a token above its three jobs: each with its tag, its name, and its question or the vector made for it.

    Args:
        row: the row, all its entries.
        token: whose row it is.
        views: for each role the query, key or value made of the row; the questions are shown without them.
    """

    def __init__(self, row: NamedTensor, token: Label, views: Mapping[str, NamedTensor] | None = None) -> None:
        self.chip = Token(token)
        self.strip = Strip(row, 1300, 60)
        self.chip.next_to(self.strip, LEFT, buff=gap("chip"))
        top = VGroup(self.chip, self.strip)
        top.shift(at(960, 300 if views is None else 236) - self.strip.get_center())
        self.jobs: dict[str, VGroup] = {}
        for i, role in enumerate(JOBS):
            self.jobs[role] = self._job(role, at(960 + (i - 1) * 560, 590 if views is None else 432), views)
        super().__init__(top, *self.jobs.values())

    def _job(self, role: str, centre: np.ndarray, views: Mapping[str, NamedTensor] | None) -> VGroup:
        name, question = JOBS[role]
        tag = Tag(role).scale(1.35).move_to(centre)
        start = np.array(
            [self.strip.get_center()[0] + (centre[0] - at(960, 0)[0]) * 0.62, self.strip.get_bottom()[1], 0]
        )
        line = curve(start + DOWN * units(14), tag.get_top() + UP * units(14), role, 5)
        if views is None:
            title = Words(name, "block").settle(centre + DOWN * units(104))
            return VGroup(line, tag, title, Words(question, "aside", "ink2").settle(centre + DOWN * units(164)))
        strip = Strip(views[role], 420, 60).move_to(centre + DOWN * units(96))
        return VGroup(line, tag, strip, Words(name, "block").settle(centre + DOWN * units(166)))


class Entering(VGroup):
    """The rows of the stream, the norm that they pass (or not), and what enters the attention.

    Args:
        stream, entering: position × d_model; the same tensor where nothing stands between.
        token: a row to keep in view.
        size: the true size, as text with its sources.
    """

    def __init__(self, stream: NamedTensor, entering: NamedTensor, token: Label, size: str) -> None:
        normed = stream.name != entering.name
        rows = rows_shown(stream, "position", 8, token)
        high = min(72.0, 0.66 * HEIGHT / len(rows) - 4)
        cell, first = ("large", 3) if len(rows) <= 5 else ("normal", 4)
        columns = abridged(stream.size("d_model"), *((first, 1) if normed else (2 * first + 2, 2)))
        self.stream = TensorGrid(stream, cell, rows=rows, columns=columns, high=high)
        self.labels = self.stream.row_labels()
        self.before = VGroup(self.stream, self.labels)
        parts = [self.before]
        self.way = VGroup()
        self.x = self.stream
        if normed:
            self.x = TensorGrid(entering, cell, rows=rows, columns=columns, high=high)
            box = Box(150, 84, palette().surface, 12, palette().line, 2.5)
            name = Words("Norm", "block", paper=box).settle(box.get_center())
            room = LEFT * units(64)
            self.way = VGroup(
                arrow(box.get_left() + room, box.get_left() + LEFT * units(8), "residual", 4),
                VGroup(box, name),
                arrow(box.get_right() + RIGHT * units(8), box.get_right() - room, "residual", 4),
            )
            parts += [self.way, self.x]
        VGroup(*parts).arrange(RIGHT, buff=units(26))
        if normed:
            self.way.set_y(self.x.get_y())
        self.heads = VGroup(Words("the stream", "block", "residual").next_to(self.stream, UP, buff=units(26)))
        self.letter = Formula("X").next_to(self.x, UP, buff=units(24))
        if not normed:
            self.heads.align_to(self.stream, LEFT)
        self.size = Words(size, "note", "ink2").next_to(self.x, DOWN, buff=units(24))
        super().__init__(*parts, self.heads, self.letter, self.size)
        centred(self)
