"""The chapters, found by looking, in the order of their numbers.

A chapter is a file `c06_scores.py`, or a folder `c06_scores` whose `chapter.py` stands beside what it alone draws.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Manim takes a second to import, and a list of chapters needs none of it
    from scenes.stage.chapter import Chapter

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
#: Chapters that belong together and are rendered as one film.
GROUPS = {"attention": ("qkv", "scores", "weighting")}


@dataclass(frozen=True, order=True)
class Entry:
    """A chapter as its file states it; nothing is imported to know this much."""

    number: int
    name: str
    title: str
    about: str
    kind: str
    path: Path
    needs: tuple[str, ...] = ()

    @property
    def files(self) -> list[Path]:
        """The chapter's own Python files: one, or all of its folder."""
        has_folder = self.path.stem == "chapter" or (self.inside and self.path.parent != CHAPTERS)
        return sorted(self.path.parent.glob("*.py")) if has_folder else [self.path]

    @property
    def inside(self) -> Path | None:
        """The path below the chapters of the package; None for a chapter of the user's."""
        return self.path.relative_to(CHAPTERS) if self.path.is_relative_to(CHAPTERS) else None

    def load(self) -> type[Chapter]:
        """The class of the chapter."""
        if self.inside:
            module = importlib.import_module(".".join(["scenes.chapters", *self.inside.with_suffix("").parts]))
            return getattr(module, self.kind)
        name = f"_chapter_{self.path.stem}"
        spec = importlib.util.spec_from_file_location(name, self.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return getattr(module, self.kind)


def repertoire(folder: Path = CHAPTERS) -> list[Entry]:
    """Every chapter of `folder`: every class with a `number`, a `title` and `steps`."""
    paths = [*folder.glob("*.py"), *folder.glob("*/chapter.py")]
    return sorted(entry for path in paths for entry in entries_in(path))


def entries_in(path: Path) -> list[Entry]:
    """The chapters in one file, which is read and not run."""
    classes = [n for n in ast.parse(path.read_text(encoding="utf-8"), str(path)).body if isinstance(n, ast.ClassDef)]
    return [entry for node in classes if (entry := _entry(node, path))]


def _entry(node: ast.ClassDef, path: Path) -> Entry | None:
    facts: dict[str, object] = {}
    for line in node.body:
        if isinstance(line, ast.Assign | ast.AnnAssign) and isinstance(line.value, ast.Constant | ast.Tuple):
            targets = line.targets if isinstance(line, ast.Assign) else [line.target]
            value = ast.literal_eval(line.value)
            facts |= {target.id: value for target in targets if isinstance(target, ast.Name)}
    if not isinstance(facts.get("number"), int) or not isinstance(facts.get("title"), str):
        return None
    about = (ast.get_docstring(node) or "").partition("\n")[0]
    name = re.sub(r"^[a-z]?\d+_", "", stem_of(path))
    needs = facts.get("needs")
    needed = needs if isinstance(needs, tuple) else ()
    return Entry(int(str(facts["number"])), name, str(facts["title"]), about, node.name, path, needed)


def stem_of(path: Path) -> str:
    """Return the name of a chapter's file, or of its folder."""
    return path.parent.name if path.stem == "chapter" else path.stem


def chosen(names: Sequence[str], folder: Path = CHAPTERS) -> list[Entry]:
    """The chapters called `names`, groups resolved, in the order of the lecture; all of them for no name.

    Raises:
        ValueError: there is no chapter or group of that name; the line lists those that there are.
    """
    entries = repertoire(folder)
    known = {entry.name for entry in entries}
    wanted: set[str] = set()
    for name in names:
        members = {name} if name in known else set(GROUPS.get(name, ())) & known
        if not members:
            groups = [group for group, parts in GROUPS.items() if known & set(parts)]
            raise ValueError(f"no chapter {name!r}; there are: {', '.join([*groups, *(e.name for e in entries)])}")
        wanted |= members
    if not entries:
        raise ValueError(f"there is no chapter in {folder}")
    return [entry for entry in entries if not names or entry.name in wanted]
