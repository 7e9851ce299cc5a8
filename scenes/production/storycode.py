"""The code of a step: what a chapter runs from one `yield Step` to the next.

A storyboard is a generator that may hand over to others (`yield from self.part(...)`). Between two steps it runs the
statements after one `yield` up to the next, in each of the generators on the way. All other code of the chapter's file
belongs to every step.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import GeneratorType
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Place:
    """Position of one generator: it has come to `line` of its file."""

    generator: GeneratorType[Any, Any, Any]
    line: int

    @property
    def first(self) -> int:
        return self.generator.gi_code.co_firstlineno

    @property
    def local(self) -> dict[str, Any]:
        return dict(self.generator.gi_frame.f_locals) if self.generator.gi_frame else {}


def places(story: GeneratorType[Any, Any, Any]) -> list[Place]:
    """Return the positions of `story` and of the generators that it has handed over to, outermost first."""
    found = []
    here: Any = story
    while isinstance(here, GeneratorType) and here.gi_frame:
        found.append(Place(here, here.gi_frame.f_lineno))
        here = here.gi_yieldfrom
    return found


class Storyboard:
    """The source of a chapter, cut into the code of each step and the rest."""

    def __init__(self, kind: type) -> None:
        self.file = inspect.getfile(kind)
        tree = ast.parse(Path(self.file).read_text(encoding="utf-8"))
        self.tellers = {_first(node): node for node in _functions(tree) if _tells(node)}
        self.bodies = {first: list(node.body) for first, node in self.tellers.items()}
        for node in self.tellers.values():
            node.body = [ast.Pass()]
        # A teller that other code mentions may run at any time, with all of it.
        self.rest = self._with_mentioned([tree], passed=[])

    def code(self, before: Sequence[Place], here: Sequence[Place]) -> str:
        """The statements that may run after `before` (nothing: from the beginning) up to the yield at `here`."""
        statements: list[ast.AST] = []
        shared = 0
        for old, new in zip(before, here, strict=False):
            if old.generator is not new.generator:
                break
            statements += self._between(old, new)
            shared += 1
        for left in before[shared:]:
            statements += self._between(left, None)
        for entered in here[shared:]:
            statements += self._between(None, entered)
        return self._with_mentioned(statements, passed=[place.first for place in (*before, *here)])

    def _between(self, old: Place | None, new: Place | None) -> list[ast.stmt]:
        """The statements of one generator after `old` up to `new`; one with a block inside counts whole."""
        place = new or old
        assert place is not None
        if place.generator.gi_code.co_filename != self.file:
            return []
        # A generator inside another function counts with that function.
        body = self.bodies.get(place.first, [])
        end = _holding(body, new.line) + 1 if new else len(body)
        start = 0
        if old is not None:
            start = _holding(body, old.line)
            if not hasattr(body[start], "body") and start + 1 < end + (new is None):
                start += 1
        return body[start:end]

    def _with_mentioned(self, nodes: Sequence[ast.AST], passed: Sequence[int]) -> str:
        """The text of `nodes`, and of the tellers that they mention but that are not `passed`, and so on."""
        texts, waiting, done = [], list(nodes), set(passed)
        while waiting:
            node = waiting.pop(0)
            texts.append(ast.unparse(node))
            names = {getattr(part, "attr", None) or getattr(part, "id", None) for part in ast.walk(node)}
            for first, teller in self.tellers.items():
                if teller.name in names and first not in done:
                    done.add(first)
                    waiting += self.bodies[first]
        return "\n".join(texts)


def _holding(body: Sequence[ast.stmt], line: int) -> int:
    """The position of the statement that `line` is in."""
    return max((i for i, statement in enumerate(body) if statement.lineno <= line), default=0)


def _functions(tree: ast.AST) -> Iterator[Function]:
    """Functions of a module and methods of its classes; not those inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node)


def _first(node: Function) -> int:
    """The first line as a code object counts it: with decorators."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _tells(node: ast.AST) -> bool:
    """Return True if a function is a generator itself."""
    return any(
        isinstance(part, ast.Yield | ast.YieldFrom)
        or (not isinstance(part, Function | ast.Lambda | ast.ClassDef) and _tells(part))
        for part in ast.iter_child_nodes(node)
    )
