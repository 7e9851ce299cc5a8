"""What was made before and need not be made again: traces, surveys, clips and posters, each under its key."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from scenes.production.facts import StepFacts
from scenes.production.files import forget_stages, write_json
from scenes.production.fingerprint import hashed, source
from scenes.production.seals import beside, content, intact, seal
from transformer_core.at_hand import placed
from transformer_core.trace import Trace
from transformer_core.whole_files import abandoned

PACKAGES = Path(__file__).resolve().parents[2]
#: What nobody asked for in so many days is forgotten.
KEPT_DAYS = 30


class Store:
    """A folder of results. Every file is whole, its name says all that determines it, and a seal lies beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: set[Path] = set()

    def clip(self, key: str) -> Path:
        """Where the clip (.mp4) and the poster (.png) of the step with this key are, without suffix."""
        return self.folder / "clips" / key

    def speech(self, key: str) -> Path:
        """Where the sound of a spoken text is."""
        return self.folder / "speech" / f"{key}.flac"

    def sound(self, key: str, suffix: str) -> Path:
        """Where the sound of a step (.flac) or of a film (.m4a) is, and a clip with its sound (.mp4)."""
        return self.folder / "sounds" / f"{key}{suffix}"

    def sheet(self, key: str) -> Path:
        """Where the contact sheet of these steps is."""
        return self.folder / "sheets" / f"{key}.png"

    def trace(
        self,
        text: str,
        model: str | None,
        computing: Callable[[], None] = lambda: None,
        edits: Sequence[str] = (),
        target: str = "",
        beams: int = 1,
    ) -> tuple[Path, str]:
        """The saved trace of `text`, and a hash of what is in it; `computing` is called if it is not there yet.

        The other arguments are those of `transformer_core.lecture.read`.
        """
        place = None if model is None else placed(model)
        asked = hashed(text, place, *edits, target, beams, source(PACKAGES / "transformer_core"), *checkpoints(place))
        path = self.folder / "traces" / f"{asked}.npz"
        files = path, path.with_suffix(".json")
        if not all(self.has(file) for file in files):
            computing()
            from transformer_core.lecture import read

            read(text, place, edit=list(edits) or None, target=target, beams=beams).save(path)
            for file in files:
                seal(file)
        return path, hashed(*map(content, files))

    def about(self, text: str, model: str | None, **asked: Any) -> dict[str, Any]:
        """The facts of the trace of `text`; `asked` is as for `trace`."""
        facts: dict[str, Any] = Trace.facts(self.trace(text, model, **asked)[0])
        return facts

    def survey(self, key: str) -> list[StepFacts] | None:
        """What is known of the steps of a chapter, or None."""
        path = self._survey(key)
        if not self.has(path):
            return None
        return [StepFacts.from_json(data) for data in json.loads(path.read_text(encoding="utf-8"))]

    def remember(self, key: str, steps: list[StepFacts]) -> None:
        path = self._survey(key)
        write_json(path, [step.to_json() for step in steps])
        seal(path)

    def _survey(self, key: str) -> Path:
        return self.folder / "surveys" / f"{key}.json"

    def has(self, path: Path) -> bool:
        """Whether something is there already and was not damaged since; what is asked for is not old."""
        if path not in self.seen:
            if not intact(path):
                return False
            self.seen.add(path)
        with suppress(OSError):  # a store that cannot be written to can still be read
            os.utime(path)
            os.utime(beside(path))
        return path.exists()

    @contextmanager
    def tidy(self) -> Iterator[None]:
        """Afterwards nothing is left of files that no living process will finish.

        A process that is stopped between making a file and being ready to remove it leaves it behind, and so does one
        that is killed. The number in a hidden name is that of its process.
        """
        self.seen.clear()
        try:
            yield
        finally:
            for path in self.folder.glob("*/.*"):
                if abandoned(path.name):
                    with suppress(OSError):
                        path.unlink()
            forget_stages()

    def forget_old(self) -> None:
        """Remove what was not used for a month."""
        oldest = time.time() - KEPT_DAYS * 86400
        for path in self.folder.glob("*/*"):
            with suppress(OSError):  # somebody else finished or removed it
                if path.stat().st_mtime < oldest:
                    path.unlink()


def checkpoints(place: Path | None) -> list[str]:
    """The files that a model is read from, told apart by size and time of change."""
    place = PACKAGES / "assets" / "models" if place is None else place
    files = sorted(place.rglob("*")) if place.is_dir() else [place, place.with_suffix(".npz")]
    found = [f for f in files if f.suffix in {".safetensors", ".npz", ".json"} and ".state" not in f.name]
    found = [f for f in found if f.exists()]
    return [f"{f} {f.stat().st_size} {f.stat().st_mtime_ns}" for f in found]
