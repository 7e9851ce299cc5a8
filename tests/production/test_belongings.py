"""Nothing is written over, removed, or written through that this program did not put there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from scenes.cli import main as cli
from scenes.cli.orders import called
from scenes.production.belongings import LIST, listed, only_ours, release, take
from scenes.publishing.rendered import Rendered
from transformer_core.tracing.trace import NamedTensor, Trace

ROOT = Path(__file__).resolve().parents[2]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_listed_is_written_again_and_what_was_not_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    assert take(tmp_path, ["clips/a.mp4"]) == {"clips/a.mp4"}
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mp4").touch()
    assert take(tmp_path, ["clips/a.mp4", "b.mp4"]) == {"clips/a.mp4", "b.mp4"}
    with pytest.raises(ValueError, match=r"mine\.txt is there and was not written by lecture: move it away"):
        take(tmp_path, ["mine.txt", "c.mp4"])
    assert listed(tmp_path) == {"clips/a.mp4", "b.mp4"}


def test_a_name_that_was_released_is_somebody_elses(tmp_path):
    take(tmp_path, ["a.mp4", "b.mp4"])
    release(tmp_path, ["a.mp4"])
    (tmp_path / "a.mp4").write_text("mine")
    with pytest.raises(ValueError, match=r"a\.mp4 is there"):
        take(tmp_path, ["a.mp4"])
    take(tmp_path, ["b.mp4"])


@pytest.mark.parametrize("name", ["clips", "clips/a.mp4", LIST], ids=["a folder", "a file", "the list"])
def test_nothing_is_written_through_a_link(name, tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (out / name).parent.mkdir(parents=True)
    (out / name).symlink_to(elsewhere)
    with pytest.raises(ValueError, match=rf"{name} is a link"):
        take(out, ["clips/a.mp4"])
    assert not list(elsewhere.iterdir())


LISTS = {
    "noise": b"\xff\x00 no list\n",
    "deep": b"[" * 200_000 + b"\n",
    "cut off": b'"thesis.t',
    "other values": b'7\nnull\n["thesis.txt"]\n-"thesis.txt"\n',
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_that_cannot_be_read_gives_no_right_to_anything(kind, tmp_path):
    (tmp_path / LIST).write_bytes(LISTS[kind])
    (tmp_path / "thesis.txt").write_text("mine")
    assert listed(tmp_path) == set()
    with pytest.raises(ValueError, match=r"thesis\.txt is there"):
        take(tmp_path, ["thesis.txt"])
    take(tmp_path, ["a.mp4"])
    assert listed(tmp_path) == {"a.mp4"}  # what was cut off does not spoil the next line


def test_a_list_that_is_a_device_or_a_pipe_is_refused_and_not_read(tmp_path):
    os.mkfifo(tmp_path / LIST)
    with pytest.raises(ValueError, match=f"{LIST} is not the list of files that lecture keeps"):
        take(tmp_path, ["a.mp4"])


def test_a_film_leaves_the_files_of_others_alone(place):
    """The name of the film, and a recording in a folder that is called as ours is."""
    out = place.folder / "out"
    (out / "clips").mkdir(parents=True)
    for name in ("film.mp4", "clips/holiday-01.mp4"):
        (out / name).write_text("mine")
    before = contents(out)
    with pytest.raises(ValueError, match=r"film\.mp4 is there and was not written by lecture"):
        place.film("counting")
    assert contents(out) == before
    (out / "film.mp4").unlink()
    place.film("counting")
    place.film("other")
    assert (out / "clips" / "holiday-01.mp4").read_text() == "mine"
    assert sorted(path.name for path in (out / "clips").iterdir()) == ["holiday-01.mp4", "other-01.mp4"]


@pytest.mark.parametrize("name", ["clips", "posters"])
def test_a_film_is_not_written_through_a_linked_folder(name, place):
    out, private = place.folder / "out", place.folder / "private"
    for folder in (out, private):
        folder.mkdir()
    (out / name).symlink_to(private)
    with pytest.raises(ValueError, match=f"{name} is a link"):
        place.film("counting")
    assert not list(private.iterdir())
    assert [path.name for path in out.iterdir()] == [name]


def test_an_index_cannot_have_a_file_removed(place):
    """A folder that somebody sent: its index names a file of ours as a clip of an earlier film."""
    out = place.folder / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    place.film("counting")
    index = json.loads((out / "steps.json").read_text())
    index["steps"].append({**index["steps"][0], "chapter": "gone", "clip": "thesis.txt", "poster": "thesis.txt"})
    (out / "steps.json").write_text(json.dumps(index))
    place.film("counting")
    assert (out / "thesis.txt").read_text() == "mine"


def test_a_whole_folder_is_replaced_only_if_all_of_it_is_ours(tmp_path):
    page = tmp_path / "page"
    (page / ".git").mkdir(parents=True)
    (page / "index.html").touch()
    take(tmp_path, ["x"])
    only_ours(tmp_path / "none")
    with pytest.raises(ValueError, match=r"page/index\.html was not written by lecture, which replaces"):
        only_ours(page)
    (page / "index.html").unlink()
    take(tmp_path, ["page/index.html"])
    (page / "index.html").touch()
    only_ours(page)
    (page / ".git" / "HEAD").write_text("mine")
    with pytest.raises(ValueError, match=r"HEAD was not written by lecture"):
        only_ours(page)


@pytest.fixture
def lecture(tmp_path, monkeypatch):
    """Run the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LECTURE_CACHE", str(tmp_path / "cache"))

    def run(*arguments):
        done = CliRunner().invoke(cli.lecture, list(map(str, arguments)))
        return str(done.exception or "") if done.exit_code else ""

    return run


