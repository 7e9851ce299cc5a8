"""JSON that somebody else wrote: an object, or one line that says which file holds none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: A config has some kilobytes, a list of words some megabytes; in memory, JSON takes up to thirty times as much.
MOST_BYTES = 16 * 2**20


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
