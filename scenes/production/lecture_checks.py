"""Checks of the values of a lecture file: each reports mistakes and the right values, and returns what is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenes.language import languages
from scenes.production.files import distinct
from scenes.production.look import CAPTIONS, QUALITIES
from scenes.production.mistakes import Wrong, beside, file_beside, named, one_of
from scenes.production.repertoire import GROUPS, ChapterEntry, Selection, cut, entries_in, parts, repertoire
from scenes.production.slide import END, TITLE, Slide
from scenes.speech.engines import SILENT, NotInstalledError
from scenes.speech.voices import voice
from scenes.theme import LIMITS, PALETTES
from transformer_core.files.foreign import is_pickle, refusal
from transformer_core.pretrained.model_registry import SUFFIXES, known_models
from transformer_core.text.vocabulary import SentenceError, Vocabulary, stored

if TYPE_CHECKING:
    from scenes.production.lecture_file import CardTable, ChapterTable, Table

#: What a lecture file can ask for.
OUTPUTS = ("film", "stills", "slides", "page")
LONGEST_TITLE = 200
MOST_BEAMS = 16
#: Of a slide: its lines, and the characters of what is said. And more steps than any chapter has.
MOST_LINES, LONGEST_SAID = 8, 1000
MOST_STEPS = 999
STEPS = re.compile(r"(\d{1,3})(-)?(\d{1,3})?")


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
        _check_line(key, getattr(table, key), wrong)
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


def _check_line(place: str, text: str, wrong: Wrong) -> None:
    if len(text) > LONGEST_TITLE or not text.isprintable():
        wrong(place, f"{named(text)} does not fit on one line of {LONGEST_TITLE} characters", text)


def model_of(folder: Path, name: str, wrong: Wrong, place: str = "model") -> Path:
    """The model called `name`: one that is at hand, or a checkpoint or folder given by its path from `folder`."""
    known = {model.name: model.path for model in known_models()}
    if name in known:
        return known[name]
    path = folder / name
    try:
        there = (path / "config.json").is_file() or (path.suffix in SUFFIXES and path.is_file())
        pickle = is_pickle(path)
    except OSError as error:  # such as a name that is too long
        wrong(place, f"{named(name)} is no path: {error.strerror}")
        return path
    if pickle:
        wrong(place, refusal(Path(name)))
    elif not there:
        line = f"is neither a .safetensors, a .gguf nor a model at hand: {one_of([*known], name)}"
        wrong(place, f"{named(name)} {line}")
    return path


def check_sentence(key: str, text: str, model: Path, wrong: Wrong) -> None:
    """Report a sentence or given translation that the model cannot read or that is too long for a picture."""
    try:
        vocabulary: Vocabulary | None = None if model.is_dir() else stored(model)
    except (OSError, ValueError):
        return  # what is wrong with the model is told under its own key, or by who loads it
    is_target = key == "target"
    if vocabulary is None or (is_target and not text):
        return
    try:
        length = len(vocabulary.translation(text) if is_target else vocabulary.read(text).labels)
        if length > LIMITS.whole:
            wrong(key, f"{length} words are too many: a picture has room for {LIMITS.whole}")
    except SentenceError as error:
        wrong(key, f"{named(text)}: {error}")


def running_of(folder: Path, table: Table, model: Path, trust: bool, wrong: Wrong) -> tuple[Selection, ...]:
    """Chapters, steps of them and slides in the order of the film; all chapters of the lecture if none is named."""
    found: list[Selection] = []
    slides = 0
    for i, given in enumerate(table.chapters):
        place = "chapters" if isinstance(given, str) else f"chapters.{i}"
        if isinstance(given, str):
            members = _named(folder, given, trust, place, wrong)
        elif given.name and (given.title or given.lines or given.say):
            members = []
            wrong(place, "a chapter has a name and a slide a title: write two tables")
        elif given.name:
            members = _chapter(folder, given, model, trust, place, wrong)
        else:
            slides += 1
            members = _slide(f"slide_{slides}", given, place, wrong)
        for part in members:
            if any(_both_tell(part, other) for other in found):
                wrong(place, f"{named(part.name)} is there twice: name it once", part.name)
            else:
                found.append(_told_apart(part, found))
    found = found if table.chapters else [Selection(entry.name, (entry,)) for entry in repertoire()]
    cards = {TITLE: table.title_card, END: table.end_card}
    made = {name: _card(name, card, table, wrong) for name, card in cards.items() if card}
    return tuple(filter(None, [made.get(TITLE), *found, made.get(END)]))


def _named(folder: Path, name: str, trust: bool, place: str, wrong: Wrong) -> list[Selection]:
    """The chapters called `name`, with steps after a dot; a group in its order. A file is looked for in `folder`."""
    if "," in name:
        wrong(place, f"{named(name)} are several: write each as a text of its own", name)
        return []
    try:
        bare, first, last = cut(name)
        if bare.endswith(".py"):
            own = _own(folder, bare, trust, place, wrong)
            return [Selection(own[0].name, tuple(own), first, last)] if own else []
        return parts([name])
    except OSError as error:  # such as a name that is too long
        wrong(place, f"{named(name)} is no chapter: {error.strerror}", name)
        return []
    except ValueError as error:
        known = [*(entry.name for entry in repertoire()), *GROUPS]
        is_unknown = "there are:" in str(error)
        wrong(place, f"there is no chapter {named(name)}: {one_of(known, name)}" if is_unknown else f"{error}", name)
        return []


def _chapter(folder: Path, given: ChapterTable, model: Path, trust: bool, place: str, wrong: Wrong) -> list[Selection]:
    """A chapter of a table: the steps that are told, of what it reads."""
    if given.model:
        model = model_of(folder, given.model, wrong, f"{place}.model")
    if given.sentence:
        check_sentence(f"{place}.sentence", given.sentence, model, wrong)
    own = str(model) if given.model else ""
    steps = _ranges(f"{place}.steps", given.steps, wrong)
    left = _ranges(f"{place}.without", given.without, wrong)
    found = []
    for named_part in _named(folder, given.name, trust, f"{place}.name", wrong):
        reading = tuple(replace(entry, text=given.sentence, model=own) for entry in named_part.entries)
        part = replace(named_part, entries=reading)
        whole = [(part.first or 1, part.last)]
        told = [rest for one in steps or whole for rest in _without(*one, left)]
        if not told:
            wrong(f"{place}.without", "no step is left: leave the chapter out")
        found += [replace(part, first=first, last=last) for first, last in told] if steps or left else [part]
    return found


def _ranges(place: str, given: Sequence[int | str], wrong: Wrong) -> list[tuple[int, int]]:
    """The first and the last of each step or run of steps; a last of 0 is that of the chapter."""
    found = []
    for one in given:
        match = STEPS.fullmatch(str(one))
        first, last = (int(match[1]), int(match[3] or 0) if match[2] else int(match[1])) if match else (0, 0)
        if first < 1 or 0 < last < first:
            wrong(place, f'{named(one)} is no step: write 3, "2-4", or "5-" for all from the fifth on', one)
        else:
            found.append((first, last))
    return found


def _without(first: int, last: int, left: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts that are left of the steps from `first` to `last` (0: to the end) without those that are `left` out.

    >>> _without(1, 0, [(4, 4), (2, 2)]), _without(2, 3, [(1, 0)])
    ([(1, 1), (3, 3), (5, 0)], [])
    """
    found, end = [], last or MOST_STEPS
    for low, high in sorted(left):
        if first < low <= end:
            found.append((first, low - 1))
        if low <= end:
            first = max(first, (high or MOST_STEPS) + 1)
    return [*found, *([(first, last)] if first <= end else [])]


