"""Crew: processes that take jobs, report what they do, and end when told to."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

#: A job for a process: a function that can be imported by name, and its argument.
Work = tuple[Callable[[Any, "Tick"], Any], Any]
#: Told the frames and the steps that were done since it was told last.
Tick = Callable[[int, int], None]


class CrewError(RuntimeError):
    """A job failed; the message is the line to show."""


def perform(works: Sequence[Work], size: int, tick: Tick) -> list[Any]:
    """Do all `works` on at most `size` processes; their results in the order of `works`.

    Args:
        works: functions with their arguments; each is called as `function(argument, tick)` in a process of its own.
        size: how many processes work at the same time.
        tick: told the progress that the jobs report.

    Raises:
        CrewError: a job failed or its process died. The others are ended first.
    """
    context = multiprocessing.get_context("spawn")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    results: list[Any] = [None] * len(works)
    waiting = list(enumerate(works))[::-1]
    crew: dict[Connection, SpawnProcess] = {}
    busy: dict[Connection, int] = {}
    try:
        for _ in range(min(size, len(works))):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there,), daemon=True)
            _start(process)
            there.close()
            crew[here] = process
            busy[here] = _next(here, waiting)
        while busy:
            for line in wait(list(busy)):
                assert isinstance(line, Connection)
                try:
                    kind, content = line.recv()
                except EOFError:
                    raise CrewError("a drawing process died; is there enough memory? Try --jobs 1") from None
                if kind == "tick":
                    tick(*content)
                elif kind == "failed":
                    raise CrewError(content)
                else:
                    position = busy.pop(line)
                    results[position] = content
                    if waiting:
                        busy[line] = _next(line, waiting)
        return results
    finally:
        for line, process in crew.items():
            if busy:
                process.terminate()
            line.close()
        for process in crew.values():
            process.join()


def _start(process: SpawnProcess) -> None:
    """Start a process that an interrupt of the terminal does not reach: it is the parent's to handle."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, handler)


def _next(line: Connection, waiting: list[tuple[int, Work]]) -> int:
    position, work = waiting.pop()
    line.send(work)
    return position


def _serve(line: Connection) -> None:
    """Take jobs from `line` until the parent closes it."""
    signal.signal(signal.SIGTERM, _leave)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            function, argument = line.recv()
            line.send(_done(function, argument, line))


def _done(function: Callable[[Any, Tick], Any], argument: Any, line: Connection) -> tuple[str, Any]:
    try:
        return "done", function(argument, lambda *progress: line.send(("tick", progress)))
    except Exception as error:
        if os.environ.get("LECTURE_DEBUG"):
            traceback.print_exc()
        return "failed", in_one_line(error)


def _leave(*_: Any) -> None:
    """Unwind, so that unfinished files are removed."""
    sys.exit(143)


def in_one_line(error: BaseException) -> str:
    """What went wrong, for a reader who needs no traceback."""
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    line = " ".join(str(text).split())
    expected = isinstance(error, ValueError | KeyError | OSError | CrewError) and line
    return line if expected else f"{type(error).__name__}: {line}".rstrip(": ")
