"""A tokenizer.json that somebody else wrote, in a process of its own, which ends when it takes too much time or memory.

Its patterns and replacements are a program: no check of the file bounds what they do to a text, and the library that
runs them ends the process where it lacks memory.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import weakref
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from transformer_core.text import tokenizer_process as limits
from transformer_core.versions import installing

COMMAND = (sys.executable, "-P", str(Path(limits.__file__).resolve()))
#: How the system ends a process that takes too long; one that lacks memory ends in many ways.
SLOW = () if sys.platform == "win32" else (-signal.SIGPROF, -signal.SIGALRM)


class TokenizerProcess:
    """Cuts texts by the tokenizer.json in `data`; `facts` are what is known of it. Its process ends with it.

    Raises:
        ValueError: the library is not installed, the file is no tokenizer, or reading it takes too much.
    """

    def __init__(self, data: bytes) -> None:
        if find_spec("tokenizers") is None:
            raise ValueError(f"it takes the package tokenizers: {installing('models')}")
        self.data, self.lock = data, Lock()
        self.process, self.facts = self._started()

    def cut(self, text: str, most: int) -> dict[str, Any]:
        """Ids, tokens, offsets and numbers of words; or the count alone, if there are more than `most` tokens.

        Raises:
            ValueError: it cannot cut this text, or takes too much for it.
        """
        with self.lock:
            # One that was ended is started anew; and a fork must not read what the other has asked for.
            if self.process.stdin is None or self.process.stdin.closed or self.owner != os.getpid():
                self.process, self.facts = self._started()
            return _answered(self.process, json.dumps([text, most]).encode() + b"\n")

    def _started(self) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
        self.owner = os.getpid()
        process = subprocess.Popen(  # noqa: S603 - a program of ours; panics are lines on standard error
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        weakref.finalize(self, _end, process, self.owner)
        return process, _answered(process, b"%d\n" % len(self.data) + self.data)


@lru_cache(maxsize=4)
def process_of(data: bytes) -> TokenizerProcess:
    """The one for this content: a file that is opened again is not read again."""
    return TokenizerProcess(data)


def _answered(process: subprocess.Popen[bytes], request: bytes) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError):  # it has died, and has no answer
            process.stdin.write(request)
            process.stdin.flush()
        line = process.stdout.readline()
        ended = None if line.endswith(b"\n") else process.wait()
    except BaseException:  # what it says next would be taken for another answer
        _end(process, os.getpid())
        raise
    if ended is not None:
        _end(process, os.getpid())
        much = f"{limits.SECONDS:.0f} s" if ended in SLOW else f"{limits.MEMORY / 2**30:.0f} GiB of memory"
        raise ValueError(f"it takes more than {much}")
    found: dict[str, Any] = json.loads(line)
    if "error" in found:
        raise ValueError(found["error"])
    return found


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    """End the process, if it is this one's and not that of which this is a fork."""
    if os.getpid() == owner:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
