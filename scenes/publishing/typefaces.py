"""The project's typefaces for a browser: only the characters that a document has, in the weights that it uses."""

from __future__ import annotations

import base64
from functools import lru_cache
from io import BytesIO

import fontpkg
import uharfbuzz as hb
from fontTools.ttLib import TTFont

#: The optical size of each family, and the weights that documents use of it.
FAMILIES = {"Inter": (14, (420, 560)), "Source Serif 4": (36, (480,))}
#: Characters that any document may come to need: letters, digits and punctuation of a Latin keyboard.
LATIN = "".join(map(chr, range(0x20, 0x7F)))
#: What a browser uses of the rules by which signs stand together.
FEATURES = ("kern", "liga", "tnum", "ccmp", "locl", "mark")


def font_faces(text: str) -> str:
    """CSS that brings the typefaces of every document, with the characters of `text`."""
    wanted = "".join(sorted({*LATIN, *text}))
    return "\n".join(
        f"@font-face{{font-family:'{family}';font-weight:{weight};font-display:block;"
        f"src:url(data:font/woff;base64,{_woff(family, weight, wanted)}) format('woff')}}"
        for family, (_, weights) in FAMILIES.items()
        for weight in weights
    )


@lru_cache(maxsize=32)
def _woff(family: str, weight: int, characters: str) -> str:
    face = hb.Face(fontpkg.path(family).read_bytes())
    wanted = hb.SubsetInput()
    wanted.unicode_set.update(map(ord, characters))
    wanted.layout_feature_tag_set.clear()
    wanted.layout_feature_tag_set.update(int.from_bytes(feature.encode()) for feature in FEATURES)
    for axis, value in {"opsz": FAMILIES[family][0], "wght": weight}.items():
        wanted.pin_axis_location(face, axis, value)
    font = TTFont(BytesIO(wanted.subset(face).blob.data), recalcTimestamp=False)
    font.flavor = "woff"
    made = BytesIO()
    font.save(made)
    return base64.b64encode(made.getvalue()).decode()
