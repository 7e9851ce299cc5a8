"""Chapters are found by their files, and asked for by name or by group."""

import pytest

from scenes.production.drawing import Job, sources_of, survey
from scenes.production.pairs import side_by_side
from scenes.production.repertoire import GROUPS, chosen, repertoire


def test_chapters_come_in_the_order_of_their_numbers(place):
    assert [entry.name for entry in repertoire(place.chapters)] == ["counting", "other"]
    assert [entry.name for entry in chosen(["other", "counting"], place.chapters)] == ["counting", "other"]


def test_no_name_means_all(place):
    assert chosen([], place.chapters) == repertoire(place.chapters)


def test_an_unknown_name_lists_the_known_ones(place):
    with pytest.raises(ValueError, match="no chapter 'conting'; there are: counting, other"):
        chosen(["conting"], place.chapters)


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
    assert {"how_far.py", "side_by_side.py"} <= {file.name for file in side_by_side()[0].files}


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
