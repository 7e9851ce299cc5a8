"""A lecture file: a whole lecture as data, in TOML. It is checked as it is read, and can run or overwrite nothing.

`docs/lecture-file.md` explains the keys, `new-lecture.toml` beside this module is what `lecture new` writes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_origin

import msgspec

from scenes.brand import Brand
from scenes.language import languages
from scenes.production.brand_file import ThemeTable, branded
from scenes.production.files import slug
from scenes.production.look import QUALITIES
from scenes.production.mistakes import Lines, Mistake, MistakesError, Wrong, beside, named, one_of
from scenes.production.repertoire import GROUPS, Entry, chosen, entries_in, repertoire
from scenes.speech.recordings import Recordings
from scenes.speech.voices import SILENT, voices
from scenes.theme import PALETTES
from transformer_core.at_hand import at_hand
from transformer_core.vocabulary import SentenceError, Vocabulary, stored
from transformer_core.window import WHOLE

DEFAULT_MODEL = "english-spanish"
#: What a lecture file can ask for.
OUTPUTS = ("film", "stills", "slides", "page")
DEFAULT_TEXT = "The car is red"
LONGEST_TITLE = 200
T = TypeVar("T", bound=msgspec.Struct)


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """The keys of a lecture file, what they hold, and what they are if they are left out."""

    title: str = ""
    author: str = ""
    language: str = "en"
    sentence: str = DEFAULT_TEXT
    chapters: list[str] = []
    model: str = DEFAULT_MODEL
    voice: str = SILENT
    narration: str = ""
    quality: str = "h"
    output: str = ""
    outputs: list[str] = msgspec.field(default_factory=lambda: ["film"])
    theme: ThemeTable = msgspec.field(default_factory=ThemeTable)


@dataclass(frozen=True)
class Lecture:
    """What a lecture file asks for, checked; `told` is what is doubtful about it, a line each."""

    path: Path
    title: str
    author: str
    language: str
    sentence: str
    entries: tuple[Entry, ...]
    model: str | None
    quality: str
    theme: str
    brand: Brand
    output: Path
    outputs: tuple[str, ...]
    voice: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A file name part for what is made of it."""
        return slug(self.path.stem)


def read(path: Path, trust: bool = False) -> Lecture:
    """The lecture in the file at `path`.

    Args:
        path: a TOML file.
        trust: whether chapters may be files beside it, which are code and will be run.

    Raises:
        MistakesError: something in it is wrong; it has a line for each mistake.
    """
    text = _text(path)
    lines = Lines(text)
    mistakes: list[Mistake] = []

    def wrong(key: str, text: str, value: Any = None) -> None:
        mistakes.append(Mistake(key, text, lines.of(key, value)))

    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MistakesError(path.name, [_no_toml(error)]) from None
    table = typed(Table, given, "", wrong)
    if table.language not in languages():
        wrong("language", f"{named(table.language)} is not there: {one_of(languages(), table.language)}")
    if table.quality not in QUALITIES:
        sizes = [f'"{letter}" ({height}p{rate})' for letter, (_, height, rate) in QUALITIES.items()]
        wrong("quality", f"{named(table.quality)} is no quality: it is one of {', '.join(sizes)}")
    for key in ("title", "author"):
        value = getattr(table, key)
        if len(value) > LONGEST_TITLE or not value.isprintable():
            wrong(key, f"{named(value)} does not fit on one line of {LONGEST_TITLE} characters")
    if not table.outputs:
        wrong("outputs", f"nothing would be made: name some of {', '.join(OUTPUTS)}")
    for kind in table.outputs:
        if kind not in OUTPUTS:
            wrong("outputs", f"{named(kind)} cannot be made: {one_of(OUTPUTS, kind)}", kind)
    model = _model(path.parent, table.model, wrong)
    _check_sentence(table.sentence, model, wrong)
    entries = _chapters(path.parent, table.chapters, trust, wrong)
    output = _output(path, table.output, wrong)
    speakers = _speakers(path.parent, table, wrong)
    if table.theme.base not in PALETTES:
        wrong("theme.base", f"{named(table.theme.base)} is no theme: {one_of(PALETTES, table.theme.base)}")
    brand, doubts = branded(path.parent, table.theme, wrong)
    if mistakes:
        raise MistakesError(path.name, mistakes)
    told = tuple(MistakesError(path.name, [Mistake(key, doubt, lines.of(key)) for key, doubt in doubts]).lines)
    checkpoint = None if table.model == DEFAULT_MODEL else str(model)
    return Lecture(
        path, table.title, table.author, table.language, table.sentence, tuple(entries), checkpoint, table.quality,
        table.theme.base, brand, output, tuple(dict.fromkeys(table.outputs)), speakers, told,
    )  # fmt: skip


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}; `lecture new {path}` writes one") from None
    except UnicodeDecodeError as error:
        before = path.read_bytes()[: error.start]
        mistake = Mistake("", "this is not UTF-8: save it as such", before.count(b"\n") + 1)
        raise MistakesError(path.name, [mistake]) from None


