"""The cache: where it is, what is removed in it, and whose files are taken for what they say."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scenes.production import seals
from scenes.production.cache_folder import KINDS, SIGNATURE, TAG, cache_folder, is_marked, opened
from scenes.production.seals import beside, intact, seal
from scenes.production.store import Store, checkpoints
from transformer_core.files.atomic import mark

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdef" * 2
LONG_AGO = time.time() - 400 * 86400


def old(path, content="mine"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def test_a_new_or_an_empty_folder_becomes_a_cache_and_stays_one(tmp_path):
    for name in ("new", "empty"):
        folder = tmp_path / name
        if name == "empty":
            folder.mkdir()
        assert opened(folder) == folder
        assert (folder / TAG).read_text() == SIGNATURE
        (folder / "clips").mkdir()
        assert opened(folder) == folder


@pytest.mark.parametrize("tag", [None, "", "Signature: 8a477f597d28d172789f06886806bc55\n# of somebody else\n"])
def test_a_folder_with_anything_else_in_it_becomes_none(tag, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    if tag is not None:
        (tmp_path / TAG).write_text(tag)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ValueError, match="has files in it and is no cache of lecture: name an empty or a new folder"):
        opened(tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_of_the_cache_that_is_a_link_is_refused(tmp_path):
    opened(tmp_path / "cache")
    (tmp_path / "cache" / "clips").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="clips is a link"):
        opened(tmp_path / "cache")


def test_an_empty_name_of_the_cache_is_refused(monkeypatch):
    for name in ("", " "):
        monkeypatch.setenv("LECTURE_CACHE", name)
        with pytest.raises(ValueError, match=r"^LECTURE_CACHE is empty: name a folder for the cache, or unset it$"):
            cache_folder()


def test_the_cache_lies_among_those_of_the_user_and_not_in_the_folder_of_a_lecture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LECTURE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert tmp_path not in cache_folder().parents or cache_folder().parent == tmp_path / "caches"
    assert cache_folder().name == "transformer-lecture"
    monkeypatch.setenv("HOME", "")
    with pytest.raises(ValueError, match="no home to keep the cache in: name a folder for it by LECTURE_CACHE"):
        cache_folder()


def test_only_files_of_our_kind_in_a_folder_of_ours_are_forgotten(tmp_path):
    """All are older than a month: ours by their names, and others' of every kind that was lost once."""
    folder = opened(tmp_path / "cache")
    ours = [old(folder / kind / f"{KEY}{end}") for kind, ends in KINDS.items() for end in (*ends, f"{ends[0]}-seal")]
    others = [
        old(folder / name)
        for name in ("clips/thesis.mp4", f"clips/{KEY}", f"clips/{KEY}.txt", f"clips/x{KEY}.mp4", f"clips/{KEY}.npz",
                     f"mine/{KEY}.mp4", f"{KEY}.mp4", ".git/HEAD", ".git/config", f"clips/sub/{KEY}.mp4",
                     "experiments/piece.npz", TAG)
    ]  # fmt: skip
    (folder / TAG).write_text(SIGNATURE)
    Store(folder).forget_old()
    assert [path.exists() for path in ours] == [False] * len(ours)
    assert [path for path in others if not path.exists()] == []


def test_nothing_is_forgotten_in_a_folder_that_is_not_marked_or_behind_a_link(tmp_path):
    unmarked = old(tmp_path / "unmarked" / "clips" / f"{KEY}.mp4")
    left = old(tmp_path / "unmarked" / "clips" / f".{KEY}.00000000-1-00000000.part.mp4")
    target = old(tmp_path / "target" / f"{KEY}.mp4")
    cache = opened(tmp_path / "cache")
    (cache / "clips").symlink_to(target.parent)
    (cache / "traces").mkdir()
    (cache / "traces" / f"{KEY}.npz").symlink_to(target)
    os.utime(cache / "traces" / f"{KEY}.npz", (LONG_AGO, LONG_AGO), follow_symlinks=False)
    for folder in (tmp_path / "unmarked", cache):
        store = Store(folder)
        store.forget_old()
        with store.tidy():
            pass
    assert [path.exists() for path in (unmarked, left, target)] == [True, True, True]


