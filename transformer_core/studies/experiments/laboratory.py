"""The laboratory: experiments that this repository runs, records, and can run again.

An experiment is a function in a file beside this one, found by itself, and called by the name of the function:

    @experiment("Does the variance of a dot product grow with the width?")
    def variance(bench: Bench) -> Found:
        found = bench.each("width {}", WIDTHS, lambda width: measure(width, bench.seed))
        return tensors("width", {"width": WIDTHS}, variance=found["variance"])

`lecture experiments run variance` writes `assets/experiments/variance.npz` and a card beside it (.json); from then on
`trace["experiment.variance.variance"]` is there, like any tensor of the model. The pieces that `bench.each` and
`bench.once` have computed are kept until the whole experiment is: an interrupted run goes on from there.
"""

from __future__ import annotations

import ast
import hashlib
import platform
import re
import shutil
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import torch

from transformer_core.files.atomic import whole
from transformer_core.studies import experiments as package
from transformer_core.studies import results
from transformer_core.tracing.trace import NamedTensor, Trace
from transformer_core.training.train import one_thread

#: An experiment of several trainings counts on from its seed, and theirs end at 2^32.
MOST_SEEDS = 2**31 - 1
T = TypeVar("T")
#: What an experiment found, by short name.
Found = dict[str, NamedTensor]
Piece = dict[str, np.ndarray]
#: Told what is being done, how many pieces are done (with a fraction for the one at work), and how many there are.
Watch = Callable[[str, float, int], None]


@dataclass(frozen=True)
class Experiment:
    """A question, and the function that answers it: called with a bench, and in tests with smaller sizes."""

    question: str
    function: Callable[..., Found]

    @property
    def name(self) -> str:
        """The name of its function."""
        return self.function.__name__

    def __call__(self, bench: Bench, *sizes: Any, **others: Any) -> Found:
        with one_thread():
            return self.function(bench, *sizes, **others)


def experiment(question: str) -> Callable[[Callable[..., Found]], Experiment]:
    """Make an experiment of a function; `question` says in one line what it asks."""
    return lambda function: Experiment(question, function)


@dataclass
class Bench:
    """The state of a running experiment: its seed, its progress, and the pieces that are done already.

    Without `pieces`, a folder, nothing is kept.
    """

    seed: int = 0
    pieces: Path | None = None
    watch: Watch | None = None
    expected: int = field(default=1, init=False)
    #: As many threads has torch where it is not held to one.
    threads: int = field(default_factory=torch.get_num_threads, init=False)
    #: Seconds of each piece, by key: of pieces from an earlier run, what they took then.
    seconds: dict[str, float] = field(default_factory=dict, init=False)
    #: What the card says beside the usual, such as the model that was examined.
    facts: dict[str, Any] = field(default_factory=dict, init=False)

    def expect(self, pieces: int) -> None:
        """Say how many pieces there will be."""
        self.expected = pieces

    def once(self, key: str, function: Callable[[], Mapping[str, npt.ArrayLike]], shared: str = "") -> Piece:
        """The result of `function`, computed once: an interrupted run that goes on reads it from the folder of pieces.

        A piece that several experiments need may be `shared`, under a name that says all that determines it: it is kept
        when the experiment is done.

        Raises:
            ValueError: a second piece with the same key.
        """
        if key in self.seconds:
            raise ValueError(f"there are two pieces {key!r}")
        self._tell(key)
        path = self._path(key, shared)
        piece = _kept(path)
        if piece:
            self.seconds[key] = float(piece.pop("_seconds"))
        else:
            start = time.perf_counter()
            piece = {name: np.asarray(value) for name, value in function().items()}
            self.seconds[key] = time.perf_counter() - start
            if path:
                _write(path, piece | {"_seconds": np.array(self.seconds[key])})
        self._tell(key)
        return piece

    def each(self, key: str, over: Iterable[T], function: Callable[[T], Mapping[str, npt.ArrayLike]]) -> Piece:
        """The results of `function` for each of `over`, stacked along a first axis.

        Each of them is a piece; `key` has "{}" in the place of what it is of.
        """
        asked = [*over]
        self.expected = max(self.expected, len(self.seconds) + len(asked))
        pieces = [self.once(key.format(one), partial(function, one)) for one in asked]
        return {name: np.stack([piece[name] for piece in pieces]) for name in pieces[0]}

    def _path(self, key: str, shared: str) -> Path | None:
        if self.pieces is None:
            return None
        if shared:
            return self.pieces.parents[1] / "shared" / f"{shared}.npz"
        return self.pieces / (re.sub(r"[^\w.+-]+", "-", key) + ".npz")

    def file(self, name: str) -> Path | None:
        """The file in which a piece may keep its progress, such as the state of a training; None if nothing is kept."""
        if self.pieces:
            self.pieces.mkdir(parents=True, exist_ok=True)
        return self.pieces / name if self.pieces else None

    def training(self, step: int, steps: int, _facts: dict[str, float]) -> None:
        """Progress inside a piece, in the form that `Run.go_on` reports it."""
        self._tell("training", step / steps)

    def _tell(self, key: str, fraction: float = 0.0) -> None:
        if self.watch:
            self.watch(key, len(self.seconds) + fraction, self.expected)


