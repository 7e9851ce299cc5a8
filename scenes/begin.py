"""Where the command `lecture` begins: an interrupt while its code is still being read is one line, as it is later."""

import sys
from signal import SIGINT, pthread_kill
from threading import Timer, main_thread
from typing import Any

#: Seconds until an interrupt that Python could not raise comes again.
AGAIN = 0.01


def main() -> None:
    """Read the code of the command, and run it."""
    sys.unraisablehook = again
    try:
        from scenes.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.stderr.write("lecture: interrupted\n")
        sys.exit(130)


def again(unraisable: Any) -> None:
    """What Python can only print: an interrupt that came inside of a callback, as imports have, comes once more."""
    if unraisable.exc_type is KeyboardInterrupt:
        Timer(AGAIN, pthread_kill, (main_thread().ident, SIGINT)).start()
    else:
        sys.__unraisablehook__(unraisable)


if __name__ == "__main__":
    main()
