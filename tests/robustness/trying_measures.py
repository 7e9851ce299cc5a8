"""Runs the oracles of one file of measures with another source in its place, each time in a process of its own.

The traces, and what the oracles make of them, are there before the first fork: a change costs what its own file's
tensors cost. In the child the changed source takes the place of the old one, and so do the files that import from it.
What every oracle lets pass meets the tests of the file that are written by hand, which find the changed file as well.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import signal
import sys
import warnings
from types import CodeType, ModuleType

import pytest
from trying import FLAGS, Trial

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


class MeasuresTrial(Trial):
    """The oracles and the tests of one file of measures."""

    def _prepare(self) -> None:
        sys.path.insert(0, str(self.path.parents[3] / "tests" / "measures"))
        os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # threads do not come along in a fork
        for name in (PACKAGE, "oracles", "oracles.recorded"):
            importlib.import_module(name)
        self.recorded = sys.modules["oracles.recorded"]
        self.derived = sys.modules["transformer_core.studies.derived"]._DERIVED
        sys.modules["oracles"].load()
        self.again = self._importers()
        own = [name for name, made in self.derived.items() if made.__module__ in (self.module, *self.again)]
        far = 10**6  # what others make of this file comes behind its own tensors
        written = {name: inspect.unwrap(self.derived[name]) for name in own}
        self.begins = {
            name: made.__code__.co_firstlineno + far * (made.__module__ != self.module)
            for name, made in written.items()
        }
        oracles = sys.modules["oracles"].ORACLES
        self.names = sorted((name for name in own if name in oracles), key=self.begins.__getitem__)
        for text in TEXTS:
            for name in self.names:
                if self.recorded.reaches(name, text):
                    self.recorded.answers(name, text)

    def _patience(self, _seconds: float) -> float:
        return AT_ONCE

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

    def _status(self, source: str, line: int) -> int:
        """Ask the oracles, that of the function around `line` first, and then the tests by hand."""
        warnings.simplefilter("ignore")
        self._put(source)
        here = [name for name in self.names if self.begins[name] <= line][-1:]
        for name, text in [(n, t) for n in here for t in TEXTS] + [(n, t) for t in TEXTS for n in self.names]:
            if self.recorded.reaches(name, text):
                self.recorded.compare(name, text)
        if not self.tests:
            return int(pytest.ExitCode.OK)
        signal.setitimer(signal.ITIMER_REAL, BY_HAND)
        return int(pytest.main([*FLAGS, *self.tests]))

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
