"""The page that maps the notes to the lecture names chapters and steps that exist, and figures that hold."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from scenes.production.repertoire import parts, repertoire
from scenes.stage.reading import read

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| (?P<asked>[^|]+) \| (?P<chapter>[a-z_]+) \| (?P<step>[^|]+) \| (?P<told>[^|]+) \|$", re.MULTILINE
)
ROWS = [row.groupdict() for row in ROW.finditer(PAGE)]
#: Headings of the notes, and questions that they leave open, by a word that nobody would leave out.
NOTES = """Basics|Transformers vs LSTMs|Encoder architecture|Each section|Attention details|Q, K, V|Formula part 1|
Formula part 2|√d_k mean|Softmax|Residual layers|Add|Norm|Position-wise FFN|linearity|FAQ|Decoder architecture|
Positional encoding|So confusing|order can't be traced|LSTM the order is known|Training|Inference|Interpretability|
Arguing|Tasks|attributes|low attention to themselves"""


def titles_of(source: str) -> list[str]:
    """Every title that a chapter gives a step, with "{...}" for what is filled in."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    takes_title = {f.name for f in functions if any(argument.arg == "title" for argument in f.args.args)}
    given = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", None) or getattr(call.func, "attr", "")
        if name == "Step":
            given += [call.args[0]]
        elif name in takes_title:
            given += call.args
    return [text for node in given for text in texts(node)]


def texts(node: ast.AST) -> list[str]:
    """The texts that an expression may be."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr():
            return [ast.unparse(node)[2:-1]]
        case ast.IfExp():
            return texts(node.body) + texts(node.orelse)
        case ast.Call(func=ast.Name(id="claim"), args=[_, sentence, otherwise]):
            return texts(sentence) + texts(otherwise)
    return []


@cache
def titles(chapter: str) -> list[str]:
    found = parts([chapter])[0].entries[0]
    assert found.name == chapter
    return titles_of(found.path.read_text(encoding="utf-8"))


def missing(rows: list[dict[str, str]]) -> list[str]:
    """The rows whose step no chapter has."""
    return [f"{row['chapter']}: {row['step']}" for row in rows if row["step"] not in titles(row["chapter"])]


def test_every_line_of_every_table_is_read():
    lines = [line for line in PAGE.splitlines() if line.startswith("|")]
    tables = PAGE.count("\n|---|")
    assert len(ROWS) == len(lines) - 2 * tables


def test_every_step_that_the_page_names_exists():
    assert missing(ROWS) == []


def test_a_step_that_does_not_exist_is_found():
    assert missing([{"chapter": "scores", "step": "Every pair sings"}]) == ["scores: Every pair sings"]


def test_every_chapter_is_named_and_the_question_that_closes_it_is_answered():
    names = {chapter.name for chapter in repertoire()}
    assert {row["chapter"] for row in ROWS} == names
    assert {row["asked"] for row in ROWS} >= names


@pytest.mark.parametrize("word", [word.strip() for word in NOTES.replace("\n", "").split("|")])
def test_nothing_of_the_notes_is_left_out(word):
    assert any(word in row["asked"] for row in ROWS)


def told(part: str) -> str:
    """Return what the page says in the row whose first cell contains `part`."""
    (row,) = [row["told"] for row in ROWS if part in row["asked"]]
    return row


def test_the_figures_of_the_page_are_those_of_the_trace():
    trace = read("The car is red")
    scores, roles = trace["roles.score"], trace["parameters.shares_by_kind"]
    assert f"{scores.pick(role='determiner->noun').values.max():.0%}" in told("Q_the")
    assert f"{scores.pick(role='noun->adjective').values.max():.0%}" in told("my attributes")
    assert f"{float(trace['roles.mean_self_attention']):.0%}" in told("low attention")
    for name, share in zip(roles.labels["part"][:3], roles.values, strict=False):
        assert f"{name} {share:.0%}" in told("parameters by layer").lower()
    car = [trace[f"encoder.{layer}.self_attn.weights"].pick(batch=0, query="car").values.max(0) for layer in (0, 1)]
    assert all(max(rows[key] for rows in car) > 0.98 for key in (0, 2, 3))
    assert f"{max(rows[1] for rows in car):.0%}" in told("low attention")
    systems = trace["experiment.against_lstm.exact.over_seeds"]
    assert all(f"{share:.0%}" in told("Transformers vs LSTMs") for share in systems.values)
    spare = trace.under("experiment.spare_heads")
    assert f"{100 * spare['added_up']:.1f} points singly, {100 * spare['together']:.1f} together" in told(
        "interpretation"
    )
