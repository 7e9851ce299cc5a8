"""Tokens as chips, and the tags of the three roles. A role is a colour and a shape, never a colour alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.mobjects.copies import Copied
from scenes.mobjects.marks import Beside, Stands, means
from scenes.mobjects.shapes import Box, stroke
from scenes.mobjects.text import Words, word
from scenes.theme import between, contrast, palette, pixels, units
from transformer_core.tracing.provenance import Label

HEIGHT, PADDING, BAR = 52.0, 20.0, 6.0
EDGES = {"query": LEFT, "key": UP, "value": DOWN}


class Token(Copied, VGroup):
    """A token on a chip. The bar of a query stands on its left, of a key on top, of a value at the bottom.

    Example::

        labels = trace["encoder.1.self_attn.weights"].words("key")
        query, key = Token(labels[3], "query"), Token(labels[1], "key")
        figure = Room(560, 190, 1360, 290).fit(VGroup(query, key).arrange(), most=1.3)
    """

    def __init__(self, label: Label, role: str = "", width: float = 0, height: float = HEIGHT, style: str = "") -> None:
        small = height < 48
        self.label, self.role = label, role
        self.word = word(label, style or ("small token" if small else "token"))
        self.box = Box(max(width, chip_width(label, small)), height, palette().chip, 10, palette().line, 2)
        self.word.settle(self.box.get_center())
        self.word.paper = self.box
        super().__init__(self.box, self.word)
        means(self, Beside(label))
        self.bar: VMobject | None = None
        if role:
            self.bar = self._bar(role)
            self.add(self.bar)

    def _bar(self, role: str) -> VMobject:
        edge = EDGES[role]
        upright = edge[0] != 0
        wide, high = (BAR, pixels(self.box.height) - 16) if upright else (pixels(self.box.width) - 16, BAR)
        bar = Box(wide, high, palette().role(role), 3)
        inset = units(2)
        return bar.move_to(self.box.get_edge_center(edge) - edge * (units(BAR / 2) + inset))

    def turn(self) -> Token:
        """Stand the chip on its side, to be read from the bottom up: for narrow columns."""
        self.rotate(np.pi / 2)
        self.word.turned = True
        return self

    def shade(self, dimmed: bool) -> Token:
        """Step back or come forward again."""
        self.box.set_stroke(opacity=0.45 if dimmed else 1)
        self.word.set_fill(palette().role("ink3" if dimmed else "ink"), opacity=1)
        if self.bar:
            self.bar.set_fill(opacity=0.4 if dimmed else 1)
        return self


def chip_width(label: Label, small: bool = False) -> float:
    """The width in px that the chip of a token needs."""
    advance = word(label, "small token" if small else "token").advance
    return advance * (26 if small else 30) + 2 * (PADDING * 0.7 if small else PADDING)


def in_line(labels: Sequence[Label], room: float) -> VGroup:
    """A sentence in one line of chips; bare words where chips have no room."""
    for height in (52, 44):
        line = VGroup(Token(label, height=height) for label in labels)
        space = (room - line_width(line)) / len(labels)
        if space >= 5:
            break
    else:
        line = VGroup(means(word(label, "map", "ink2"), Stands(label)) for label in labels)
        space = (room - line_width(line)) / len(labels)
    line.arrange(RIGHT, buff=units(min(18.0, max(4.0, space))))
    if not isinstance(line[0], Token):
        for text in line:
            text.stand_on(0)
    return line


def line_width(line: VGroup) -> float:
    return pixels(sum(float(part.width) for part in line))


TAGS: dict[str, tuple[str, list[tuple[float, float]]]] = {
    "query": ("Q", [(-1, -1), (-1, 1), (0.45, 1), (1.05, 0), (0.45, -1)]),
    "key": ("K", [(-1, 1), (1, 1), (1, -1), (0.35, -1), (0, -0.62), (-0.35, -1), (-1, -1)]),
    "value": ("V", [(-1.2, 0), (-0.55, 1), (0.55, 1), (1.2, 0), (0.55, -1), (-0.55, -1)]),
}


class Tag(VGroup):
    """The sign of a role: a pentagon for queries, a notched square for keys, a lozenge for values."""

    def __init__(self, role: str) -> None:
        name, corners = TAGS[role]
        colour = palette().role(role)
        tint = between(palette().background, colour, 0.16)
        fill = tint if contrast(colour, tint) >= 4.5 else palette().background
        shape = VMobject(fill_color=fill, fill_opacity=1, stroke_color=colour, stroke_width=stroke(3))
        points = [np.array([units(x * 27), units(y * 27), 0]) for x, y in corners]
        shape.set_points_as_corners([*points, points[0]])
        letters = Words(name, "tag", role, shape).settle(shape.get_center())
        super().__init__(shape, letters)
        self.letter = letters
