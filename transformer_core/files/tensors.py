"""A safetensors file: tensors by name, and facts as text in its header; the same content has the same bytes.

A seal in the header, the SHA-256 of all bytes of the file with zeros in its own place, tells a damaged file from a
whole one. It is no secret: it holds against disks and copies, not against people.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import safe_open

from transformer_core.files.atomic import whole

if TYPE_CHECKING:  # whoever reads the facts alone needs no torch
    from torch import Tensor

SEAL = "seal"
#: What to do about weights that cannot be trained again at once.
AFRESH = "copy it afresh, or, if you trust it as it is, seal it with transformer_core.files.tensors.seal(path)"
#: Some twenty thousand tensors; the largest models have some thousand in a file.
MOST_HEADER = 2**21
_UNSEALED = "0" * 64
_BEFORE = f'"{SEAL}":"'.encode()


def write_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
    """Write `tensors` and `facts` to `path`, sealed, whole or not at all."""
    from safetensors.torch import save

    sealed = dict(facts) | {SEAL: _UNSEALED}
    data = _in_order(save({name: value.contiguous() for name, value in tensors.items()}, sealed))
    place, digest = _place(data), _digest(data)
    with whole(path) as part:
        # Written by Python, which says so where the disk has no room.
        part.write_bytes(data[: place.start] + digest + data[place.stop :])


def seal(path: Path) -> None:
    """Seal a file that another program wrote, or an earlier version of this one."""
    with safe_open(path, framework="pt") as file:
        facts = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    write_tensors(path, tensors, facts)


def unbroken(path: Path, otherwise: str) -> bytes:
    """All bytes of the sealed file at `path`; what to do `otherwise` ends the line that refuses it.

    Raises:
        FileNotFoundError: there is none.
        ValueError: no file, without a seal, or with other bytes than were sealed.
    """
    if path.exists() and not path.is_file():  # a pipe or a device might never end
        raise ValueError(f"{path} is no file")
    data = path.read_bytes()
    place = _place(data)
    if not place:
        raise ValueError(f"{path} has no seal, by which damage would be known: {otherwise}")
    if data[place.start : place.stop] != _digest(data):
        raise ValueError(f"{path} is damaged, its bytes are not those that were written: {otherwise}")
    return data


def check_header(path: Path) -> None:
    """Refuse a header that takes long to read, before it is read: a safetensors file begins with the length of its own.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no file, or its header is too long.
    """
    if path.exists() and not path.is_file():  # a pipe or a device might never end
        raise ValueError(f"{path} is no file")
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
    if MOST_HEADER < size <= path.stat().st_size:  # of one that cannot be, the library says so
        raise ValueError(f"{path} has a header of {size} bytes: {MOST_HEADER} are the most that are read")


def metadata(data: bytes) -> dict[str, str]:
    """The facts in the header of a safetensors file, without the seal."""
    facts: dict[str, str] = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    return {name: fact for name, fact in facts.items() if name != SEAL}


def _in_order(data: bytes) -> bytes:
    """The file `data` with its facts sorted by name: the library writes them in another order in each process."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    if len(text) > size:
        raise ValueError("the header of a safetensors file does not fit its place any more")
    return data[:8] + text.ljust(size) + data[8 + size :]


def _place(data: bytes) -> range:
    """Find the seal in `data`; an empty range if there is none."""
    # A quotation mark inside of a fact has a backslash before it, so that no fact can be taken for the seal.
    begin = data.find(_BEFORE, 8, 8 + int.from_bytes(data[:8], "little")) + len(_BEFORE)
    return range(begin, begin + len(_UNSEALED)) if begin >= len(_BEFORE) else range(0)


def _digest(data: bytes) -> bytes:
    place = _place(data)
    hashed = hashlib.sha256(memoryview(data)[: place.start])
    hashed.update(_UNSEALED.encode())
    hashed.update(memoryview(data)[place.stop :])
    return hashed.hexdigest().encode()
