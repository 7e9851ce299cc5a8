"""Lane: a thread that does one thing after another, so that coding a frame and drawing the next overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

#: Calls that may wait: enough to even out frames that are quick to draw and slow to code, and few megabytes.
DEPTH = 6


class CallQueue:
    """Does calls in the order in which they were given, in a thread of its own.

    What they work on must be theirs alone from the first call until `finish`. PyAV and Cairo let other threads run
    while they code, convert and draw, so two processors are busy; what is made does not depend on when.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lane")
        self._calls: deque[Future[None]] = deque()

    def do(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Do a call after those before; waits while too many wait.

        Raises:
            The error of a call before, after which nothing is done any more.
        """
        before = self._calls[-1] if self._calls else None
        if len(self._calls) == DEPTH:
            self._calls.popleft().result()
        self._calls.append(self._thread.submit(_after, before, call, *arguments))

    def finish(self) -> None:
        """Wait until all is done, and end the thread."""
        self._thread.shutdown()
        for call in self._calls:
            call.result()

    def drop(self) -> None:
        """End the thread after the call that it is at."""
        self._thread.shutdown(cancel_futures=True)


def _after(before: Future[None] | None, call: Callable[..., Any], *arguments: Any) -> None:
    """Do a call, unless the one before it failed: then fail as it did."""
    if before:
        before.result()
    call(*arguments)
