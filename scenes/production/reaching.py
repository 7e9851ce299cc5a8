"""Reaching a Dask scheduler: its address, how long it is waited for, and what answers there."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TypeVar

from scenes.production.crew import CrewError, in_one_line

#: What sets how many seconds a scheduler, and its first worker, are waited for.
WAIT = "LECTURE_SCHEDULER_WAIT"
ADDRESS = re.compile(r"(?:(?:tcp|tls)://)?(?:\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[\w.-]+):(?P<port>[0-9]{1,5})", re.ASCII)
RIGHT = "write tcp://host:8786, or tls://host:8786 where Dask has certificates"
LONGEST, LAST_PORT = 86_400.0, 65_535
T = TypeVar("T")


def check(address: str) -> None:
    """Refuse what is no address: Dask would look for a scheduler there, or start one of its own."""
    found = ADDRESS.fullmatch(address)
    if found is None or not 1 <= int(found["port"]) <= LAST_PORT:
        raise CrewError(f"--scheduler {address!r} is no address of a Dask scheduler: {RIGHT}")


def address_in(file: str, address: str | None = None) -> str:
    """The address in a file that `dask scheduler --scheduler-file` wrote; there may be no other `address`."""
    if address is not None:
        raise CrewError("give --scheduler or --scheduler-file, not both")
    try:
        return str(json.loads(Path(file).read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        wrong = in_one_line(error) if isinstance(error, OSError) else f"{file} has no address in it"
        raise CrewError(f"--scheduler-file: {wrong}; `dask scheduler --scheduler-file FILE` writes one") from None


def patience(seconds: float) -> float:
    """The seconds to wait: those of the environment, or else `seconds`."""
    text = os.environ.get(WAIT)
    if not text:
        return seconds
    with suppress(ValueError):
        if 0 < float(text) <= LONGEST:
            return float(text)
    raise CrewError(f"{WAIT}={text!r} should be seconds, more than 0 and at most {LONGEST:g}")


def kind_at(address: str, seconds: float) -> str:
    """Ask which kind of Dask server answers at `address` within `seconds`; Dask by itself would go on for longer."""
    import asyncio

    from distributed.core import rpc
    from distributed.security import Security

    settings = Security().get_connection_args("client")
    if address.startswith("tls://") and settings.get("ssl_context") is None:
        raise CrewError(f"{address} needs certificates, and Dask's configuration names none: see docs/cluster.md")

    async def ask() -> str:
        async with rpc(address, connection_args=settings) as server:
            return str((await server.identity()).get("type"))

    return asyncio.run(asyncio.wait_for(ask(), seconds))


def cause(error: BaseException) -> str:
    """The first cause of an error that says something: Dask tells of certificates at the end of a chain of errors."""
    while error.__cause__ is not None:
        error = error.__cause__
    return in_one_line(error)


def answered(question: Callable[[], T], seconds: float, waiting: Callable[[float], None] = lambda _: None) -> T:
    """The answer to `question`, which is asked in a thread; `waiting` is told every second how many are left.

    Raises:
        TimeoutError: there is none after `seconds`; the thread is left to itself.
    """
    future: Future[T] = Future()

    def ask() -> None:
        try:
            future.set_result(question())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=ask, daemon=True).start()
    end = time.monotonic() + seconds
    while not future.done():
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        waiting(left)
        wait([future], min(1, left))
    return future.result()
