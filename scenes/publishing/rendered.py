"""Contents of a folder that `lecture render` wrote, for commands that make something else of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scenes.language import ENGLISH, catalogue
from scenes.production.delivery import INDEX
from scenes.stage.captions import Cue
from scenes.theme import PALETTES, Palette
from transformer_core.files.atomic import reading
from transformer_core.files.json_objects import read_object

#: What several chapters are called that were asked for without a lecture file.
GENERAL = "How a transformer reads"


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

    @property
    def name(self) -> str:
        """`scores.3`, as commands name a step."""
        return f"{self.chapter}.{self.number}"


@dataclass(frozen=True)
class RenderedChapter:
    """A chapter of a film, with its steps."""

    name: str
    number: int
    title: str
    start: float
    steps: Sequence[RenderedStep]


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
    colours: Mapping[str, Any] = field(default_factory=dict)
    made: str = ""

    @classmethod
    def without_film(cls, text: str, theme: str, language: str) -> Rendered:
        """The facts of a document in which a model reads `text`, and that shows no film."""
        return cls(Path(), "Try it", text, Path(), 0, 0, theme, language, ())

    @property
    def palette(self) -> Palette:
        """The colours of its pictures: those of its theme, with what a lecture file changed of them."""
        return replace(PALETTES[self.theme], **self.colours)

    @property
    def steps(self) -> list[RenderedStep]:
        return [step for chapter in self.chapters for step in chapter.steps]

    @property
    def heading(self) -> str:
        """Title of the film; a general one if the title only lists those of the chapters."""
        listed = len(self.chapters) > 1 and self.title == "; ".join(chapter.title for chapter in self.chapters)
        return self.say(GENERAL) if listed else self.title

    def say(self, english: str, context: str = "slides") -> str:
        """A few words that stand beside its pictures, in its language."""
        return catalogue(self.language).rule(context, english)

    @property
    def label(self) -> str:
        """Beginning of the names of its files."""
        return self.film.stem

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
        with reading(path, AttributeError):
            return cls._of(index, folder)

    @classmethod
    def _of(cls, index: dict[str, Any], folder: Path) -> Rendered:
        steps = [_step(row, folder) for row in index["steps"]]
        chapters = [
            RenderedChapter(
                row["name"], row["number"], row["title"], row["start"], [s for s in steps if s.chapter == row["name"]]
            )
            for row in index["chapters"]
        ]
        return cls(
            folder,
            index["title"],
            index["text"],
            _within(folder, index["film"]),
            index["width"],
            index["height"],
            index["theme"],
            index.get("language", ENGLISH),
            chapters,
            index.get("author", ""),
            {name: tuple(to) if isinstance(to, list) else to for name, to in index.get("colours", {}).items()},
            index.get("made", ""),
        )


def _step(row: dict[str, Any], folder: Path) -> RenderedStep:
    return RenderedStep(
        row["chapter"],
        row["number"],
        row["title"],
        row["narration"],
        row["start"],
        row["duration"],
        _within(folder, row["clip"]),
        _within(folder, row["poster"]),
        tuple(Cue(cue["start"], cue["end"], tuple(cue["lines"])) for cue in row["cues"]),
        tuple(row["shown"]),
    )


def _within(folder: Path, name: str) -> Path:
    """The file called `name` in `folder`; who has not written the index gets no other file into a page or slides."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{name} leads out of {folder}")
    return path
