"""Arrays in an .npz that somebody else wrote, or a disk has damaged: the arrays, or one line that names the file."""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from lzma import LZMAError
from pathlib import Path
from tokenize import TokenError
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from transformer_core.files.atomic import reading

#: The length of the header of an entry in a zip file, and where in it stand the lengths of a name and an extra field.
LOCAL_HEADER, LENGTHS = 30, 26
READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
#: What is raised over bytes that say of themselves that they are encrypted, packed in another way, or very many.
OTHERS = (RuntimeError, LZMAError, TokenError, SyntaxError, OverflowError, MemoryError)


def map_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays in the .npz at `path` as they lie in the file: they cannot be written to, and nothing is checked.

    A page of the file is read when it is first touched, and shared by all processes that map it. What is compressed
    lies nowhere, and is read at once.

    Raises:
        OSError: there is no such file.
        ValueError: it is damaged.
    """
    with reading(path, *OTHERS), path.open("rb") as file, ZipFile(file) as archive:
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return {entry.filename.removesuffix(".npy"): _mapped(whole, archive, entry) for entry in archive.infolist()}


def _mapped(whole: mmap.mmap, archive: ZipFile, entry: ZipInfo) -> np.ndarray:
    with archive.open(entry) as header:
        version = np.lib.format.read_magic(header)
        shape, by_columns, kind = READERS[version](header)
        if entry.compress_type != ZIP_STORED or kind.hasobject:
            header.seek(0)
            return np.lib.format.read_array(header, allow_pickle=False)
        # The header that stands before an entry has a length of its own; its end is where the archive begins to read.
        name, extra = np.frombuffer(whole, "<u2", 2, entry.header_offset + LENGTHS)
        start = entry.header_offset + LOCAL_HEADER + int(name) + int(extra) + header.tell()
    flat = np.frombuffer(whole, kind, int(np.prod(shape)), start)
    return flat.reshape(shape, order="F" if by_columns else "C")


def read_arrays(path: Path, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of these names in the .npz at `path`, or all; nothing in them is executed.

    Raises:
        OSError: there is no such file.
        ValueError: it is no file, or damaged.
    """
    if path.exists() and not path.is_file():  # a pipe or a device might never end
        raise ValueError(f"{path} is no file")
    with reading(path, *OTHERS), np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in (arrays.files if names is None else names)}
