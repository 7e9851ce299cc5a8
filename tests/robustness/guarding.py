"""One hostile case under guard: does it come to an answer or a line, in time, in memory, and within its folder?"""

from __future__ import annotations

import faulthandler
import linecache
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from scenes.production.crew import in_one_line
from scenes.production.mistakes import MistakesError
from transformer_core.text.tokenizer import COMMAND

ROOT = Path(__file__).resolve().parents[2]
#: No case may take more seconds, busy or asleep; what it waits for a processor that others use is not its own.
SECONDS = 5.0
#: What gives Python no word in for so long, as code of a library may, ends the process.
LOST = 120.0
#: The address space that a case may take on top of what the process has when it begins.
MEMORY = 2 * 2**30
#: Whoever raises one of these on purpose refuses; everything else is a crash.
REFUSALS = (ValueError, OSError, click.ClickException)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {
    "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown",
    "os.utime", "os.setxattr", "os.removexattr",
}  # fmt: skip
#: What nothing that reads may do: ask the network, start a program, or run what a pickle names.
FORBIDDEN = {
    "socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto",
    "socket.sendmsg", "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn",
    "os.startfile", "pickle.find_class",
}  # fmt: skip


class TooSlow(BaseException):
    """A case took too long."""


class CrashError(AssertionError):
    """A case ended in something that is no refusal."""


@dataclass
class Watch:
    """Forbidden events seen while a case ran (`sys.addaudithook`): changes outside of `folder`, and connections."""

    folder: Path
    active: bool = False
    outside: list[str] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if event == "subprocess.Popen" and tuple(arguments[1]) == COMMAND:  # a tokenizer's own, with limits
            return
        if event in FORBIDDEN:
            self.connections.append(f"{event} {arguments!r:.200}")
        elif event in CHANGES or (event == "open" and _writes(*arguments[1:3])):
            places = [place for place in arguments[:2] if isinstance(place, str | bytes | os.PathLike)]
            self.outside += [f"{event} {place!r}" for place in places if not self._inside(place)]

    def _inside(self, place: Any) -> bool:
        path = Path(os.fsdecode(place))
        return path == Path(os.devnull) or (self.folder / path).resolve().is_relative_to(self.folder)


def _writes(mode: Any, flags: Any) -> bool:
    by_mode = isinstance(mode, str) and bool(set(mode) & set("wax+"))
    return by_mode or (mode is None and isinstance(flags, int) and bool(flags & WRITES))


_watches: list[Watch] = []


def watched(folder: Path) -> Watch:
    """A watch over this process; a hook cannot be taken off, so that there is one for all watches."""
    if not _watches:
        sys.addaudithook(_told)
    _watches.append(Watch(folder.resolve()))
    return _watches[-1]


def _told(event: str, arguments: tuple[Any, ...]) -> None:
    _watches[-1](event, arguments)


def attempt(call: Callable[[], Any]) -> Any:
    """Return what `call` returns, or None if it refuses in one line.

    Raises:
        CrashError: it ended in any other way.
    """
    try:
        return call()
    except (KeyboardInterrupt, TooSlow, CrashError):
        raise
    except BaseException as error:
        wrong = unlike_a_refusal(error)
        if wrong:
            raise CrashError(f"{wrong}: {type(error).__name__}: {error!s:.300} (at {_place(error)})") from error
        return None


def unlike_a_refusal(error: BaseException) -> str:
    """Return why this is no refusal, or "": a refusal is raised on purpose, by a `raise` of this project, in a line."""
    if not isinstance(error, REFUSALS):
        return "a crash"
    if any(isinstance(one, MemoryError) for one in _before(error)):
        return "too much memory was asked for"
    lines = error.lines if isinstance(error, MistakesError) else [_line(error)]
    for line in lines:
        if not line.strip() or "Traceback" in line:
            return "a line that says nothing"
    if isinstance(error, click.ClickException) or (isinstance(error, OSError) and error.filename):
        return ""
    file, number = _place(error)
    ours = any(Path(file).is_relative_to(ROOT / room) for room in ("transformer_core", "scenes"))
    if not ours or not linecache.getline(file, number).lstrip().startswith("raise"):
        return "nobody raised this on purpose"
    return ""


def _before(error: BaseException) -> Iterator[BaseException]:
    """Yield the error that was being handled when this was raised, and those before that."""
    while error.__context__ is not None:
        error = error.__context__
        yield error


def _line(error: BaseException) -> str:
    return error.format_message() if isinstance(error, click.ClickException) else in_one_line(error)


def _place(error: BaseException) -> tuple[str, int]:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ("", 0)


@dataclass(frozen=True)
class Outcome:
    """Outcome of a case: `failed` says why it failed, or nothing."""

    answered: bool
    failed: str
    seconds: float


def judged(call: Callable[[], Any], watch: Watch) -> Outcome:
    """Run a case under guard."""
    before, start, busy = len(watch.outside) + len(watch.connections), _clock(), time.process_time()
    answered, failed = False, ""
    try:
        with _timed(start):
            watch.active = True
            answered = attempt(call) is not None
    except TooSlow:
        failed = f"no answer within {SECONDS:.0f} seconds"
    except AssertionError as error:
        failed = " ".join(str(error).split()) or f"a check failed at {_place(error)}"
    finally:
        watch.active = False
    seconds = max(_clock() - start, time.process_time() - busy)
    if not failed and seconds > SECONDS:
        failed = f"{seconds:.1f} seconds"
    done = [*watch.outside, *watch.connections]
    if len(done) > before:
        failed = f"reached out: {done[-1]}"
    return Outcome(answered and not failed, failed, seconds)


def _clock() -> float:
    """Seconds that go by but while this thread is ready to run and has no processor (where Linux tells these)."""
    try:
        waited = int(Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except OSError:
        waited = 0.0
    return time.perf_counter() - waited


@contextmanager
def _timed(start: float) -> Iterator[None]:
    """Raise `TooSlow` where Python gets a word in; what never returns is ended by `faulthandler`, with its place."""

    def over(*_: Any) -> None:
        left = start + SECONDS - _clock()
        if left <= 0:
            raise TooSlow
        signal.setitimer(signal.ITIMER_REAL, left + 0.01)

    kept = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    faulthandler.dump_traceback_later(LOST, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)


@contextmanager
def limited_memory(more: int = MEMORY) -> Iterator[None]:
    """Whoever asks for more than this on top of what the process has gets none, and so crashes where it asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def peak_memory() -> int:
    """The most bytes that this process ever held in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
