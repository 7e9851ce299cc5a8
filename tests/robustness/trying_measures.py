"""Runs the oracles of one file of measures with another source in its place, each time in a process of its own.

The traces, and what the oracles make of them, are there before the first fork: a change costs what its own file's
tensors cost. In the child the changed source takes the place of the old one, and so do the files that import from it.
What every oracle lets pass meets the tests of the file that are written by hand, which find the changed file as well.
"""

from __future__ import annotations

import ast
import gc
import importlib
import inspect
import os
import resource
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from trying import FLAGS, ROOM, Outcome

PACKAGE = "transformer_core.studies.measures"
#: The traces that most changes are found in; a change that all of them let pass is tried in the rest of these, too.
TEXTS = (
    "small, sines first",
    "a decoder alone",
    "falsified",
    "an encoder alone",
    "no positions, no tie",
    "The car is red",
    "repeated words",
)
#: Seconds of waiting for a changed program, and for the tests by hand.
AT_ONCE, BY_HAND = 30.0, 60.0


class MeasuresTrial:
    """The oracles and the tests of one file of measures.

    Raises:
        RuntimeError: they fail as things are, or would not notice if the file were empty.
    """

    def __init__(self, root: Path, file: str, tests: Sequence[str]) -> None:
        self.root, self.path, self.tests = root, root / file, tests
        self.module = ".".join(Path(file).with_suffix("").parts)
        sys.path.insert(0, str(root / "tests" / "measures"))
        os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # threads do not come along in a fork
        importlib.import_module("torch").set_num_threads(1)
        for name in (PACKAGE, "oracles", "oracles.recorded"):
            importlib.import_module(name)
        self.recorded = sys.modules["oracles.recorded"]
        self.derived = sys.modules["transformer_core.studies.derived"]._DERIVED
        sys.modules["oracles"].load()
        self.again = self._importers()
        own = [name for name, made in self.derived.items() if made.__module__ in (self.module, *self.again)]
        far = 10**6  # what others make of this file comes behind its own tensors
        written = {name: inspect.unwrap(self.derived[name]) for name in own}
        begins = {
            name: made.__code__.co_firstlineno + far * (made.__module__ != self.module)
            for name, made in written.items()
        }
        self.names = sorted((name for name in own if name in sys.modules["oracles"].ORACLES), key=begins.__getitem__)
        self.begins = begins
        for text in TEXTS:
            for name in self.names:
                if self.recorded.reaches(name, text):
                    self.recorded.answers(name, text)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        gc.collect()
        gc.freeze()
        if self.of(self.path.read_text(encoding="utf-8")) is not Outcome.SURVIVED:
            raise RuntimeError(f"the tests of {file} fail as things are: {' '.join(tests)}")
        if self.of("") is not Outcome.KILLED:
            raise RuntimeError(f"the tests of {file} would not notice if it were empty")

    def _importers(self) -> dict[str, CodeType]:
        """The other files of measures that lean on this one, the nearest first, compiled."""
        leans: dict[str, set[str]] = {}
        trees = {}
        for path in sorted(self.path.parent.glob("*.py")):
            if path.stem != "__init__":
                tree = ast.parse(path.read_text(encoding="utf-8"))
                found = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
                name = f"{PACKAGE}.{path.stem}"
                leans[name], trees[name] = {other for other in found if other.startswith(f"{PACKAGE}.")}, tree
        touched, left = {self.module}, dict(leans)
        order: dict[str, CodeType] = {}
        while ready := [name for name in left if not leans[name] & set(left) or name == self.module]:
            for name in ready:
                if leans[name] & touched and name != self.module:
                    touched.add(name)
                    order[name] = compile(trees[name], sys.modules[name].__file__ or name, "exec")
                del left[name]
        return order

    def of(self, source: str, line: int = 0) -> Outcome:
        """Run the oracles and the tests on `source`, the oracle of the function around `line` first."""
        child = os.fork()
        if child == 0:
            self._test(source, line)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return Outcome.TOO_LONG if os.WTERMSIG(status) == signal.SIGALRM else Outcome.KILLED
        return Outcome.SURVIVED if os.WEXITSTATUS(status) == pytest.ExitCode.OK else Outcome.KILLED

    def _test(self, source: str, line: int) -> None:
        """In the child: put `source` in place, ask the oracles, then the tests, and end with a status."""
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, AT_ONCE)
            resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))
            warnings.simplefilter("ignore")
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            self._put(source)
            here = [name for name in self.names if self.begins[name] <= line][-1:]
            for name, text in [(n, t) for n in here for t in TEXTS] + [(n, t) for t in TEXTS for n in self.names]:
                if self.recorded.reaches(name, text):
                    self.recorded.compare(name, text)
            if self.tests:
                signal.setitimer(signal.ITIMER_REAL, BY_HAND)
                status = int(pytest.main([*FLAGS, *self.tests]))
            else:
                status = int(pytest.ExitCode.OK)
        except BaseException:
            status = int(pytest.ExitCode.INTERNAL_ERROR)
        os._exit(status)

    def _put(self, source: str) -> None:
        """Replace the file, and what leans on it, in their modules: names that are gone are gone."""
        for name in [n for n, made in self.derived.items() if made.__module__ in (self.module, *self.again)]:
            del self.derived[name]
        codes = {self.module: compile(source, str(self.path), "exec"), **self.again}
        for name, code in codes.items():
            module: ModuleType = sys.modules[name]
            kept = {key: value for key, value in vars(module).items() if key.startswith("__")}
            vars(module).clear()
            vars(module).update(kept)
            exec(code, vars(module))
