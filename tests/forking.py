"""Run the command `lecture` in a fork of a process that has imported what commands need.

To import Manim and torch takes some three seconds of a processor, twice where something is drawn, and hundreds of
tests run a command. Each fork has the folder, environment and streams that it is given, ends like any other process,
and draws in forks of its own. What a test says of the start of a process needs a real one: see `Tiny.lecture`.
"""

from __future__ import annotations

import gc
import importlib
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from functools import cache
from multiprocessing import util
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

ROOT = Path(__file__).resolve().parents[1]
#: The modules that commands import: none of them keeps anything of a folder or an environment.
MODULES = ("scenes.cli.main", "scenes.production.studio", "scenes.production.drawing", "scenes.stage.reading")
MODULES += ("scenes.rendering", "scenes.stage.chapter")
#: Bytes of a request at most: its environment is the longest part.
LONGEST = 1 << 17


def run(
    arguments: tuple[str, ...], folder: Path, environment: dict[str, str], timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    """Run `lecture` with these arguments to its end, as `subprocess.run` would.

    Raises:
        subprocess.TimeoutExpired: it took longer than `timeout` seconds, and was killed.
    """
    request = json.dumps({"arguments": arguments, "folder": str(folder), "environment": environment}).encode()
    ours, theirs = socket.socketpair()
    with ours, theirs, TemporaryFile() as out, TemporaryFile() as err:
        socket.send_fds(_forker(), [request], [theirs.fileno(), out.fileno(), err.fileno()])
        theirs.close()
        with ours.makefile("r") as report:
            process = int(report.readline())
            ours.settimeout(timeout)
            try:
                status = os.waitstatus_to_exitcode(int(report.readline()))
            except TimeoutError:
                os.killpg(process, signal.SIGKILL)
                raise subprocess.TimeoutExpired(["lecture", *arguments], timeout) from None
        return subprocess.CompletedProcess(["lecture", *arguments], status, _text(out), _text(err))


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


@cache
def _forker() -> socket.socket:
    """Start the process that forks; it ends with this one."""
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.Popen([sys.executable, __file__], cwd=ROOT, env=environment, stdin=theirs)
    theirs.close()
    return ours


class _Forks:
    """The context of processes that fork, in the place of the one whose processes begin afresh."""

    Process = multiprocessing.get_context("fork").Process

    @staticmethod
    def Pipe() -> tuple[Connection, Connection]:  # noqa: N802 - as multiprocessing calls it
        """Two ends, of which the first stays in this process: a fork would keep it open, and never see its end."""
        here, there = multiprocessing.Pipe()
        util.register_after_fork(here, Connection.close)
        return cast("Connection", here), cast("Connection", there)


def _wait() -> dict[str, Any]:
    """Fork for each request, and return it in the fork that is to run it."""
    requests = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system lets go of those that have ended
    while True:
        request, streams, _, _ = socket.recv_fds(requests, LONGEST, 3)
        if not request:
            os._exit(0)
        if os.fork() == 0:
            break
        for stream in streams:
            os.close(stream)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    requests.close()
    report, out, err = streams
    if process := os.fork():
        os.write(report, f"{os.getpid()}\n".encode())
        _, status = os.waitpid(process, 0)
        with suppress(BrokenPipeError):
            os.write(report, f"{status}\n".encode())
        os._exit(0)
    for stream, number in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
        os.dup2(stream, number)
        os.close(stream)
    os.close(report)
    return dict(json.loads(request))


def main() -> None:
    """Import what commands need; then run each that is asked for."""
    for module in MODULES:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    wanted = _wait()
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(wanted["folder"])
    sys.argv = ["lecture", *wanted["arguments"]]
    sys.path[0] = wanted["folder"]  # as of `python -m`
    multiprocessing.get_context = lambda *_: _Forks  # type: ignore[assignment, return-value]
    importlib.import_module("scenes.cli.begin").main()


if __name__ == "__main__":
    main()
