"""Whole files or none: what is written has a hidden name until it is done, and a process that was killed leaves nothing
for long. And errors that say which file they are about.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from zipfile import BadZipFile

#: A file that another machine or container began, whose processes cannot be seen from here, is waited for so long.
LEFT_SECONDS = 86400
#: In a hidden name: where its process runs, the number of the process there, and a number drawn by chance.
MARK = re.compile(r"\.([0-9a-f]{8})-(\d{1,20})-[0-9a-f]{8}\.part")


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

    What a process that was killed left of the same file goes first.
    """
    with _begun(path, path) as part:
        yield part
        part.replace(path)


@contextmanager
def _begun(path: Path, named: Path) -> Iterator[Path]:
    """A temporary name beside `path`, gone when the block ends; errors name `named`."""
    part = unfinished(path)
    try:
        with naming(named, part):
            path.parent.mkdir(parents=True, exist_ok=True)
            _forget(path)
            yield part
    finally:
        with suppress(OSError):
            part.unlink()


def ending(path: str | os.PathLike[str], suffix: str) -> Path:
    """`path` with `suffix` at its end: appended, for a dot in a name begins no suffix. "mdl-1.0" is not "mdl-1.1".

    >>> ending("mdl-1.0", ".npz").name, ending("all.npz", ".npz").name
    ('mdl-1.0.npz', 'all.npz')
    """
    path = Path(path)
    return path if path.suffix == suffix else path.with_name(f"{path.name}{suffix}")


def write(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all."""
    with whole(path) as part:
        part.write_bytes(data)


def ready(folder: Path) -> None:
    """Make `folder` and see that it takes files, before work is done for it.

    Raises:
        OSError: it does not; the error names the folder and says why.
    """
    with _begun(folder / "ready", folder) as part:
        part.write_bytes(b"ready")  # a full disk takes an empty file


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


def unfinished(path: Path) -> Path:
    """A hidden name beside `path` that nobody else uses: two containers with one disk count their processes alike."""
    return path.with_name(f".{path.stem}.{mark()}.part{path.suffix}")


def mark() -> str:
    """The mark of this process in the name of an unfinished file, before ".part": see `abandoned`."""
    return f"{_here()}-{os.getpid()}-{secrets.token_hex(4)}"


def _forget(path: Path) -> None:
    """Remove what nobody will finish of the file at `path`."""
    start, end = f".{path.stem}.", f".part{path.suffix}"
    for name in _begun_in(path.parent.absolute()):
        left = path.with_name(name)
        if name.startswith(start) and name.endswith(end) and abandoned(left):
            left.unlink(missing_ok=True)


@lru_cache(maxsize=256)
def _begun_in(folder: Path) -> tuple[str, ...]:
    """The unfinished files in `folder` when this process first wrote there: to list it each time would cost more with
    each file.
    """
    with os.scandir(folder) as entries:
        return tuple(one.name for one in entries if MARK.search(one.name))


def abandoned(path: Path) -> bool:
    """Check whether a file or folder with such a hidden name is one that nobody will finish.

    Its process ran here and is gone; or it ran elsewhere, and wrote nothing for a day. On Windows no process can be
    asked for without ending it, so that all count as elsewhere.
    """
    begun = MARK.search(path.name)
    if begun is None:
        return False
    is_seen = begun[1] == _here() and sys.platform != "win32"
    if is_seen and not lives(int(begun[2])):
        return True
    try:
        age = time.time() - path.lstat().st_mtime
    except OSError:  # somebody else removed it
        return False
    return not is_seen and age > LEFT_SECONDS


@cache
def _here() -> str:
    """A name for what counts processes: the running system, and the container in it."""
    facts = [platform.node()]
    with suppress(OSError):
        facts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        facts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.blake2b("\n".join(facts).encode(), digest_size=4).hexdigest()


def lives(process: int) -> bool:
    """True if there is a process of this number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
