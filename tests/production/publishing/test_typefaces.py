"""The typefaces in a document are the project's own: cut down to its characters, and as wide as those of the film."""

import base64
import re
from io import BytesIO

import fontpkg
import pytest
import uharfbuzz as hb
from fontTools.ttLib import TTFont

from scenes.publishing.typefaces import FAMILIES, font_faces

TEXT = "AVATAR To fi 1234567890: ¿qué ves?"
FACE = re.compile(r"font-family:'([^']+)';font-weight:(\d+);.*?base64,([^)]+)\)")


def widths(font, text, **features):
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    hb.shape(font, buffer, features)
    return [position.x_advance for position in buffer.glyph_positions]


@pytest.mark.parametrize("features", [{}, {"tnum": True}, {"kern": False}], ids=["kerned", "tables", "apart"])
def test_signs_of_a_document_are_as_wide_as_those_of_the_whole_typeface_at_its_weight(features):
    found = FACE.findall(font_faces(TEXT))
    assert [(family, int(weight)) for family, weight, _ in found] == [
        (family, weight) for family, (_, weights) in FAMILIES.items() for weight in weights
    ]
    for family, weight, coded in found:
        size, _ = FAMILIES[family]
        whole = hb.Font(hb.Face(fontpkg.path(family).read_bytes()))
        whole.set_variations({"opsz": size, "wght": int(weight)})
        part = TTFont(BytesIO(base64.b64decode(coded)))
        part.flavor, plain = None, BytesIO()
        part.save(plain)
        there = hb.Font(hb.Face(plain.getvalue()))
        pairs = zip(widths(there, TEXT, **features), widths(whole, TEXT, **features), strict=True)
        assert max(abs(one - other) for one, other in pairs) <= 1


def test_a_document_has_the_letters_of_a_keyboard_and_its_own_characters_alone():
    family, _, coded = FACE.search(font_faces("¿é")).groups()
    characters = set(map(chr, TTFont(BytesIO(base64.b64decode(coded))).getBestCmap()))
    assert family == "Inter"
    assert characters == {*map(chr, range(0x20, 0x7F)), *"¿é"}
