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

from scenes.production.files import forget_stages, place, slug, stage, whole, whole_folder, write_json


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
    """The number of a process that is no more."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


def test_what_a_killed_process_left_of_a_file_is_removed_by_the_next_who_writes_it(dead, tmp_path):
    left = tmp_path / f".film.{dead}.part.mp4"
    other = tmp_path / f".other.{dead}.part.mp4"
    living = tmp_path / f".film.{os.getppid()}.part.mp4"
    for path in (left, other, living):
        path.touch()
    with whole(tmp_path / "film.mp4") as part:
        part.write_text("new")
    assert [path.exists() for path in (left, other, living)] == [False, True, True]


def test_a_link_that_a_killed_process_of_our_number_left_is_not_written_through(tmp_path):
    kept, wanted = tmp_path / "kept.mp4", tmp_path / "wanted.mp4"
    kept.write_text("kept")
    wanted.write_text("wanted")
    os.link(kept, tmp_path / f".clip.{os.getpid()}.part.mp4")
    place(wanted, tmp_path / "clip.mp4")
    assert (kept.read_text(), (tmp_path / "clip.mp4").read_text()) == ("kept", "wanted")


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
