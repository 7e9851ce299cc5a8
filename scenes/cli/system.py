"""Requirements of a command on the system around it, and what it does where one is missing."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: A home for who has none: libraries look for settings there and find nothing. Nobody else can put any there.
NOWHERE = "/nonexistent"


@contextmanager
def settled(afresh: bool) -> Iterator[None]:
    """For a command: streams that take what it says, and a home. In the end, what the streams did not take is let go.

    Where the system has ASCII alone, a process that can begin `afresh` does, in Python's UTF-8 mode: sentences and
    names of files have more.
    """
    if afresh and codecs.lookup(sys.getfilesystemencoding()).name == "ascii":
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - no shell
    _open_streams()
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = NOWHERE
    try:
        yield
    finally:
        _let_go()


def _open_streams() -> None:
    """Have standard input, output and error open: the next file would get their number, and what is said into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without “ and a name that is no text get codes


def _let_go() -> None:
    """Drop what a full disk or a closed pipe did not take: at its end, Python would complain of it in many lines."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
