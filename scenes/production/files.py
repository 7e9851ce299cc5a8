"""Whole files or none, and names that a user's sentence can be part of."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, moved to it when the block ends well and removed when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    with whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Any) -> None:
    """JSON with every float at full precision; infinity, which JSON lacks, as a string."""
    write_text(path, json.dumps(_finite(content), ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float) and content in {float("inf"), float("-inf")}:
        return "inf" if content > 0 else "-inf"
    return content


def place(source: Path, target: Path) -> None:
    """Put `source` at `target` too: by a hard link where the file system can, else by a copy."""
    with whole(target) as part:
        try:
            os.link(source, part)
        except OSError:
            shutil.copyfile(source, part)


def slug(text: str, longest: int = 64) -> str:
    """A file name part made of the words of `text`: small letters, digits and hyphens, never empty.

    What is too long ends in a hash, so that two sentences that begin alike do not share a name.

    >>> slug("The car is red")
    'the-car-is-red'
    """
    decomposed = unicodedata.normalize("NFKD", text.lower())
    words = re.findall(r"[^\W_]+", "".join(c for c in decomposed if not unicodedata.combining(c)))
    name = "-".join(words) or "text"
    if len(name) <= longest:
        return name
    return f"{name[: longest - 9]}-{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"
