"""Belongings: which files of a folder this program wrote. Only these it writes over or removes.

A user's file may have any name, and no format says reliably who wrote a file. So each folder that files are put into
has a list of their names, and a name is listed before its file is written: what was interrupted is written again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from transformer_core.files.atomic import ending

LIST = ".lecture-files"
HEAD = "# Files that lecture wrote here and may write over; what is not listed, it leaves alone.\n"
#: What was removed again stands in the list once more, after this.
GONE = "-"
#: A lecture has some hundred files; a list with more bytes is none of ours.
LARGEST = 16 * 2**20
#: What `lecture train` writes: the weights, how far it is, what was measured, and the card.
MODEL = (".safetensors", ".state.safetensors", ".npz", ".json", ".card.json", ".md", ".lock")


def take(folder: Path, names: Iterable[str]) -> set[str]:
    """Claim the right to write the files `names`, paths below `folder`; return the names of all files claimed so far.

    Raises:
        ValueError: somebody else's file is there, or a link, through which another file would be written.
    """
    names, ours = sorted(set(names)), listed(folder)
    for name in names:
        _check(folder, name, ours)
    if new := [name for name in names if name not in ours]:
        _append(folder, new)
    return ours | set(new)


def take_trace(path: Path) -> None:
    """Claim, as `take` does, the files of a trace that is saved at `path` (see `Trace.save`)."""
    path = ending(path, ".npz")
    take(path.parent, [path.name, path.with_suffix(".json").name])


def take_model(path: Path) -> None:
    """Claim, as `take` does, all files that training writes for a model at `path`, a .safetensors."""
    take(path.parent, [path.with_suffix(suffix).name for suffix in MODEL])


def release(folder: Path, names: Iterable[str]) -> None:
    """Strike `names` off the list: the files were removed, and what has such a name later is somebody else's."""
    if names := sorted(names):
        _append(folder, names, GONE)


def only_ours(target: Path) -> None:
    """Refuse a folder that is to be replaced as a whole, and that has anything in it which we did not write.

    Raises:
        ValueError: it is a link, or has such a file; the line names one.
    """
    ours = listed(target.parent)
    no_link(target)
    if target.is_file():
        raise ValueError(f"{target} is a file: move it away, or name another --output")
    for path in sorted(target.rglob("*")):
        if (path.is_symlink() or not path.is_dir()) and path.relative_to(target.parent).as_posix() not in ours:
            line = f"{path} was not written by lecture, which replaces the whole folder {target}"
            raise ValueError(f"{line}: move it away, or name another --output")


def listed(folder: Path) -> set[str]:
    """The names in the list of `folder`; a line that cannot be read gives no right to anything."""
    path = folder / LIST
    no_link(path)
    if not path.exists():
        return set()
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise ValueError(f"{path} is not the list of files that lecture keeps: name another --output")
    ours: set[str] = set()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            name = json.loads(line.removeprefix(GONE))
        except (ValueError, RecursionError):
            continue
        if isinstance(name, str):
            (ours.discard if line.startswith(GONE) else ours.add)(name)
    return ours


def _check(folder: Path, name: str, ours: set[str]) -> None:
    parts = Path(name).parts
    for count in range(1, len(parts) + 1):
        no_link(folder.joinpath(*parts[:count]))
    path = folder / name
    if path.exists() and name not in ours:
        raise ValueError(f"{path} is there and was not written by lecture: move it away, or name another --output")


def no_link(path: Path) -> None:
    """Refuse a link.

    Raises:
        ValueError: `path` is one.
    """
    if path.is_symlink():
        raise ValueError(f"{path} is a link: lecture writes through none; remove it, or name another --output")


def _append(folder: Path, names: Iterable[str], sign: str = "") -> None:
    """In one piece, so that two commands can list at the same time; a line that was cut off does not spoil the next."""
    path = folder / LIST
    folder.mkdir(parents=True, exist_ok=True)
    head = "" if path.exists() else HEAD
    lines = "".join(f"\n{sign}{json.dumps(name)}" for name in names)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    with os.fdopen(handle, "ab", buffering=0) as file:
        data = f"{head}{lines}\n".encode()
        if file.write(data) != len(data):
            raise OSError(28, os.strerror(28), str(path))