def _both_tell(one: Selection, other: Selection) -> bool:
    """True if two parts have a step in common, as far as their names say."""
    if not {*one.entries} & {*other.entries}:
        return False
    (a, b), (c, d) = ((part.first or 1, part.last or MOST_STEPS) for part in (one, other))
    return one.entries != other.entries or (a <= d and c <= b)


def _told_apart(part: Selection, others: Sequence[Selection]) -> Selection:
    """`part` under a name of its own where a chapter is told before that reads something else."""
    there = {entry.name: entry for other in others for entry in other.entries}

    def called(entry: ChapterEntry, count: int = 1) -> ChapterEntry:
        own = replace(entry, name=entry.name if count == 1 else f"{entry.name}_{count}")
        return own if there.get(own.name, own) == own else called(entry, count + 1)

    return replace(part, entries=tuple(map(called, part.entries)))


def _slide(name: str, given: ChapterTable, place: str, wrong: Wrong) -> list[Selection]:
    """A slide between chapters."""
    for key in ("sentence", "model", "steps", "without"):
        if getattr(given, key):
            wrong(f"{place}.{key}", "this is for a chapter, which has a name, and this table has none")
    if not given.title:
        wrong(place, "this is neither a chapter, which has a name, nor a slide, which has a title")
    words = _words(given, place, wrong)
    return [Selection(name, (Slide.of(name, given.title, **words),))]


