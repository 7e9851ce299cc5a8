"""Headers of .safetensors, taken apart and put together otherwise: an 8-byte length, JSON, and the numbers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

DTYPES = (*"F64 F32 F16 BF16 I64 I32 U8 BOOL F8_E4M3 F8_E5M2 C64 F4 X99".split(), "", 7, None)
SIZES = (0, 1, -1, 2, 10**6, 10**12, 2**31, 2**32, 2**62, 2**63, 2**64 - 1, 2**64, 10**30, 1.5, "12", None, True)
SEAL = re.compile(r'(?<!\\)"seal": ?"[0-9a-f]{64}"')
LENGTHS = (0, 1, 7, 100, 2**20, 100_000_001, 2**31, 2**40, 2**63 - 1, 2**63, 2**64 - 1)


def apart(path: Path) -> tuple[dict[str, Any], bytes] | None:
    """Header and numbers of a file; None if it is none any more."""
    if not path.is_file() or path.is_symlink():
        return None
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + size])
    except (ValueError, RecursionError):
        return None
    return (header, data[8 + size :]) if isinstance(header, dict) else None


def together(path: Path, header: str, numbers: bytes, length: int | None = None) -> None:
    """Write a file; if its header has a seal, one that fits, so that what comes after the seal is tried."""
    encoded = SEAL.sub(f'"seal":"{"0" * 64}"', header).encode("utf-8", errors="surrogatepass")
    data = (len(encoded) if length is None else length).to_bytes(8, "little") + encoded + numbers
    path.write_bytes(data.replace(b'"seal":"' + b"0" * 64, b'"seal":"' + hashlib.sha256(data).hexdigest().encode()))


def names(path: Path) -> list[str]:
    """The names of the tensors in a file."""
    found = apart(path)
    return [name for name in found[0] if name != "__metadata__"] if found else []


def header_change(random: Random) -> tuple[Any, ...]:
    """One change of a header, as data."""
    way = random.choice(["length", "dtype", "shape", "offsets", "rename", "twice", "swap", "metadata", "field", "many"])
    values = {
        "length": LENGTHS,
        "dtype": DTYPES,
        "shape": SIZES,
        "offsets": SIZES,
        "rename": ("", "../x", "\x1b[2J", "a\nb", "x" * 5000),
    }
    return way, random.getrandbits(32), random.choice(values.get(way, SIZES))


def bend(path: Path, change: tuple[Any, ...]) -> None:
    """Change the header of the file at `path`."""
    found = apart(path)
    if not found or not names(path):
        return
    (header, numbers), (way, seed, value) = found, change
    random = Random(seed)
    name = random.choice(names(path))
    facts = header[name]
    if way == "length":
        together(path, json.dumps(header), numbers, value)
        return
    if way == "twice":
        text = json.dumps(header)
        together(path, text[:-1] + f", {json.dumps(name)}: {json.dumps(facts)}" + "}", numbers)
        return
    if way == "dtype":
        facts["dtype"] = value
    elif way == "shape":
        shape = facts["shape"]
        shape[random.randrange(len(shape)) : random.choice([None, 1])] = (
            [value] * random.choice([1, 1, 3]) if shape else [value]
        )
    elif way == "offsets":
        facts["data_offsets"][random.randrange(2)] = value
    elif way == "rename":
        header[str(value)] = header.pop(name)
    elif way == "swap":
        other = header[random.choice(names(path))]
        facts["data_offsets"], other["data_offsets"] = other["data_offsets"], facts["data_offsets"]
    elif way == "metadata":
        header["__metadata__"] = value
    elif way == "field":
        facts.pop(random.choice([*facts]))
    elif way == "many":
        header |= {f"x{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(3000)}
    together(path, json.dumps(header), numbers)


def put(path: Path, seed: int, value: float) -> None:
    """Write `value` into an entry of a tensor, or into all of it."""
    found = apart(path)
    if not found or not names(path):
        return
    (header, numbers), random = found, Random(seed)
    facts = header[random.choice(names(path))]
    kinds = {"F32": np.float32, "F64": np.float64, "F16": np.float16}
    if facts.get("dtype") not in kinds:
        return
    begin, end = facts["data_offsets"]
    data = bytearray(numbers)
    entries = np.frombuffer(
        data, kinds[facts["dtype"]], offset=0, count=len(data) // np.dtype(kinds[facts["dtype"]]).itemsize
    )
    size = entries.itemsize
    first, last = begin // size, end // size
    if last > first:
        with np.errstate(over="ignore"):
            entries[slice(first, last) if random.random() < 0.2 else random.randrange(first, last)] = value
    together(path, json.dumps(header), bytes(data))


def bend_text(path: Path, part: str, change: Callable[[Any], Any]) -> None:
    """Change the config, the card, or the vocabulary in the card, which the header of a checkpoint holds as JSON."""
    found = apart(path)
    if not found or part not in {"config", "about", "vocabulary"}:
        return
    header, numbers = found
    texts = header.get("__metadata__")
    if not isinstance(texts, dict) or not isinstance(texts.get("about"), str):
        return
    try:
        if part == "vocabulary":
            about = json.loads(texts["about"])
            about["vocabulary"] = json.dumps(change(json.loads(about["vocabulary"])))
            texts["about"] = json.dumps(about)
        else:
            texts[part] = json.dumps(change(json.loads(texts[part])))
    except (ValueError, KeyError, TypeError, RecursionError):
        return  # an earlier change has taken it apart
    together(path, json.dumps(header), numbers)