@pytest.mark.parametrize(
    ("arguments", "mine"),
    [
        (("trace", "--output", "data.npz"), "data.json"),
        (("trace", "--output", "data"), "data.npz"),
        (("train", "--output", "notes", "--steps", 1), "notes.md"),
        (("train", "--output", "notes.safetensors", "--steps", 1), "notes.card.json"),
        (("experiments", "run", "variance", "--output", "."), "variance.json"),
        (("experiments", "report", "--output", "notes.md"), "notes.md"),
        (("experiments", "report", "--output", "notes.md"), "notes/plot.svg"),
        (("compare", "english-spanish", "untrained", "--table", "--trace", "both.npz"), "both.json"),
    ],
    ids=lambda value: "-".join(map(str, value[:2])) if isinstance(value, tuple) else value,
)
def test_no_output_takes_the_place_of_a_file_that_is_not_ours(arguments, mine, lecture, tmp_path):
    path = tmp_path / mine
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    refusal = lecture(*arguments)
    assert "is there and was not written by lecture: move it away, or name another --output" in refusal
    assert len(refusal.splitlines()) == 1
    assert path.read_text() == "mine"
    others = {path.name for path in tmp_path.iterdir()} - {"cache", path.relative_to(tmp_path).parts[0]}
    assert others == set()


def test_an_output_of_ours_is_written_again(lecture, tmp_path):
    for _ in range(2):
        assert lecture("experiments", "run", "variance", "--output", "found") == ""
    assert {path.name for path in (tmp_path / "found").iterdir()} == {"variance.npz", "variance.json", LIST}


def test_a_dot_in_a_name_begins_no_suffix(tmp_path):
    """ "mdl-1.0" and "mdl-1.1" were both written to "mdl-1.npz"."""
    for number in (0, 1):
        trace = Trace({"x": NamedTensor("x", np.array([number]), ("step",))}, about={"text": f"{number}"})
        assert trace.save(tmp_path / f"mdl-1.{number}") == tmp_path / f"mdl-1.{number}.npz"
    assert [int(Trace.load(tmp_path / f"mdl-1.{n}")["x"].values[0]) for n in (0, 1)] == [0, 1]
    assert [Trace.facts(tmp_path / f"mdl-1.{n}")["text"] for n in (0, 1)] == ["0", "1"]


def test_two_models_of_one_file_name_have_two_names_and_one_at_hand_its_own(tmp_path):
    shipped = ROOT / "assets" / "models" / "english-spanish.safetensors"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        shutil.copy(shipped, tmp_path / name / "model.safetensors")
    names = [called(str(tmp_path / name / "model.safetensors")) for name in ("a", "b")]
    assert all(name.startswith("model-") for name in names)
    assert names[0] != names[1]
    assert called("english-spanish") == "english-spanish"


INDEXES = {
    "200,000 brackets": (b"[" * 200_000, "steps.json is no JSON that can be read: it is nested too deeply"),
    "NUL": (b"\0", "steps.json is no JSON"),
    "a list": (b"[]", "steps.json holds no values by name"),
    "no steps": (b"{}", "steps.json is damaged and cannot be read: KeyError"),
    "other steps": (b'{"steps": 3}', "steps.json is damaged and cannot be read: TypeError"),
    "a link to /dev/zero": (Path("/dev/zero"), "steps.json is a link"),
    "a pipe": (None, "steps.json is no file"),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_an_index_that_is_none_is_one_line_soon_and_with_little_memory(kind, tmp_path):
    what, line = INDEXES[kind]
    path = tmp_path / "steps.json"
    if isinstance(what, bytes):
        path.write_bytes(what)
    elif what:
        path.symlink_to(what)
    else:
        os.mkfifo(path)
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom scenes.publishing.rendered import Rendered\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 * 2**30, 2 * 2**30))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (5, 5))\n"
        "try:\n    Rendered.read(Path(sys.argv[1]))\nexcept ValueError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert line in done.stdout
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("key", ["clip", "poster", "film"])
def test_an_index_brings_no_file_of_another_folder_into_a_page(key, place):
    place.film("counting")
    path = place.folder / "out" / "steps.json"
    index = json.loads(path.read_text())
    (index if key == "film" else index["steps"][0])[key] = "../trace.npz"
    path.write_text(json.dumps(index))
    with pytest.raises(ValueError, match=r"steps\.json is damaged"):
        Rendered.read(path.parent)
