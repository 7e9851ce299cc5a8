"""Crew: processes that take jobs, report what they do, and end when told to."""

from __future__ import annotations

import atexit
import errno
import gc
import importlib
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

if TYPE_CHECKING:
    from scenes.production.cluster import Cluster

#: A job for a process: a function that can be imported by name, and its argument.
Work = tuple[Callable[[Any, "Tick"], Any], Any]
#: Told the frames and the steps that were done since it was told last.
Tick = Callable[[int, int], None]

#: What every job needs, and takes a second to import.
READY = ("scenes.rendering", "scenes.stage.chapter")
#: Seconds that a process has to remove what it began, when it is told to leave.
GRACE = 0.5
#: Seconds to wait for a process without a job that finds its pipe closed, if the signal to leave was lost.
CLOSING = 5.0
#: What the system says of a disk without room, and what helps.
FULL = {errno.ENOSPC, errno.EDQUOT}
ROOM = "free some room and run it again, it goes on from there"
#: What else than MemoryError is said where there is none: by who loads a library, and by the system.
NO_MEMORY = ("failed to map segment from shared object", "cannot allocate memory", "can't start new thread")
#: Processes that may die over a job before it is given up.
LOSSES = 2
#: Processes that were started before their crew was, each by the end of a pipe that leads to it.
_early: list[tuple[Connection, SpawnProcess]] = []


class CrewError(RuntimeError):
    """A job failed; the message is the line to show."""


@dataclass
class Task:
    """A job on its way: its place among the others, what it has reported, and how often who had it was lost."""

    number: int
    work: Work
    frames: int = 0
    steps: int = 0
    losses: int = 0

    def tell(self, tick: Tick, frames: int, steps: int) -> None:
        """Report that so much more is done; less than nothing when it begins again."""
        self.frames, self.steps = self.frames + frames, self.steps + steps
        tick(frames, steps)


class Progress(Protocol):
    """The receiver of the progress of an order."""

    def begin(self, what: str, frames: int, steps: int) -> None:
        """Start to count `frames` and `steps` of `what`; with none of either, `what` says all there is to say."""

    def advance(self, frames: int, steps: int) -> None: ...


class Crew:
    """At most `size` processes, started when there is work for them and kept until the block ends.

    On other machines, `scenes.production.cluster` does the same.

    Args:
        size: how many processes work at the same time.
        tick: told the progress that the jobs report.
    """

    def __init__(self, size: int, tick: Tick) -> None:
        self.size, self.tick = size, tick
        self.processes: dict[Connection, SpawnProcess] = {}
        self.busy: dict[Connection, Task] = {}

    def perform(self, works: Sequence[Work]) -> list[Any]:
        """Do all `works`, each as `function(argument, tick)`; their results in the order of `works`.

        Raises:
            CrewError: a job failed, or its process died and so did the next one that had it; the crew is of no use
                afterwards.
        """
        results: list[Any] = [None] * len(works)
        waiting = [Task(number, work) for number, work in enumerate(works)][::-1]
        while waiting or self.busy:
            self._employ(waiting)
            for ready in wait(list(self.busy)) if self.busy else ():
                line = cast("Connection", ready)
                try:
                    kind, content = line.recv()
                except (EOFError, OSError):
                    waiting.append(self._lost(line))
                    continue
                if kind == "tick":
                    self.busy[line].tell(self.tick, *content)
                elif kind == "failed":
                    raise CrewError(content)
                else:
                    results[self.busy.pop(line).number] = content
        return results

    def prepare(self, count: int) -> None:
        """Start the processes for so many jobs: they import Manim while something else goes on here."""
        while len(self.processes) < min(self.size, count):
            here, process = _early.pop() if _early else _started()
            self.processes[here] = process

    def _employ(self, waiting: list[Task]) -> None:
        """Give a task to everybody who has none."""
        self.prepare(len(waiting) + len(self.busy))
        for line in [line for line in self.processes if line not in self.busy]:
            if not waiting:
                return
            self.busy[line] = waiting.pop()
            try:
                line.send(self.busy[line].work)
            except OSError:  # it died when it had nothing to do
                waiting.append(self._lost(line))

    def _lost(self, line: Connection) -> Task:
        """The task of a process that died, to be done again by fewer: most often it was memory that was short."""
        task, process = self.busy.pop(line), self.processes.pop(line)
        line.close()
        process.join()
        task.tell(self.tick, -task.frames, -task.steps)
        task.losses += 1
        if task.losses == LOSSES:
            raise CrewError(f"a drawing process died {LOSSES} times over the same steps; is there enough memory?")
        self.size = max(1, self.size - 1)
        return task

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for line, process in self.processes.items():
            if kind and process.pid:
                process.terminate()
            line.close()
        end = time.monotonic() + GRACE
        for process in self.processes.values():
            if process.pid:
                process.join(max(0.0, end - time.monotonic()) if kind else None)
                process.kill()  # does nothing to one that has ended
                process.join()


