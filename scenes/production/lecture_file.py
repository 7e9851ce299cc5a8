"""A lecture file: a whole lecture as data, in TOML, checked as it is read: no path in it leads out of its folder.

`docs/lecture-file.md` explains the keys, `new-lecture.toml` beside this module is what `lecture new` writes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

import msgspec

from scenes.language import DEFAULT_TEXT
from scenes.production.brand_file import ThemeTable, branded
from scenes.production.files import distinct
from scenes.production.lecture_checks import check_sentence, check_words, model_of, output_of, running_of, speakers_of
from scenes.production.mistakes import LARGEST, MOST, LineNumbers, Mistake, MistakesError, Wrong, named, one_of
from scenes.production.repertoire import ChapterEntry, Selection
from scenes.production.slide import Slide, model_name
from scenes.speech.engines import SILENT
from scenes.stage.brand import Brand
from transformer_core.pretrained.model_registry import DEFAULT_MODEL

if TYPE_CHECKING:
    from scenes.production.studio import Order

T = TypeVar("T", bound=msgspec.Struct)


class SlideTable(msgspec.Struct):
    """The keys of a slide."""

    title: str = ""
    lines: list[str] = []
    say: str = ""


class CardTable(SlideTable):
    """The keys of `[title_card]`, and of `[end_card]`, of which the last two are."""

    licence: str = ""
    questions: str = ""


class ChapterTable(SlideTable):
    """The keys of a chapter or a slide among `chapters`: a chapter has a name, a slide a title."""

    name: str = ""
    sentence: str = ""
    model: str = ""
    steps: list[int | str] = []
    without: list[int | str] = []


class Table(msgspec.Struct):
    """The keys of a lecture file, what they hold, and what they are if they are left out."""

    title: str = ""
    author: str = ""
    language: str = "en"
    sentence: str = DEFAULT_TEXT
    target: str = ""
    beams: int = 1
    chapters: list[str | ChapterTable] = []
    title_card: CardTable | None = None
    end_card: CardTable | None = None
    model: str = DEFAULT_MODEL.stem
    edits: list[str] = []
    captions: str = ""
    voice: str = SILENT
    narration: str = ""
    quality: str = "h"
    output: str = ""
    outputs: list[str] = msgspec.field(default_factory=lambda: ["film"])
    theme: ThemeTable = msgspec.field(default_factory=ThemeTable)


@dataclass(frozen=True)
class Lecture:
    """A lecture file, checked: its table, and what is meant by names in it; `told` has a line for each doubt."""

    path: Path
    table: Table
    running: tuple[Selection, ...]
    model: str | None
    brand: Brand
    output: Path
    voice: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def options(self) -> dict[str, Any]:
        """Values that stand in the place of options of the command line, by their names."""
        table = self.table
        same = {name: getattr(table, name) for name in ("quality", "language", "target", "beams")}
        read = {"text": table.sentence, "model": self.model, "edits": tuple(table.edits)}
        made = {"theme": table.theme.base, "output": self.output, "voice": self.voice}
        return same | read | made | ({"captions": table.captions} if table.captions else {})

    @property
    def entries(self) -> tuple[ChapterEntry, ...]:
        """Its chapters and slides, each once, in the order in which they come first."""
        return tuple(dict.fromkeys(entry for part in self.running for entry in part.entries))

    def ordered(self, order: Order) -> Order:
        """`order` with what only the file says: title, author, outputs, and in which order chapters and slides run."""

        title, author = self.table.title, self.table.author

        def told(entries: Sequence[ChapterEntry]) -> tuple[ChapterEntry, ...]:
            facts = title, author, order.text, model_name(order.model or DEFAULT_MODEL.stem), order.look.language
            return tuple(entry.told(*facts) if isinstance(entry, Slide) else entry for entry in entries)

        running, asked = ([replace(p, entries=told(p.entries)) for p in parts] for parts in (self.running, order.parts))
        return replace(
            order, title=title, author=author, outputs=tuple(dict.fromkeys(self.table.outputs)),
            entries=told(order.entries), parts=tuple(asked), running=tuple(running),
        )  # fmt: skip

    @property
    def name(self) -> str:
        """A file name part for what is made of it."""
        return distinct(self.path.stem)


def read(path: Path, trust: bool = False) -> Lecture:
    """The lecture in the file at `path`.

    Args:
        path: a TOML file.
        trust: whether chapters may be files beside it, which are code and will be run.

    Raises:
        MistakesError: something in it is wrong; it has a line for each mistake.
    """
    text = _text(path)
    lines = LineNumbers(text)
    mistakes: list[Mistake] = []

    def wrong(key: str, text: str, value: Any = None) -> None:
        mistakes.append(Mistake(key, text, lines.of(key, value)))
        if len(mistakes) == MOST:
            mistakes.append(Mistake("", "and perhaps more: mend these first", len(lines.text)))
            raise MistakesError(path.name, mistakes)

    given = _parsed(text, path.name)
    table = typed(Table, given, "", wrong)
    check_words(table, wrong)
    model = model_of(path.parent, table.model, wrong)
    for key in ("sentence", "target"):
        check_sentence(key, getattr(table, key), model, wrong)
    running = running_of(path.parent, table, model, trust, wrong)
    output = output_of(path, table.output, wrong)
    speakers = speakers_of(path.parent, table, wrong)
    brand, doubts = branded(path.parent, table.theme, wrong)
    if mistakes:
        raise MistakesError(path.name, mistakes)
    warnings = tuple(MistakesError(path.name, [Mistake(key, doubt, lines.of(key)) for key, doubt in doubts]).lines)
    checkpoint = None if table.model == DEFAULT_MODEL.stem else str(model)
    return Lecture(path, table, running, checkpoint, brand, output, speakers, warnings)


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise ValueError(f"{path} is no file")  # a pipe or a device might never end
        if path.stat().st_size > LARGEST:
            raise ValueError(f"{path} is too large for a lecture file: it has {LARGEST} bytes at most")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}; `lecture new {path}` writes one") from None
    except UnicodeDecodeError as error:
        before = path.read_bytes()[: error.start]
        mistake = Mistake("", "this is not UTF-8: save it as such", before.count(b"\n") + 1)
        raise MistakesError(path.name, [mistake]) from None


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        mistake = Mistake("", "lists or tables lie too deep in each other to be read")
    except ValueError as error:  # it says where, except of a number of more digits than Python reads
        what, _, place = str(error).rpartition(" (at ")
        line = place.removeprefix("line ").partition(",")[0]
        mistake = Mistake("", f"this is not TOML: {what or error}", int(line) if line.isdigit() else 0)
    raise MistakesError(name, [mistake])


def typed(kind: type[T], given: dict[str, Any], prefix: str, wrong: Wrong) -> T:
    """Return `given` as a `kind`; report every other key and every value of a wrong type as a mistake."""
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    found: dict[str, Any] = {}
    for key, value in given.items():
        place = f"{prefix}{key}"
        if key not in fields:
            wrong(place, f"there is no such key here: {one_of(fields, key)}")
            continue
        table, has_several = _table_in(fields[key]), get_origin(fields[key]) is list
        try:
            if table and isinstance(value, dict) and not has_several:
                found[key] = typed(table, value, f"{place}.", wrong)
            elif table and isinstance(value, list) and has_several:
                found[key] = []
                for i, one in enumerate(value):
                    if isinstance(one, str | dict):
                        found[key].append(one if isinstance(one, str) else typed(table, one, f"{place}.{i}.", wrong))
                    else:
                        wrong(place, f"{named(one)} should be a text in quotes or a table", one)
            else:
                found[key] = msgspec.convert(value, fields[key])
        except msgspec.ValidationError:
            wrong(place, f"{named(value)} should be {_kind(fields[key], place)}")
    return kind(**found)


def _table_in(wanted: Any) -> type[msgspec.Struct] | None:
    """The table that a value, or an element of it, may be."""
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        return wanted
    return next(filter(None, map(_table_in, get_args(wanted))), None)


def _kind(wanted: Any, place: str) -> str:
    if wanted is int:
        return "a whole number"
    if get_origin(wanted) is list:
        texts, (of,) = "a list of texts in quotes", get_args(wanted)
        return texts if of is str else f"{texts} and tables" if _table_in(of) else 'a list such as [1, "3-5"]'
    if _table_in(wanted):
        return f"a table, [{place}]"
    return "a table" if get_origin(wanted) is dict else "a text in quotes"
