"""Arrays in an .npz that somebody else wrote, or a disk has damaged: the arrays, or one line that names the file."""

from __future__ import annotations

from collections.abc import Iterable
from lzma import LZMAError
from pathlib import Path
from tokenize import TokenError

import numpy as np

from transformer_core.files.atomic import reading

#: What is raised over bytes that say of themselves that they are encrypted, packed in another way, or very many.
OTHERS = (RuntimeError, LZMAError, TokenError, SyntaxError, OverflowError, MemoryError)


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
