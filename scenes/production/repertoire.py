"""The chapters, found by looking, in the order of their numbers, and the parts of a lecture that one can ask for.

A chapter is a file `c06_scores.py`, or a folder `c06_scores` whose `chapter.py` stands beside what it alone draws.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Manim takes a second to import, and a list of chapters needs none of it
    from scenes.production.facts import StepFacts
    from scenes.quiz.question import Question
    from scenes.stage.chapter import Chapter
    from transformer_core.tracing.trace import Trace

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
#: A part of a lecture in writing: `scores`, `6`, `3-6` or a file, and after a dot the steps: `.2`, `.2-4`.
PART = re.compile(r"(?P<name>.+?)(?:\.(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?)?", re.DOTALL)
NUMBERS = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
#: Chapters that belong together and are rendered as one film.
GROUPS = {"attention": ("qkv", "scores", "weighting")}


@dataclass(frozen=True, order=True)
class ChapterEntry:
    """A chapter as its file states it; nothing is imported to know this much.

    `text` and `model` are what a lecture file lets this chapter read; without them it reads what the others do.
    """

    number: int
    name: str
    title: str
    about: str
    kind: str
    path: Path
    needs: tuple[str, ...] = ()
    text: str = ""
    model: str = ""

    @property
    def code(self) -> list[str]:
        """All that the chapter itself is made of, as text."""
        return [part for file in self.files for part in (file.name, file.read_text(encoding="utf-8"))]

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
        return getattr(_module_in(self.path), self.kind)

    def questions(self) -> Callable[[Trace], Iterator[Question]] | None:
        """The function that asks about the chapter; None if it asks nothing.

        Those of the lecture lie in `scenes.quiz`. Those of a user's chapter lie in the file beside it that its name and
        `_quiz.py` make, so that a word of a question draws no film anew.

        Raises:
            ValueError: the file is there, and has no function of the chapter's name.
        """
        if self.name != name_of(self.path):  # a second telling of it, of another sentence
            return None
        if self.inside:
            from scenes.quiz import questions_on

            return questions_on(self.name)
        there = self.path.parent if self.path.stem == "chapter" else self.path
        file = there.with_name(f"{there.stem}_quiz.py")
        if not file.is_file():
            return None
        named = re.sub(r"\W", "_", self.name)
        found: Any = vars(_module_in(file)).get(named)
        if found is None:
            raise ValueError(f"{file.name} has no function {named}, which would ask about the chapter {self.name}")
        return found


class _Text(SourceFileLoader):
    """Loads a file from its text, never from bytecode.

    Python takes bytecode for fresh if the file was saved in the same second and is as long as before, as it may be
    while somebody edits a chapter.
    """

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.get_filename(fullname))


def _module_in(path: Path) -> ModuleType:
    """Run the file of a user."""
    name = f"_chapter_{path.stem}"
    loader = _Text(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def repertoire(folder: Path = CHAPTERS) -> list[ChapterEntry]:
    """Every chapter of `folder`: every class with a `number`, a `title` and `steps`."""
    return sorted(entry for path in _files(folder) for entry in entries_in(path))


def _files(folder: Path) -> list[Path]:
    return [*folder.glob("*.py"), *folder.glob("*/chapter.py")]


def entries_in(path: Path) -> list[ChapterEntry]:
    """The chapters in one file, which is read and not run."""
    return [*_entries(path, path.read_text(encoding="utf-8"))]


@lru_cache(maxsize=256)
def _entries(path: Path, code: str) -> tuple[ChapterEntry, ...]:
    classes = [node for node in ast.parse(code, str(path)).body if isinstance(node, ast.ClassDef)]
    return tuple(entry for node in classes if (entry := _entry(node, path)))


def _entry(node: ast.ClassDef, path: Path) -> ChapterEntry | None:
    facts: dict[str, object] = {}
    for line in node.body:
        if isinstance(line, ast.Assign | ast.AnnAssign) and isinstance(line.value, ast.Constant | ast.Tuple):
            targets = line.targets if isinstance(line, ast.Assign) else [line.target]
            value = ast.literal_eval(line.value)
            facts |= {target.id: value for target in targets if isinstance(target, ast.Name)}
    if not isinstance(facts.get("number"), int) or not isinstance(facts.get("title"), str):
        return None
    about = (ast.get_docstring(node) or "").partition("\n")[0]
    needs = facts.get("needs")
    needed = needs if isinstance(needs, tuple) else ()
    return ChapterEntry(int(str(facts["number"])), name_of(path), str(facts["title"]), about, node.name, path, needed)


def name_of(path: Path) -> str:
    """Return the name of the chapter in a file, or in a folder of its own: `scores` of `c06_scores.py`."""
    return re.sub(r"^[a-z]?\d+_", "", path.parent.name if path.stem == "chapter" else path.stem)


@dataclass(frozen=True)
class Selection:
    """Chapters that were asked for by one name, and which of their steps, counted through them; all if `first` is 0.

    Without a `last`, they go on to the end.
    """

    name: str
    entries: tuple[ChapterEntry, ...]
    first: int = 0
    last: int = 0

    @property
    def label(self) -> str:
        """A file name part: `scores`, `scores-02`, `scores-02-04`."""
        ends = (self.first, self.last) if self.last > self.first else (self.first,)
        return "-".join([self.name, *(f"{number:02d}" for number in ends if self.first)])

    def of(self, steps: Sequence[StepFacts]) -> list[StepFacts]:
        """Those of `steps`, which are all of the chapters, that belong to this part.

        Raises:
            ValueError: the part ends after the last step; the line says how many there are.
        """
        names = {entry.name for entry in self.entries}
        own = [step for step in steps if step.chapter in names]
        last = self.last or max(len(own), self.first - 1)
        if self.first and not self.first - (not self.last) <= last <= len(own):
            wrong = last if self.first <= len(own) or not self.last else self.first
            raise ValueError(f"there is no step {self.name}.{wrong}: {self.name} has steps 1 to {len(own)}")
        return own[self.first - 1 : last] if self.first else own


def listed(names: Sequence[str]) -> list[str]:
    """Return `names` with lists such as `scores,qkv` taken apart; a file may have a comma in its name."""
    return [part for name in names for part in ([name] if Path(name).exists() else name.split(","))]


def cut(name: str) -> tuple[str, int, int]:
    """Return the name of a part without its steps, and the first and last of these; 0 and 0 for all.

    Raises:
        ValueError: the steps are none.

    >>> cut("scores.2-4"), cut("my.toml.2"), cut("6")
    (('scores', 2, 4), ('my.toml', 2, 2), ('6', 0, 0))
    """
    found = PART.fullmatch(name)
    if found is None or found["first"] is None:
        return name, 0, 0
    first, last = int(found["first"]), int(found["last"] or found["first"])
    if not 1 <= first <= last:
        raise ValueError(f"{name}: steps are counted from 1 on, the first before the last, as in scores.2-4")
    return found["name"], first, last


def parts(names: Sequence[str], folder: Path = CHAPTERS) -> list[Selection]:
    """The parts called `names`: chapters by name, number or file, groups, lists and ranges of them, and their steps.

    Raises:
        ValueError: there is no such chapter, group or number; the line lists those that there are.
    """
    return [_part(*cut(name), folder) for name in listed(names)]


def _part(name: str, first: int, last: int, folder: Path) -> Selection:
    if name.endswith(".py"):
        return _written(Path(name), first, last)
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    alone = sorted(entry for path in _files(folder) if name_of(path) == plain for entry in entries_in(path))
    entries = alone or repertoire(folder)
    known = {entry.name: (entry,) for entry in entries}
    groups = {group: sum((known.get(one, ()) for one in members), ()) for group, members in GROUPS.items()}
    there = {group: members for group, members in groups.items() if members} | known
    if plain in there:
        return Selection(plain, there[plain], first, last)
    if entries and (numbers := NUMBERS.fullmatch(name.strip())):
        low, high = int(numbers[1]), int(numbers[2] or numbers[1])
        found = tuple(entry for entry in entries if low <= entry.number <= high)
        if not {entry.number for entry in found} >= {low, high}:
            raise ValueError(f"no chapter {name}: they are numbered {entries[0].number} to {entries[-1].number}")
        return Selection(found[0].name if len(found) == 1 else f"{low}-{high}", found, first, last)
    raise ValueError(f"no chapter {name!r}; there are: {', '.join(there)}")


def _written(path: Path, first: int, last: int) -> Selection:
    """The chapters in a file of code that was named."""
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    found = tuple(entries_in(path.resolve()))
    if not found:
        raise ValueError(f"no chapter is in {path.name}: a class with a number, a title and steps")
    return Selection("-".join(entry.name for entry in found), found, first, last)
