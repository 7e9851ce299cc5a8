"""Contact sheet: every step of a chapter as a small picture with its number and title."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from scenes.production.facts import StepFacts
from transformer_core.files.atomic import whole

COLUMNS, WIDTH, GAP, MARGIN, LINE = 4, 480, 24, 36, 26
PAPER, INK, FAINT = "#ffffff", "#1a1a1a", "#6b6b6b"


def _font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    import fontpkg  # which is long to import, and few commands make a sheet

    font = ImageFont.truetype(fontpkg.path("Inter"), size)
    font.set_variation_by_axes([14, weight])
    return font


def contact_sheet(
    posters: Sequence[tuple[Path, StepFacts]], heading: str, target: Path, told: PngInfo | None = None
) -> None:
    """Write the sheet (.png) of posters, each with its step, whole or not at all; `told` is what it says of itself."""
    head, body, bold = _font(34, 650), _font(19, 450), _font(19, 700)
    with Image.open(posters[0][0]) as first:
        height = round(WIDTH * first.height / first.width)
    columns = min(COLUMNS, len(posters))
    rows = -(-len(posters) // columns)
    cell = height + 12 + 2 * LINE + GAP
    width = 2 * MARGIN + columns * WIDTH + (columns - 1) * GAP
    sheet = Image.new("RGB", (width, 2 * MARGIN + 60 + rows * cell), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN), _cut(heading, head, width - 2 * MARGIN, pen), fill=INK, font=head)
    for i, (path, step) in enumerate(posters):
        x = MARGIN + i % columns * (WIDTH + GAP)
        y = MARGIN + 60 + i // columns * cell
        with Image.open(path) as poster:
            sheet.paste(poster.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS), (x, y))
        number = f"{step.number}"
        pen.text((x, y + height + 10), number, fill=FAINT, font=bold)
        indent = x + int(pen.textlength(number, font=bold)) + 12
        for n, line in enumerate(_wrapped(step.title, body, x + WIDTH - indent, pen)):
            pen.text((indent, y + height + 10 + n * LINE), line, fill=INK, font=body)
    with whole(target) as part:
        sheet.save(part, pnginfo=told)


def _cut(text: str, font: ImageFont.FreeTypeFont, width: int, pen: ImageDraw.ImageDraw) -> str:
    """Return as much of the text as fits into `width` pixels; an ellipsis marks where it was cut."""
    if pen.textlength(text, font=font) <= width:
        return text
    fits = bisect(range(len(text)), float(width), key=lambda end: pen.textlength(f"{text[:end]} …", font=font))
    return f"{text[: fits - 1].rstrip()} …"


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int, pen: ImageDraw.ImageDraw) -> list[str]:
    """At most two lines; an ellipsis says where more would have come."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or pen.textlength(longer, font=font) <= width:
            lines[-1] = longer
        elif len(lines) < 2:
            lines.append(word)
        else:
            lines[-1] += " …"
            break
    return lines
