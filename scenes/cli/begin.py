"""Start the command `lecture`: a fault while its code is still being read is one line, as it is later.

Here is also what it needs of the system around it, and what it does where that is missing.
"""

import codecs
import io
import os
import signal
import sys
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer, main_thread
from typing import Any

if sys.platform != "win32":
    import resource

#: Seconds until an interrupt that Python could not raise comes again.
AGAIN = 0.01
#: Bytes of address space without which the libraries of tensors end the process, each in words of its own.
LEAST = 1 << 30
#: A home for who has none: libraries look for settings there and find nothing. Nobody else can put any there.
NOWHERE = "/nonexistent"


def main() -> None:
    """Read the code of the command, and run it."""
    sys.unraisablehook = again
    if missing := lacking():
        sys.stderr.write(f"lecture: {missing}\n")
        sys.exit(1)
    try:
        from scenes.cli.main import main as command

        command()
    except KeyboardInterrupt:
        sys.stderr.write("lecture: interrupted\n")
        sys.exit(130)


def lacking() -> str:
    """Name what the process lacks that every command needs; empty if it has all."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return "the current folder was removed: change to one that is there"
    if sys.platform == "win32":
        return ""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < LEAST:
        return f"ulimit -v leaves {limit >> 20} MiB of memory, and at least {LEAST >> 20} are needed, for films more"
    return ""


def again(unraisable: Any) -> None:
    """Replace `sys.unraisablehook`: send an interrupt that came inside a callback, as imports have, once more."""
    if unraisable.exc_type is KeyboardInterrupt:
        Timer(AGAIN, interrupt).start()
    else:
        sys.__unraisablehook__(unraisable)


def interrupt() -> None:
    """Interrupt the main thread, also where it waits for the system."""
    if sys.platform == "win32":
        interrupt_main()
    else:
        signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)


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


if __name__ == "__main__":
    main()
