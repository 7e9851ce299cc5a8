"""The folder of the cache: where it lies, and the mark by which it is known as one of this program."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from platformdirs import user_cache_path

from scenes.production.files import write_text
from scenes.production.seals import PROGRAM

#: What a cache is known by: https://bford.info/cachedir. Backups leave folders out that begin so.
TAG = "CACHEDIR.TAG"
SIGNATURE = """Signature: 8a477f597d28d172789f06886806bc55
# The cache of lecture, which removes files of its own here when they were not used for a month.
"""
#: The folders of a store, and what their files end in.
KINDS = {
    "clips": (".mp4", ".mkv", ".svg", ".json", ".png"), "films": (".mp4",), "sheets": (".png",),
    "sounds": (".flac", ".m4a", ".mp4"), "speech": (".flac",), "surveys": (".json",), "traces": (".npz", ".json"),
}  # fmt: skip


def cache_folder() -> Path:
    """The folder of the cache: the one that LECTURE_CACHE names, or one among the caches of the user.

    Raises:
        ValueError: LECTURE_CACHE is empty, or this user has no home.
    """
    named = os.environ.get("LECTURE_CACHE")
    if named is not None:
        if not named.strip():
            raise ValueError("LECTURE_CACHE is empty: name a folder for the cache, or unset it")
        return Path(named).resolve()
    folder = user_cache_path(PROGRAM, appauthor=False)
    if not folder.is_absolute() or os.environ.get("HOME") == "":
        raise ValueError("you have no home to keep the cache in: name a folder for it by LECTURE_CACHE")
    return folder


def opened(folder: Path) -> Path:
    """`folder`, which is marked as a cache of ours by now; it is made, or has been empty, or was marked before.

    Raises:
        ValueError: it has something else in it, or a link in the place of a folder of ours.
        OSError: nothing can be made there.
    """
    for kind in (*KINDS, "experiments"):
        if (folder / kind).is_symlink():
            raise ValueError(f"{folder / kind} is a link, and no cache lies behind one: remove it")
    if not is_marked(folder):
        folder.mkdir(parents=True, exist_ok=True)
        others = [path for path in folder.iterdir() if not path.name.startswith(f".{Path(TAG).stem}.")]
        if others and not is_marked(folder):  # by another command, just now
            line = "has files in it and is no cache of lecture: name an empty or a new folder by LECTURE_CACHE"
            raise ValueError(f"{folder} {line}")
        write_text(folder / TAG, SIGNATURE)
    return folder


def is_marked(folder: Path) -> bool:
    """Check for the mark of a folder that this program made, or found empty, to be its cache."""
    tag = folder / TAG
    try:
        if not stat.S_ISREG(tag.lstat().st_mode):
            return False
        with tag.open("rb") as file:
            return file.read(len(SIGNATURE.encode())) == SIGNATURE.encode()
    except FileNotFoundError:
        return False
