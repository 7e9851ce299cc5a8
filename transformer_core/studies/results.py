"""Recorded results of the experiments, each tensor read when it is first asked for. NumPy alone.

`trace["experiment.variance.width"]` comes from `assets/experiments/variance.npz`, with axes and labels from the card
beside it. How the files are made: `transformer_core.studies.experiments.laboratory`.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from transformer_core.files import ASSETS
from transformer_core.files.atomic import reading
from transformer_core.files.foreign import read_arrays
from transformer_core.tracing.trace import NamedTensor, Trace

FOLDER = ASSETS / "experiments"
PREFIX = "experiment."


def found(name: str, folder: Path | None = None) -> NamedTensor | None:
    """The recorded tensor called `name`, "experiment.<experiment>.<tensor>"; None if there is none."""
    facts = card(_experiment(name), folder).get("tensors", {}).get(name)
    if facts is None:
        return None
    path = _file(_experiment(name), folder)
    (values,) = read_arrays(path, [name]).values()
    with reading(path):
        labels = {axis: tuple(words) for axis, words in facts["labels"].items()}
        return NamedTensor(name, values, tuple(facts["axes"]), labels)


def recorded(name: str, folder: Path | None = None) -> bool:
    """True if there is a recorded tensor called `name`."""
    return name in card(_experiment(name), folder).get("tensors", {})


def equation(name: str) -> str:
    """The origin of the recorded tensor called `name`; "" if there is none."""
    return f"recorded by the experiment {_experiment(name)}" if recorded(name) else ""


def card(experiment: str, folder: Path | None = None) -> dict[str, Any]:
    """The card of a recorded experiment: facts under "about", and axes, shape and labels of every tensor."""
    path = _file(experiment, folder).with_suffix(".json")
    if not experiment or not path.exists():
        return {}
    return _read(path, path.stat().st_mtime_ns)


def examined(experiment: str, folder: Path | None = None) -> Trace:
    """A trace of no sentence, in which the recorded results can be read; its facts are those of an experiment's card.

    Raises:
        ValueError: the experiment was not recorded.
    """
    facts = card(experiment, folder).get("about")
    if facts is None:
        raise ValueError(f"no experiment {experiment!r} was recorded; there are: {', '.join(experiments(folder))}")
    return Trace({}, about=facts | {"text": facts["question"]})


def experiments(folder: Path | None = None) -> list[str]:
    """The names of the experiments that were recorded."""
    return sorted(path.stem for path in (folder or FOLDER).glob("*.npz"))


def fingerprint(folder: Path | None = None) -> str:
    """A hash of all that was recorded."""
    files = sorted(path for path in (folder or FOLDER).glob("*") if path.suffix in {".npz", ".json"})
    return _hashed(*((path, found.st_mtime_ns, found.st_ctime_ns) for path in files for found in [path.stat()]))


@lru_cache(maxsize=8)
def _hashed(*files: tuple[Path, int, int]) -> str:
    """A hash of files, read again when one of them was changed."""
    parts = [path.name.encode() + path.read_bytes() for path, *_ in files]
    return hashlib.blake2b(b"".join(parts), digest_size=16).hexdigest()


def _experiment(name: str) -> str:
    """The second part of "experiment.<experiment>.<tensor>"; nothing for other names."""
    return name.removeprefix(PREFIX).partition(".")[0] if name.startswith(PREFIX) else ""


def _file(experiment: str, folder: Path | None) -> Path:
    return (folder or FOLDER) / f"{experiment}.npz"


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int) -> dict[str, Any]:
    """The card at `path`, read again when it was changed."""
    with reading(path):
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts
