"""Arrays in an .npz are what NumPy reads, or one line."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from transformer_core.files.foreign import map_arrays, read_arrays

ARRAYS = {
    "rows": np.arange(6.0).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "one": np.array(3),
    "none": np.zeros((0, 2)),
    "words": np.array(["a", "bc"]),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_are_those_that_numpy_reads(save, tmp_path):
    path = tmp_path / "x.npz"
    save(path, **ARRAYS)
    found = read_arrays(path)
    with np.load(path) as loaded:
        assert [*found] == loaded.files
        for name in loaded.files:
            assert np.array_equal(found[name], loaded[name])
            assert (found[name].dtype, found[name].shape) == (loaded[name].dtype, loaded[name].shape)
            assert found[name].flags.writeable
    assert [*read_arrays(path, ["one"])] == ["one"]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mapped_arrays_are_the_same_and_keep_the_file_that_they_came_from(save, tmp_path):
    path = tmp_path / "x.npz"
    save(path, **ARRAYS)
    found = map_arrays(path)
    save(tmp_path / "y.npz", **{name: array[..., :0] for name, array in ARRAYS.items() if array.ndim})
    (tmp_path / "y.npz").replace(path)
    assert [*found] == [*ARRAYS]
    for name, array in ARRAYS.items():
        assert np.array_equal(found[name], array)
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
    if save is np.savez:
        with pytest.raises(ValueError, match="read-only"):
            found["rows"][0, 0] = 1


def with_header(path, header, numbers=bytes(48)):
    """An .npz with one array, whose header says what it likes."""
    line = repr(header).encode()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY" + b"\x01\0" + len(line).to_bytes(2, "little") + line + numbers)
    return path


@pytest.mark.parametrize("shape", [(10**12,), (7,), (-6,), (-2, -3), (2**62, 4), ("6",), 6])
@pytest.mark.usefixtures("little_memory")
def test_a_shape_that_the_bytes_do_not_fill_is_one_line(shape, tmp_path):
    right = {"descr": "<f8", "fortran_order": False, "shape": (2, 3)}
    assert read_arrays(with_header(tmp_path / "x.npz", right))["x"].tolist() == np.zeros((2, 3)).tolist()
    path = with_header(tmp_path / "x.npz", right | {"shape": shape})
    with pytest.raises(ValueError, match=rf"^{path} is damaged and cannot be read: \w+$"):
        read_arrays(path)


@pytest.fixture
def little_memory():
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**28, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def test_objects_are_not_made(tmp_path):
    pickled = io.BytesIO()
    np.save(pickled, np.array([print], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", pickled.getvalue())
    with pytest.raises(ValueError, match="is damaged"):
        read_arrays(tmp_path / "x.npz")


@pytest.mark.parametrize("kind", ["|O", [("a", "<f4"), ("b", "|O")]])
def test_an_array_whose_bytes_are_as_many_is_not_made_if_it_is_of_objects(kind, tmp_path):
    header = {"descr": kind, "fortran_order": False, "shape": (2,)}
    path = with_header(tmp_path / "x.npz", header, bytes(2 * np.dtype(kind).itemsize))
    with pytest.raises(ValueError, match="is damaged"):
        read_arrays(path)


def bent(data, at, value):
    return data[:at] + bytes([value]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: bent(data, data.index(b"PK\x01\x02") + 10, 99), "NotImplementedError"),  # packed in no known way
        (lambda data: bent(data, data.index(b"PK\x01\x02") + 8, 1), "RuntimeError"),  # with a password
        (lambda data: bent(data, data.index(b"PK\x05\x06") + 16, 255), "OSError"),  # a place in front of the first byte
        (lambda data: data[: len(data) // 2], "BadZipFile"),
        (lambda _: b"", "EOFError"),
    ],
)
def test_damage_is_told_with_the_name_of_the_file(change, why, tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, **ARRAYS)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=rf"^{path} is damaged and cannot be read: {why}$"):
        read_arrays(path)


def test_what_is_not_there_or_no_file_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "x.npz")
    os.mkfifo(tmp_path / "x.npz")
    with pytest.raises(ValueError, match=rf"^{tmp_path / 'x.npz'} is no file$"):
        read_arrays(tmp_path / "x.npz")