def test_what_nobody_will_finish_is_removed_if_it_has_a_name_of_ours(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead = mark().replace(f"-{os.getpid()}-", f"-{gone.pid}-")
    folder = opened(tmp_path / "cache") / "clips"
    left = [folder / f".{KEY}.{dead}.part.{end}" for end in ("mp4", "png", "png-seal")]
    kept = [folder / f".{KEY}.{mark()}.part.png", folder / f".notes.{dead}.part.txt", folder / f".a.{dead}.part.png"]
    folder.mkdir()
    for path in (*left, *kept):
        path.touch()
    with Store(folder.parent).tidy():
        pass
    assert [path.exists() for path in left] == [False] * 3
    assert [path.exists() for path in kept] == [True] * 3


def test_a_file_that_another_user_sealed_is_not_there(tmp_path, monkeypatch):
    """Whoever sends a folder can write what he likes, and its hash; he does not know the secret."""
    path = tmp_path / "clips" / f"{KEY}.mp4"
    path.parent.mkdir()
    path.write_bytes(b"forged")
    monkeypatch.setattr(seals, "secret", lambda: b"of somebody else, of 32 bytes ..")
    seal(path)
    assert intact(path)
    monkeypatch.undo()
    assert not intact(path)
    assert not Store(tmp_path).has(path)
    beside(path).write_text(hashlib.blake2b(b"forged").hexdigest())
    assert not Store(tmp_path).has(path)


def test_a_file_that_was_sealed_is_no_other_one(tmp_path):
    """A file that this user made and gave away does not come back under another name."""
    one, other = tmp_path / "clips" / f"{KEY}.png", tmp_path / "clips" / f"{KEY[::-1]}.png"
    one.parent.mkdir()
    one.write_bytes(b"a picture")
    seal(one)
    shutil.copy(one, other)
    shutil.copy(beside(one), beside(other))
    assert (intact(one), intact(other)) == (True, False)


def test_the_secret_is_one_for_all_processes_of_a_user_and_for_nobody_else(tmp_path):
    program = "from scenes.production.seals import secret; print(secret().hex())"
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    runs = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = {run.communicate()[0] for run in runs}
    assert len(said) == 1
    (path,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (path.stat().st_mode & 0o777, path.read_bytes().hex()) == (0o600, said.pop().strip())


@pytest.mark.parametrize("spoiled", ["readable by all", "a link", "empty"])
def test_a_secret_that_another_could_know_is_made_anew(spoiled, tmp_path):
    path, known = tmp_path / "seal-secret", b"known to everybody, of 32 bytes."
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(known)
    elsewhere.chmod(0o600)
    if spoiled == "a link":
        path.symlink_to(elsewhere)
    else:
        path.write_bytes(b"" if spoiled == "empty" else known)
        path.chmod(0o644)
    found = seals._kept(path)
    assert len(found) == 32
    assert found != known
    assert found == path.read_bytes()
    assert elsewhere.read_bytes() == known


def test_a_secret_is_kept_nowhere_where_there_is_no_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError):
        seals._kept(Path("not") / "there")
    monkeypatch.setenv("HOME", "")
    with pytest.raises(FileNotFoundError):
        seals._kept(tmp_path / "secret")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", [{"chapter": "../../../out"}, {"key": "../../out"}, {"number": -1}])
def test_a_survey_has_no_say_in_where_files_go(change, place):
    """Even one that is sealed: names of clips are made of chapter and number, and of the key."""
    place.film("other")
    (path,) = place.store.folder.glob("surveys/*.json")
    (step,) = json.loads(path.read_text())
    assert place.store.survey(path.stem, "other") is not None
    path.write_text(json.dumps([{**step, **change}]))
    seal(path)
    place.store.seen.clear()
    assert place.store.survey(path.stem, "other") is None
    assert place.film("other").drawn == 0  # the storyboard was read again, and leads to the clip that is there


def test_a_forged_clip_is_drawn_again(place, monkeypatch):
    place.film("other")
    (path,) = place.store.folder.glob("clips/*.mp4")
    right = path.read_bytes()
    monkeypatch.setattr(seals, "secret", lambda: b"of somebody else, of 32 bytes ..")
    path.write_bytes(right + b"forged")
    seal(path)
    monkeypatch.undo()
    assert place.film("other").drawn == 1
    assert path.read_bytes() == right


def test_weights_are_told_apart_by_what_is_in_them(tmp_path):
    """Of the same name, size and time of change: a copy that kept the time, or a clock that was put back."""
    path, moment = tmp_path / "model.safetensors", (1e9, 1e9)
    path.write_bytes(b"these weights")
    os.utime(path, moment)
    before = checkpoints(path)
    assert checkpoints(path) == before
    path.write_bytes(b"other weights")
    os.utime(path, moment)
    assert checkpoints(path) != before
    path.write_bytes(b"these weights")
    assert checkpoints(path) == before


def test_weights_that_change_while_they_are_read_leave_no_trace(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"before")

    def make():
        path.write_bytes(b"after!")

    with pytest.raises(ValueError, match="the weights of the model were changed while it was read"):
        Store(tmp_path / "store").traced(("text",), [path], lambda: None, make)
    assert not (tmp_path / "store").exists()


def test_is_marked_needs_a_file_of_its_own(tmp_path):
    opened(tmp_path / "cache")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / TAG).symlink_to(tmp_path / "cache" / TAG)
    assert is_marked(tmp_path / "cache")
    assert not is_marked(tmp_path / "linked")
