"""Text as one outline: shaped by HarfBuzz from bundled fonts, standing on a baseline, knowing its sources.

Manim's own `Text` needs system fonts, makes a file for each string and a mobject for each glyph, and aligns boxes
where a reader expects baselines. Here a whole string is one `VMobject`, its figures can be tabular, and each number
and token in it carries the tensor entry it was made from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import uharfbuzz as hb
from manim import DL, VMobject

from scenes.language import Told, translated
from scenes.layout import STAGE, Room
from scenes.mobjects.copies import Copied, begin
from scenes.theme import Type, at, palette, typeset, units
from transformer_core.tracing.provenance import MARK, MINUS, Label, Quantity, parse

FILES = {
    ("Inter", False): ("fontpkg_inter", "Inter[opsz,wght].ttf"),
    ("Inter", True): ("fontpkg_inter", "Inter-Italic[opsz,wght].ttf"),
    ("Source Serif 4", False): ("fontpkg_source_serif_4", "SourceSerif4[opsz,wght].ttf"),
    ("Source Serif 4", True): ("fontpkg_source_serif_4", "SourceSerif4-Italic[opsz,wght].ttf"),
}
#: Height of a capital and of a small x, as shares of the em, to centre a line by eye.
CAPITAL, SMALL = 0.727, 0.546
#: A symbol with an index, and how large and how far below the line the index stands, in em.
SYMBOL = re.compile(r"\b(?P<base>[Wd])_(?:[QKVOk]|model|head|ff)\b")
LOW, LOWERED = 0.7, 0.16


def _data(family: str, italic: bool) -> bytes:
    """The file of a family of the theme, or the one that a lecture has put in its place."""
    if (family, italic) not in FILES:
        return Path(family).read_bytes()
    package, file = FILES[family, italic]
    return resources.files(package).joinpath("files", file).read_bytes()


@cache
def _font(family: str, italic: bool, weight: int) -> hb.Font:
    font = hb.Font(hb.Face(_data(family, italic)))
    font.set_variations({"wght": weight, "opsz": 28})
    return font


class _Pen:
    """Collects the cubic curves of one glyph, in em units."""

    def __init__(self, em: float) -> None:
        self.em = em
        self.curves: list[tuple[np.ndarray, ...]] = []
        self.start = self.here = np.zeros(2)

    def point(self, x: float, y: float) -> np.ndarray:
        return np.array([x, y]) / self.em

    def move(self, x: float, y: float, _: Any) -> None:
        self.start = self.here = self.point(x, y)

    def line(self, x: float, y: float, _: Any) -> None:
        self._straight(self.point(x, y))

    def _straight(self, end: np.ndarray) -> None:
        if not np.allclose(end, self.here):
            step = (end - self.here) / 3
            self.curves.append((self.here, self.here + step, end - step, end))
        self.here = end

    def quadratic(self, x1: float, y1: float, x: float, y: float, _: Any) -> None:
        middle, end = self.point(x1, y1), self.point(x, y)
        self.curves.append((self.here, self.here + (middle - self.here) * 2 / 3, end + (middle - end) * 2 / 3, end))
        self.here = end

    def cubic(self, x1: float, y1: float, x2: float, y2: float, x: float, y: float, _: Any) -> None:
        end = self.point(x, y)
        self.curves.append((self.here, self.point(x1, y1), self.point(x2, y2), end))
        self.here = end

    def close(self, _: Any) -> None:
        self._straight(self.start)


@cache
def _outline(family: str, italic: bool, weight: int, glyph: int) -> np.ndarray:
    """The curves of a glyph as an array of points, four a curve, in em units."""
    font = _font(family, italic, weight)
    pen = _Pen(font.face.upem)
    draw = hb.DrawFuncs()
    draw.set_move_to_func(pen.move)
    draw.set_line_to_func(pen.line)
    draw.set_quadratic_to_func(pen.quadratic)
    draw.set_cubic_to_func(pen.cubic)
    draw.set_close_path_func(pen.close)
    font.draw_glyph(glyph, draw)
    return np.array(pen.curves).reshape(-1, 2) if pen.curves else np.zeros((0, 2))


@lru_cache(maxsize=1024)
def _shape(text: str, kind: Type) -> tuple[np.ndarray, tuple[tuple[int, float], ...], float]:
    """All points of `text` in em units from its origin, where each cluster begins, and the whole advance.

    The symbols of a matrix or a width that has an index, such as W_Q and d_k, are set as in a formula.
    """
    symbols = [*SYMBOL.finditer(text)]
    ends = [0, *(end for symbol in symbols for end in (symbol.end("base"), symbol.end())), len(text)]
    runs: list[tuple[int, str, Type, float, float]] = []
    for i, (start, end) in enumerate(pairwise(ends)):
        plain, low = text[start:end], text[start:end].lstrip("_")
        if i % 2 and plain:  # an index
            runs.append((end - len(low), low, kind, LOW, LOWERED))
        elif i < len(ends) - 2:  # up to the letter of a symbol, which is slanted
            runs += [(start, plain[:-1], kind, 1.0, 0.0), (end - 1, plain[-1], replace(kind, italic=True), 1.0, 0.0)]
        else:
            runs.append((start, plain, kind, 1.0, 0.0))
    points, starts, x = [np.zeros((0, 2))], [], 0.0
    for start, run, face, size, lowered in runs:
        outline, begun, advance = _run(run, face)
        points.append(outline * size + np.array([x, -lowered]))
        starts += [(start + cluster, x + at * size) for cluster, at in begun]
        x += advance * size
    return np.concatenate(points), tuple(starts), x


def _run(text: str, kind: Type) -> tuple[np.ndarray, list[tuple[int, float]], float]:
    """The same of a text that is set in one face throughout."""
    if not text:
        return np.zeros((0, 2)), [], 0.0
    font = _font(kind.family, kind.italic, kind.weight)
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    hb.shape(font, buffer, {"tnum": kind.tabular, "kern": True, "liga": not kind.tabular})
    em, x, parts, starts = font.face.upem, 0.0, [], []
    if lacking := sorted({text[info.cluster] for info in buffer.glyph_infos if info.codepoint == 0}):
        named = ", ".join(f"{char} (U+{ord(char):04X} {unicodedata.name(char, 'nameless')})" for char in lacking)
        raise ValueError(f"the font {Path(kind.family).name} has no glyph for {named} in “{text}”")
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        outline = _outline(kind.family, kind.italic, kind.weight, info.codepoint)
        parts.append(outline + np.array([x + position.x_offset / em, position.y_offset / em]))
        starts.append((info.cluster, x))
        x += position.x_advance / em
    return np.concatenate(parts), starts, x


class Words(Copied, VMobject):
    """A line of text. `text` may carry marks (see `transformer_core.tracing.provenance`), which become its `spans`.

    It is given in English and shown in the language that is spoken (see `scenes.language`).
    `paper` is the mobject whose fill the text stands on and has to fit into; without one it stands on the background.
    """

    #: True for a number of an equation, which stands among signs, and beside no mark.
    in_equation = False

    def __init__(self, text: str, style: str = "note", role: str = "ink", paper: VMobject | None = None) -> None:
        self.text, self.spans = parse(translated(text))
        self.style, self.role, self.paper, self.turned = style, role, paper, False
        begin(self, stroke_width=0, fill_opacity=1, fill_color=palette().role(role))
        self._draw()

    def _draw(self) -> None:
        kind = typeset(self.style)
        outline, starts, self.advance = _shape(self.text, kind)
        size = units(kind.size)
        points = np.zeros((len(outline), 3))
        points[:, :2] = outline * size
        self.points = points
        self.em = size
        sign = len(self.text) - len(self.text.lstrip(MINUS))
        hang = next((x for cluster, x in starts if cluster >= sign), 0.0) if sign else 0.0
        self._rest = (hang * size, self.advance * size) if len(outline) else (0.0, 0.0)
        box = points[:, :2] if len(points) else np.zeros((1, 2))
        self._from_left, self._from_bottom = -box[:, 0].min(), -box[:, 1].min()

    @property
    def size(self) -> float:
        """Em size in px as it stands on screen now."""
        return typeset(self.style).size * self._scale()

    def _scale(self) -> float:
        outline, _, _ = _shape(self.text, typeset(self.style))
        tall = np.ptp(outline[:, 1]) * units(typeset(self.style).size) if len(outline) else 0.0
        return (self.width if self.turned else self.height) / tall if tall else 1.0

    @property
    def baseline(self) -> float:
        """The height at which the text stands."""
        return float(self.get_bottom()[1] + self._from_bottom * self._scale())

    def stand_on(self, height: float) -> Words:
        """Shift the text so that its baseline is at `height`."""
        self.shift(np.array([0, height - self.baseline, 0]))
        return self

    def settle(self, centre: np.ndarray) -> Words:
        """Centre the text on a point as a reader sees it: digits without their sign, capitals over the baseline."""
        scale = self._scale()
        origin = self.get_left()[0] + self._from_left * scale
        middle = origin + sum(self._rest) / 2 * scale
        self.shift(np.array([centre[0] - middle, 0, 0]))
        lift = CAPITAL if any(c.isdigit() or c.isupper() for c in self.text) else (CAPITAL + SMALL) / 2
        return self.stand_on(centre[1] - lift * self.em * scale / 2)

    def begin_at(self, left: float) -> Words:
        """Put the origin of the first glyph at `left`."""
        self.shift(np.array([left - self.get_left()[0] - self._from_left * self._scale(), 0, 0]))
        return self

    def end_at(self, right: float) -> Words:
        """Put the end of the last advance at `right`, so that tabular figures stand in columns."""
        scale = self._scale()
        self.shift(np.array([right - self.get_left()[0] - (self._from_left + self._rest[1]) * scale, 0, 0]))
        return self

    def begin_in(self, room: Room) -> Words:
        """Settle on the middle line of a room, from its left edge on."""
        return self.settle(room.centre).begin_at(at(room.left, 0)[0])

    def end_in(self, room: Room) -> Words:
        """Settle on the middle line of a room, up to its right edge."""
        return self.settle(room.centre).end_at(at(room.right, 0)[0])

    def rewrite(self, text: str) -> Words:
        """Show another text at the same place: same end if the figures are tabular, else the same beginning."""
        scale, corner, tabular = self._scale(), self.get_corner(DL), typeset(self.style).tabular
        anchor, height = corner[0] + self._from_left * scale, corner[1] + self._from_bottom * scale
        anchor += self._rest[1] * scale if tabular else 0
        self.text, self.spans = parse(translated(text))
        self._draw()
        # From its origin at once: a number that runs is written again in every frame.
        origin = anchor - self._rest[1] * scale if tabular else anchor
        self.points = self.points * scale + (origin, height, 0)
        return self


def number(quantity: Quantity, spec: str = ".2f", style: str = "cell", role: str = "ink") -> Words:
    """A number that shows one entry of a tensor and knows which."""
    return Words(format(quantity, spec), style, role)


def word(label: Label, style: str = "token", role: str = "ink") -> Words:
    """A token that knows which tensor's axis it labels."""
    return Words(format(label, ""), style, role)


