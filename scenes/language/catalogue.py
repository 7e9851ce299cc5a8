"""A catalogue: one gettext file a language, in assets/languages, that any editor of translations opens."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from transformer_core.files import ASSETS

FOLDER = ASSETS / "languages"
ENGLISH = "en"
#: The sentence that the lecture reads where it is given none.
DEFAULT_TEXT = "The car is red"
#: Contexts of entries that are no texts of a picture, but rules of the language.
NUMBER, CAPTIONS, LANGUAGE = "number", "captions", "language"


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Translations of the texts of the lecture into one language, by English template; none for English itself."""

    code: str
    entries: dict[str, str] = field(default_factory=dict)
    rules: dict[tuple[str, str], str] = field(default_factory=dict)
    fingerprint: str = ""

    def find(self, template: str) -> str | None:
        """The translation of a template, or None if there is none.

        A name such as "layer 7" is one of "layer {0}": a model has as many layers as it has.
        """
        if self.code == ENGLISH or template in self.entries:
            return self.entries.get(template, template)
        name, _, last = template.rpartition(" ")
        numbered = self.entries.get(f"{name} {{0}}") if last.isdecimal() else None
        return numbered and numbered.replace("{0}", last)

    def rule(self, context: str, english: str) -> str:
        """Return this language's form of a rule that `english` is an example of; `english` itself if there is none."""
        return self.rules.get((context, english), english)

    def text(self, english: str) -> str:
        """A text without slots, such as the title of a chapter."""
        return self.find(english) or english

    @property
    def tag(self) -> str:
        """The language as players name it (ISO 639-2)."""
        return self.rule(LANGUAGE, "eng")

    def number(self, shown: str) -> str:
        """A number that is shown in English, as it is written in this language."""
        known = self.rules.get((NUMBER, shown))
        if known or not self.rules:
            return known or shown
        match = re.fullmatch(r"(\D*)([\d,]+)(\.\d+)?([^%]*)(%?)", shown)
        if not match:
            return shown
        before, whole, part, after, percent = match.groups(default="")
        first, *groups = whole.split(",")
        separator = self.group if len(first) > 1 or len(groups) > 1 or not self.four_stay else ""
        part = part.replace(".", self.decimal)
        return before + separator.join([first, *groups]) + part + after + (self.percent if percent else "")

    @property
    def decimal(self) -> str:
        return self.rule(NUMBER, "0.5").strip("05")

    @property
    def group(self) -> str:
        return self.rule(NUMBER, "12,345").removeprefix("12").removesuffix("345")

    @property
    def four_stay(self) -> bool:
        """True if numbers of four digits are not grouped."""
        return self.rule(NUMBER, "1,234") == "1234"

    @property
    def percent(self) -> str:
        return self.rule(NUMBER, "99%").removeprefix("99")


IN_ENGLISH = Catalogue(ENGLISH)


def languages(folder: Path = FOLDER) -> list[str]:
    """The languages that there are, English first."""
    return [ENGLISH, *sorted(path.stem for path in folder.glob("*.po"))]


def catalogue(code: str, folder: Path = FOLDER) -> Catalogue:
    """The catalogue of a language, read again only when its file has changed.

    Raises:
        ValueError: there is no such language, or its file can't be read.
    """
    known = languages(folder)
    if code not in known:
        raise ValueError(f"no language {code!r}: there are {', '.join(known)}")
    if code == ENGLISH:
        return IN_ENGLISH
    path = folder / f"{code}.po"
    return _read(code, path, path.stat().st_mtime_ns)


@cache
def _read(code: str, path: Path, _: int) -> Catalogue:
    import polib

    try:
        text = path.read_text(encoding="utf-8")
        entries = polib.pofile(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the catalogue {code}.po can't be read: {error}") from error
    done = [entry for entry in entries if entry.msgstr and not entry.obsolete and "fuzzy" not in entry.flags]
    return Catalogue(
        code,
        {entry.msgid: entry.msgstr for entry in done if not entry.msgctxt},
        {(entry.msgctxt, entry.msgid): entry.msgstr for entry in done if entry.msgctxt},
        hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
    )
