"""Folders that somebody sent, and a user's own: nothing leaves, comes in, or is lost through the command."""

import os
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from tiny_lecture import CHAPTER, LECTURE, goes_on, one_line

from scenes.production.belongings import LIST
from scenes.production.cache_folder import TAG


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _tone(path: Path, seconds: float = 1.0) -> Path:
    with av.open(str(path), "w", format="wav") as file:
        stream = file.add_stream("pcm_s16le", rate=48_000, layout="mono")
        samples = (8000 * np.sin(np.arange(int(48_000 * seconds)) / 20)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = 48_000
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def test_a_cache_in_a_folder_in_use_is_refused_and_removes_nothing(tiny):
    """All files are of a year ago, as in any home: they were gone."""
    home = tiny.folder / "home"
    for name in (".git/HEAD", "thesis/chapter.tex", "clips/holiday.mp4"):
        path = home / name
        path.parent.mkdir(parents=True)
        path.write_text("mine")
        os.utime(path, (1e9, 1e9))
    before = _contents(home)
    line = "has files in it and is no cache of lecture: name an empty or a new folder by LECTURE_CACHE"
    one_line(tiny.render(environment={"LECTURE_CACHE": str(home)}), f"lecture: {home} {line}")
    assert _contents(home) == before
    one_line(tiny.render(environment={"LECTURE_CACHE": ""}), "lecture: LECTURE_CACHE is empty")
    one_line(tiny.render(environment={"LECTURE_CACHE": "."}), line)


def test_a_cache_that_came_with_a_folder_is_not_even_looked_at(tiny, known):
    """Its clips are those of another film, with a list of sums beside them; one folder in it is a link."""
    sent = tiny.folder / "renders" / ".cache"
    shutil.copytree(known.cache, sent)
    for path in sent.glob("clips/*.mp4"):
        path.write_bytes(b"forged")
    caches = tiny.folder / "caches"
    before = _contents(sent)
    done = tiny.render(unset=["LECTURE_CACHE"], environment={"XDG_CACHE_HOME": str(caches)})
    goes_on(done)
    assert tiny.film() == known.film()
    assert _contents(sent) == before
    assert (caches / "transformer-lecture" / TAG).is_file()


def test_a_cache_of_somebody_else_is_made_anew(tiny, known):
    """The secret of another user sealed it: this one trusts nothing in it, and makes the same film."""
    others = {"XDG_DATA_HOME": str(tiny.folder / "another")}
    done = tiny.render(environment=others)
    goes_on(done)
    assert done.stdout.endswith("2 of them drawn now\n")
    assert tiny.film() == known.film()
    again = tiny.render(environment=others)
    assert again.stdout.endswith("0 of them drawn now\n")


@pytest.mark.parametrize("name", ["clips", "posters", "page"])
def test_an_output_that_is_a_link_is_refused_each_time_and_leaves_nothing(name, tiny):
    private, out = tiny.folder / "private", tiny.folder / "out"
    private.mkdir()
    out.mkdir()
    (out / name).symlink_to(private)
    for _ in range(2):
        one_line(tiny.render(name="page"), f"lecture: out/{name} is a link")
        assert [path.name for path in out.iterdir()] == [name]
        assert not list(private.iterdir())
    (out / name).unlink()
    goes_on(tiny.render(name="page"))


def test_an_empty_folder_of_a_user_stays_when_the_command_fails(tiny):
    (tiny.folder / "mine").mkdir()
    tiny.write("weights.quantity(0, 0)", "weights.quantity(99, 0)")
    for output in ("mine", "new"):
        assert tiny.render(output).returncode == 1
    assert (tiny.folder / "mine").is_dir()
    assert not list((tiny.folder / "mine").iterdir())
    assert not (tiny.folder / "new").exists()


def test_slides_take_the_place_of_no_file_of_a_user(tiny):
    mine = tiny.folder / "out" / "tiny-480p15-clean-slides.html"
    mine.parent.mkdir()
    mine.write_text("mine")
    line = f"out/{mine.name} is there and was not written by lecture: move it away, or name another --output"
    one_line(tiny.render(name="slides"), line)
    assert _contents(mine.parent) == {mine.name: b"mine"}


@pytest.mark.parametrize(
    "kind",
    ["a link to outside", "a list of other files", "a list for a browser"],
)
def test_a_recording_is_a_sound_of_its_own_folder(kind, tiny):
    """A file elsewhere that a received folder names does not get into the film."""
    private = _tone(tiny.folder / "private.wav")
    folder = tiny.folder / "lecture" / "spoken"
    folder.mkdir(parents=True)
    (folder.parent / "tiny.py").write_text(CHAPTER)
    (folder.parent / "tiny.toml").write_text(f'{LECTURE}narration = "spoken"\noutput = "out"\n')
    sound = folder / "tiny-01.wav"
    if kind == "a link to outside":
        sound.symlink_to(private)
    elif kind == "a list of other files":
        sound.write_text(f"ffconcat version 1.0\nfile '{private}'\n")
    else:
        sound.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{private}\n#EXT-X-ENDLIST\n")
    done = tiny.lecture("render", "lecture/tiny.toml", "--trust", "--jobs", "1")
    one_line(
        done, "tiny-01.wav", "is a link that leads out" if kind == "a link to outside" else "cannot be read as sound"
    )
    assert not list((folder.parent / "out").rglob("*.mp4"))
    sound.unlink()
    _tone(sound)
    goes_on(tiny.lecture("render", "lecture/tiny.toml", "--trust", "--jobs", "1"))
    with av.open(str(next((folder.parent / "out").glob("*.mp4")))) as film:
        assert film.streams.audio


def test_an_output_says_what_is_its_own(tiny):
    goes_on(tiny.render())
    listed = (tiny.folder / "out" / LIST).read_text().splitlines()
    names = {line.strip('"') for line in listed if line and not line.startswith("#")}
    there = {path.relative_to(tiny.folder / "out").as_posix() for path in (tiny.folder / "out").rglob("*.*")}
    assert names == there - {LIST}
