"""A digest tells states apart by what can be seen, and by nothing else."""

from functools import partial
from types import MappingProxyType

import numpy as np
from manim import Square

from scenes.production.fingerprint import digest, source, without_steps
from transformer_core.tracing.provenance import Quantity


def test_equal_states_have_equal_digests():
    assert digest(Square(), {"a": [1, 2.0]}) == digest(Square(), {"a": [1, 2.0]})


def test_a_copy_equals_its_original():
    square = Square()
    square.copy()
    assert digest(Square().copy()) == digest(square.copy())


def test_a_moved_point_a_colour_and_the_source_of_a_number_count():
    plain = digest(Square())
    assert digest(Square().shift([0, 1e-6, 0])) != plain
    assert digest(Square().set_fill("#ff0000", 1)) != plain
    assert digest(Quantity(0.5, "weights", (0, 1))) != digest(Quantity(0.5, "weights", (1, 1)))


def test_functions_count_by_their_code_and_what_they_hold():
    def adder(n):
        return lambda x: x + n

    assert digest(adder(1)) == digest(adder(1))
    assert digest(adder(1)) != digest(adder(2))
    assert digest(lambda x: x + 1) != digest(lambda x: x - 1)


def test_an_array_of_objects_counts_by_what_they_hold_and_not_by_where_they_lie():
    kind = [("animation", "O"), ("end", "f8")]
    first, second = (np.array([([1, 2], 0.5)], kind) for _ in range(2))
    assert digest(first) == digest(second)
    second["animation"][0].append(3)
    assert digest(first) != digest(second)


def test_what_is_shared_differs_from_what_is_equal():
    one = np.zeros(2)
    assert digest([one, one]) != digest([one, np.zeros(2)])


def test_a_state_that_contains_itself_has_a_digest():
    loop = []
    loop.append(loop)
    assert digest(loop) == digest(loop)


def test_what_code_reads_from_a_table_beside_it_belongs_to_the_code(tmp_path):
    hashes = set()
    for word in ("car", "house"):
        folder = tmp_path / word
        folder.mkdir()
        (folder / "lexicon.py").write_text("", encoding="utf-8")
        (folder / "words.toml").write_text(f'noun = "{word}"', encoding="utf-8")
        hashes.add(source(folder))
    assert len(hashes) == 2


def test_what_c_has_made_counts_by_what_it_holds():
    for first, second in [
        (partial(round, 1.5), partial(round, 2.5)),
        (MappingProxyType({"a": 1}), MappingProxyType({"a": 2})),
        (iter([1, 2]), iter([1, 3])),
        ({1: 2}.values(), {1: 3}.values()),
    ]:
        assert digest(first) == digest(first) != digest(second)


STORY = """
def shaded(figure):
    return figure

class Story:
    def steps(self):
        yield from self.part()
        yield lambda: (yield)

    def part(self):
        yield 2

    def fading(self, alpha):
        return lambda: [(yield)]
"""


def test_code_of_storyboards_is_left_out_and_all_other_code_of_a_chapter_counts(tmp_path):
    """The steps that a storyboard yields count by what they hold."""
    file = tmp_path / "story.py"
    file.write_text(STORY)
    found = without_steps(file)
    changes = {
        "yield from self.part()": ("yield", False),
        "yield 2": ("yield 3", False),
        "return figure": ("return 1", True),
        "return lambda": ("return lambda x", True),
    }
    for old, (new, counts) in changes.items():
        file.write_text(STORY.replace(old, new))
        assert (without_steps(file) != found) == counts, new
