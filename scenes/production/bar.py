"""Progress of all processes: a bar on a terminal, else a line every so often. LECTURE_QUIET=1 turns both off."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

#: Seconds between two lines where no terminal can show a bar.
EVERY = 10.0


class Bar:
    """Shows progress on stderr: as a bar where that is a terminal, as a line every ten seconds where it is not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        console = Console(stderr=True)
        quiet = bool(os.environ.get("LECTURE_QUIET"))
        self.clock, self.last = clock, clock()
        self.says_lines = not (quiet or console.is_terminal or sys.stderr is None)
        self.rich = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn(" {task.fields[count]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self.task: TaskID | None = None
        self.what = ""
        self.drawn = self.total = self.done = self.wanted = 0

    def begin(self, what: str, frames: int, steps: int) -> None:
        """Start to show `what`: so many frames in so many steps; without frames the steps are counted.

        Without either, `what` stands alone.
        """
        if self.task is not None:
            self.rich.remove_task(self.task)
        self.what, self.drawn, self.done = what, 0, 0
        self.total, self.wanted = frames, steps
        self.task = None
        self._show()

    def advance(self, frames: int, steps: int) -> None:
        self.drawn += frames
        self.done += steps
        self._show()

    def training(self, step: int, steps: int, facts: dict[str, float]) -> None:
        """Show a training: its step, and the loss there."""
        self._update("training", step, f"{step}/{steps} steps, loss {facts['loss']:.3f}", steps)

    def measuring(self, what: str, done: float, pieces: int) -> None:
        """Show an experiment: what it is at, and how many of its pieces are done."""
        self._update("measuring", done, f"{int(done)}/{pieces} pieces, {what}", pieces)

    def _show(self) -> None:
        frames = f" steps, {self.drawn}/{self.total} frames" if self.total else ""
        count = f"{self.done}/{self.wanted}{frames}" if self.wanted else ""
        self._update(self.what, self.drawn if self.total else self.done, count, self.total or self.wanted)

    def _update(self, what: str, completed: float, count: str, total: int) -> None:
        if self.task is None:
            self.task = self.rich.add_task(what, total=None, count="")
        self.rich.update(self.task, total=total or None, completed=completed, count=count)
        if self.says_lines and self.clock() - self.last >= EVERY:
            self.last = self.clock()
            with suppress(OSError):
                sys.stderr.write(f"lecture: {what}{': ' if count else ''}{count}\n")
                sys.stderr.flush()

    def __enter__(self) -> Self:
        self.rich.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.rich.stop()
