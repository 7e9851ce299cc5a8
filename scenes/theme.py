"""The only home of colour, type size, gap and pace.

Sizes are in pixels of a 1080p frame, as a designer would write them; `units` turns them into Manim's units
(135 px each). A chapter asks for a role ("query"), a style ("cell") or a pace ("row"), never for a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from transformer_core.tracing.window import Limits

PIXELS_PER_UNIT = 135.0


@dataclass(frozen=True)
class FrameShape:
    """Shape of a frame, and what stands where in it, in px from its top left.

    Args:
        width, height: of the frame. A narrow one has fewer px than it is shown with, so that type is larger.
        stage: left, top, right and bottom of the room for figures.
        kicker: the baseline of the chapter's name.
        caption: the baseline of the first line of a caption.
        logo: left, top, width and height of its room.
        below: px from there to the first baseline of the title.
        note: the baseline of a note on the model; without one it stands beside the chapter's name.
        sizes: em sizes in px of the types that are not as large as in the usual frame.
    """

    width: float
    height: float
    stage: tuple[float, float, float, float]
    kicker: float
    caption: float
    logo: tuple[float, float, float, float]
    below: float = 54
    note: float = 0.0
    sizes: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def narrow(self) -> bool:
        """True if titles and captions are wrapped anew."""
        return self.width < WIDE.width


def _narrow(width: float, height: float, above: float = 24, below: float = 24, lines: int = 2) -> FrameShape:
    """A frame that is shown 1080 px wide, with px that a player may cover, and captions of so many `lines`."""
    larger = width / 1080  # what is said stays as large, however many px a figure has
    sizes = {"caption": 53 * larger, "title": 56 * larger, "kicker": 31 * larger}
    side, kicker = round(0.05 * width), above + 36 * larger
    caption = height - below - 14 - (lines - 1) * 1.24 * sizes["caption"]
    stage = side, kicker + 204 * larger, width - side, caption - 91 * larger
    logo = width - side - 130 * larger, kicker - 40 * larger, 130 * larger, 52 * larger
    return FrameShape(width, height, stage, kicker, caption, logo, 65 * larger, kicker + 180 * larger, sizes)


WIDE = FrameShape(1920, 1080, (96.0, 190.0, 1824.0, 900.0), 84, 984, (1768, 968, 128, 88))
#: Shapes of frames; a narrow one with large type, and with a small one for what has no room then.
#: Players on phones cover the top 14% and the lowest 20% of 9:16.
SHAPES = {
    "16:9": (WIDE,),
    "9:16": tuple(_narrow(w, w * 16 / 9, 0.14 * w * 16 / 9, 0.2 * w * 16 / 9, 3) for w in (900, 1080)),
    "1:1": tuple(_narrow(w, w) for w in (900, 1080)),
    "4:5": tuple(_narrow(w, w * 5 / 4) for w in (900, 1080)),
}
_shape = [WIDE]


def shape() -> FrameShape:
    """The shape of the picture being drawn."""
    return _shape[-1]


@contextmanager
def shaped(wanted: FrameShape) -> Iterator[None]:
    """Draw in this shape inside this block."""
    _shape.append(wanted)
    try:
        yield
    finally:
        _shape.pop()


def units(length: float) -> float:
    """Return the Manim units of a length in pixels at 1080p."""
    return length / PIXELS_PER_UNIT


def pixels(length: float | np.floating[Any]) -> float:
    """Return the pixels at 1080p of a length in Manim units."""
    return float(length) * PIXELS_PER_UNIT


def at(x: float, y: float) -> np.ndarray:
    """The point `x` px from the left and `y` px from the top of the frame."""
    return np.array([units(x - shape().width / 2), units(shape().height / 2 - y), 0.0])


@dataclass(frozen=True)
class Type:
    """Typography of a text: family, weight, em size in px, italics, and whether its figures are tabular."""

    family: str
    weight: int
    size: float
    italic: bool = False
    tabular: bool = False


#: Every way in which this project sets a text. 24 px em is the smallest: see docs/decisions.
TYPES = {
    "kicker": Type("Inter", 560, 30),
    "map": Type("Inter", 420, 24),
    "title": Type("Source Serif 4", 480, 48),
    "chapter": Type("Source Serif 4", 480, 84),
    "caption": Type("Inter", 420, 38),
    "block": Type("Source Serif 4", 480, 36),
    "aside": Type("Source Serif 4", 420, 30, italic=True),
    "axis": Type("Source Serif 4", 420, 26, italic=True),
    "note": Type("Inter", 420, 25),
    "fact": Type("Inter", 420, 31),
    "token": Type("Inter", 560, 30),
    "small token": Type("Inter", 560, 26),
    "cell": Type("Inter", 460, 25, tabular=True),
    "large cell": Type("Inter", 460, 30, tabular=True),
    "number": Type("Inter", 560, 32, tabular=True),
    "large number": Type("Inter", 640, 46, tabular=True),
    "stage number": Type("Inter", 560, 36, tabular=True),
    "stage word": Type("Inter", 560, 34),
    "large word": Type("Inter", 560, 53),
    "tag": Type("Source Serif 4", 480, 28, italic=True),
    "symbol": Type("Source Serif 4", 480, 40),
}
SMALLEST = 24.0
#: So many tokens can be read side by side from the last row, at the smallest size.
LIMITS = Limits(shown=10, whole=13, written=17)


@dataclass(frozen=True)
class Palette:
    """Colours by meaning. The ramps give lightness to magnitude and, for signed values, hue to sign."""

    name: str
    background: str
    surface: str
    line: str
    ink: str
    ink2: str
    ink3: str
    query: str
    key: str
    value: str
    residual: str
    weight: str
    warning: str
    focus: str
    diverging: tuple[str, ...]
    sequential: tuple[str, ...]

    @property
    def chip(self) -> str:
        """The fill of a chip, which stands out from the panel that it lies on."""
        return between(self.surface, self.line, 0.3)

    def role(self, name: str) -> str:
        """The colour of a role such as "query", "ink2" or "focus"."""
        return str(getattr(self, name))


DARK = Palette(
    name="dark",
    background="#0F1419",
    surface="#1A212A",
    line="#3D4957",
    ink="#F2EFE8",
    ink2="#B9C0C8",
    ink3="#929CA7",
    query="#FFD64C",
    key="#6DE3FA",
    value="#D279AD",
    residual="#47AF7E",
    weight="#F2EFDD",
    warning="#FF4B5C",
    focus="#FFFFFF",
    diverging=("#F28A4B", "#BE5B2C", "#1D2126", "#3270C0", "#5AA4FF"),
    sequential=("#1A212A", "#373D43", "#595E60", "#8E908B", "#C0C0B5", "#F2EFDD"),
)
LIGHT = Palette(
    name="light",
    background="#FBF8F2",
    surface="#F0EBE1",
    line="#BDB5A6",
    ink="#171B20",
    ink2="#434A52",
    ink3="#5A6067",
    query="#9E5700",
    key="#0964B2",
    value="#6C0A4E",
    residual="#1E694E",
    weight="#131A21",
    warning="#8C2E23",
    focus="#000000",
    diverging=("#E47F56", "#F0AF96", "#E8EDF5", "#9DC3F7", "#62A0F2"),
    sequential=("#F0EBE1", "#C8C6BF", "#9F9F9C", "#676A6C", "#393F44", "#131A21"),
)
PALETTES = {palette.name: palette for palette in (DARK, LIGHT)}
#: Steep at nothing, as most entries of a tensor are small beside its largest one.
DIVERGING_STOPS = (-1.0, -0.4, 0.0, 0.4, 1.0)
SEQUENTIAL_STOPS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)

_active = [DARK]
_faces: list[Mapping[tuple[str, bool], str]] = [{}]


def palette() -> Palette:
    """The palette of the picture being drawn."""
    return _active[-1]


def typeset(style: str) -> Type:
    """Return the typography of a text of `style` in the picture being drawn."""
    kind = TYPES[style]
    kind = replace(kind, size=shape().sizes.get(style, kind.size))
    face = _faces[-1].get((kind.family, kind.italic))
    return replace(kind, family=face) if face else kind


@contextmanager
def drawn_in(
    name: str,
    faces: Mapping[tuple[str, bool], str] = MappingProxyType({}),
    colours: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[Palette]:
    """Draw in the palette called `name` ("dark" or "light") inside this block.

    `faces` has font files that take the place of a family, upright (False) or italic; `colours` those of tokens.
    """
    if name not in PALETTES:
        raise ValueError(f"no theme called {name!r}: it is one of {', '.join(PALETTES)}")
    _active.append(replace(PALETTES[name], **colours))
    _faces.append(faces)
    try:
        yield _active[-1]
    finally:
        _active.pop()
        _faces.pop()


def rgb(colour: str) -> np.ndarray:
    """Red, green and blue of "#RRGGBB", each from 0 to 1."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def hexadecimal(colour: np.ndarray) -> str:
    return "#" + "".join(f"{round(255 * float(c)):02X}" for c in np.clip(colour, 0, 1))


