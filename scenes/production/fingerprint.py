"""Hashes of states and sources: what determines a picture, as a short name.

What is on stage, and a step that is told there, are hashed by content, so that only a change that can be seen changes
a key. Code that runs while a picture is drawn is hashed as text.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
import types
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from contextlib import suppress
from enum import Enum
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from scenes.production.seals import content
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

#: Atoms are told apart by their text; a set of these types has an order of its own.
ATOMS = (type(None), bool, int, float, complex, str, bytes, range, slice, type(...), Enum, np.generic)
#: Most of what is met; each is told by its type and text.
PLAIN = frozenset({type(None), bool, int, float, str, bytes})
CODE = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, type, types.ModuleType, types.CodeType)
#: What draws and codes pictures, as pip names it.
LIBRARIES = (
    "manim", "numpy", "scipy", "pycairo", "manimpango", "skia-pathops", "typst", "pillow", "av", "uharfbuzz",
    "fonttools", "fontpkg-inter", "fontpkg-source-serif-4",
)  # fmt: skip

#: Attributes in which Manim notes where in memory something lies.
ADDRESSES = {"original_id"}


def hashed(*parts: Any) -> str:
    """One short name for all `parts`, told apart by their text."""
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(errors="surrogatepass"), digest_size=16).hexdigest()


def digest(*values: Any, ignoring: Iterable[Any] = ()) -> str:
    """A hash of what `values` hold: arrays by content, objects by type and attributes, functions by code."""
    reader = _Reader(ignoring)
    for value in values:
        reader.read(value)
    return reader.digest()


class _Reader:
    """Walks through a state. Every object is read once; when met again, it is named by the order of first sight.

    A stage is some ten thousand objects and is read after every step, so the common kinds are met first, and what is
    written is gathered and hashed in large pieces.
    """

    def __init__(self, ignoring: Iterable[Any]) -> None:
        self.hash = hashlib.blake2b(digest_size=16)
        self.alive: list[Any] = list(ignoring)
        self.ignored = {id(value) for value in self.alive}
        self.seen: dict[int, int] = {}
        self.text: list[str] = []

    def digest(self) -> str:
        """The hash of what was read."""
        self._flush()
        return self.hash.hexdigest()

    def write(self, *parts: Any) -> None:
        self.text.extend(map(str, parts))

    def _flush(self) -> None:
        self.hash.update("\x1f".join([*self.text, ""]).encode())
        self.text.clear()

    def read(self, value: Any) -> None:
        kind = type(value)
        if kind in PLAIN:
            self.text.append(f"{kind.__name__}\x1f{value!r}")
        elif kind is Quantity or kind is Label:
            self.write(kind.__name__, value.source)
        elif isinstance(value, Path):
            self.write("path", value.name)  # where a file lies changes from run to run, and no picture
        elif isinstance(value, ATOMS):
            self.write(kind.__name__, repr(value))
        elif id(value) in self.ignored:
            self.write("ignored")
        elif id(value) in self.seen:
            self.text.append(f"seen\x1f{self.seen[id(value)]}")
        else:
            self.seen[id(value)] = len(self.seen)
            self.alive.append(value)
            self._read_once(value)

    def _read_once(self, value: Any) -> None:
        self.text.append(type(value).__qualname__)
        if isinstance(value, np.ndarray):
            self._read_array(value)
        elif isinstance(value, Trace):
            self.write(value.prefix, sorted(value.picks.items()))
        elif isinstance(value, Mapping):
            self.write(len(value))
            for key, item in value.items():
                self.read(key)
                self.read(item)
        elif isinstance(value, set | frozenset):
            self.write(*sorted(map(repr, value)))
        elif isinstance(value, list | tuple | KeysView | ValuesView | ItemsView):
            self.write(len(value))
            for item in value:
                self.read(item)
        elif isinstance(value, CODE):
            self._read_code(value)
        elif isinstance(value, types.GeneratorType):
            self.read(value.gi_frame.f_locals if value.gi_frame else None)
            self.read(value.gi_yieldfrom)
        else:
            self._read_object(value)

    def _read_array(self, value: np.ndarray) -> None:
        self.write(value.dtype.str, value.shape)
        if value.dtype.hasobject:
            self.read(value.tolist())
        else:
            self._flush()
            self.hash.update(value.tobytes())

    def _read_object(self, value: Any) -> None:
        state = getattr(value, "__dict__", {})
        kind: Any = type(value)
        names = _names(kind, tuple(state))
        for name in names:
            self.text.append(name)
            self.read(state[name] if name in state else getattr(value, name, None))
        if not names:
            with suppress(TypeError):  # made by C, as partial functions and iterators are: by what copies them
                self.read(value.__reduce_ex__(2))

    def _read_code(self, value: Any) -> None:
        if isinstance(value, types.MethodType):
            self.read(value.__self__)
            self.read(value.__func__)
        elif isinstance(value, types.FunctionType):
            self.read(value.__code__)
            self.read(value.__defaults__)
            self.read(tuple(_content(cell) for cell in value.__closure__ or ()))
        elif isinstance(value, types.CodeType):
            self.write(value.co_code, value.co_names)
            self.read(value.co_consts)
        else:
            self.write(getattr(value, "__module__", ""), getattr(value, "__qualname__", value.__name__))


@lru_cache(maxsize=4096)
def _names(kind: type, own: tuple[str, ...]) -> list[str]:
    """The attributes of an object in order: its `own`, and those in slots of its classes."""
    names = set(own)
    for base in kind.__mro__:
        slots = base.__dict__.get("__slots__", ())
        names |= {slots} if isinstance(slots, str) else set(slots)
    return sorted(name for name in names if not name.startswith("__") and name not in ADDRESSES)


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return "empty"


@cache
def libraries() -> dict[str, str]:
    """The version of each library that draws or encodes."""
    return {name: version(name) for name in LIBRARIES}


def toolchain() -> str:
    """The Python and the libraries that a picture depends on besides our code."""
    python = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
    return " ".join([python, *(f"{name} {number}" for name, number in libraries().items())])


def without_steps(file: Path) -> str:
    """The code of a chapter's file but for the storyboards, which are generators: what they make is met on the stage.

    Other functions may run while a picture is drawn.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _tells(node):
            node.body = [ast.Pass()]
    return ast.unparse(tree)


def _tells(node: ast.AST) -> bool:
    """Return True if a function is a generator itself."""
    return any(
        isinstance(part, ast.Yield | ast.YieldFrom)
        or (not isinstance(part, ast.FunctionDef | ast.Lambda | ast.ClassDef) and _tells(part))
        for part in ast.iter_child_nodes(node)
    )


def source(folder: Path, *without: Path) -> str:
    """A hash of every Python file and every table beside them under `folder`, but for those in or under `without`."""
    start, files = len(str(folder)), sorted(_python(str(folder), set(map(str, without))))
    return hashed(*(f"{path[start:]}\x1e{content(path)}" for path in files))


def _python(folder: str, apart: set[str]) -> Iterator[str]:
    """The Python files and tables under a folder that are not `apart`."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.path in apart:
                continue
            if entry.is_dir():
                yield from _python(entry.path, apart)
            elif entry.name.endswith((".py", ".toml")):
                yield entry.path
