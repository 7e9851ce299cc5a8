"""Files that somebody else wrote, or a disk has damaged: what they hold, or one line that names the file.

JSON that holds an object; arrays in an .npz; and pickles, which may run any code when they are read: they are told
apart here, and never opened as such.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Iterable
from functools import lru_cache
from io import BytesIO
from lzma import LZMAError
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from transformer_core.files.atomic import reading

#: A config has some kilobytes, a list of words some megabytes; in memory, JSON takes up to thirty times as much.
MOST_BYTES = 16 * 2**20
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
#: How a pickle begins: a bare one, by its protocol, or those of torch, in a zip archive.
BEGINNINGS = (*(bytes([0x80, protocol]) for protocol in range(2, 6)), b"PK\x03\x04")
#: The length of the header of an entry in a zip file, and where in it stand the lengths of a name and an extra field.
LOCAL_HEADER, LENGTHS = 30, 26
#: By the version of NumPy's format, what reads the header of an array, and the bytes that its size takes.
READERS = {(1, 0): (np.lib.format.read_array_header_1_0, 2), (2, 0): (np.lib.format.read_array_header_2_0, 4)}
#: What is raised over bytes that say of themselves that they are encrypted, packed in another way, or very many.
OTHERS = (RuntimeError, LZMAError, TokenError, SyntaxError, OverflowError, MemoryError)


def parsed(text: str, where: object) -> dict[str, Any]:
    """The object that `text` is; `where` it stands is told if it is none.

    Raises:
        ValueError: no JSON, something else than an object, or too deep to be read.
    """
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(f"{where} is no JSON that can be read: it is nested too deeply") from None
    except ValueError as error:  # also a number of more digits than Python reads
        raise ValueError(f"{where} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{where} holds no values by name")  # noqa: TRY004 - the file is wrong, not a type
    return found


def read_object(path: Path, most: int | None = MOST_BYTES) -> dict[str, Any]:
    """The object in the file at `path`, which has at most so many bytes.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is no file of JSON that holds an object, or too large.
    """
    try:
        text = bounded(path, most).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no JSON: it is not UTF-8") from None
    return parsed(text, path)


def bounded(path: Path, most: int | None = MOST_BYTES) -> bytes:
    """The bytes of the file at `path`, which has at most so many.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is no file, or too large.
    """
    size = path.stat().st_size
    if not path.is_file():  # a pipe or a device might never end
        raise ValueError(f"{path} is no file")
    if most is not None and size > most:
        raise ValueError(f"{path} has {size} bytes: {most} are the most that such a file may have")
    return path.read_bytes()


def is_pickle(path: Path) -> bool:
    """True if the file at `path` is a pickle, by its name or by its first bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return path.suffix.lower() in PICKLED or file.read(4).startswith(BEGINNINGS)


def in_folder(folder: Path) -> list[Path]:
    """The files of a folder whose names are those of pickles."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICKLED)


def called(written_by: str) -> str:
    """The class of transformers that a config names, if that can be a name."""
    return written_by if written_by.isidentifier() else "AutoModel"


def refusal(path: Path, written_by: str = "AutoModel") -> str:
    """The line that refuses the pickle at `path` and says how to convert it; `written_by` is the class of its model."""
    return (
        f"{path} is a pickle, which may run any code when it is read: if you trust it, convert it once with "
        f"transformers, {called(written_by)}.from_pretrained(folder).save_pretrained(folder), or, for weights of "
        "torch.nn, load them into your module and write a folder with transformer_core.pretrained.save_torch"
    )


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
        reader, width = READERS[np.lib.format.read_magic(header)]
        size = header.read(width)
        shape, by_columns, kind = _described(reader, size + header.read(int.from_bytes(size, "little")))
        if entry.compress_type != ZIP_STORED or kind.hasobject:
            header.seek(0)
            return np.lib.format.read_array(header, allow_pickle=False)
        # The header that stands before an entry has a length of its own; its end is where the archive begins to read.
        name, extra = np.frombuffer(whole, "<u2", 2, entry.header_offset + LENGTHS)
        start = entry.header_offset + LOCAL_HEADER + int(name) + int(extra) + header.tell()
    flat = np.frombuffer(whole, kind, int(np.prod(shape)), start)
    return flat.reshape(shape, order="F" if by_columns else "C")


@lru_cache(maxsize=1024)
def _described(reader: Callable[[BytesIO], Any], header: bytes) -> Any:
    """Shape, order and type of an array by its header: a trace has thousands of arrays, and some dozen headers."""
    return reader(BytesIO(header))


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
