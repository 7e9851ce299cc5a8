"""Lane: a thread that does one thing after another, so that coding a frame and drawing the next overlap."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Any

#: Calls that may wait: enough to even out frames that are quick to draw and slow to code, and few megabytes.
DEPTH = 6


class Lane:
    """Does calls in the order in which they were given, in a thread of its own.

    What they work on must be theirs alone from the first call until `finish`. PyAV and Cairo let other threads run
    while they code, convert and draw, so two processors are busy; what is made does not depend on when.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]] | None] = SimpleQueue()
        self._room = Semaphore(DEPTH)
        self._error: BaseException | None = None
        self._dropped = False
        self._thread = Thread(target=self._work, name="lane", daemon=True)
        self._thread.start()

    def do(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Do a call after those before; waits while too many wait.

        Raises:
            The error of a call before, after which nothing is done any more.
        """
        self._room.acquire()
        self._check()
        self._calls.put((call, arguments))

    def finish(self) -> None:
        """Wait until all is done, and end the thread."""
        self._end()
        self._check()

    def drop(self) -> None:
        """End the thread after the call that it is at."""
        self._dropped = True
        self._end()

    def _end(self) -> None:
        if self._thread.is_alive():
            self._calls.put(None)
            self._thread.join()

    def _check(self) -> None:
        if self._error:
            raise self._error

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            call, arguments = item
            try:
                if not self._dropped and not self._error:
                    call(*arguments)
            except BaseException as error:
                self._error = error
            self._room.release()
            del item, call, arguments
