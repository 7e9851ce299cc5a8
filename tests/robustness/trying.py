"""Runs the tests of one file of the core with another source in its place, each time in a process of its own."""

from __future__ import annotations

import gc
import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from enum import Enum, auto
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

#: What the tests import besides the core: loaded once, before the forks. The core itself is loaded in each of them.
OTHERS = (
    "numpy torch torch.nn.functional torch.distributions safetensors.torch transformers transformers.generation "
    "transformers.models.gpt2.modeling_gpt2 transformers.models.marian.modeling_marian "
    "transformers.models.bert.modeling_bert"
)
#: Plugins take seconds to load and to say goodbye: none of them.
FLAGS = (
    "-x -q --no-header --tb=no -W ignore -p no:cacheprovider -p no:unraisableexception -p no:threadexception"
).split()
#: Tests that take so many times as long as they should run in circles.
PATIENCE, LEAST = 10, 20.0
#: Bytes that a changed program may take: one in circles may gather without end.
ROOM = 24 * 2**30


class Outcome(Enum):
    """Outcome of the tests."""

    KILLED = auto()
    SURVIVED = auto()
    TOO_LONG = auto()


class _Instead(MetaPathFinder, Loader):
    """Finds `source` where `module` is looked for."""

    def __init__(self, module: str, path: Path, source: str) -> None:
        self.module, self.path, self.source = module, path, source

    def find_spec(self, name: str, _path: object, _target: ModuleType | None = None) -> ModuleSpec | None:
        return spec_from_loader(name, self, origin=str(self.path)) if name == self.module else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(compile(self.source, str(self.path), "exec"), module.__dict__)


class Trial:
    """What holds one file, of which `source` may take the place.

    Raises:
        RuntimeError: it fails as things are, or would not notice if the file were empty.
    """

    def __init__(self, root: Path, file: str, tests: Sequence[str]) -> None:
        self.path, self.tests = root / file, tests
        self.module = ".".join(Path(file).with_suffix("").parts)
        self.limit = 600.0
        importlib.import_module("torch").set_num_threads(1)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        self._prepare()
        gc.collect()
        gc.freeze()  # what is there now is garbage in no child
        start = time.monotonic()
        if self.of(self.path.read_text(encoding="utf-8")) is not Outcome.SURVIVED:
            raise RuntimeError(f"the tests of {file} fail as things are: {' '.join(tests)}")
        self.limit = self._patience(time.monotonic() - start)
        if self.of("") is not Outcome.KILLED:
            raise RuntimeError(f"the tests of {file} would not notice if it were empty")

    def of(self, source: str, line: int = 0) -> Outcome:
        """Try `source`, which differs in `line`, in a process of its own, and return the outcome."""
        child = os.fork()
        if child == 0:
            self._test(source, line)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return Outcome.TOO_LONG if os.WTERMSIG(status) == signal.SIGALRM else Outcome.KILLED
        return Outcome.SURVIVED if os.WEXITSTATUS(status) == pytest.ExitCode.OK else Outcome.KILLED

    def _test(self, source: str, line: int) -> None:
        """In the child: put `source` in place, try it, and end with a status."""
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, self.limit)
            resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            status = self._status(source, line)
        except BaseException:
            status = int(pytest.ExitCode.INTERNAL_ERROR)
        os._exit(status)

    def _prepare(self) -> None:
        """Load what all changes need, before the first fork."""
        raise NotImplementedError

    def _patience(self, seconds: float) -> float:
        """The seconds that a change may take, where none takes so many `seconds`."""
        raise NotImplementedError

    def _status(self, source: str, line: int) -> int:
        """Put `source` in its place and run what holds the file; the status of pytest."""
        raise NotImplementedError


class CoreTrial(Trial):
    """The tests of one file of the core, which is loaded after the fork."""

    def _prepare(self) -> None:
        for name in OTHERS.split():
            importlib.import_module(name)
        if "transformer_core" in sys.modules:
            raise RuntimeError("the core was loaded before its changes")

    def _patience(self, seconds: float) -> float:
        return max(LEAST, PATIENCE * seconds)

    def _status(self, source: str, _line: int) -> int:
        sys.meta_path.insert(0, _Instead(self.module, self.path, source))
        return int(pytest.main([*FLAGS, *self.tests]))
