"""Mistakes in a file that a user wrote: each in one line, with its place, and all of them at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath, PureWindowsPath
from reprlib import Repr
from typing import Any, Protocol

#: Values are shown no longer than this.
SHOWN = 60
#: No file system has longer paths, or longer names in them.
LONGEST_PATH, LONGEST_PART = 1000, 255
#: The most mistakes that are told of one file, and the most bytes of a file that is looked at.
MOST, LARGEST = 50, 100_000
TABLE = re.compile(r"\s*(\[)?\[([^\[\]]+)\]")
KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
#: One that nobody ends goes on to the end: without that, each of many would be looked through anew.
LONG_STRING = re.compile(r'"""(?:\\.|[^\\])*?(?:"""|\\?\Z)|\'\'\'.*?(?:\'\'\'|\Z)', re.DOTALL)
#: Shows numbers, lists and tables, however deep or long they are.
short = Repr()
short.maxlong = short.maxstring = short.maxother = SHOWN


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong: where, and what would be right."""

    key: str
    text: str
    line: int = 0


class MistakesError(ValueError):
    """All mistakes of one file."""

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        ordered = sorted(mistakes, key=lambda mistake: mistake.line)
        places = [f"{file}:{m.line}" if m.line else file for m in ordered]
        texts = [f"{_shown(m.key)}: {m.text}" if m.key else m.text for m in ordered]
        self.lines = [f"{place}: {text}" for place, text in zip(places, texts, strict=True)]
        super().__init__("; ".join(self.lines))


class Wrong(Protocol):
    """Told what is wrong with a key; `value` is the element that is meant, where the key holds a list."""

    def __call__(self, key: str, text: str, value: Any = None) -> None: ...


class LineNumbers:
    """Line numbers of the keys in a TOML text, which a parser does not give."""

    def __init__(self, text: str) -> None:
        # A long string may hold what looks like keys.
        blank = LONG_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        self.text = text.splitlines()
        self.places: dict[str, int] = {}
        table, counts = "", Counter[str]()
        for number, line in enumerate(blank.splitlines(), 1):
            if header := TABLE.match(line):
                table = _plain(header[2])
                self.places.setdefault(table, number)
                if header[1]:  # one of several tables: chapters.0, chapters.1
                    counts[table] += 1
                    table = f"{table}.{counts[table] - 1}"
                    self.places[table] = number
            elif key := KEY.match(line):
                self.places.setdefault(".".join(filter(None, [table, _plain(key[1])])), number)

    def of(self, key: str, value: Any = None) -> int:
        """The line of `key`, or, in a list of several lines, that of `value`; 0 if it is not known."""
        while not (start := self.places.get(key, 0)) and "." in key:
            key = key.rpartition(".")[0]
        if start and isinstance(value, str):
            following = [place for place in self.places.values() if place > start]
            end = min(following, default=len(self.text) + 1)
            for number in range(start, end):
                if f'"{value}"' in self.text[number - 1] or f"'{value}'" in self.text[number - 1]:
                    return number
        return start


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def named(value: Any) -> str:
    """`value` as the file has it, on one line, not too long."""
    return _shown(f'"{value}"' if isinstance(value, str) else short.repr(value))


def _shown(text: str) -> str:
    text = "".join(char if char.isprintable() else "·" for char in text)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def one_of(words: Collection[str], wrong: Any) -> str:
    """The words that would be right, and which of them is near `wrong`."""
    near = get_close_matches(str(wrong)[:SHOWN], list(words), 1, 0.5)
    return f"it is one of {', '.join(words)}" + (f"; did you mean {near[0]}?" if near else "")


def beside(folder: Path, name: str) -> Path | None:
    """The path called `name` below `folder`, or None if it would leave that folder, be it by a link."""
    kinds = PurePosixPath(name), PureWindowsPath(name)
    if any(path.is_absolute() or path.drive or path.root or ".." in path.parts for path in kinds) or "\0" in name:
        return None
    if len(name.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_PART for part in kinds[0].parts):
        return None
    path = folder / name
    try:
        return path if path.resolve().is_relative_to(folder.resolve()) else None
    except (OSError, RuntimeError):  # links in a circle
        return None


def file_beside(folder: Path, name: str, place: str, wrong: Wrong) -> Path | None:
    """The file called `name` below `folder`; None, and a mistake, if there is none."""
    path = beside(folder, name)
    if path is None or not path.is_file():
        wrong(place, f"{named(name)} is no file beside this one", name)
        return None
    return path