def between(first: str, second: str, share: float) -> str:
    """The colour `share` of the way from `first` to `second`."""
    return hexadecimal(rgb(first) * (1 - share) + rgb(second) * share)


@cache
def _ramp(colours: tuple[str, ...], stops: tuple[float, ...], level: float) -> str:
    table = np.array([rgb(colour) for colour in colours])
    return hexadecimal(np.array([np.interp(level, stops, table[:, channel]) for channel in range(3)]))


def signed(value: float, scale: float) -> str:
    """The fill of a signed value: hue is its sign, lightness its size against `scale`."""
    level = round(min(max(float(value / scale) if scale else 0.0, -1.0), 1.0), 2)
    return _ramp(palette().diverging, DIVERGING_STOPS, level)


def shared(weight: float) -> str:
    """The fill of a weight between nothing and one."""
    return _ramp(palette().sequential, SEQUENTIAL_STOPS, round(min(max(float(weight), 0.0), 1.0), 2))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channel = rgb(colour)
    linear = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2), from one to twenty-one."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@cache
def _ink(fill: str, ink: str, background: str) -> str:
    for colour in (ink, background, "#FFFFFF", "#000000"):
        if contrast(colour, fill) >= READABLE:
            return colour
    return max(("#FFFFFF", "#000000"), key=lambda colour: contrast(colour, fill))


READABLE = 4.5


def ink_on(fill: str) -> str:
    """A colour for text on `fill` that reaches the readable contrast."""
    return _ink(fill, palette().ink, palette().background)


#: Distances, in px.
GAPS = {"cell": 4, "chip": 20, "grid": 44, "part": 72, "line": 14, "word": 10}


def gap(name: str) -> float:
    """The named distance, in Manim units."""
    return units(GAPS[name])


#: Seconds of each kind of motion.
PACES = {
    "appear": 0.5, "emphasise": 0.35, "cell": 2.4, "row": 1.2, "rest": 0.8, "flow": 0.9, "transform": 0.8,
    "slow": 3.2, "tour": 5.4, "camera": 1.2,
    "dive": 1.6, "cut": 1.3, "pour": 3.0, "leave": 0.2, "follow": 0.45, "stagger": 0.8, "hold": 0.6,
}  # fmt: skip


def pace(name: str) -> float:
    """Seconds of the named kind of motion."""
    return PACES[name]
