"""A command that is going to be disturbed: how it is run, who belongs to it, and whether every file is whole."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import av
import numpy as np
from PIL import Image
from safetensors import safe_open

from scenes.production.belongings import LIST
from scenes.production.seals import intact

ROOT = Path(__file__).resolve().parents[2]
LECTURE = (sys.executable, "-m", "scenes.cli.begin")
#: How a text ends that is whole; others are whole if a parser says so.
ENDS = {".html": "</html>\n", ".css": "}\n", ".js": (";\n", "}\n"), ".srt": "\n", ".vtt": "\n", ".md": "\n",
        ".txt": "\n", ".toml": "\n", ".TAG": "\n"}  # fmt: skip


def start(command: Sequence[object], folder: Path, **environment: str) -> subprocess.Popen[str]:
    """Begin `command` in `folder`, as the leader of a session of its own, which an interrupt reaches."""
    # What a shell starts in its background ignores this signal, and what ignores it hands that on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = [str(part) for part in command]
    everything = {**os.environ, "PYTHONPATH": str(ROOT), "LECTURE_CACHE": "renders/.cache", **environment}
    return subprocess.Popen(
        arguments, cwd=folder, env=everything, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def session(leader: int) -> list[int]:
    """The processes that belong to the session of `leader` and are not merely waiting to be buried."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, number = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it ended just now
            continue
        if int(number) == leader and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def outlived(leader: int, longest: float = 10.0) -> float:
    """Seconds until nobody of the session is left; those who stay longer than `longest` are an error."""
    begun = time.monotonic()
    while left := session(leader):
        if time.monotonic() > begun + longest:
            os.killpg(leader, signal.SIGKILL)
            raise AssertionError(f"{len(left)} processes outlived their leader by {longest} seconds")
        time.sleep(0.02)
    return time.monotonic() - begun


def files(folder: Path) -> Iterator[Path]:
    """Every file in `folder`, at any depth."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def hashes(*folders: Path) -> dict[str, str]:
    """Return the SHA-256 of each file, by its path."""
    return {
        path.relative_to(folder.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in files(folder)
    }


def unfinished(folder: Path) -> list[str]:
    """Files under the names that they have while they are written."""
    return [path.name for path in folder.rglob(".*") if ".part" in path.name]


def states(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the time of the last change, in ns, and the inode of each file, by its path."""
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in files(folder)}


def halves(folder: Path) -> list[str]:
    """The files of `folder` that are there under their names and are not whole, and why."""
    found = []
    for path in files(folder):
        if any(".part" in part for part in path.relative_to(folder).parts):
            continue  # still to be written, and its name says so
        try:
            read(path)
        except Exception as error:
            found.append(f"{path.relative_to(folder)}: {type(error).__name__} {error}")
    return found


def read(path: Path) -> None:
    """Read the whole file at `path`.

    Raises:
        Exception: it is not whole.
    """
    kind = path.suffix
    if kind in {".mp4", ".mkv", ".webm", ".m4a", ".flac"}:
        _play(path)
    elif kind == ".png":
        with Image.open(path) as picture:
            picture.load()
    elif kind == ".json":
        json.loads(path.read_text(encoding="utf-8"))
    elif kind == ".svg":
        ET.parse(path)
    elif kind == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            for name in arrays.files:
                _ = arrays[name]
    elif kind == ".safetensors":
        with safe_open(path, framework="np") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - no mapping
                tensors.get_slice(name)
    elif kind.endswith("-seal"):
        assert intact(path.with_name(path.name.removesuffix("-seal")))
    elif kind == ".pptx":
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
    elif kind == ".lock":
        assert path.read_bytes() == b""  # of a training that was killed; the next one takes it, and removes it
    elif path.name == LIST:
        assert path.read_text(encoding="utf-8").endswith("\n")
    elif kind in ENDS:
        assert path.read_text(encoding="utf-8").endswith(ENDS[kind])
    else:
        raise AssertionError("nobody knows this kind of file")


def _play(path: Path) -> None:
    with av.open(str(path)) as film:
        shown = sum(1 for _ in film.decode(film.streams[0]))
        promised = film.streams[0].frames
        assert shown, "nothing to play"
        assert shown == promised or path.suffix != ".mp4", f"{shown} frames of {promised}"
        assert film.duration


def frames_are_right(folder: Path) -> bool:
    """Return True if film and clips in `folder` have as many frames as their index says."""
    index = json.loads((folder / "steps.json").read_text(encoding="utf-8"))
    wanted = [round(step["duration"] * index["rate"]) for step in index["steps"]]
    counts = [_frames(folder / step["clip"]) for step in index["steps"]]
    return counts == wanted and _frames(folder / index["film"]) == sum(wanted)


def _frames(path: Path) -> int:
    with av.open(str(path)) as film:
        return sum(1 for _ in film.decode(video=0))


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """The names of files that only one has, or that differ."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
