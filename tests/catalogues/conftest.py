"""A small language of its own, whose numbers have commas, beside the Spanish that ships."""

import sys
from pathlib import Path

import polib
import pytest

from scenes.language import catalogue

sys.path.insert(0, str(Path(__file__).parent))

ENTRIES = {
    "“{0}” gives {1} to “{2}”.": "An „{2}“ gibt „{0}“ {1}.",
    "If keys were queries, |all would mirror.": "Wären Schlüssel Fragen, |wäre alles gespiegelt.",
    "The first part.": "Der erste Teil.",
    "sum so far {0}": "bisher {0}",
    "attention": "Aufmerksamkeit",
    "Most comes from {0}.": "Das meiste kommt aus: {0}.",
}
RULES = {
    ("number", "0.5"): "0,5",
    ("number", "1,234"): "1234",
    ("number", "12,345"): "12.345",
    ("number", "99%"): "99\u202f%",
    ("number", "over 99%"): "über 99\u202f%",
    ("language", "eng"): "deu",
}


@pytest.fixture
def german(tmp_path):
    """A catalogue, read from its file."""
    file = polib.POFile()
    file.extend(polib.POEntry(msgid=english, msgstr=other) for english, other in ENTRIES.items())
    file.extend(polib.POEntry(msgctxt=a, msgid=b, msgstr=other) for (a, b), other in RULES.items())
    file.append(polib.POEntry(msgid="Not yet", msgstr=""))
    file.append(polib.POEntry(msgid="guessed", msgstr="geraten", flags=["fuzzy"]))
    file.save(str(tmp_path / "de.po"))
    return catalogue("de", tmp_path)
