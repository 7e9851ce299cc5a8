"""Seals: beside each file of the store a keyed hash of what is in it, by which it is known as ours and undamaged.

A disk that was full, a machine that lost its power, or a program that opened a clip (an output may be the store's file
under another name) leaves a file that is there and no longer what it was. A film made of it would play, and be wrong.
And a folder that somebody else made, or a cache that others can write to, may hold any file under any name. Who does
not know the secret of the user cannot seal one, nor pass a sealed one off as another.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path

from platformdirs import user_data_path

from scenes.production.files import write_text
from transformer_core.files.atomic import unfinished, whole

SUFFIX = "-seal"
#: The name of this program's folders among those of a user.
PROGRAM = "transformer-lecture"
LENGTH = 32


def seal(path: Path) -> None:
    """Note what is in `path`, which was just made."""
    write_text(beside(path), _sealing(path))


def intact(path: Path) -> bool:
    """Check that `path` is there, and is what it was when this user sealed it."""
    try:
        return secrets.compare_digest(beside(path).read_bytes(), _sealing(path).encode())
    except OSError:
        return False


@contextmanager
def sealed(path: Path) -> Iterator[Path]:
    """Write a file as `whole` does, and seal it afterwards."""
    with whole(path) as part:
        yield part
    seal(path)


def content(path: str | Path) -> str:
    """A hash of the bytes of a file, which a process reads once for each state of it."""
    found = Path(path).stat()
    # They change with what is in it: nobody can set the time of the last change of state.
    return _content(path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=8192)
def _content(path: str | Path, *_: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def beside(path: Path) -> Path:
    """Return the path of the seal of `path`."""
    return path.with_name(path.name + SUFFIX)


def _sealing(path: Path) -> str:
    """A keyed hash of what is in a file, and of its name: a file that was sealed is none of another name."""
    sealed = f"{path.parent.name}/{path.name}\n{content(path)}"
    return hashlib.blake2b(os.fsencode(sealed), key=secret()).hexdigest()


@cache
def secret() -> bytes:
    """The secret of this user, made when it is first asked for; where it cannot be kept, one for this process alone."""
    with suppress(OSError):
        return _kept(user_data_path(PROGRAM, appauthor=False) / "seal-secret")
    return secrets.token_bytes(LENGTH)


def _kept(path: Path) -> bytes:
    """The secret in the file at `path`, which only its user can read.

    Raises:
        OSError: there is no place for it.
    """
    if not path.is_absolute() or os.environ.get("HOME") == "":
        raise FileNotFoundError
    for _ in range(2):
        with suppress(FileNotFoundError):
            found = path.lstat()
            private = os.name == "nt" or (found.st_uid == os.geteuid() and not found.st_mode & 0o077)
            if stat.S_ISREG(found.st_mode) and private and found.st_size == LENGTH:
                return path.read_bytes()
            path.unlink()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = unfinished(path)
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(LENGTH))
            _place(part, path)
        finally:
            part.unlink(missing_ok=True)
    raise PermissionError


def _place(part: Path, path: Path) -> None:
    """Move a new secret to its place, unless another process was faster."""
    try:
        os.link(part, path)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        part.replace(path)
