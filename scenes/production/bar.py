"""One bar for all processes: steps done, frames done, time left."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn


class Bar:
    """Shows progress on stderr where that is a terminal; says nothing where it is not."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self.rich = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn(" {task.fields[count]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.task: TaskID | None = None
        self.drawn = self.total = self.done = self.wanted = 0

    def begin(self, what: str, frames: int, steps: int) -> None:
        """Start to show `what`: so many frames in so many steps; without frames the steps are counted.

        Without either, `what` stands alone.
        """
        if self.task is not None:
            self.rich.remove_task(self.task)
        self.drawn = self.done = 0
        self.total, self.wanted = frames, steps
        self.task = self.rich.add_task(what, total=frames or steps or None, count="")
        self._show()

    def advance(self, frames: int, steps: int) -> None:
        self.drawn += frames
        self.done += steps
        self._show()

    def training(self, step: int, steps: int, facts: dict[str, float]) -> None:
        """Show a training: its step, and the loss there."""
        if self.task is None:
            self.task = self.rich.add_task("training", total=steps, count="")
        self.rich.update(self.task, completed=step, count=f"{step}/{steps} steps, loss {facts['loss']:.3f}")

    def measuring(self, what: str, done: float, pieces: int) -> None:
        """Show an experiment: what it is at, and how many of its pieces are done."""
        if self.task is None:
            self.task = self.rich.add_task("measuring", total=pieces, count="")
        self.rich.update(self.task, completed=done, total=pieces, count=f"{int(done)}/{pieces} pieces, {what}")

    def _show(self) -> None:
        assert self.task is not None
        frames = f", {self.drawn}/{self.total} frames" if self.total else ""
        count = f"{self.done}/{self.wanted} steps{frames}" if self.wanted else ""
        self.rich.update(self.task, completed=self.drawn if self.total else self.done, count=count)

    def __enter__(self) -> Self:
        self.rich.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rich.stop()
