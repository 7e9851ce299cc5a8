"""The gallery of figures: each primitive has an example, which draws what the trace says, and stands on the page."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest
from figures import AIR, FIGURES, FOLDER, PAGE, ROOT, TEXT, WIDE, example, figure, page, picture
from manim import VGroup
from PIL import Image
from truth import lies
from walking import trace_of

from scenes.layout import faults
from scenes.mobjects.marks import marks_on, misdrawn
from scenes.mobjects.shapes import Box
from scenes.theme import drawn_in

SCENES = ROOT / "scenes"
MOBJECTS = SCENES / "mobjects"
#: These mean no entry of a tensor.
PLAIN = {"Token", "Ribbon", "Formula", "Deck", "MiniMap"}


@pytest.fixture(autouse=True)
def _dark():
    with drawn_in("dark"):
        yield


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_made_of_tensors_and_never_of_a_trace(name):
    """A figure need not know the names under which a model keeps its tensors."""
    made = getattr(import_module(f"scenes.mobjects.{FIGURES[name]}"), name).__init__
    assert not [kind for kind in inspect.get_annotations(made).values() if "Trace" in str(kind)]


def test_what_one_chapter_alone_draws_lies_beside_it_unless_it_stands_on_the_page():
    users = {path.stem: set() for path in MOBJECTS.glob("*.py")}
    for path in SCENES.rglob("*.py"):
        for room in re.findall(r"scenes\.mobjects\.(\w+)", path.read_text(encoding="utf-8")):
            users.setdefault(room, set()).add(path)
    folders = {room: {p.relative_to(SCENES).parts[:2] for p in paths} for room, paths in users.items()}
    alone = {room for room, seen in folders.items() if len(seen) == 1 and next(iter(seen))[0] == "chapters"}
    assert alone - {*FIGURES.values()} == set()


@pytest.mark.parametrize("name", FIGURES)
def test_an_example_is_a_few_lines_that_end_with_the_figure(name):
    lines = example(name).splitlines()
    assert 2 <= len(lines) <= 6
    assert lines[-1].startswith("figure = ")
    assert "Room(" in example(name)


@pytest.mark.parametrize("name", FIGURES)
def test_an_example_draws_what_the_trace_says(name):
    trace = trace_of(TEXT)
    stage = [figure(name, trace)]
    assert [*faults(stage), *lies(stage, trace), *misdrawn(stage, trace)] == []
    assert bool(marks_on(stage)) == (name not in PLAIN)


def test_the_page_is_what_the_docstrings_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "python tests/pictures/figures.py"


def test_a_figure_on_the_page_has_its_picture_and_all_are_small():
    files = [*FOLDER.iterdir()]
    assert {path.stem for path in files} == {*FIGURES}, "python tests/pictures/figures.py"
    assert {Image.open(path).width for path in files} == {WIDE}
    assert all(len(Image.open(path).getcolors()) > 16 for path in files)
    assert sum(path.stat().st_size for path in files) < 500_000


def test_a_picture_is_cut_to_its_figure_and_keeps_its_colours():
    boxes = VGroup(Box(200, 100, "#4C93F0", 0), Box(200, 100, "#E8702E", 0)).arrange(buff=0)
    cut = picture(boxes).convert("RGB")
    assert cut.size == (WIDE, 100 + 2 * AIR - 1)
    assert [cut.getpixel((x, AIR + 50)) for x in (300, 600)] == [(0x4C, 0x93, 0xF0), (0xE8, 0x70, 0x2E)]
