"""Whole files or none: what is written has a hidden name until it is done, and a process that was killed leaves nothing
for long.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, moved to it when the block ends well and removed when it does not.

    The number in the name is that of this process. What a process that was killed left of the same file goes first:
    its name may be ours by chance, and a link under it would let us write into the file that it links to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    _forget(path)
    part.unlink(missing_ok=True)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all."""
    with whole(path) as part:
        part.write_bytes(data)


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
