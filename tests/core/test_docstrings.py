"""Docstrings of the studies begin with a noun or an imperative, as the field writes them."""

import ast
import re
from pathlib import Path

import transformer_core

STUDIES = Path(transformer_core.__file__).parent / "studies"
#: First words that announce a riddle instead of naming a thing.
INDIRECT = re.compile(r"(What|One that|Whether|By how|How|Why|Which|Where|Who|Whose|When|So many|So much)\b")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def test_a_docstring_of_the_studies_begins_with_what_a_thing_is_or_does():
    found = [
        f"{path.relative_to(STUDIES.parents[1])}:{node.body[0].lineno}: {text.splitlines()[0]}"
        for path in sorted(STUDIES.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)) and INDIRECT.match(text)
    ]
    assert not found, "say what it is or does:\n" + "\n".join(found)
