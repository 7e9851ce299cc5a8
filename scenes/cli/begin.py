"""Start the command `lecture`: a fault while its code is still being read is one line, as it is later."""

import signal
import sys
from _thread import interrupt_main
from pathlib import Path
from threading import Timer, main_thread
from typing import Any

if sys.platform != "win32":
    import resource

#: Seconds until an interrupt that Python could not raise comes again.
AGAIN = 0.01
#: Bytes of address space without which the libraries of tensors end the process, each in words of its own.
LEAST = 1 << 30


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


if __name__ == "__main__":
    main()
