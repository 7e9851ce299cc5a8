"""The encoder as one line of boxes over a stream of rows: as a whole, or close by with one box in the middle.

Both pictures have the same parts, so that one can turn into the other: that is the pan of a camera.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, UP, VGroup, VMobject

from scenes.mobjects.shapes import Box, dot, ellipsis, path, ribbon, rule
from scenes.mobjects.text import Words
from scenes.theme import at, palette, units
from transformer_core.blueprint import Sublayer, Tower, blueprint
from transformer_core.tracing.trace import Trace

#: The name of each kind of box, and its width in px close by.
BOXES = {
    "embed_src": ("Embedding", 232.0),
    "positional": ("Position", 204.0),
    "norm": ("Norm", 140.0),
    "self_attn": ("Attention", 220.0),
    "ffn": ("Feed-forward", 276.0),
}
#: How much smaller the boxes are when the whole line is in view: their text is then 25 px.
SMALL = 0.7
LEFT_END, RIGHT_END = 70.0, 1850.0


def name_of(part: str) -> tuple[str, float]:
    """The name on the box of the part at a path, and its width."""
    kind = part.rpartition(".")[2]
    return BOXES.get(kind, BOXES["norm"])


class EncoderLine(VGroup):
    """Every box of the encoder, from the config, and the stream beneath.

    A box beside the stream reads it and adds to it; a bar across the stream is a box that stands on it. Layers between
    the first and the last are left out with an ellipsis.

    Args:
        trace: the lecture's trace.
        rows: heights in px of the rows of tokens, in the whole view.
        left: px at which the rows begin, in the whole view.
        size: the shape of the stream, as text with its sources.
        close: the path of the box in the middle; the whole line if it is empty.
    """

    def __init__(self, trace: Trace, rows: Sequence[float], left: float, size: str, close: str = "") -> None:
        self.tower: Tower = blueprint(trace.about["config"])["encoder"]
        self.close = close
        self.near, self.scale_px = bool(close), 1.0 if close else SMALL
        self.box_y, self.norm_y = (246.0, 246.0) if close else (262.0, 356.0)
        self.rows = [340.0] * len(rows) if close else list(rows)
        self.high = 72.0 if close else 54.0
        self.stations: dict[str, VGroup] = {}
        self.lines: dict[str, VGroup] = {}
        self.spans: list[tuple[float, float]] = []
        self.ends: dict[str, float] = {}
        #: From where to where, in px of the whole view, a sublayer reads the rows and adds to them.
        self.reading: dict[str, tuple[float, float]] = {}
        self.sizes: list[Words] = []
        self.dots = VGroup()
        self.told_size = size
        self.gap = 70.0
        if not close:
            self.gap = 0.0
            self.gap = (1790.0 - left - self._lay(left)) / self._breaks()
            self._forget()
        self._lay(left)
        self.ribbons = VGroup(*self._ribbons(close))
        if not close:
            VGroup(*self.sizes).set_opacity(0)
        super().__init__(self.ribbons, self.dots, *self.lines.values(), *self.stations.values(), *self.sizes)
        if close:
            self._frame()

    def _forget(self) -> None:
        for found in (self.stations, self.lines, self.ends, self.spans, self.sizes):
            found.clear()
        self.dots = VGroup()

    def _breaks(self) -> int:
        layers = self._shown()
        inside = sum(len(layer) for layer in layers if layer)
        return 2 + inside + bool(self.tower.final_norm) + (len(layers) > 2)

    def _shown(self) -> list[tuple[Sublayer, ...] | None]:
        layers: list[tuple[Sublayer, ...] | None] = [*self.tower.layers]
        return layers if len(layers) <= 2 else [layers[0], None, layers[-1]]

    def _lay(self, left: float) -> float:
        """Place every part from `left` on, and say how wide all of them are."""
        x = self._on_stream(self.tower.embedding, left + self.gap)
        self.begin = x - self._wide(self.tower.embedding) / 2
        if self.tower.positional:
            x = self._beside(self.tower.positional, x + self.gap)
        for layer in self._shown():
            if layer is None:
                self.dots.add(ellipsis().move_to(at(x + self.gap + 20, self.box_y)))
                x += self.gap + 40
                continue
            first = x + self.gap / 2
            for sublayer in layer:
                x = self._sublayer(sublayer, x + self.gap)
            self.spans.append((first, x + self.gap / 2))
        if self.tower.final_norm:
            x = self._on_stream(self.tower.final_norm, x + self.gap)
        self.end = x + self.gap
        return x - left

    def _wide(self, part: str) -> float:
        return name_of(part)[1] * self.scale_px

    def _station(self, part: str, x: float, y: float) -> float:
        """A box with its left edge at `x`; answers with the right edge."""
        name, wide = name_of(part)
        box = Box(wide * self.scale_px, self.high, palette().surface, 12 * self.scale_px, palette().line, 2.5)
        words = Words(name, "block", paper=box)
        words.scale(self.scale_px)
        centre = at(x + wide * self.scale_px / 2, y)
        box.move_to(centre)
        self.stations[part] = VGroup(box, words.move_to(centre).stand_on(centre[1] - units(12 * self.scale_px)))
        self.ends[part] = x + wide * self.scale_px
        return self.ends[part]

    def _on_stream(self, part: str, x: float) -> float:
        """A box that stands on the stream: a bar lies across all rows."""
        y = self.box_y if self.near or part == self.tower.embedding else self.norm_y
        end = self._station(part, x, y)
        middle = (x + end) / 2
        colours = palette()
        top, low = self.rows[0], self.rows[-1]
        thick = 40 if self.near else min(40.0, 0.7 * self._pitch())
        bar = Box(20, low - top + thick, colours.surface, 6, colours.ink3, 2.5).move_to(at(middle, (top + low) / 2))
        stem = rule(at(middle, y + self.high / 2), at(middle, top - thick / 2), "line", 3)
        self.lines[part] = VGroup(stem, bar)
        self._note_size(end + self.gap / 2)
        return end

    def _beside(self, part: str, x: float) -> float:
        """A box that adds to the stream without reading it."""
        end = self._station(part, x, self.box_y)
        plus = (x + end) / 2
        self.lines[part] = VGroup(*self._plus(plus, [at(plus, self.box_y + self.high / 2)]))
        self._note_size(end + self.gap / 2)
        return end

    def _sublayer(self, sublayer: Sublayer, x: float) -> float:
        """A box that reads the stream and adds to it, with its norm where the config puts it."""
        wide, norm = self._wide(sublayer.path), self._wide(sublayer.norm)
        top, before = at(0, self.rows[0])[1], bool(sublayer.norm) and sublayer.before
        if self.near:
            first = x + (norm + 56 if before else 40)
            end = self._station(sublayer.path, first, self.box_y)
            read, plus, level = (x + norm / 2, end + 40, self.norm_y) if before else (x, end + 40, self.box_y)
        else:
            first = x
            end = self._station(sublayer.path, first, self.box_y)
            read, plus, level = x + min(norm, wide) / 2, end - 18 * self.scale_px, self.norm_y
        self.reading[sublayer.path] = (read, plus)
        if before:
            self._station(sublayer.norm, read - norm / 2, self.norm_y)
        inside = self.box_y + self.high / 2
        if before:
            corners = [(read, level + self.high / 2), (read, level + self.high / 2)]
        elif self.near:
            corners = [(read, self.box_y), (first, self.box_y)]
        else:
            corners = [(read, inside), (read, inside)]
        reads = path([np.array([at(read, 0)[0], top, 0]), *(at(*corner) for corner in corners)], "residual", 4)
        across = (
            [at(read + norm / 2, level), at(first, level)]
            if self.near
            else [at(read, level - self.high / 2), at(read, inside)]
        )
        first_end, last_end = across if before else [at(*corners[1])] * 2
        between = rule(first_end, last_end, "residual", 4)
        leaving = [at(end, self.box_y), at(plus, self.box_y)] if self.near else [at(plus, inside)] * 2
        tip = self._tip(between.points[-1], np.array([1.0, 0, 0]) if self.near else UP)
        self.lines[sublayer.path] = VGroup(reads, between, tip, *self._plus(plus, leaving))
        if sublayer.norm and not before:
            start = plus + (self.gap * 0.6 if self.near else 22)
            after = self._on_stream(sublayer.norm, start)
            return after if self.near else max(end, after - norm / 2)
        self._note_size(plus + self.gap / 2 + 10)
        return plus if self.near else end

    def _plus(self, x: float, coming: list[np.ndarray]) -> list[VMobject]:
        """What comes from above is added to every row."""
        top, low = at(x, self.rows[0]), at(x, self.rows[-1])
        disc = Box(32, 32, palette().background, 16, palette().residual, 4).move_to(top)
        arms = [rule(top - way * units(8), top + way * units(8), "ink", 3.5) for way in (UP, np.array([1.0, 0, 0]))]
        marks = [dot(at(x, y), 6, "ink") for y in self.rows[1:]]
        return [path([*coming, top], "residual", 4), rule(top, low, "ink", 3), *marks, disc, *arms]

    @staticmethod
    def _tip(end: np.ndarray, way: np.ndarray) -> VMobject:
        """An arrow's tip where a line enters a box."""
        side = np.array([-way[1], way[0], 0]) * units(7)
        tip = VMobject(fill_color=palette().residual, fill_opacity=1, stroke_width=0)
        foot = end - way * units(15)
        return tip.set_points_as_corners([end, foot + side, foot - side, end])

    def _pitch(self) -> float:
        return self.rows[1] - self.rows[0] if len(self.rows) > 1 else 60.0

    def _note_size(self, x: float) -> None:
        """The shape of the stream, beneath it."""
        self.sizes.append(Words(self.told_size, "note", "ink2").move_to(at(x, 392)))

    def _ribbons(self, close: str) -> list[VMobject]:
        """One band a row, from the embedding to the end of the line, or as far as the frame shows it."""
        self.shift_px = 960 - (self.ends[close] - self._wide(close) / 2) if close else 0.0
        start, end = self.begin, self.end
        if close:
            start, end = max(start, -self.shift_px), min(end, 1920.0 - self.shift_px)
        else:
            end = 1824.0
        thick = 16.0 if close else min(24.0, 0.42 * self._pitch())
        return [ribbon(at(start, y), at(end, y), thick, opacity=0.5) for y in self.rows]

    def _frame(self) -> None:
        """Bring the box to the middle, and hide what the frame has no room for."""
        self.shift(np.array([units(self.shift_px), 0, 0]))
        low, high = at(LEFT_END, 0)[0], at(RIGHT_END, 0)[0]
        for unit in [*self._units(), *self.sizes, *self.dots]:
            if unit.get_left()[0] < low or unit.get_right()[0] > high:
                unit.set_opacity(0)

    def _units(self) -> list[VGroup]:
        """What is seen together or not at all: a box with its lines, a sublayer with its norm."""
        found = []
        together = [sublayer.parts for layer in self.tower.layers for sublayer in layer]
        for parts in [(self.tower.embedding,), (self.tower.positional,), *together, (self.tower.final_norm,)]:
            seen = [group[part] for part in parts for group in (self.stations, self.lines) if part in group]
            if seen:
                found.append(VGroup(*seen))
        return found

    @property
    def boxes(self) -> list[VGroup]:
        """Every box with its lines, in the order in which a row meets them."""
        return [*self._units(), *([self.dots] if len(self.dots) else [])]

    def marked(self, part: str) -> VMobject:
        """What a ring goes around: the box at a path, or the sum ("+") behind the box in the middle."""
        return self.lines[self.close][-3] if part == "+" else self.stations[part]

    def brackets(self) -> VGroup:
        """A line under each layer that is shown, with a name."""
        marks = VGroup()
        low = self.rows[-1] + 52
        for start, end in self.spans:
            line = rule(at(start + 12, low), at(end - 12, low), "ink3", 3)
            marks.add(VGroup(line, Words("block", "aside", "ink2").next_to(line, DOWN, buff=units(10))))
        return marks
