"""Pickles: files that may run any code when they are read. They are told apart here, and never opened as such."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
#: How a pickle begins: a bare one, by its protocol, or those of torch, in a zip archive.
BEGINNINGS = (*(bytes([0x80, protocol]) for protocol in range(2, 6)), b"PK\x03\x04")


def is_pickle(path: Path) -> bool:
    """True if the file at `path` is a pickle, by its name or by its first bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return path.suffix.lower() in SUFFIXES or file.read(4).startswith(BEGINNINGS)


def in_folder(folder: Path) -> list[Path]:
    """The files of a folder whose names are those of pickles."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def called(written_by: str) -> str:
    """The class of transformers that a config names, if that can be a name."""
    return written_by if written_by.isidentifier() else "AutoModel"


def refusal(path: Path, written_by: str = "AutoModel") -> str:
    """The line that refuses the pickle at `path` and says how to convert it; `written_by` is the class of its model."""
    return (
        f"{path} is a pickle, which may run any code when it is read: if you trust it, convert it once with "
        f"transformers, {called(written_by)}.from_pretrained(folder).save_pretrained(folder), or, for weights of "
        "torch.nn, load them into your module and write a folder with transformer_core.pretrained.save_torch"
    )