def _no_toml(error: tomllib.TOMLDecodeError) -> Mistake:
    text, _, place = str(error).rpartition(" (at ")
    line = place.removeprefix("line ").partition(",")[0]
    return Mistake("", f"this is not TOML: {text or error}", int(line) if line.isdigit() else 0)


def typed(kind: type[T], given: dict[str, Any], prefix: str, wrong: Wrong) -> T:
    """What `given` holds of the keys of `kind`, and a mistake for every other key and every value of a wrong type."""
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    found: dict[str, Any] = {}
    for key, value in given.items():
        place = f"{prefix}{key}"
        if key not in fields:
            wrong(place, f"there is no such key here: {one_of(fields, key)}")
        elif isinstance(fields[key], type) and issubclass(fields[key], msgspec.Struct):
            if isinstance(value, dict):
                found[key] = typed(fields[key], value, f"{place}.", wrong)
            else:
                wrong(place, f"{named(value)} should be a table, [{place}]")
        else:
            try:
                found[key] = msgspec.convert(value, fields[key])
            except msgspec.ValidationError:
                wrong(place, f"{named(value)} should be {_kind(fields[key])}")
    return kind(**found)


def _kind(wanted: Any) -> str:
    if get_origin(wanted) is list:
        return "a list of texts in quotes"
    return "a table" if get_origin(wanted) is dict else "a text in quotes"


def _model(folder: Path, name: str, wrong: Wrong) -> Path:
    """The model called `name`: one that is at hand, or a checkpoint or folder given by its path from `folder`."""
    known = {model.name: model.path for model in at_hand()}
    if name in known:
        return known[name]
    path = folder / name
    if not (path / "config.json").is_file() and (path.suffix != ".safetensors" or not path.is_file()):
        wrong("model", f"{named(name)} is neither a .safetensors file nor a model at hand: {one_of([*known], name)}")
    return path


def _check_sentence(text: str, model: Path, wrong: Wrong) -> None:
    try:
        vocabulary: Vocabulary | None = None if model.is_dir() else stored(model)
        reading = vocabulary.read(text) if vocabulary else None
    except SentenceError as error:
        wrong("sentence", f"{named(text)}: {error}")
        return
    except (OSError, ValueError):
        return  # what is wrong with the model is told under its own key, or by who loads it
    if reading and len(reading.labels) > WHOLE:
        wrong("sentence", f"{len(reading.labels)} words are too many: a picture has room for {WHOLE}")


def _chapters(folder: Path, names: Sequence[str], trust: bool, wrong: Wrong) -> list[Entry]:
    """The chapters called `names`, in that order, groups resolved; all of the lecture for none."""
    known = {entry.name: entry for entry in repertoire()}
    found: list[Entry] = []
    for name in names:
        if name.endswith(".py"):
            members = _own(folder, name, trust, wrong)
        elif name in known:
            members = [known[name]]
        elif name in GROUPS:
            members = chosen(GROUPS[name])
        else:
            wrong("chapters", f"there is no chapter {named(name)}: {one_of([*known, *GROUPS], name)}", name)
            continue
        for entry in members:
            if entry.name in {other.name for other in found}:
                wrong("chapters", f"the chapter {named(entry.name)} is there twice: name it once", name)
            else:
                found.append(entry)
    return found if names else list(known.values())


def _own(folder: Path, name: str, trust: bool, wrong: Wrong) -> list[Entry]:
    """The chapters in a file beside the lecture file. They are code: nobody runs it who has not said so."""
    path = beside(folder, name)
    if path is None or not path.is_file():
        wrong("chapters", f"{named(name)} is no file beside this one", name)
        return []
    if not trust:
        wrong("chapters", f"{named(name)} is code, which a lecture file cannot run: read it, then add --trust", name)
        return []
    try:
        found = entries_in(path)
    except SyntaxError as error:
        wrong("chapters", f"{named(name)} is not Python: {error.msg} in its line {error.lineno}", name)
        return []
    if not found:
        wrong("chapters", f"{named(name)} has no chapter: a class with a number, a title and steps", name)
    return found


def _speakers(folder: Path, table: Table, wrong: Wrong) -> tuple[str, ...]:
    """The names of who speaks: a voice, a folder of recordings, both or nobody."""
    there = voices()
    names = [voice.name for voice in there if voice.language == table.language]
    if table.voice != SILENT and there and table.voice not in names:
        wrong("voice", f"{named(table.voice)} does not speak {table.language}: {one_of([*names, SILENT], table.voice)}")
    found = [table.voice] if table.voice != SILENT else []
    if not table.narration:
        return tuple(found)
    recordings = beside(folder, table.narration)
    if recordings is None or not recordings.is_dir():
        wrong("narration", f"{named(table.narration)} is no folder beside this file")
        return tuple(found)
    try:
        Recordings(recordings)
    except ValueError as error:
        wrong("narration", str(error))
    return (*found, f"{recordings.resolve()}")


def _output(path: Path, name: str, wrong: Wrong) -> Path:
    """The folder that all output goes to: below the one that the lecture file is in."""
    folder = beside(path.parent, name) if name else path.parent / "renders" / slug(path.stem)
    if folder is None:
        wrong("output", f'{named(name)} would leave the folder of this file: name one inside it, such as "out"')
        return path.parent
    return folder
