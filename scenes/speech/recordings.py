"""Own recordings: a folder of sounds, one a step, that take the place of a voice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from scenes.production.facts import StepFacts
from scenes.production.repertoire import repertoire
from scenes.stage.brand import Asset

NAME = re.compile(r"(\w+)-(\d+)")
#: The demuxer for each kind of file. One that is left to guess also reads lists of other files, wherever these lie.
FORMATS = {
    ".wav": "wav", ".flac": "flac", ".mp3": "mp3", ".m4a": "mp4", ".aac": "aac", ".ogg": "ogg", ".opus": "ogg",
}  # fmt: skip


class Recordings:
    """The sounds of a folder, named by chapter and step: `scores-03.wav`.

    Raises:
        ValueError: there is no such folder, a sound in it is a link to outside, or there are two for one step.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder of recordings")
        self.of: dict[tuple[str, int], Asset] = {}
        self.strange: list[str] = []
        for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in FORMATS and p.is_file()):
            if not path.resolve().is_relative_to(folder.resolve()):
                raise ValueError(
                    f"{path} is a link that leads out of the folder of recordings: put the sound itself there"
                )
            named = NAME.fullmatch(path.stem)
            if named is None:
                self.strange.append(path.name)
                continue
            step = named[1], int(named[2])
            if step in self.of:
                raise ValueError(f"two recordings of one step in {folder}: {self.of[step].path.name}, {path.name}")
            self.of[step] = Asset.of(path)

    def told(self, steps: Iterable[StepFacts]) -> list[str]:
        """A line if there are sounds that belong to none of `steps`, which are all of their chapters."""
        known = {(step.chapter, step.number) for step in steps}
        chapters = {chapter for chapter, _ in known} | {entry.name for entry in repertoire()}
        there = {chapter for chapter, _ in known}
        lost = [a.path.name for s, a in self.of.items() if s not in known and (s[0] in there or s[0] not in chapters)]
        names = [*self.strange, *lost]
        return [f"no step is called like {', '.join(names)}; a recording is called chapter-03.wav"] if names else []
