"""A user's font file: whether it has, and can draw, what the chapters write.

It is asked by HarfBuzz, as the pictures are: what one library mends silently, another leaves out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import uharfbuzz as hb
from fontTools.pens.recordingPen import RecordingPen

from scenes.theme import TYPES

#: The characters that chapters and catalogues write. A font needs those that the one has in whose place it is put.
NEEDED = "".join(map(chr, range(32, 127))) + "¡°±²·¿×÷áéíñóúüÁÉÍÑÓÚΣθ–—‘’“”…←→−√∞≈≠≤≥⁰¹²³⁴⁵⁶⁷⁸⁹⁻\u202f"
#: Bytes of a file, curves of a glyph, and glyphs of one character: above them, drawing would take minutes.
LARGEST, MOST_CURVES, MOST_GLYPHS = 50_000_000, 5_000, 8
#: How far a glyph may reach from its origin, and the least size of a letter or digit, in em.
FAR, SMALL = 4.0, 0.1
#: What draws something, as pens of fontTools call it; a point alone draws nothing.
CURVES = {"lineTo", "curveTo", "qCurveTo"}
#: So many characters are named in a line.
NAMED = 5


def flaw(path: Path, other: Path) -> str:
    """Name the fault of a font file that is to take the place of the `other` one; empty if there is none."""
    if path.stat().st_size > LARGEST:
        return f"is larger than {LARGEST // 1_000_000} MB"
    face = hb.Face(path.read_bytes())
    if not face.glyph_count:
        return "cannot be read as a font"
    font, before = hb.Font(face), hb.Font(hb.Face(other.read_bytes()))
    needed = sorted(char for char in NEEDED if before.get_nominal_glyph(ord(char)))
    missing = [char for char in needed if not font.get_nominal_glyph(ord(char))]
    if missing:
        return f"has no glyph for {_names(missing)}, which the chapters use"
    broken = [char for char in needed if not all(_is_drawn(font, char))]
    return f"has broken outlines for {_names(broken)}: nothing is drawn, or something far too large" if broken else ""


def _is_drawn(font: hb.Font, char: str) -> Iterator[bool]:
    """For each way in which the project sets a text, whether `char` is there to see, and where it belongs."""
    for weight, tabular in sorted({(kind.weight, kind.tabular) for kind in TYPES.values()}):
        font.set_variations({"wght": weight, "opsz": 28})
        buffer = hb.Buffer()
        buffer.add_str(char)
        buffer.guess_segment_properties()
        hb.shape(font, buffer, {"tnum": tabular, "kern": True, "liga": not tabular})
        pen, em = RecordingPen(), font.face.upem
        for info in buffer.glyph_infos[:MOST_GLYPHS]:
            font.draw_glyph_with_pen(info.codepoint, pen)
        curves = [points for what, points in pen.value if what in CURVES]
        across, along = zip(*(point for points in curves for point in points), strict=True) if curves else ([0], [0])
        near = all(-FAR < side / em < FAR for side in (*across, *along)) if curves else char.isspace()
        size = max(max(across) - min(across), max(along) - min(along)) / em
        step = sum(position.x_advance for position in buffer.glyph_positions) / em
        few = len(curves) <= MOST_CURVES and len(buffer.glyph_infos) <= MOST_GLYPHS
        yield near and few and 0 < step < FAR and (size > SMALL or not char.isalnum())


def _names(chars: list[str]) -> str:
    named = ", ".join(f"{char} ({unicodedata.name(char).lower()})" for char in chars[:NAMED])
    return named + (f" and {len(chars) - NAMED} more" if len(chars) > NAMED else "")
