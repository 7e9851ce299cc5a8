"""The command `lecture watch`: what was changed is drawn again as soon as the file is saved."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

import transformer_core
from scenes.cli.options import PAINTED, chapters_like, sized, takes
from scenes.cli.orders import alone_in, at_work, order_of
from scenes.cli.output import counted, tell, warn
from scenes.production.crew import dismiss_early, in_one_line, start_early
from scenes.production.repertoire import cut, parts

#: All code that draws.
PACKAGES = [Path(__file__).resolve().parents[1], Path(transformer_core.__file__).parent]
CHAPTERS = PACKAGES[0] / "chapters"
POLL = 0.1  # seconds between two looks at the files: this works on any disk, and with any editor's way of saving
SETTLED = 0.1  # seconds without a change after which a file is written
BESIDE = {".py", ".png", ".ttf", ".otf"}  # what a lecture file can name: chapters, a logo, fonts
#: Time of change, size and number of each file that is there.
States = dict[Path, tuple[int, int, int]]


@click.command()
@click.argument("file", metavar="CHAPTER|FILE", shell_complete=chapters_like)
@takes(*sized("l"), *PAINTED)
def watch(file: str, **wishes: Any) -> None:
    """Draw what you change each time you save it.

    CHAPTER is one of `lecture list`, with steps after a dot if wanted (scores.2); FILE is a chapter (.py) or a lecture
    file (.toml). A chapter goes where `lecture render -ql` puts it, the preview of a lecture file beside its film. A
    mistake in what was saved is one line, and watching goes on. Ctrl-C ends it.
    """
    files = _files(file)
    try:
        while True:
            before = _states(files)
            start_early()
            try:
                _draw(order_of((file,), preview=True, **wishes))
            except Exception as error:
                if os.environ.get("LECTURE_DEBUG"):
                    raise
                _tell(error)
            start_early()
            tell(f"watching {', '.join(path.name for path in files)}; Ctrl-C ends")
            if any(_is_imported(path) for path in _await_change(files, before)):
                dismiss_early()
    except KeyboardInterrupt:
        tell("watching ended", err=True)


def _files(file: str) -> list[Path]:
    """The files that FILE means."""
    name = Path(cut(file)[0])
    if name.suffix == ".toml" and not name.is_file():
        raise click.ClickException(f"there is no file {name}")
    if name.suffix == ".toml":
        return [name.resolve()]
    return [entry.path for part in parts([file]) for entry in part.entries]


def _draw(order: Any) -> None:
    """Draw what is not there yet, and say which steps those were."""
    start = time.perf_counter()
    with alone_in(order.output), at_work() as studio:
        made = studio.film(order)
    for step in made.new:
        tell(f"{made.folder / 'clips' / f'{step.chapter}-{step.number:02d}.mp4'}  {step.title}")
    seconds = time.perf_counter() - start
    tell(f"{made.film}  {counted(made.steps, 'step')}, {made.drawn} of them drawn now, in {seconds:.1f} s")


def _tell(error: Exception) -> None:
    """Print what is wrong with what was saved to standard error, one mistake a line."""
    line = error.format_message() if isinstance(error, click.ClickException) else in_one_line(error)
    warn(*getattr(error, "lines", [line]))


def _await_change(files: Iterable[Path], before: States) -> set[Path]:
    """Wait until something differs from `before`, and until it is no longer being written; return what differs."""
    while (now := _states(files)) == before:
        time.sleep(POLL)
    while True:
        time.sleep(SETTLED)
        seen, now = now, _states(files)
        if now == seen:
            return {path for path, _ in before.items() ^ now.items()}


def _is_imported(path: Path) -> bool:
    """Return True for code that a process imports before it has a job: all but the chapters."""
    return CHAPTERS not in path.parents and any(package in path.parents for package in PACKAGES)


def _states(files: Iterable[Path]) -> States:
    """The files, what lies beside a lecture file, and all code that draws."""
    lectures = [file.parent for file in files if file.suffix == ".toml"]
    beside = [path for folder in lectures for path in folder.iterdir() if path.suffix in BESIDE]
    code = [path for package in PACKAGES for path in package.rglob("*.py")]
    states: States = {}
    for path in {*files, *beside, *code}:
        try:
            found = path.stat()
        except OSError:
            continue
        states[path] = (found.st_mtime_ns, found.st_size, found.st_ino)
    return states
