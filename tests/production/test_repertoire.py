"""Chapters are found by their files, and asked for by name or by group."""

from types import SimpleNamespace

import pytest

from scenes.production.drawing import Job, sources_of, survey
from scenes.production.pairs import side_by_side
from scenes.production.repertoire import GROUPS, parts, repertoire


def test_chapters_come_in_the_order_of_their_numbers(place):
    assert [entry.name for entry in repertoire(place.chapters)] == ["counting", "other"]


def test_an_unknown_name_lists_the_known_ones(place):
    with pytest.raises(ValueError, match="no chapter 'conting'; there are: counting, other"):
        parts(["conting"], place.chapters)


def test_a_new_file_is_a_new_chapter(place):
    text = (place.chapters / "c02_other.py").read_text().replace("number = 2", "number = 3")
    (place.chapters / "c03_third.py").write_text(text)
    assert [entry.name for entry in repertoire(place.chapters)] == ["counting", "other", "third"]


def test_a_folder_with_a_chapter_file_is_a_chapter_of_the_name_of_the_folder(place):
    folder = place.chapters / "c03_drawn"
    folder.mkdir()
    text = (place.chapters / "c02_other.py").read_text().replace("number = 2", "number = 3")
    (folder / "chapter.py").write_text(text)
    (folder / "figures.py").write_text("")
    assert [entry.name for entry in repertoire(place.chapters)] == ["counting", "other", "drawn"]


def test_a_figure_beside_a_chapter_is_part_of_its_sources(place):
    folder = place.chapters / "c03_drawn"
    folder.mkdir()
    text = (place.chapters / "c02_other.py").read_text().replace("number = 2", "number = 3")
    (folder / "chapter.py").write_text(text)
    (folder / "figures.py").write_text("WIDE = 1\n")
    entry = repertoire(place.chapters)[-1]

    def keys() -> tuple[str, ...]:
        sources = sources_of(entry)
        steps = survey(Job(entry, place.folder / "trace.npz", "tiny", place.order().look, sources), lambda *_: None)
        return sources, *(step.key for step in steps)

    before = keys()
    assert keys() == before
    (folder / "figures.py").write_text("WIDE = 2\n")
    assert not {*keys()} & {*before}


def test_the_figures_of_the_comparison_are_part_of_its_sources():
    assert {"differences.py", "side_by_side.py"} <= {file.name for file in side_by_side()[0].files}


def test_every_chapter_of_the_lecture_can_be_loaded_under_its_own_number():
    entries = repertoire()
    assert len({entry.number for entry in entries}) == len(entries)
    for entry in entries:
        kind = entry.load()
        assert (kind.number, kind.title) == (entry.number, entry.title)
        assert entry.about


def test_every_member_of_a_group_is_a_chapter():
    names = {entry.name for entry in repertoire()}
    assert all(set(members) <= names for members in GROUPS.values())


STEPS = [SimpleNamespace(chapter=name, number=k) for name in ("lstm", "qkv", "scores") for k in range(1, 6)]


@pytest.mark.parametrize(
    ("written", "label", "first", "last"),
    [
        ("scores", "scores", "scores 1", "scores 5"),
        ("Scores", "scores", "scores 1", "scores 5"),
        ("6", "scores", "scores 1", "scores 5"),
        ("scores.2", "scores-02", "scores 2", "scores 2"),
        ("6.2", "scores-02", "scores 2", "scores 2"),
        ("SCORES.2-4", "scores-02-04", "scores 2", "scores 4"),
        ("attention.7", "attention-07", "scores 2", "scores 2"),
        ("3-6", "3-6", "lstm 1", "scores 5"),
        ("5-6.4-7", "5-6-04-07", "qkv 4", "scores 2"),
    ],
)
def test_a_part_is_a_name_or_number_in_any_case_a_range_and_after_a_dot_its_steps(written, label, first, last):
    (part,) = parts([written])
    found = [f"{step.chapter} {step.number}" for step in part.of(STEPS)]
    assert (part.label, found[0], found[-1]) == (label, first, last)


def test_a_name_with_a_hyphen_or_a_space_is_the_one_with_an_underscore():
    assert parts(["feed-forward"]) == parts(["Feed Forward"]) == parts(["feed_forward"])


def test_a_list_with_commas_is_its_parts_one_by_one():
    assert parts(["scores,qkv.2"]) == parts(["scores", "qkv.2"])


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("99", "no chapter 99: they are numbered 1 to 20"),
        ("19-21", "no chapter 19-21: they are numbered 1 to 20"),
        ("6-3", "no chapter 6-3: they are numbered"),
        ("scores.0", "steps are counted from 1 on"),
        ("scores.4-2", "the first before the last, as in scores.2-4"),
        ("scores.", "no chapter 'scores.'; there are: attention, meaning, "),
        ("", "no chapter ''; there are"),
        ("scores,,qkv", "no chapter ''; there are"),
    ],
)
def test_a_part_that_is_not_there_says_what_is(written, line):
    with pytest.raises(ValueError, match=line):
        parts([written])


@pytest.mark.parametrize("written", ["scores.9", "scores.4-9"])
def test_a_step_that_is_not_there_says_how_many_there_are(written):
    with pytest.raises(ValueError, match=r"there is no step scores\.9: scores has steps 1 to 5"):
        parts([written])[0].of(STEPS)