def wrapped(text: str, style: str, width: float) -> list[str]:
    """Lines of `text`, marked as it is, that fit into `width` px, of like length; a word is never cut.

    >>> wrapped("Rows ask, columns answer", "caption", 300)
    ['Rows ask,', 'columns answer']
    """
    words = re.findall(rf"(?:{MARK.pattern.replace('(', '(?:')}|\S)+", translated(text))

    fewest = filled(words, style, width)
    narrower = (filled(words, style, share * width) for share in (0.5, 0.6, 0.7, 0.8, 0.9))
    return next((lines for lines in narrower if len(lines) == len(fewest)), fewest)


def filled(words: Sequence[str], style: str, width: float) -> list[str]:
    """Words in lines that are as full as `width` px allow."""
    lines: list[str] = []
    for one in words:
        longer = f"{lines[-1]} {one}" if lines else one
        if lines and Words(Told(longer), style).width <= units(width):
            lines[-1] = longer
        else:
            lines.append(one)
    return lines


def paragraph(lines: list[str], style: str, role: str, top: float, left: float | None = None) -> list[Words]:
    """Lines of text on their own baselines, from `top` px down; centred in the frame, or from `left` px on."""
    leading = typeset(style).size * 1.24
    texts = []
    for i, text in enumerate(lines):
        line = Words(text, style, role)
        spot = at((STAGE.left + STAGE.right) / 2 if left is None else left, top + i * leading)
        line.move_to(spot)
        if left is not None:
            line.begin_at(spot[0])
        texts.append(line.stand_on(spot[1]))
    return texts