def _card(name: str, given: CardTable, table: Table, wrong: Wrong) -> Selection:
    """The title card or the end card."""
    place = f"{name}_card"
    if not (given.title or table.title):
        wrong(place, 'there is no title to show: write title = "..." at the top of the file')
    if name == TITLE:
        for key in ("licence", "questions"):
            if getattr(given, key):
                wrong(f"{place}.{key}", "this is for the end card")
    words = _words(given, place, wrong)
    return Selection(name, (Slide.of(name, given.title, licence=given.licence, asked=given.questions, **words),))


def _words(given: ChapterTable | CardTable, place: str, wrong: Wrong) -> dict[str, Any]:
    """Lines and narration of a slide. What is said may be written on several lines."""
    for key in ("title", "licence", "questions"):
        _check_line(f"{place}.{key}", getattr(given, key, ""), wrong)
    for line in given.lines:
        _check_line(f"{place}.lines", line, wrong)
    if len(given.lines) > MOST_LINES:
        wrong(f"{place}.lines", f"{len(given.lines)} lines are too many: a slide has room for {MOST_LINES}")
    say = " ".join(given.say.split())
    if not say.isprintable() or len(say) > LONGEST_SAID:
        wrong(f"{place}.say", f"{named(say)} is more than a slide says, {LONGEST_SAID} characters")
    return {"lines": tuple(given.lines), "say": say}


def _own(folder: Path, name: str, trust: bool, place: str, wrong: Wrong) -> list[ChapterEntry]:
    """The chapters in a file beside the lecture file. They are code: nobody runs it who has not said so."""
    path = file_beside(folder, name, place, wrong)
    if path is None:
        return []
    if not trust:
        wrong(place, f"{named(name)} is code, which a lecture file cannot run: read it, then add --trust", name)
        return []
    try:
        found = entries_in(path)
    except SyntaxError as error:
        wrong(place, f"{named(name)} is not Python: {error.msg} in its line {error.lineno}", name)
        return []
    if not found:
        wrong(place, f"{named(name)} has no chapter: a class with a number, a title and steps", name)
    return found


def speakers_of(folder: Path, table: Table, wrong: Wrong) -> tuple[str, ...]:
    """The names of who speaks: a voice, a folder of recordings, both or nobody.

    Of a voice that is not installed, who asks for it is told; the same lecture may be drawn silently.
    """
    found = []
    if table.voice != SILENT:
        found.append(table.voice)
        try:
            voice(table.voice, table.language)
        except NotInstalledError:
            pass
        except ValueError as error:
            wrong("voice", str(error))
    if table.narration:
        from scenes.speech.recordings import Recordings  # which takes as long to import as all the rest

        recordings = beside(folder, table.narration)
        if recordings is None or not recordings.is_dir():
            wrong("narration", f"{named(table.narration)} is no folder beside this file")
            return tuple(found)
        found.append(f"{recordings.resolve()}")
        try:
            Recordings(recordings)
        except ValueError as error:
            wrong("narration", str(error))
    return tuple(found)


def output_of(path: Path, name: str, wrong: Wrong) -> Path:
    """The folder that all output goes to: below the one that the lecture file is in."""
    if not name:
        return path.parent / "renders" / distinct(path.stem)
    folder = beside(path.parent, name)
    if folder is None:
        wrong("output", f'{named(name)} would leave the folder of this file: name one inside it, such as "out"')
    return folder or path.parent
