"""Arrays in an .npz that somebody else wrote, or a disk has damaged: the arrays, or one line that names the file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from io import BytesIO
from lzma import LZMAError
from pathlib import Path
from tokenize import TokenError
from zipfile import ZipFile

import numpy as np
from numpy.lib import format as npy

from transformer_core.files.atomic import reading

#: What is raised over bytes that say of themselves that they are encrypted, or packed in another way.
OTHERS = (RuntimeError, LZMAError, TokenError, SyntaxError, OverflowError)


def read_arrays(path: Path, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of these names in the .npz at `path`, or all; nothing in them is executed.

    A header may ask for any size, and NumPy would ask the machine for it: here it is held against its bytes.

    Raises:
        OSError: there is no such file.
        ValueError: it is no file, or damaged.
    """
    if path.exists() and not path.is_file():  # a pipe or a device might never end
        raise ValueError(f"{path} is no file")
    with reading(path, *OTHERS), ZipFile(path) as archive:
        wanted = [name.removesuffix(".npy") for name in archive.namelist()] if names is None else names
        return {name: _array(archive.read(f"{name}.npy")) for name in wanted}


def _array(data: bytes) -> np.ndarray:
    stream = BytesIO(data)
    version = npy.read_magic(stream)  # later ones are for columns with names, which we do not write
    shape, by_columns, dtype = npy.read_array_header_1_0(stream)
    begin = stream.tell()
    fits = all(size >= 0 for size in shape) and math.prod(shape) * dtype.itemsize == len(data) - begin
    if version != (1, 0) or dtype.hasobject or not fits:
        raise ValueError("an array of another size, or of objects")
    return np.array(np.ndarray(shape, dtype, data, begin, order="F" if by_columns else "C"))
