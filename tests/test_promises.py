"""Each promise of the documentation names the test that holds it, or the command that measured it.

A promise is a sentence with a word such as "never", "every" or "refused" (`PROMISE`). Its block, which is a paragraph,
an item of a list or a row of a table, carries a comment that a reader of the rendered page does not see:

    A text is refused. <!-- held by tests/core/test_masks.py::test_name -->

`<!-- measured by command -->` stands for figures, and above a table for all of its rows. A decision record is history,
so that only the record as a whole has to name a test. The tests of this file look for the comments, and whether what
they name exists; whether a test really holds its sentence has to be read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
#: What was found is no promise: of these pages only the introduction is walked. The experiments are written from
#: recorded results, and each row of questions.md and of the glossary points at a step that says it.
FINDINGS = {"questions.md", "glossary.md", *(page.name for page in (ROOT / "docs").glob("experiments*.md"))}
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
PROMISE = re.compile(
    r"\b(never|always|cannot|nothing|nobody|only|every|each|all|exactly|equals?|bit by bit|bit for bit|same bytes|"
    r"same film|at most|at least|refuse[sd]?|offline|safe|guarantee[sd]?|whole|goes on where|is not run|"
    r"one line|no network|without a network)\b",
    re.IGNORECASE,
)
#: What is no sentence of a page: comments, pictures and captions of pictures, code, addresses, and "at all".
ASIDE = re.compile(
    r"<!--.*?-->|!\[[^\]]*\]|^\|( \*[^|]+\* \|)+$|`[^`]*`|\]\([^)]*\)|https?://\S+|\bat all\b|\b[Aa]ll-MiniLM\S*",
    re.DOTALL | re.MULTILINE,
)
REFERENCE = re.compile(r"<!-- (held|measured) by\s+(.*?) -->", re.DOTALL)
TEST = re.compile(r"tests/[\w/]+\.py::test_\w+(\[[^\]]+\])?")


class Block(NamedTuple):
    """A paragraph, an item of a list or a row of a table, with the comment above its table."""

    page: str
    line: int
    text: str
    above: str = ""

    def promises(self) -> list[str]:
        """The sentences of this block that promise something, without code, addresses and comments."""
        shown = re.sub(ASIDE, " ", self.text)
        sentences = re.split(r"(?<=[.!?])\s+|\|", " ".join(shown.split()))
        return [
            sentence.strip(" -*") for sentence in sentences if PROMISE.search(sentence) and not sentence.endswith("?")
        ]

    def is_held(self) -> bool:
        """Check that the block names a test or a command."""
        return bool(REFERENCE.search(self.text)) or "measured by" in self.above


def blocks(page: str, text: str) -> Iterator[Block]:
    """The blocks of a page in Markdown; headings and code are none."""
    text = re.sub(r"^```.*?^```", lambda code: "\n" * code[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE)
    line = 1
    for paragraph in re.split(r"(?<=\n)(?=[ \t]*\n)", text):
        above = ""
        if all(row.startswith("    ") for row in paragraph.splitlines() if row):  # code
            line += paragraph.count("\n")
            continue
        for part in re.split(r"(?<=\n)(?=\||[ ]*[-*] |[ ]*\d+\. |#)", paragraph):
            at, line = line + len(part) - len(part.lstrip("\n")), line + part.count("\n")
            if part.strip().startswith("<!--") and part.strip().endswith("-->"):
                above = part
            elif part.strip() and not re.match(r"\s*#|\s*\|[-:| ]+\|?\s*$", part):
                yield Block(page, at, part, above if part.startswith("|") else "")


def unheld(page: str, text: str) -> list[str]:
    """The promises of a page that name no test and no command, with their lines."""
    if page in FINDINGS:
        text = text.partition("\n## ")[0]
    found = [block for block in blocks(page, text) if not block.is_held()]
    return [f"{block.page}:{block.line}: {sentence}" for block in found for sentence in block.promises()]


def named(text: str) -> list[str]:
    """The tests that the comments of a text name."""
    text = re.sub(r"`[^`\n]*`", "", text)
    return [test for kind, what in REFERENCE.findall(text) if kind == "held" for test in re.split(r"[,\s]+", what)]


@cache
def functions_of(path: str) -> frozenset[str]:
    """The names of the test functions in a file."""
    if not (ROOT / path).is_file():
        return frozenset()
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def missing(text: str) -> list[str]:
    """The tests that a text names and that do not exist, and the scripts among its commands that do not."""
    commands = [what for kind, what in REFERENCE.findall(text) if kind == "measured"]
    scripts = [word for what in commands for word in what.split() if word.endswith(".py")]
    wrong = [script for script in scripts if not (ROOT / script).is_file()]
    for test in named(text):
        path, _, name = test.partition("::")
        if not TEST.fullmatch(test) or name.partition("[")[0] not in functions_of(path):
            wrong.append(test)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_promise_of_a_page_names_the_test_that_holds_it_or_the_command_that_measured_it(page):
    assert unheld(page.name, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_every_decision_names_a_test_that_holds_it(page):
    assert named(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "page", sorted({*PAGES, *DECISIONS, *(ROOT / "docs").rglob("*.md")}), ids=lambda page: page.stem
)
def test_every_test_that_a_page_names_exists(page):
    assert missing(page.read_text(encoding="utf-8")) == []


HELD = "<!-- held by tests/test_promises.py::test_a_promise_without_a_test_is_found -->"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A file is never lost.", ["page:1: A file is never lost."]),
        (f"A file is never lost. {HELD}", []),
        (f"A file is never lost.\n{HELD}\n", []),
        (f"Some text. {HELD}\n\nA file is\nnever lost.", ["page:3: A file is never lost."]),
        (f"- One. {HELD}\n- Every file is whole.\n", ["page:2: Every file is whole."]),
        (
            f"| what | how |\n|---|---|\n| links | refused |\n| pipes | refused {HELD} |\n",
            ["page:3: refused"],
        ),
        ("<!-- measured by python x.py -->\n| what | at most |\n|---|---|\n| a | 1 |\n", []),
        ("<!-- measured by python x.py -->\n\n| what | at most |\n|---|---|\n| a | 1 |\n", ["page:3: at most"]),
        ("Is every file whole?", []),
        ("```sh\nnever\n```\n\n    never\n\n# Never\n\n`always` at all ![every](picture.png)\n", []),
    ],
)
def test_a_promise_without_a_test_is_found(text, found):
    assert unheld("page", text) == found


@pytest.mark.parametrize(
    ("name", "exists"),
    [
        ("tests/test_promises.py::test_a_promise_without_a_test_is_found", True),
        ("tests/test_promises.py::test_a_promise_without_a_test_is_found[a-b]", True),
        ("tests/test_promises.py::test_a_promise_of_the_moon_is_held", False),
        ("tests/test_promises.py::missing", False),
        ("tests/test_nowhere.py::test_a_promise_without_a_test_is_found", False),
        ("somebody", False),
    ],
)
def test_a_test_that_does_not_exist_is_found(name, exists):
    assert missing(f"Nothing is lost. <!-- held by {name} -->") == ([] if exists else [name])


def test_a_script_that_does_not_exist_is_found():
    assert missing("At most 3 s. <!-- measured by python tests/benchmarks/moon.py --quick -->") == [
        "tests/benchmarks/moon.py"
    ]
