"""Dependencies of the rooms on each other, and what a chapter may not contain."""

import ast
import re
import subprocess
import sys
import tokenize
from io import StringIO
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "scenes" / "chapters"
CHAPTERS = sorted({*FOLDER.glob("[!_]*.py"), *FOLDER.rglob("chapter.py"), *FOLDER.glob("compared/side_by_side.py")})
SOURCES = sorted([*(ROOT / "scenes").rglob("*.py"), *(ROOT / "transformer_core").rglob("*.py")])

#: What a chapter may import of Manim: groups, and the directions for placing by relation.
FROM_MANIM = {"VGroup", "Group", "Mobject", "UP", "DOWN", "LEFT", "RIGHT", "UL", "UR", "DL", "DR"}
#: Where a chapter may import from besides.
IMPORTS = (
    "__future__",
    "collections.abc",
    "scenes.animations",
    "scenes.chapters.c",
    "scenes.layout",
    "scenes.mobjects",
    "scenes.stage.chapter",
    "scenes.theme",
    "transformer_core.studies.focus",
    "transformer_core.studies.measures",
    "transformer_core.studies.decoder_rows",
    "transformer_core.tracing.provenance",
    "transformer_core.tracing.trace",
)
DIRECTIONS = {"UP", "DOWN", "LEFT", "RIGHT", "UL", "UR", "DL", "DR", "IN", "OUT"}
TIMES = {"run_time", "duration", "lag_ratio", "rate_func"}
LOOKS = {"color", "colour", "fill_color", "stroke_color", "fill_opacity", "stroke_width", "font_size", "size"}
PLAYS = {"play", "wait", "pause"}
CHANCE = {"random", "rand", "randn", "randint", "normal", "shuffle", "choice", "seed", "default_rng"}
#: Classes of Manim that typeset with LaTeX, and what programs are called.
LATEX = set(
    "Tex MathTex SingleStringMathTex Matrix DecimalMatrix IntegerMatrix DecimalNumber Integer MathTable DecimalTable "
    "IntegerTable Title BulletedList Variable BarChart".split()
)
PROGRAMS = {"latex", "pdflatex", "xelatex", "dvisvgm", "ffmpeg", "ffprobe"}


def called(node: ast.Call) -> str:
    """The name that is called, as `x.name(...)` or `name(...)`."""
    return getattr(node.func, "attr", None) or getattr(node.func, "id", "")


