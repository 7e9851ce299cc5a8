"""The project's typefaces for a browser: only the characters that a document has, in the weights that it uses."""

from __future__ import annotations

import base64
import logging
from functools import lru_cache
from importlib import resources
from io import BytesIO

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

#: Package, file and optical size of each family, and the weights that documents use of it.
FAMILIES = {
    "Inter": ("fontpkg_inter", "Inter[opsz,wght].ttf", 14, (420, 560)),
    "Source Serif 4": ("fontpkg_source_serif_4", "SourceSerif4[opsz,wght].ttf", 36, (480,)),
}
#: Characters that any document may come to need: letters, digits and punctuation of a Latin keyboard.
LATIN = "".join(map(chr, range(0x20, 0x7F)))


# Where somebody has set up logging of everything, as Manim does, it would tell each step of its work.
logging.getLogger("fontTools").setLevel(logging.WARNING)


def font_faces(text: str) -> str:
    """CSS that brings the typefaces of every document, with the characters of `text`."""
    wanted = "".join(sorted({*LATIN, *text}))
    return "\n".join(
        f"@font-face{{font-family:'{family}';font-weight:{weight};font-display:block;"
        f"src:url(data:font/woff;base64,{_woff(family, weight, wanted)}) format('woff')}}"
        for family, (*_, weights) in FAMILIES.items()
        for weight in weights
    )


@lru_cache(maxsize=32)
def _woff(family: str, weight: int, characters: str) -> str:
    package, file, size, _ = FAMILIES[family]
    font = TTFont(BytesIO(resources.files(package).joinpath("files", file).read_bytes()), recalcTimestamp=False)
    options = Options()
    options.layout_features = ["kern", "liga", "tnum", "ccmp", "locl", "mark"]
    subsetter = Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    font = instantiateVariableFont(font, {"opsz": size, "wght": weight})
    font.flavor = "woff"
    made = BytesIO()
    font.save(made)
    return base64.b64encode(made.getvalue()).decode()