def tensor(values: npt.ArrayLike, axes: str = "", **labels: Iterable[Any]) -> NamedTensor:
    """A result with a word for each axis and labels along some: `tensor(rows, "width choice", width=...)`."""
    words = {axis: tuple(map(str, names)) for axis, names in labels.items()}
    return NamedTensor("found", np.asarray(values), tuple(axes.split()), words)


def tensors(axes: str = "", labels: Mapping[str, Any] = MappingProxyType({}), /, **values: Any) -> Found:
    """Results of the same axes by name: `tensors("width choice", labels, largest=rows)`; without axes, numbers.

    Of `labels`, each has those along its own axes.
    """
    words = {axis: [*labels[axis]] for axis in axes.split() if axis in labels}
    return {name: tensor(value, axes, **words) for name, value in values.items()}


def experiments() -> dict[str, Experiment]:
    """Every experiment by name: those in the files of this package."""
    modules = [import_module(f"{package.__name__}.{module.name}") for module in iter_modules(package.__path__)]
    found = {one.name: one for module in modules for one in vars(module).values() if isinstance(one, Experiment)}
    return dict(sorted(found.items()))


def perform(
    name: str, seed: int = 0, *, output: Path | None = None, pieces: Path | None = None, watch: Watch | None = None
) -> Path:
    """Run the experiment `name` and write what it found, with its card; returns the .npz file.

    Args:
        output: the folder to write to; that of the recorded results if None.
        pieces: a folder for what is done so far. Pieces belong to a seed and to the code of the experiment's file.

    Raises:
        KeyError: there is no such experiment.
        ValueError: a seed that is none.
    """
    if type(seed) is not int or not 0 <= seed <= MOST_SEEDS:
        raise ValueError(f"the seed {seed!r} of an experiment is no whole number from 0 to {MOST_SEEDS}")
    known = experiments()
    if name not in known:
        raise KeyError(f"no experiment {name!r}: there are {', '.join(known)}")
    kept = pieces / name / f"{seed}-{_code(known[name])}" if pieces else None
    bench, start = Bench(seed, kept, watch), time.perf_counter()
    found = known[name](bench)
    outside = time.perf_counter() - start - sum(bench.seconds.values())
    tensors = {f"{results.PREFIX}{name}.{short}": one for short, one in found.items()}
    about = {
        "experiment": name,
        "question": known[name].question,
        "command": f"lecture experiments run {name} --seed {seed}",
        "seed": seed,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "torch": version("torch")},
        "seconds": round(max(0.0, outside) + sum(bench.seconds.values()), 1),
    } | bench.facts
    trace = Trace({full: replace(one, name=full) for full, one in tensors.items()}, about=about)
    path = trace.save((output or results.FOLDER) / name, compressed=True)
    if kept:
        shutil.rmtree(kept, ignore_errors=True)
    return path


def _code(one: Experiment) -> str:
    """A hash of the code of an experiment's file and of the tables beside it; comments and layout do not count."""
    path = Path(one.function.__code__.co_filename)
    tables = [table.read_text(encoding="utf-8") for table in sorted(path.parent.glob("*.toml"))]
    code = ast.dump(ast.parse(path.read_text(encoding="utf-8")))
    return hashlib.blake2b("\0".join([code, *tables]).encode(), digest_size=6).hexdigest()


def _kept(path: Path | None) -> Piece:
    """The arrays that `_write` wrote to `path`; nothing if there is no such file, or if it was damaged since."""
    if path is None:
        return {}
    try:
        with np.load(path, allow_pickle=False) as kept:
            piece = {name: kept[name] for name in kept.files}
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error):
        return {}
    return piece if "_seconds" in piece else {}


def _write(path: Path, arrays: Piece) -> None:
    """As a whole or not at all."""
    with whole(path) as part:
        np.savez(part, allow_pickle=False, **arrays)
