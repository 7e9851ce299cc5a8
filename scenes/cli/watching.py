"""The command `lecture watch`: what was changed is drawn again as soon as the file is saved."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from scenes.cli.modelling import called
from scenes.cli.ordering import TRUST, alone_in, open_store, order_of, shared, spoken
from scenes.cli.telling import tell

PACKAGES = [Path(__file__).resolve().parents[2] / name for name in ("scenes", "transformer_core")]
POLL = 0.2  # seconds between two looks at the files: this works on any disk, and with any editor's way of saving
BESIDE = {".py", ".png", ".ttf", ".otf"}  # what a lecture file can name: chapters, a logo, fonts
#: Time of change, size and number of each file that is there.
States = dict[Path, tuple[int, int, int]]


@click.command()
@click.argument("file")
@click.option("-q", "--quality", type=click.Choice(["l", "m", "h", "p", "k"]), default="l", show_default=True)
@click.option("--theme", type=click.Choice(["dark", "light"]), default="dark", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder; default renders/....")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="Processes; default: all.")
@TRUST
@shared
@spoken
def watch(file: str, **wishes: Any) -> None:
    """Draw the steps that are changed each time FILE is saved: a chapter (its file or its name) or a lecture file.

    A mistake in what was saved is one line, and watching goes on. Ctrl-C ends it.
    """
    files = _files(file)
    try:
        while True:
            before = _states(files)
            try:
                _draw(_order(files, wishes))
            except Exception as error:
                if os.environ.get("LECTURE_DEBUG"):
                    raise
                _tell(error)
            tell(f"watching {', '.join(path.name for path in files)}; Ctrl-C ends")
            _await_change(files, before)
    except KeyboardInterrupt:
        tell("watching ended", err=True)


def _files(file: str) -> list[Path]:
    """The files that FILE means."""
    from scenes.production.repertoire import chosen

    if Path(file).suffix in {".py", ".toml"}:
        if not Path(file).is_file():
            raise click.ClickException(f"there is no file {file}")
        return [Path(file).resolve()]
    return [entry.path for entry in chosen([file])]


def _order(files: Sequence[Path], wishes: dict[str, Any]) -> Any:
    """Return the order to draw, from the files as they are now."""
    from scenes.production.files import distinct, sentence_name, shortened
    from scenes.production.look import Look
    from scenes.production.repertoire import entries_in, stem_of
    from scenes.production.studio import Order

    look = Look.of(wishes["quality"], wishes["theme"], language=wishes["language"])
    edits = tuple(wishes.get("edits", ()))
    model = [called(wishes["model"])] if wishes["model"] else []
    stems = [stem_of(path) for path in files]
    name = "-".join([*stems, sentence_name(wishes["text"]), *model, *map(distinct, edits)])
    if files[0].suffix == ".toml":
        name = distinct(files[0].stem)
        order = order_of((str(files[0]),), **wishes)
        # What a lecture file says of quality is meant for its film, and not for a look at a step of it.
        look = replace(order.look, width=look.width, height=look.height, rate=look.rate)
    else:
        entries = sorted(entry for path in files for entry in entries_in(path))
        if not entries:
            raise ValueError(f"no chapter is in {files[0].name}: a class with a number, a title and steps")
        order = Order(entries, wishes["text"], name, look, Path(), wishes["jobs"], wishes["model"])
        order = replace(order, edits=edits)
    label = "-".join(filter(None, [shortened(name), look.name]))
    return replace(order, look=look, label=label, output=wishes["output"] or Path("renders") / label)


def _draw(order: Any) -> None:
    """Draw what is not there yet, and say which steps those were."""
    from scenes.production.bar import Bar
    from scenes.production.studio import Studio

    start = time.perf_counter()
    with alone_in(order.output), Bar() as bar:
        made = Studio(open_store(), bar).film(order)
    for step in made.new:
        tell(f"{made.folder / 'clips' / f'{step.chapter}-{step.number:02d}.mp4'}  {step.title}")
    seconds = time.perf_counter() - start
    tell(f"{made.film}  {made.steps} steps, {made.drawn} of them drawn now, in {seconds:.1f} s")


def _tell(error: Exception) -> None:
    """Print what is wrong with what was saved to standard error, one mistake a line."""
    from scenes.production.crew import in_one_line

    line = error.format_message() if isinstance(error, click.ClickException) else in_one_line(error)
    for mistake in getattr(error, "lines", [line]):
        tell(f"lecture: {mistake}", err=True)


def _await_change(files: Iterable[Path], before: States) -> None:
    """Wait until something differs from `before`, and until it is no longer being written."""
    while (now := _states(files)) == before:
        time.sleep(POLL)
    while True:
        time.sleep(POLL)
        before, now = now, _states(files)
        if now == before:
            return


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