def is_number(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def is_direction(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in DIRECTIONS


def faults(tree: ast.AST) -> list[str]:
    """Every literal coordinate, colour, duration, size and random call of a chapter, and every wrong import."""
    found = [(node, what) for node in ast.walk(tree) if (what := fault(node))]
    return [f"line {node.lineno}: {what}: {ast.unparse(node)[:80]}" for node, what in found]


def fault(node: ast.AST) -> str:
    """Return what is wrong with `node` alone; "" for most."""
    match node:
        case ast.Constant(value=str(text)) if re.fullmatch("#[0-9a-fA-F]{3,8}", text):
            return "colour"
        case ast.List(elts=parts) | ast.Tuple(elts=parts) if len(parts) in {2, 3} and all(map(is_number, parts)):
            return "coordinate"
        case ast.BinOp(left=left, right=right) if is_direction(left) or is_direction(right):
            return "coordinate"
        case ast.keyword(arg="buff" | "shift", value=value) if is_number(value):
            return "gap"
        case ast.keyword(arg=arg) if arg in TIMES:
            return "duration"
        case ast.keyword(arg=arg, value=ast.Constant()) if arg in LOOKS:
            return "look"
        case ast.Call() if called(node) in PLAYS:
            return "duration"
        case ast.Call() if called(node) in CHANCE:
            return "chance"
        case ast.ImportFrom(module="manim", names=names) if {name.name for name in names} - FROM_MANIM:
            return "belongs into mobjects or animations"
        case ast.ImportFrom(module=module) if module != "manim" and not str(module).startswith(IMPORTS):
            return "not for a chapter"
        case ast.Import():
            return "not for a chapter"
    return ""


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_chapter_contains_a_coordinate_a_colour_a_duration_a_size_or_a_random_call(chapter):
    assert not faults(ast.parse(chapter.read_text(encoding="utf-8")))


#: Calls that count, choose or round, and take no size; of the first two only what is given first.
COUNTS = {"rows", "columns", "range", "pick", "quantity", "round", "enumerate", "zip", "split", "under"}
#: Neighbours, halves and squares are no sizes, unless they are handed to a figure.
NO_SIZES = {0, 1, 2}
MAY_BE_SMALL = {"rows", "columns", "max", "min"}


def bare_numbers(tree: ast.AST) -> list[str]:
    """Every number that is not counted, compared or looked up by: a size, a place or a duration in disguise."""
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}

    def is_size(node: ast.AST) -> bool:
        parent = above.get(node)
        match parent:
            case None | ast.Compare() | ast.Subscript() | ast.FormattedValue():
                return False
            case ast.Assign(targets=[ast.Name("number")]):
                return False
            case ast.Call(args=args) if called(parent) in COUNTS:
                return called(parent) in {"rows", "columns"} and node in args[1:]
        return isinstance(parent, ast.stmt) or is_size(parent)

    found = [node for node in ast.walk(tree) if is_number(node) and is_size(node)]
    return [
        f"line {node.lineno}: {ast.unparse(node)} in {ast.unparse(above[node])[:80]}"
        for node in found
        if ast.literal_eval(node) not in NO_SIZES
        or (isinstance(above[node], ast.Call) and called(above[node]) not in MAY_BE_SMALL)
    ]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_chapter_hands_a_bare_number_to_a_figure(chapter):
    assert bare_numbers(ast.parse(chapter.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_chapter_keeps_anything_on_itself_between_its_steps(chapter):
    kept = [
        ast.unparse(target)
        for node in ast.walk(ast.parse(chapter.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign)
        for target in ast.walk(ast.Tuple(elts=node.targets))
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self"
    ]
    assert kept == []


@pytest.mark.parametrize(
    "planted",
    [
        "Plot(x, 1250)",
        "room.split_rows(96)",
        "WIDE = 1480",
        "A, B = 40, wide",
        "Arcs(words, room=Room(0, 1, 2, 3))",
        "room.columns(2, 80)",
        "Plot(x, 1250 * wide)",
        "sizes = {'wide': 480}",
        "def f(wide=480): pass",
        "Box(max(400, wide))",
        "Box(wide * 0.66)",
        "Room(*(96, top, 1824, top))",
    ],
)
def test_a_planted_bare_number_is_found(planted):
    assert bare_numbers(ast.parse(planted))


@pytest.mark.parametrize(
    "planted",
    [
        "x.move_to([1, 2, 0])",
        "x.shift(2 * UP)",
        "x.next_to(y, buff=0.3)",
        "x.set(color='#ff0000')",
        "Words('a', font_size=24)",
        "FadeIn(x, run_time=2)",
        "self.wait(1)",
        "rng.normal()",
        "from manim import BLUE",
        "import numpy as np",
    ],
)
def test_a_planted_literal_is_found(planted):
    assert faults(ast.parse(planted))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_typesets_with_latex_or_runs_ffmpeg(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "manim":
            assert not {name.name for name in node.names} & LATEX, path
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value not in PROGRAMS, path


def test_imports_point_one_way():
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


#: The store of a film asks the models by name: a film of a trace that is there already needs no torch either.
WITHOUT_TORCH = ("transformer_core", "transformer_core.tracing.trace", "scenes.production.drawing",
                 "scenes.production.studio", "transformer_core.pretrained.model_registry")  # fmt: skip


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_torch_is_not_imported_by_what_draws(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules or 'jaxtyping' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def lines_of_code(source):
    """The lines that hold code: neither blank, nor a comment alone, nor in a docstring."""
    told = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            told |= {*range(node.body[0].lineno, node.body[0].end_lineno + 1)}
    held = set()
    for token in tokenize.generate_tokens(StringIO(source).readline):
        if token.string.strip() and token.type != tokenize.COMMENT:
            held |= {*range(token.start[0], token.end[0] + 1)}
    return len(held - told)


def test_lines_of_code_are_counted_without_comments_docstrings_and_blanks():
    told = '"""Told.\n\nTold."""\n\n# told\n'
    code = 'def code():\n    """Told."""\n    x = """code\n\n    """  # told\n    return x\n'
    assert lines_of_code(told + code) == 5


def test_the_model_and_what_reads_it_take_at_most_five_thousand_lines_of_code():
    core = ROOT / "transformer_core"
    rooms = [core / room for room in ("", "tracing", "text", "decoding", "training", "interpret", "pretrained")]
    counts = {path: lines_of_code(path.read_text(encoding="utf-8")) for room in rooms for path in room.glob("*.py")}
    assert len(counts) > 50
    assert sum(counts.values()) <= 5000


def test_the_whole_core_takes_less_than_thirteen_thousand_lines_of_code():
    counts = [lines_of_code(path.read_text(encoding="utf-8")) for path in (ROOT / "transformer_core").rglob("*.py")]
    assert len(counts) > 100
    assert sum(counts) < 13_000


def test_the_core_imports_no_manim():
    core = "transformer_core.studies.sentence.read"
    code = f"import sys, {core}; sys.exit('manim' in sys.modules or 'scenes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_class_name_has_one_home():
    """Chapters aside, which have the names of their subjects."""
    homes: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and "Chapter" not in map(ast.unparse, node.bases):
                homes.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}
