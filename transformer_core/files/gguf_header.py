"""The header of a GGUF file, the format of llama.cpp: facts by key, and the type, shape and place of each tensor.

It is read here and not by the package gguf, which believes each count that a file states, and reads on behind its end;
and which takes some seconds for a vocabulary.

Source: the GGUF specification, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from math import prod
from pathlib import Path
from reprlib import repr as short
from typing import Any, NamedTuple

#: The largest vocabularies, with their merges, take some ten megabytes.
MOST_MAPPED = 64 * 2**20
#: Facts and tensors, of each kind; a large model has some thousand tensors.
MOST_NAMES = 2**16
#: The largest vocabularies have a quarter of a million pieces, and more merges.
MOST_ENTRIES = 2**21
MOST_AXES = 4
VERSIONS = (2, 3)
#: How the format numbers its types: letters of `struct`, then bool, text and array.
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 10: "Q", 11: "q", 12: "d"}
BOOL, TEXT, ARRAY = 7, 8, 9


class StoredTensor(NamedTuple):
    """The number of its type among those of GGML, its shape, rows first, and where it begins after the header."""

    type: int
    shape: tuple[int, ...]
    offset: int

    @property
    def numbers(self) -> int:
        """The count of its numbers."""
        return prod(self.shape)


class GgufHeader(NamedTuple):
    """Facts and tensors by name, and the place in the file from which offsets count."""

    facts: dict[str, Any]
    tensors: dict[str, StoredTensor]
    start: int


def read_gguf_header(path: Path) -> GgufHeader:
    """Read the header of the file at `path`; nothing is allocated that the file does not hold.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is no file, no GGUF, of another version or byte order, cut off, or damaged.
    """
    size = path.stat().st_size
    if not path.is_file():  # a pipe or a device might never end
        raise ValueError(f"{path} is no file")
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), min(size, MOST_MAPPED), access=mmap.ACCESS_READ) as data:
            return _Header(data).read()
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        reason = "its header is cut off" if isinstance(error, struct.error) else error
        raise ValueError(f"{path} is no GGUF file that can be read: {reason}") from None


class _Header:
    """A header, and how far it was read."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at = data, 0

    def read(self) -> GgufHeader:
        if self.data[:4] != b"GGUF":
            raise ValueError("it does not begin with GGUF")
        self.at = 4
        version = self.number("I")
        if version not in VERSIONS:
            raise ValueError(f"it has version {version}, or its bytes stand in the order of other machines")
        tensors, facts = self.number("Q"), self.number("Q")
        found: dict[str, Any] = self.named(facts, lambda: self.value(self.number("I")))
        placed: dict[str, StoredTensor] = self.named(tensors, self.tensor)
        alignment = found.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
            raise ValueError("its alignment is no power of two")
        return GgufHeader(found, placed, self.at + -self.at % alignment)

    def named(self, count: int, read: Callable[[], Any]) -> dict[str, Any]:
        if count > MOST_NAMES:
            raise ValueError(f"it states {count} names: {MOST_NAMES} are most")
        found: dict[str, Any] = {}
        for _ in range(count):
            name = self.text()
            if name in found:
                raise ValueError(f"it states {short(name)} twice")
            found[name] = read()
        return found

    def number(self, form: str) -> Any:
        (value,) = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def taken(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise ValueError("its header is cut off")
        self.at += size
        return self.data[self.at - size : self.at]

    def text(self) -> str:
        return self.taken(self.number("Q")).decode("utf-8")

    def value(self, kind: int) -> Any:
        if kind == TEXT:
            return self.text()
        if kind == BOOL:
            return bool(self.number("B"))
        if kind in NUMBERS:
            return self.number(NUMBERS[kind])
        if kind != ARRAY:
            raise ValueError(f"it has a value of type {kind}")
        kind, count = self.number("I"), self.number("Q")
        if count > MOST_ENTRIES:
            raise ValueError(f"it has an array of {count} entries: {MOST_ENTRIES} are most")
        if kind == TEXT:
            return [self.text() for _ in range(count)]
        form = "?" if kind == BOOL else NUMBERS.get(kind, "")
        if not form:
            raise ValueError(f"it has an array of type {kind}")
        return [*struct.unpack(f"<{count}{form}", self.taken(count * struct.calcsize(form)))]

    def tensor(self) -> StoredTensor:
        axes = self.number("I")
        if not 1 <= axes <= MOST_AXES:
            raise ValueError(f"it has a tensor of {axes} axes")
        shape = tuple(reversed([self.number("Q") for _ in range(axes)]))
        return StoredTensor(self.number("I"), shape, self.number("Q"))
