"""Every small change of a Python file: mutmut's table of mutations, applied wherever code can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper
from mutmut.mutation.mutators import mutation_operators

#: Words for people, and what only a type checker or `import *` reads.
LEFT_ALONE = (cst.Annotation, cst.Import, cst.ImportFrom, cst.TypeParameters)
GLOSSARIES = {"AXES", "STUDY_AXES", "__all__"}


@dataclass(frozen=True)
class Change:
    """One change: the whole `source` after it, and the first line that differs, before and after."""

    file: str
    line: int
    was: str
    now: str
    source: str


def changes(path: Path) -> list[Change]:
    """Every change of the file at `path` that is still Python, each once."""
    original = path.read_text(encoding="utf-8")
    module = MetadataWrapper(cst.parse_module(original)).module  # in which no node stands twice
    found: dict[str, Change] = {}
    for statement in module.body:
        finder = _Finder()
        statement.visit(finder)
        for node, new in finder.found:
            now = statement.deep_remove(node) if new is None else statement.deep_replace(node, new)
            source = module.with_changes(body=[now if part is statement else part for part in module.body]).code
            if source != original and source not in found and _is_python(source):
                found[source] = _told(path.name, original, source)
    return sorted(found.values(), key=lambda change: change.line)


class _Finder(cst.CSTVisitor):
    """Collects pairs of a node and what may stand in its place; None takes it away."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[cst.CSTNode, cst.CSTNode | None]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Decorator):
            self.found.append((node, None))
            return False
        if isinstance(node, LEFT_ALONE) or _is_docstring(node) or _is_for_readers(node):
            return False
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                self.found.extend((node, new) for new in operator(node))
        return True


def _is_docstring(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString | cst.ConcatenatedString)


def _is_for_readers(node: cst.CSTNode) -> bool:
    """Return True if `node` gives a name to a type, or is a glossary."""
    if not isinstance(node, cst.Assign) or not isinstance(node.targets[0].target, cst.Name):
        return False
    name = node.targets[0].target.value
    return name in GLOSSARIES or (isinstance(node.value, cst.Subscript) and name[0].isupper() and not name.isupper())


def _is_python(source: str) -> bool:
    try:
        compile(source, "changed", "exec")
    except SyntaxError:
        return False
    return True


def _told(file: str, original: str, source: str) -> Change:
    before, after = original.splitlines(), source.splitlines()
    at = next(_differing(before, after))
    now = after[at].strip() if len(after) >= len(before) else f"(without) {before[at].strip()}"
    return Change(file, at + 1, before[at].strip(), now, source)


def _differing(before: list[str], after: list[str]) -> Iterator[int]:
    return (at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other)
