"""Seals: beside each file of the store a hash of its bytes, by which one that was damaged since is known.

A disk that was full, a machine that lost its power, or a program that opened a clip (an output may be the store's file
under another name) leaves a file that is there and no longer what it was. A film made of it would play, and be wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scenes.production.files import whole, write_text

SUFFIX = "-seal"


def seal(path: Path) -> None:
    """Note what is in `path`, which was just made."""
    write_text(beside(path), content(path))


def intact(path: Path) -> bool:
    """Whether `path` is there, and is what it was when it was sealed."""
    try:
        return beside(path).read_bytes() == content(path).encode()
    except OSError:
        return False


@contextmanager
def sealed(path: Path) -> Iterator[Path]:
    """As `whole`, and what comes of it is sealed."""
    with whole(path) as part:
        yield part
    seal(path)


def content(path: Path) -> str:
    """A hash of the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def beside(path: Path) -> Path:
    """Where the seal of `path` is."""
    return path.with_name(path.name + SUFFIX)
