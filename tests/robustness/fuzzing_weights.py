"""Mutated models: config, tokenizer, weights, index and words of folders and checkpoints. Each is read, or told."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import hostile
import numpy as np
import safetensors_bent as bent
from guarding import attempt
from small_folders import build

from transformer_core.studies.sentence.read import read

TEXT = {"own": "the cat sees", "gpt2": "the cat", "llama": "the cat", "marian": "the ship"}
TEXT |= dict.fromkeys(("torch", "bert"), "the old ship")
#: What a file may be in place of itself.
GUISES = ("gone", "empty", "folder", "pipe", "zero", "loop", "pickle", "zip", "cut", "garbage", "deep", "latin")
TAKEN_APART = (LookupError, TypeError, ValueError, AttributeError)
#: Mutations of one file or part, by its name.
NAMED = ("guise", "bytes", "tree", "own header")
#: Whatever it reads, a pickle in the folder must not run.
PICKLE = b"\x80\x02cos\nsystem\nX\x09\x00\x00\x00touch ran\x85R."


class Weights:
    """A case is a kind of model, and then mutations: each a name and what it is done with."""

    def __init__(self, folder: Path) -> None:
        self.home, self.place = build(folder / "models"), folder / "changed"
        self.changes: set[str] = set()

    def case(self, random: Random) -> list[Any]:
        kind = random.choice([*self.home])
        wanted = random.choice([1, 1, 1, 2, 4])
        return [kind, *(_mutation(random, self.home[kind]) for _ in range(wanted))]

    def prepare(self, case: Sequence[Any]) -> None:
        """Write the changed model."""
        kind, *mutations = case
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.home[kind], self.place)
        self.changes = {kind}
        for number, (name, *given) in enumerate(mutations):
            # What an earlier change has taken apart may have no place for this one.
            with suppress(*(TAKEN_APART if number else ())):
                MUTATIONS[name](self.place, *given)
                self.changes.add(f"{name} {given[0]}" if name in NAMED else name)

    def sorts(self, _case: Sequence[Any]) -> set[str]:
        """The kind of model, and the changes that were made of it."""
        return self.changes

    def run(self, case: Sequence[Any]) -> Any:
        kind = case[0]
        path = self.place / "model.safetensors" if kind == "own" else self.place
        trace = attempt(lambda: read(TEXT[kind], path))
        assert not Path("ran").exists(), "a pickle was run"
        if trace is not None:
            numbers = [tensor.values for tensor in trace.tensors.values() if tensor.values.dtype.kind == "f"]
            assert not any(np.isnan(values).any() for values in numbers), "not a number"
        return trace


def _mutation(random: Random, folder: Path) -> tuple[Any, ...]:
    files = sorted(path.name for path in folder.iterdir())
    way = random.random()
    if way < 0.15:
        return "guise", random.choice(files), random.choice(GUISES)
    if way < 0.25:
        return "bytes", random.choice(files), random.getrandbits(32), random.choice([1, 3, 20])
    if way < 0.35:
        return "header", bent.header_change(random)
    if way < 0.5:
        return "entry", random.getrandbits(32), random.choice([np.nan, np.inf, -np.inf, 1e30, -1e38, 65504.0])
    if way < 0.6:
        return "index", random.choice(
            ["..", "../model.safetensors", "/etc/passwd", "model.safetensors", "a\0b", "", 3, None]
        )
    if folder.name == "own":
        return "own header", random.choice(["config", "about", "vocabulary"]), *_tree_change(random)
    if way < 0.85:
        return "tree", "config.json", *_tree_change(random)
    return "tree", random.choice(["tokenizer.json", "vocabulary.json"]), *_tree_change(random)


def _tree_change(random: Random) -> tuple[int, Any]:
    """A seed that chooses a place in a tree, and what to put there; "remove" takes it away."""
    return random.getrandbits(32), random.choice(["remove", hostile.value(random), hostile.value(random)])


def changed_tree(tree: Any, seed: int, value: Any) -> Any:
    """`tree` with one place changed; the deeper, the rarer."""
    random, here = Random(seed), tree
    while True:
        keys = [*here] if isinstance(here, dict) else [*range(len(here))] if isinstance(here, list) else []
        if not keys:
            return value
        key = random.choice(keys)
        if isinstance(here[key], dict | list) and here[key] and random.random() < 0.8:
            here = here[key]
            continue
        if value == "remove":
            del here[key]
        else:
            here[key] = value
        return tree


def _tree(folder: Path, name: str, seed: int, value: Any) -> None:
    path = folder / name
    if name == "vocabulary.json" and not path.exists():
        path.write_text(
            json.dumps({"source": ["<pad>", "<start>", "<end>", "the"], "target": ["a"] * 80, "longest": 9})
        )
    if path.is_file() and not path.is_symlink():
        try:
            tree = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            return
        path.write_text(json.dumps(changed_tree(tree, seed, value)), encoding="utf-8")


def _guise(folder: Path, name: str, guise: str) -> None:
    path = folder / name
    if path.is_dir() or not path.exists():
        return
    before = path.read_bytes() if path.is_file() else b""
    path.unlink()
    made = {
        "empty": b"", "pickle": PICKLE, "zip": b"PK\x03\x04" + before, "cut": before[: len(before) // 2],
        "garbage": Random(name).randbytes(2000), "deep": b"[" * 100_000, "latin": b'{"a": "\xe9\xff"}',
    }  # fmt: skip
    if guise in made:
        path.write_bytes(made[guise])
    elif guise == "folder":
        path.mkdir()
    elif guise == "pipe":
        os.mkfifo(path)
    elif guise in {"zero", "loop"}:
        path.symlink_to("/dev/zero" if guise == "zero" else path.name)
    elif guise == "gone":
        (folder / "pytorch_model.bin").write_bytes(PICKLE)


def _bytes(folder: Path, name: str, seed: int, count: int) -> None:
    path = folder / name
    if not path.is_file() or path.is_symlink() or not path.stat().st_size:
        return
    random, data = Random(seed), bytearray(path.read_bytes())
    for _ in range(count):
        # The head of a file is where most of its meaning is.
        at = random.randrange(min(len(data), random.choice([8, 200, 5000, len(data)])))
        data[at] = random.choice([0, 255, random.randrange(256), data[at] ^ 1])
    path.write_bytes(data)


def _index(folder: Path, place: Any) -> None:
    whole = folder / "model.safetensors"
    if whole.is_file() and not whole.is_symlink():
        names = bent.names(whole)
        whole.rename(folder / "part.safetensors")
        places = dict.fromkeys(names, "part.safetensors")
        if names:
            places[names[0]] = place
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


MUTATIONS = {
    "guise": _guise,
    "bytes": _bytes,
    "index": _index,
    "tree": _tree,
    "header": lambda folder, change: bent.bend(folder / "model.safetensors", change),
    "entry": lambda folder, seed, value: bent.put(folder / "model.safetensors", seed, value),
    "own header": lambda folder, part, seed, value: bent.bend_text(
        folder / "model.safetensors", part, lambda tree: changed_tree(tree, seed, value)
    ),
}