def executor(size: int, progress: Progress, scheduler: str | None = None) -> Crew | Cluster:
    """Return the executor of jobs: the workers of the Dask scheduler at that address, or `size` processes here."""
    if scheduler is None:
        return Crew(size, progress.advance)
    from scenes.production.cluster import Cluster

    return Cluster(scheduler, progress)


def start_early(count: int = 1) -> None:
    """Start processes of the next crew, which is not there yet: they import Manim while something else goes on here."""
    while len(_early) < count:
        _early.append(_started())


def dismiss_early() -> None:
    """End the processes that were started early: the code that they import has changed, or nobody needs them.

    The signal to leave raises an exception, which a library that is being imported may catch. Such a process goes on to
    wait for a job, and ends because its pipe is closed; after `CLOSING` seconds it is killed.
    """
    while _early:
        line, process = _early.pop()
        line.close()
        process.terminate()
        process.join(CLOSING)
        process.kill()
        process.join()


atexit.register(dismiss_early)  # before multiprocessing waits for them


def _started() -> tuple[Connection, SpawnProcess]:
    """Start a process that takes jobs; the end of a pipe that leads to it, and the process.

    Raises:
        CrewError: it ended before it began.
    """
    context = multiprocessing.get_context("spawn")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    try:
        _start(process)
    except BrokenPipeError:
        raise CrewError("a drawing process ended before it began; is there enough memory? Try --jobs 1") from None
    there.close()
    return here, process


def _start(process: SpawnProcess) -> None:
    """Start a process that an interrupt of the terminal does not reach: it is the parent's to handle.

    The signal is held back meanwhile, and not ignored: one that comes just now stops the parent a moment later. Windows
    has no such thing: there, an interrupt reaches all, and each ends by itself. Jobs are functions of modules, so the
    program that runs here is hidden: a process of spawn would begin with running it again.
    """
    program, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    blocked = set[int]()
    if sys.platform != "win32":
        resource_tracker.ensure_running()  # which would let the signal through as it begins
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        sys.modules["__main__"] = program
        if sys.platform != "win32":
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _serve(line: Connection) -> None:
    """Take jobs from `line` until the parent closes it, or is no more."""
    signal.signal(signal.SIGTERM, _leave)
    sys.unraisablehook = _unraisable
    Thread(target=_end_with_parent, daemon=True).start()
    with suppress(Exception):  # what is wrong there, the first job tells
        for room in READY:
            importlib.import_module(room)
    # A chapter makes a hundred thousand objects that stay to its end: they are looked through seldom, modules never.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    try:
        while True:
            function, argument = line.recv()
            line.send(_done(function, argument, line))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except MemoryError:  # while the job was unpacked, and what it needs imported
        sys.exit(1)


def _done(function: Callable[[Any, Tick], Any], argument: Any, line: Connection) -> tuple[str, Any]:
    try:
        return "done", function(argument, lambda *progress: line.send(("tick", progress)))
    except MemoryError:
        sys.exit(1)  # with all that it holds; the crew does the job again, by fewer
    except Exception as error:
        if os.environ.get("LECTURE_DEBUG"):
            traceback.print_exc()
        return "failed", in_one_line(error)


def _end_with_parent() -> None:
    """Leave when the parent was killed: nobody waits for what is drawn here, and another run may have begun."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(143)


def _unraisable(found: sys.UnraisableHookArgs) -> None:
    """Tell what went wrong while an object was thrown away.

    The parent ends who did not hear just then that it should leave; a lack of memory is told by the job that needs it.
    """
    if not isinstance(found.exc_value, MemoryError | SystemExit):
        sys.__unraisablehook__(found)


def _leave(*_: Any) -> None:
    """Unwind, so that unfinished files are removed."""
    sys.exit(143)


def in_one_line(error: BaseException) -> str:
    """The failure in one line, for somebody who needs no traceback."""
    if isinstance(error, MemoryError) or any(words in str(error).lower() for words in NO_MEMORY):
        return "there is not enough memory; fewer processes need less: --jobs 1"
    if isinstance(error, OSError) and error.strerror:
        place = "" if error.filename is None else f"{error.filename}: "
        room = f"; {ROOM}" if error.errno in FULL else ""
        return " ".join(f"{place}{error.strerror[0].lower()}{error.strerror[1:]}{room}".split())
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    line = " ".join(str(text).split())
    if isinstance(error, ValueError | KeyError | OSError | ImportError | CrewError) and line:
        return line
    kind = f"{type(error).__name__}: {line}".rstrip(": ")
    return kind if isinstance(error, SyntaxError) else f"{kind}{_place(error)}"


def _place(error: BaseException) -> str:
    """The file and the line of a mistake in code: the last that is no library's."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not {"site-packages", "lib"} & {*Path(frame.filename).parts}]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
