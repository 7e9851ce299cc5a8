"""Store of what was made before and need not be made again: traces, surveys, clips and posters, each under its key."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scenes.production.cache_folder import KINDS, is_marked
from scenes.production.facts import StepFacts
from scenes.production.files import forget_stages, write_json
from scenes.production.fingerprint import hashed, source
from scenes.production.seals import SUFFIX, beside, content, intact, seal
from transformer_core.files import ASSETS
from transformer_core.files.atomic import abandoned
from transformer_core.pretrained.model_registry import find_model
from transformer_core.tracing.trace import Trace

PACKAGES = Path(__file__).resolve().parents[2]
#: Seconds of a day.
DAY = 86400
#: What nobody asked for in so many days is forgotten.
KEPT_DAYS = 30
#: A trace by the first of its two files, and a hash of what is in it.
Saved = tuple[Path, str]
#: Called before something is computed that takes its time.
Computing = Callable[[], None]
KEY = re.compile("[0-9a-f]{32}")


class Store:
    """A folder of results. Every file is whole, its name says all that determines it, and a seal lies beside it.

    Files are removed only where the folder is marked as a cache of this program (see `cache_folder`).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: set[Path] = set()

    def clip(self, key: str) -> Path:
        """Return the path, without suffix, of the clip (.mp4) and the poster (.png) of the step with this key."""
        return self.folder / "clips" / key

    def kept(self, kind: str, key: str, suffix: str, write: Callable[[Path], None]) -> Path:
        """The file of this kind (see `KINDS`) and key; `write` writes it, whole or not at all, if it is not there."""
        path = self.folder / kind / f"{key}{suffix}"
        if not self.has(path):
            write(path)
            seal(path)
        return path

    def trace(
        self, text: str, model: str | None, edits: Sequence[str] = (), target: str = "", beams: int = 1,
        computing: Computing = lambda: None,
    ) -> Saved:  # fmt: skip
        """The saved trace of `text`, and a hash of what is in it; `computing` is called if it is not there yet.

        The other arguments are those of `scenes.stage.reading.read`.
        """
        place = None if model is None else find_model(model)

        def read() -> Trace:
            from scenes.stage.reading import read

            return read(text, place, edit=list(edits) or None, target=target, beams=beams)

        return self.traced((text, place, *edits, target, beams), [place], computing, read)

    def traced(
        self, facts: Sequence[Any], models: Sequence[Path | None], computing: Computing, make: Callable[[], Trace]
    ) -> Saved:
        """The saved trace that follows from `facts` and the weights of `models`; `make` makes it if it is not there.

        Raises:
            ValueError: the weights were changed while they were read.
        """
        weights = [line for model in models for line in checkpoints(model)]

        def unchanged() -> Trace:
            computing()
            trace = make()
            if weights != [line for model in models for line in checkpoints(model)]:
                raise ValueError("the weights of the model were changed while it was read; run it again")
            return trace

        path = self.saved(hashed(*facts, source(PACKAGES / "transformer_core"), *weights), unchanged)
        return path, hashed(content(path), content(path.with_suffix(".json")))

    def saved(self, key: str, make: Callable[[], Trace]) -> Path:
        """The two files of the trace of this key, by the first; `make` makes it if it is not there."""
        path = self.folder / "traces" / f"{key}.npz"
        files = path, path.with_suffix(".json")
        if not all(self.has(file) for file in files):
            make().save(path)
            for file in files:
                seal(file)
                self.seen.add(file)
        return path

    def about(self, **asked: Any) -> dict[str, Any]:
        """The facts of the trace that is `asked` for, as of `trace`."""
        return Trace.facts(self.trace(**asked)[0])

    def survey(self, key: str, chapter: str) -> list[StepFacts] | None:
        """Recall the facts of the steps of `chapter`, or None if they are not known."""
        path = self.folder / "surveys" / f"{key}.json"
        if not self.has(path):
            return None
        import msgspec  # which comes with what draws, and the core alone has a store, too

        steps = msgspec.json.decode(path.read_bytes(), type=list[StepFacts])
        return steps if _are_of(chapter, steps) else None

    def remember(self, key: str, chapter: str, steps: list[StepFacts]) -> None:
        """Keep what was found of the steps of `chapter`.

        Raises:
            ValueError: who read the chapter answers with something else.
        """
        if not _are_of(chapter, steps):
            raise ValueError(f"what was read are not the steps of {chapter}")
        self.kept("surveys", key, ".json", lambda path: write_json(path, [asdict(step) for step in steps]))

    def has(self, path: Path) -> bool:
        """Return True if `path` exists and was not damaged since it was made, and mark it as used just now."""
        if path not in self.seen:
            if not intact(path):
                return False
            self.seen.add(path)
            # Not again within a day: a file is hashed anew when its times have changed; a trace may have a gigabyte.
            with suppress(OSError):  # a store that cannot be written to can still be read
                if path.stat().st_mtime < time.time() - DAY:
                    os.utime(path)
                    os.utime(beside(path))
        return path.exists()

    @contextmanager
    def tidy(self) -> Iterator[None]:
        """Afterwards nothing is left of files that no living process will finish.

        A process that is stopped between making a file and being ready to remove it leaves it behind, and so does one
        that is killed. Its hidden name tells whether it lives (see `transformer_core.files.atomic`).
        """
        self.seen.clear()
        try:
            yield
        finally:
            for path in self._files(hidden=True):
                if abandoned(path):
                    with suppress(OSError):
                        path.unlink()
            forget_stages()

    def forget_old(self) -> None:
        """Remove what was not used for a month."""
        oldest = time.time() - KEPT_DAYS * DAY
        for path in self._files(hidden=False):
            with suppress(OSError):  # somebody else finished or removed it
                if path.lstat().st_mtime < oldest:
                    path.unlink()

    def _files(self, hidden: bool) -> Iterator[Path]:
        """The files of this store that have a name of its own kind, or such a name as something unfinished."""
        if not is_marked(self.folder):
            return
        for kind, suffixes in KINDS.items():
            folder = self.folder / kind
            if folder.is_symlink() or not folder.is_dir():
                continue
            ends = "|".join(map(re.escape, suffixes))
            start = rf"\.{KEY.pattern}\.[^.]+\.part" if hidden else KEY.pattern
            name = rf"{start}({ends})({SUFFIX})?"
            with os.scandir(folder) as entries:
                found = [one.name for one in entries if one.is_file(follow_symlinks=False)]
            yield from (folder / one for one in sorted(found) if re.fullmatch(name, one))


def whole_trace(path: Path, steps: Iterable[Any]) -> Trace:
    """The trace saved at `path`, with every measure of it that one of `steps` shows (facts, or rows of an index)."""
    trace = Trace.load(path)
    for name in dict.fromkeys(str(entry["name"]) for step in steps for entry in step.shown):
        trace.full(name)
    return trace


def _are_of(chapter: str, steps: Sequence[StepFacts]) -> bool:
    """Check that `steps` can be those of `chapter`: names of files are made of them, and must lead nowhere else."""
    return all(step.chapter == chapter and KEY.fullmatch(step.key) and step.number > 0 for step in steps)


def checkpoints(place: Path | None) -> list[str]:
    """The files that a model is read from, told apart by what is in them."""
    place = ASSETS / "models" if place is None else place
    files = sorted(place.rglob("*")) if place.is_dir() else [place, place.with_suffix(".npz")]
    found = [f for f in files if f.suffix in {".safetensors", ".gguf", ".npz", ".json"} and ".state" not in f.name]
    return [f"{f} {content(f)}" for f in found if f.is_file()]
