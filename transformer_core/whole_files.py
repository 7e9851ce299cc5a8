"""Whole files or none: what is written has a hidden name until it is done, and a process that was killed leaves nothing
for long. And errors that say which file they are about.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from zipfile import BadZipFile


@contextmanager
def naming(path: Path, part: Path | None = None) -> Iterator[None]:
    """Let what the system refuses inside the block name `path`: a full disk does not say which file had no room.

    An error about another file keeps its name; one about `part`, which nobody knows of, gets that of `path`.
    """
    try:
        yield
    except OSError as error:
        names = [Path(name).absolute() for name in (error.filename, error.filename2) if isinstance(name, str | Path)]
        known = names and (part is None or part.absolute() not in names)
        if known or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, moved to it when the block ends well and removed when it does not.

    The number in the name is that of this process. What a process that was killed left of the same file goes first:
    its name may be ours by chance, and a link under it would let us write into the file that it links to.
    """
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        with naming(path, part):
            path.parent.mkdir(parents=True, exist_ok=True)
            _forget(path)
            part.unlink(missing_ok=True)
            yield part
            part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()


def write(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all."""
    with whole(path) as part:
        part.write_bytes(data)


def ready(folder: Path) -> None:
    """Make `folder` and see that it takes files, before work is done for it.

    Raises:
        OSError: it does not; the error names the folder and says why.
    """
    part = folder / f".ready.{os.getpid()}.part"
    try:
        with naming(folder, part):
            folder.mkdir(parents=True, exist_ok=True)
            _forget(folder / "ready")
            part.write_bytes(b"ready")  # a full disk takes an empty file
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def reading(path: Path, *others: type[Exception]) -> Iterator[None]:
    """Let what is found wrong inside the block name the file: `path` is not what it was when it was written.

    `others` are errors that say so, too, and so is one of the system that names no file: a place in front of the first.

    Raises:
        ValueError: it was damaged; a line.
    """
    damages: tuple[type[Exception], ...] = (ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error, *others)
    try:
        yield
    except damages as error:
        raise ValueError(f"{path} is damaged and cannot be read: {type(error).__name__}") from error
    except OSError as error:
        if error.filename is not None:
            raise
        raise ValueError(f"{path} is damaged and cannot be read: {type(error).__name__}") from error


def _forget(path: Path) -> None:
    """Remove what nobody will finish of the file at `path`."""
    start, end = f".{path.stem}.", f".part{path.suffix}"
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(start) and entry.name.endswith(end)]
    for name in names:
        if abandoned(name[len(start) - 1 :]):
            path.with_name(name).unlink(missing_ok=True)


def abandoned(name: str) -> bool:
    """Whether what has this name was begun by a process that is gone."""
    begun = re.search(r"\.(\d+)\.part", name)
    return begun is not None and not lives(int(begun[1]))


def lives(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
