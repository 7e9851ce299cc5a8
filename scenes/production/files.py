"""Whole files or none, and names that a user's sentence can be part of."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from filelock import FileLock, Timeout

from scenes.production.belongings import LIST
from transformer_core.files.atomic import abandoned, mark, ready, unfinished, whole

if sys.platform != "win32":
    import fcntl

#: Folders for what Manim writes by the way; one that a killed process left is kept for so many seconds.
STAGE, LEFT_SECONDS = "lecture-stage.", 3600
#: The file by which a folder is locked on Windows; filelock removes it there.
LOCK = ".lecture-lock"
#: Bytes of a file name part, and of the words of a text in it; a file system takes 255, and what is unfinished has a
#: longer name than what is whole.
LONGEST_NAME, LONGEST_WORDS = 120, 64
#: Of a longer text no more is read for a name: to put accents in order takes time that grows with the square.
LONGEST_TEXT = 2000


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`, which takes its place when the block ends well and goes when it does not.

    Never is there half a folder under the name; between two renamings there is none, and if all ends just then, the
    next one who makes it puts it right.
    """
    if path.parent.is_dir():
        for left in path.parent.iterdir():
            if left.name.startswith(f".{path.stem}.") and abandoned(left):
                shutil.rmtree(left, ignore_errors=True)
    part = unfinished(path)
    old = part.with_name(f"{part.name}-old")
    part.mkdir(parents=True)
    try:
        yield part
        if path.exists():
            path.replace(old)
        part.replace(path)
    finally:
        if old.exists() and not path.exists():
            old.replace(path)
        for folder in (part, old):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def stage() -> Iterator[Path]:
    """A folder that nobody shares, for what is written by the way and not kept."""
    with tempfile.TemporaryDirectory(prefix=f"{STAGE}{mark()}.part.", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def forget_stages() -> None:
    """Remove the stages of our own processes that were killed; they are given an hour."""
    before = time.time() - LEFT_SECONDS
    try:
        left = list(Path(tempfile.gettempdir()).glob(f"{STAGE}*"))
    except OSError:  # there is no temporary folder
        return
    for folder in left:
        with suppress(OSError):
            found = folder.lstat()
            own = sys.platform == "win32" or found.st_uid == os.geteuid()
            if own and stat.S_ISDIR(found.st_mode) and found.st_mtime < before and abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def alone(folder: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Have `folder` to oneself: who wants to write to it meanwhile, waits; `waiting` is called if that is us.

    It is made, and seen to take files. A process that dies lets go of it, and nothing stays behind: the folder itself
    is what is locked, or on Windows, where it cannot be, a file in it. Where the file system cannot lock, nobody waits.
    A folder that was there before stays in any case.

    Raises:
        OSError: nothing can be written there.
    """
    there = folder.exists()
    ready(folder)
    try:
        with _locked(folder, waiting):
            yield
    finally:
        with suppress(OSError):
            if [path.name for path in folder.iterdir()] == [LIST]:
                (folder / LIST).unlink()
            if not there:
                folder.rmdir()  # where nothing came of it


@contextmanager
def _locked(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    if sys.platform == "win32":
        lock = FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    with whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Any) -> None:
    """JSON with every float at full precision; infinity, which JSON lacks, as a string."""
    write_text(path, json.dumps(_finite(content), ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float) and content in {float("inf"), float("-inf")}:
        return "inf" if content > 0 else "-inf"
    return content


def write_archive(path: Path, members: Iterable[tuple[str, str | bytes]]) -> None:
    """Names and contents as a ZIP archive without the time of day: the same content has the same bytes."""
    with whole(path) as part, ZipFile(part, "w") as archive:
        for name, content in members:
            kept = ZipInfo(name)
            kept.compress_type, kept.external_attr = ZIP_DEFLATED, 0o644 << 16
            archive.writestr(kept, content)


def place(source: Path, target: Path) -> None:
    """Put `source` at `target` too: by a hard link where the file system can, else by a copy."""
    with whole(target) as part:
        try:
            os.link(source, part)
        except OSError:
            shutil.copyfile(source, part)


def slug(text: str) -> str:
    """A file name part made of the words of `text`: small letters, digits and hyphens, never empty.

    What is too long ends in a hash, so that two sentences that begin alike do not share a name.

    >>> slug("The car is red")
    'the-car-is-red'
    """
    decomposed = unicodedata.normalize("NFKD", text[:LONGEST_TEXT].lower())
    words = re.findall(r"[^\W_]+", "".join(c for c in decomposed if not unicodedata.combining(c)))
    return shortened("-".join(words) or "text", LONGEST_WORDS, text[LONGEST_TEXT:])


def distinct(text: str, plain: str | None = None) -> str:
    """`slug(text)`, with a hash where another text would have the same: the name tells every two texts apart.

    `plain` is the text that has the name without a hash; by default, the name itself.

    >>> distinct("tiny"), distinct("Tiny")
    ('tiny', 'tiny-c0be39dd')
    """
    name = slug(text)
    return name if text == (plain or name) else fingerprinted(text, text)


def sentence_name(text: str) -> str:
    """A file name part for a sentence: `the-car-is-red`, with a hash if it is written in any other way."""
    return distinct(text, slug(text).replace("-", " ").capitalize())


def fingerprinted(text: str, content: str) -> str:
    """`slug(text)` with a hash of `content`."""
    return f"{slug(text)}-{hashlib.blake2b(content.encode(errors='surrogatepass'), digest_size=4).hexdigest()}"


def shortened(name: str, longest: int = LONGEST_NAME, rest: str = "") -> str:
    """A file name part of at most `longest` bytes: what is too long, or has a `rest`, ends in a hash of all."""
    encoded = name.encode(errors="replace")
    if len(encoded) <= longest and not rest:
        return name
    start = encoded[: longest - 9].decode(errors="ignore")
    everything = encoded + rest.encode(errors="replace")
    return f"{start}-{hashlib.blake2b(everything, digest_size=4).hexdigest()}"


def on_one_line(text: str) -> str:
    """A user's text as a title or a line of metadata: what is invisible, or turns a line around, is a space.

    >>> on_one_line("The car" + chr(10) + "is" + chr(0x202e) + " red")
    'The car is red'
    """
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
