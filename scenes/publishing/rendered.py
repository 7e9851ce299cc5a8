"""Contents of a folder that `lecture render` wrote, for commands that make something else of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from scenes.language import catalogue
from scenes.production.delivery import INDEX
from scenes.stage.captions import Cue
from scenes.theme import PALETTES, Palette
from transformer_core.files.atomic import reading
from transformer_core.files.foreign import read_object

#: What several chapters are called that were asked for without a lecture file.
GENERAL = "How a transformer reads"
#: Places at which slides wait for the speaker: at the end of each beat, of each step, or nowhere.
STOPS = ("beat", "step", "none")


class Segment(NamedTuple):
    """The part of a clip that one press of a key plays, from `start` to `end` in seconds, and its narration."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class RenderedBeat:
    """A beat of a step: when it begins in its clip, in seconds, and its words."""

    start: float
    text: str


@dataclass(frozen=True)
class RenderedStep:
    """One step of a film: what was said, when, and its files."""

    chapter: str
    number: int
    title: str
    narration: str
    start: float
    duration: float
    clip: Path
    poster: Path
    cues: tuple[Cue, ...]
    shown: tuple[dict[str, Any], ...]
    beats: tuple[RenderedBeat, ...] = ()

    def parts(self, stops: str) -> list[Segment]:
        """The parts in which the step is presented, with `stops` of STOPS."""
        beats = [beat for beat in self.beats if beat.text] if stops == "beat" else []
        beats = beats or [RenderedBeat(0.0, self.narration)]
        starts = [0.0, *(beat.start for beat in beats[1:]), self.duration]
        return [Segment(*times, beat.text) for times, beat in zip(pairwise(starts), beats, strict=True)]


@dataclass(frozen=True)
class RenderedChapter:
    """A chapter of a film, with its steps and the slides among them; the title card has no number."""

    name: str
    number: int | str
    title: str
    start: float
    steps: Sequence[RenderedStep]
    text: str = ""
    model: str = ""


@dataclass(frozen=True)
class Rendered:
    """A film with all that lies beside it."""

    folder: Path
    title: str
    text: str
    film: Path
    width: int
    height: int
    theme: str
    language: str
    chapters: Sequence[RenderedChapter]
    author: str = ""
    colours: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    made: str = ""
    rate: int = 60
    captioned: str = "burnt"
    captions: tuple[Path, ...] = ()
    transcripts: tuple[Path, ...] = ()

    @classmethod
    def without_film(cls, text: str, theme: str, language: str, title: str = "Try it", **facts: Any) -> Rendered:
        """The facts of a document about `text` that shows no film."""
        return cls(Path(), title, text, Path(), 0, 0, theme, language, (), **facts)

    @property
    def palette(self) -> Palette:
        """The colours of its pictures: those of its theme, with what a lecture file changed of them."""
        changed: dict[str, Any] = {**self.colours}
        return replace(PALETTES[self.theme], **changed)

    @property
    def steps(self) -> list[RenderedStep]:
        return [step for chapter in self.chapters for step in chapter.steps]

    @property
    def heading(self) -> str:
        """Title of the film; a general one if the title only lists those of the chapters."""
        listed = len(self.chapters) > 1 and self.title == "; ".join(chapter.title for chapter in self.chapters)
        return self.say(GENERAL, context="slides") if listed else self.title

    def say(self, english: str, *slots: object, context: str = "page") -> str:
        """A few words that stand beside its pictures, in its language: `say("{0} of {1}", 2, 3)`."""
        text = catalogue(self.language).rule(context, english)
        return text.format(*slots) if slots else text

    @classmethod
    def read(cls, folder: Path) -> Rendered:
        """Read the index of `folder`.

        Raises:
            ValueError: nothing was rendered into this folder, or its index is a link or damaged.
        """
        path = folder / INDEX
        if path.is_symlink():
            raise ValueError(f"{path} is a link, and no index of a lecture: render the lecture into another folder")
        if not path.exists():
            raise ValueError(f"there is no {INDEX} in {folder}: render the lecture into it first")
        index = read_object(path)
        with reading(path, msgspec.ValidationError):
            steps = iter(index["steps"])
            chapters = [
                {**row, "number": row["number"] or "", "steps": [*islice(steps, row["steps"])]}
                for row in index["chapters"]
            ]
            facts = {**index, "folder": ".", "chapters": chapters}
            return msgspec.convert(facts, cls, dec_hook=lambda _, name: _within(folder, name))


def _within(folder: Path, name: str) -> Path:
    """The file called `name` in `folder`; who has not written the index gets no other file into a page or slides."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{name} leads out of {folder}")
    return path
