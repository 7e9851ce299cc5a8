"""What `lecture render` left in a folder, as those read it who make something else of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenes.production.captions import Cue
from scenes.production.delivery import INDEX


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

    @property
    def steps(self) -> list[RenderedStep]:
        return [step for chapter in self.chapters for step in chapter.steps]

    @property
    def heading(self) -> str:
        """What to call it: its chapter, or what all chapters are about."""
        return self.title if len(self.chapters) == 1 else "How a transformer reads"

    @property
    def label(self) -> str:
        """What the names of its files begin with."""
        return self.film.stem

    @classmethod
    def read(cls, folder: Path) -> Rendered:
        """What the index of `folder` says.

        Raises:
            ValueError: nothing was rendered into this folder.
        """
        path = folder / INDEX
        if not path.exists():
            raise ValueError(f"there is no {INDEX} in {folder}: render the lecture into it first")
        index = json.loads(path.read_text(encoding="utf-8"))
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
            folder / index["film"],
            index["width"],
            index["height"],
            index["theme"],
            index.get("language", "en"),
            chapters,
        )


def _step(row: dict[str, Any], folder: Path) -> RenderedStep:
    return RenderedStep(
        row["chapter"],
        row["number"],
        row["title"],
        row["narration"],
        row["start"],
        row["duration"],
        folder / row["clip"],
        folder / row["poster"],
        tuple(Cue(cue["start"], cue["end"], tuple(cue["lines"])) for cue in row["cues"]),
        tuple(row["shown"]),
    )
