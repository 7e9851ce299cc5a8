"""Every line of the terminal goes through one function, and nothing in it can move the cursor."""

import ast
import unicodedata
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scenes.cli.output import plain, tell

SCENES = Path(__file__).resolve().parents[2] / "scenes"
#: Ends of lines, escapes of a terminal, marks that turn a line around, what is not seen.
HOSTILE = "\n\r\t\v\f\b\x00\x07\x1b\x7f\x85\x9b\u2028\u2029\u202a\u202e\u2066\u2069\u200b\u200f\ufeff\U000e0041\udc80"


def test_nothing_that_moves_the_cursor_or_turns_a_line_is_left():
    assert plain(f"a{HOSTILE}b") == f"a{'·' * len(HOSTILE)}b"


def test_letters_signs_and_spaces_of_all_languages_stay():
    text = "El coche está; 日本語 عربي 🚗 “red” 1\u202f234\u00a05 é"
    assert plain(text) == text


@given(st.text())
def test_a_line_stays_one_line_of_the_same_length(text):
    said = plain(text)
    assert len(said) == len(text)
    assert len(said.splitlines()) == bool(text)
    assert {unicodedata.category(char) for char in said} & {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"} == set()


def test_each_text_is_said_as_one_line(capsys):
    tell("two\nlines", "", "\x1b[2J")
    tell("wrong\u202e", err=True)
    assert capsys.readouterr() == ("two·lines\n\n·[2J\n", "wrong·\n")


def test_all_that_is_said_goes_through_it():
    """But JSON for programs, which has its own way to write what is no letter."""
    said = {"click.echo", "click.secho", "print"}
    others = {
        f"{path.relative_to(SCENES)}: {ast.unparse(node)[:40]}"
        for path in SCENES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in said
    }
    assert others == {
        "cli/test.py: click.secho(f'── {name}', bold=True)",
        "cli/test.py: click.echo('all checks passed')",
        "cli/output.py: click.echo(json.dumps(content, ensure_as",
        "cli/output.py: click.echo(plain(line), err=err)",
    }
