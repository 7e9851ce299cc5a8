"""The code of a step is what runs from one yield to the next, wherever it stands."""

import importlib.util

import pytest

from scenes.production.storycode import Storyboard, places

STORY = """
def plain():
    return CONSTANT

def untold():
    yield "inner"

class Story:
    def steps(self):
        before_first = 1
        yield 1
        yield from self.part()
        for name in ("third", "fourth"):
            yield name
        quiet = list(untold())
        yield 5

    def part(self):
        in_part = 2
        yield 2
        after_second = 3
"""


@pytest.fixture(scope="module")
def codes(tmp_path_factory):
    """The code of each of the five steps, and the rest."""
    file = tmp_path_factory.mktemp("story") / "story.py"
    file.write_text(STORY)
    spec = importlib.util.spec_from_file_location("story", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    import sys

    sys.modules["story"] = module
    board = Storyboard(module.Story)
    story, before, found = module.Story().steps(), [], []
    for _ in story:
        here = places(story)
        found.append(board.code(before, here))
        before = here
    return [board.rest, *found]


def test_the_first_step_has_what_stands_before_its_yield(codes):
    assert codes[1] == "before_first = 1\nyield 1"


def test_a_step_that_is_handed_over_has_the_code_of_both_generators(codes):
    assert codes[2] == "yield from self.part()\nin_part = 2\nyield 2"


def test_what_follows_a_yield_belongs_to_the_next_step_and_a_loop_counts_whole(codes):
    loop = "for name in ('third', 'fourth'):\n    yield name"
    assert codes[3] == f"{loop}\nafter_second = 3"
    assert codes[4] == loop


def test_a_generator_that_tells_no_step_counts_where_it_is_mentioned(codes):
    assert codes[5].endswith("quiet = list(untold())\nyield 5\nyield 'inner'")


def test_plain_functions_belong_to_every_step(codes):
    assert "return CONSTANT" in codes[0]
    assert "in_part" not in codes[0]
