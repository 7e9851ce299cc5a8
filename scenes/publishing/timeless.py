"""Files without the time of day in them: the same content has the same bytes, whenever it is made."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

#: Boxes of ISO 14496-12 that hold others, and those that say when they were made.
HOLDING, DATED = {b"moov", b"trak", b"mdia"}, {b"mvhd", b"tkhd", b"mdhd"}


def write_archive(made: BytesIO, target: Path) -> None:
    """Write a ZIP archive to `target` as if its members were of no time."""
    with ZipFile(made) as before, ZipFile(target, "w") as after:
        for member in before.infolist():
            kept = ZipInfo(member.filename)
            kept.compress_type, kept.external_attr = ZIP_DEFLATED, 0o644 << 16
            after.writestr(kept, before.read(member))


def write_boxes(made: BytesIO, target: Path) -> None:
    """Write an animation in ISO boxes, such as an AVIF, to `target` without the times at which it was made."""
    content = bytearray(made.getvalue())
    _forget_times(content, 0, len(content))
    target.write_bytes(content)


def _forget_times(content: bytearray, at: int, end: int) -> None:
    while at < end:
        size, kind = int.from_bytes(content[at : at + 4], "big"), bytes(content[at + 4 : at + 8])
        if size == 1:  # a long box has its size behind its kind
            size = int.from_bytes(content[at + 8 : at + 16], "big")
        if kind in HOLDING:
            _forget_times(content, at + 8, at + size)
        elif kind in DATED:
            both = 16 if content[at + 8] == 1 else 8  # created and changed, in 64 bits or in 32
            content[at + 12 : at + 12 + both] = bytes(both)
        at += size or end  # none: the last box goes on to the end
