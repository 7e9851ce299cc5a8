"""Checks of the values of a lecture file: each reports mistakes and the right values, and returns what is meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scenes.language import languages
from scenes.production.files import distinct
from scenes.production.look import CAPTIONS, QUALITIES
from scenes.production.mistakes import Wrong, beside, named, one_of
from scenes.production.repertoire import GROUPS, Entry, chosen, entries_in, repertoire
from scenes.speech.recordings import Recordings
from scenes.speech.voices import SILENT, NotInstalledError, Voice, voices
from scenes.theme import LIMITS, PALETTES
from transformer_core.files.pickles import is_pickle, refusal
from transformer_core.pretrained.model_registry import SUFFIXES, known_models
from transformer_core.text.vocabulary import SentenceError, Vocabulary, stored

if TYPE_CHECKING:
    from scenes.production.lecture_file import Table

#: What a lecture file can ask for.
OUTPUTS = ("film", "stills", "slides", "page")
LONGEST_TITLE = 200
MOST_BEAMS = 16


def check_words(table: Table, wrong: Wrong) -> None:
    """Values that are one of a few, or a line of text."""
    for key, value, right in (
        ("language", table.language, languages()),
        ("theme.base", table.theme.base, PALETTES),
        ("captions", table.captions or CAPTIONS[0], CAPTIONS),
    ):
        if value not in right:
            wrong(key, f"{named(value)} is not there: {one_of(right, value)}")
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
    if not 1 <= table.beams <= MOST_BEAMS:
        wrong("beams", f"{table.beams} should be from 1, which is greedy, to {MOST_BEAMS}")
    if table.beams > 1 and (table.target or table.edits):
        other = "a target is given, and nothing searched for" if table.target else "an edited model writes greedily"
        wrong("beams", f"{other}: leave the beams out, or the {'target' if table.target else 'edits'}")


def model_of(folder: Path, name: str, wrong: Wrong) -> Path:
    """The model called `name`: one that is at hand, or a checkpoint or folder given by its path from `folder`."""
    known = {model.name: model.path for model in known_models()}
    if name in known:
        return known[name]
    path = folder / name
    try:
        there = (path / "config.json").is_file() or (path.suffix in SUFFIXES and path.is_file())
        pickle = is_pickle(path)
    except OSError as error:  # such as a name that is too long
        wrong("model", f"{named(name)} is no path: {error.strerror}")
        return path
    if pickle:
        wrong("model", refusal(Path(name)))
    elif not there:
        wrong(
            "model",
            f"{named(name)} is neither a .safetensors, a .gguf nor a model at hand: {one_of([*known], name)}",
        )
    return path


def check_sentence(table: Table, model: Path, wrong: Wrong) -> None:
    """Report a sentence or given translation that the model cannot read or that is too long for a picture."""
    try:
        vocabulary: Vocabulary | None = None if model.is_dir() else stored(model)
    except (OSError, ValueError):
        return  # what is wrong with the model is told under its own key, or by who loads it
    if vocabulary is None:
        return
    for key, read in (("sentence", lambda text: vocabulary.read(text).labels), ("target", vocabulary.translation)):
        text = getattr(table, key)
        try:
            length = len(read(text)) if text or key == "sentence" else 0
        except SentenceError as error:
            wrong(key, f"{named(text)}: {error}")
            continue
        if length > LIMITS.whole:
            wrong(key, f"{length} words are too many: a picture has room for {LIMITS.whole}")


def chapters_of(folder: Path, names: Sequence[str], trust: bool, wrong: Wrong) -> list[Entry]:
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


def speakers_of(folder: Path, table: Table, wrong: Wrong) -> tuple[str, ...]:
    """The names of who speaks: a voice, a folder of recordings, both or nobody."""
    there = _voices() if table.voice != SILENT else []
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


def _voices() -> list[Voice]:
    """The voices at hand. Of a broken one, who asks for it is told; the same lecture may be drawn silently."""
    try:
        return voices()
    except NotInstalledError:
        return []


def output_of(path: Path, name: str, wrong: Wrong) -> Path:
    """The folder that all output goes to: below the one that the lecture file is in."""
    folder = beside(path.parent, name) if name else path.parent / "renders" / distinct(path.stem)
    if folder is None:
        wrong("output", f'{named(name)} would leave the folder of this file: name one inside it, such as "out"')
        return path.parent
    return folder
