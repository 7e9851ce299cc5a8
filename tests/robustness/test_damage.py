"""Files that were damaged on the disk are known and made again, or named where nobody can make them again."""

from pathlib import Path

import numpy as np
import pytest
from tiny_lecture import goes_on, one_line

from scenes.language import catalogue
from scenes.production.belongings import LIST
from transformer_core.studies import results
from transformer_core.tracing.trace import NamedTensor, Trace


def _damage(path: Path, how: str) -> None:
    """Damage a file as a disk or another program would: in the file itself, which a hard link shares."""
    content = path.read_bytes()
    middle = len(content) // 2
    flipped = bytes([content[middle] ^ 1])
    damaged = {"cut": content[:middle], "empty": b"", "other": b"\x00no such\xff" * 9,
               "one bit": content[:middle] + flipped + content[middle + 1 :]}  # fmt: skip
    path.write_bytes(damaged[how])


@pytest.mark.parametrize("how", ["cut", "empty", "other", "one bit"])
def test_damaged_files_of_the_cache_are_made_again(how, tiny, known):
    kinds = (
        "clips/*.mp4",
        "clips/*.png",
        "surveys/*.json",
        "sheets/*.png",
        *(["traces/*"] if how == "one bit" else []),
    )
    for path in [path for kind in kinds for path in tiny.cache.glob(kind)]:
        _damage(path, how)
    done = tiny.render()
    goes_on(done)
    assert done.stdout.endswith("2 of them drawn now\n")
    assert tiny.film() == known.film()
    assert _contents(tiny.cache) == _contents(known.cache)


def test_damaged_files_of_the_output_are_made_again_though_the_cache_shares_them(tiny, known):
    goes_on(tiny.render())
    listed = tiny.folder / "out" / LIST
    for path in {*(tiny.folder / "out").rglob("*.*")} - {listed}:
        _damage(path, "cut")
    goes_on(tiny.render())
    assert _contents(tiny.folder / "out") == _contents(known.folder / "out")
    _damage(listed, "cut")  # without the list nobody knows whose the files are
    one_line(tiny.render(), "is there and was not written by lecture: move it away, or name another --output")


INDEXES = "[]", '{"steps": 3}', '{"steps": [{"chapter": 1}]}', "\x00", "[" * 200_000


@pytest.mark.parametrize("index", [*INDEXES])
def test_an_index_that_is_none_is_written_anew_if_it_was_ours(index, tiny, known):
    (tiny.folder / "out").mkdir()
    path = tiny.folder / "out" / "steps.json"
    path.write_text(index)
    one_line(tiny.render(), "out/steps.json is there and was not written by lecture")
    assert path.read_text() == index
    path.unlink()
    goes_on(tiny.render())
    path.write_text(index)
    goes_on(tiny.render())
    assert _contents(tiny.folder / "out") == _contents(known.folder / "out")


def test_a_cache_of_another_version_is_left_alone(tiny, known):
    """An older one has the same folders, no seals, and other things in its files."""
    for path in tiny.cache.rglob("*-seal"):
        path.unlink()
    for path in tiny.cache.glob("surveys/*.json"):
        path.write_text('{"version": 0, "steps": []}')
    (tiny.cache / "films").mkdir()
    (tiny.cache / "clips" / "of-old").mkdir()
    goes_on(tiny.render())
    assert tiny.film() == known.film()


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_damaged_results_and_catalogues_are_named(tmp_path):
    name = "experiment.counting.value"
    path = Trace({name: NamedTensor(name, np.ones(3), ("head",))}).save(tmp_path / "counting")
    _damage(path, "cut")
    with pytest.raises(ValueError, match=rf"^{path} is damaged and cannot be read: BadZipFile$"):
        results.found(name, tmp_path)
    with pytest.raises(ValueError, match=r"counting.npz is damaged"):
        Trace.load(path)
    for content in (b'msgid "a"\nno such', b"\xff\xfe"):
        (tmp_path / "xx.po").write_bytes(content)
        with pytest.raises(ValueError, match=r"^the catalogue xx.po can't be read: "):
            catalogue("xx", tmp_path)
