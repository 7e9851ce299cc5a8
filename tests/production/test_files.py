"""Files are whole or absent, and a sentence is data wherever it goes."""

import json
import os
import subprocess
import sys
import tempfile
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes.production.files import (
    alone,
    distinct,
    fingerprinted,
    forget_stages,
    sentence_name,
    slug,
    stage,
    whole,
    whole_folder,
    write_json,
)
from transformer_core.files import atomic as whole_files
from transformer_core.files.atomic import abandoned, mark, unfinished


def write_half(target):
    with whole(target) as part:
        part.write_text("half")
        raise KeyboardInterrupt


def test_an_interrupted_output_leaves_what_was_there_and_nothing_else(tmp_path):
    target = tmp_path / "film.mp4"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_half(target)
    assert [f.name for f in tmp_path.iterdir()] == ["film.mp4"]
    assert target.read_text() == "old"


@given(st.text(max_size=200))
def test_any_text_gives_a_short_plain_file_name(text):
    name = slug(text)
    assert 0 < len(name) <= 64
    assert name.replace("-", "").isalnum()
    assert not name.startswith("-")


def test_a_path_in_a_sentence_does_not_lead_out_of_the_folder():
    assert slug("../../etc/passwd; rm -rf /") == "etc-passwd-rm-rf"


def test_two_long_sentences_that_begin_alike_have_two_names():
    start = "The animal did not cross the street because it was so very much too "
    assert slug(start + "tired") != slug(start + "wide")


def test_numbers_are_written_at_full_precision_and_infinity_as_a_word(tmp_path):
    write_json(tmp_path / "a.json", {"value": 0.1 + 0.2, "masked": float("-inf")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"value": 0.1 + 0.2, "masked": "-inf"}


@pytest.fixture
def dead():
    """The mark of a process that has ended, as it stands in the names of its unfinished files."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return mark().replace(f"-{os.getpid()}-", f"-{gone.pid}-")


@pytest.fixture
def living():
    """The same of a process that goes on."""
    return mark().replace(f"-{os.getpid()}-", f"-{os.getppid()}-")


def test_what_a_killed_process_left_of_a_file_is_removed_by_the_next_who_writes_it(dead, living, tmp_path):
    left = tmp_path / f".film.{dead}.part.mp4"
    other = tmp_path / f".other.{dead}.part.mp4"
    begun = tmp_path / f".film.{living}.part.mp4"
    for path in (left, other, begun):
        path.touch()
    with whole(tmp_path / "film.mp4") as part:
        part.write_text("new")
    assert [path.exists() for path in (left, other, begun)] == [False, True, True]


def test_two_processes_of_one_number_write_two_parts_and_one_file(monkeypatch, tmp_path):
    """Two containers with one disk, both of which begin to count at 1."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with whole(tmp_path / "film.mp4") as first, whole(tmp_path / "film.mp4") as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
    assert (tmp_path / "film.mp4").read_text() == "first"  # it ended last


def test_what_another_container_began_is_left_alone_until_it_wrote_nothing_for_a_day(dead, monkeypatch, tmp_path):
    """Its processes cannot be seen from here: that none has this number says nothing."""
    monkeypatch.setattr(whole_files, "_here", lambda: "0123abcd")
    new, old = unfinished(tmp_path / "film.mp4"), unfinished(tmp_path / "film.mp4")
    monkeypatch.undo()
    numbered = [path.with_name(path.name.replace(f"-{os.getpid()}-", f"-{dead.split('-')[1]}-")) for path in (new, old)]
    for path in numbered:
        path.touch()
    os.utime(numbered[1], (0, time.time() - 86500))
    assert [abandoned(path) for path in numbered] == [False, True]


def test_a_file_of_somebody_else_is_never_taken_for_unfinished(dead, tmp_path):
    for name in (".notes.1.part.txt", "notes.part", f".notes.{dead}.txt", ".part", f"{dead}.part"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
        assert not abandoned(tmp_path / name), name


def test_a_folder_takes_the_place_of_an_earlier_one_when_it_is_whole(tmp_path):
    folder = tmp_path / "page"
    for word in ("first", "second"):
        with whole_folder(folder) as part:
            (part / "index.html").write_text(word)
            assert not (folder / "index.html").exists() or (folder / "index.html").read_text() != word
    assert (folder / "index.html").read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def write_half_a_folder(folder):
    with whole_folder(folder) as part:
        (part / "index.html").write_text("half")
        raise KeyboardInterrupt


def test_an_interrupted_folder_leaves_the_earlier_one_and_nothing_else(tmp_path):
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_half_a_folder(folder)
    assert (folder / "index.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def test_an_empty_folder_that_was_there_before_stays_when_nothing_comes_of_it(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    for folder in (mine, tmp_path / "new"):
        with alone(folder):
            assert folder.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_names_tell_apart_what_is_written_alike():
    """Two edits that differ in their signs, a sentence with a full stop, two models of one file name."""
    alike = [("w[head=2]=0.5", "w[head=2]=-0.5"), ("a*=2", "a=2"), ("mdl 1", "mdl-1")]
    assert all(slug(one) == slug(other) for one, other in alike)
    assert all(distinct(one) != distinct(other) for one, other in alike)
    names = [sentence_name(text) for text in ("The car is red", "the car is red", "The car is red.", "The Car is red")]
    assert names[0] == "the-car-is-red"
    assert len(set(names)) == 4
    assert fingerprinted("model", "a/model") != fingerprinted("model", "b/model")


def test_half_a_folder_that_a_killed_process_left_is_removed(dead, tmp_path):
    (tmp_path / f".page.{dead}.part").mkdir()
    (tmp_path / f".page.{dead}.part-old").mkdir()
    with whole_folder(tmp_path / "page") as part:
        (part / "index.html").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def test_the_stage_of_a_killed_process_is_removed_after_an_hour(dead, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old, new = tmp_path / f"lecture-stage.{dead}.part.a", tmp_path / f"lecture-stage.{dead}.part.b"
    with stage() as living:
        for folder in (old, new):
            folder.mkdir()
        os.utime(old, (0, time.time() - 3700))
        os.utime(living, (0, time.time() - 3700))
        forget_stages()
        assert [folder.exists() for folder in (old, new, living)] == [False, True, True]
    assert not living.exists()
