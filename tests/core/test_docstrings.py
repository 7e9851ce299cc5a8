"""Docstrings begin with a noun or an imperative, as the field writes them."""

import ast
import re
from pathlib import Path

import scenes
import transformer_core

ROOMS = [Path(package.__file__).parent for package in (scenes, transformer_core)]
#: First words that announce a riddle instead of naming a thing.
INDIRECT = re.compile(r"(What|One that|Whether|By how|How|Why|Which|Where|Who|Whose|When|So many|So much)\b")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def test_a_docstring_begins_with_what_a_thing_is_or_does():
    found = [
        f"{path.relative_to(room.parent)}:{node.body[0].lineno}: {text.splitlines()[0]}"
        for room in ROOMS
        for path in sorted(room.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)) and INDIRECT.match(text)
    ]
    assert not found, "say what it is or does:\n" + "\n".join(found)
