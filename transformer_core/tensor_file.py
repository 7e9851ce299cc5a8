"""A safetensors file: tensors by name, and facts as text in its header; the same content has the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from transformer_core.whole_files import whole


def write_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
    """Write `tensors` and `facts` to `path`, whole or not at all."""
    with whole(path) as part:
        # Written by Python, which says so where the disk has no room.
        part.write_bytes(save({name: value.contiguous() for name, value in tensors.items()}, dict(facts)))
        _put_in_order(part)


def _put_in_order(path: Path) -> None:
    """Sort the facts in the header by name: the library writes them in another order in each process."""
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        if len(text) > size:
            raise ValueError(f"the header of {path.name} does not fit its place any more")
        file.seek(8)
        file.write(text.ljust(size))


def metadata(data: bytes) -> dict[str, str]:
    """The facts in the header of a safetensors file."""
    facts: dict[str, str] = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    return facts
