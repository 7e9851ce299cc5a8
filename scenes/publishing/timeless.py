"""Files without the time of day in them: the same content has the same bytes, whenever it is made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from scenes.production.film import boxes
from transformer_core.files.atomic import whole

#: Boxes of ISO 14496-12 that say when they were made.
DATED = {b"mvhd", b"tkhd", b"mdhd"}


def write_archive(members: Iterable[tuple[str, str | bytes]], target: Path) -> None:
    """Write names and contents as a ZIP archive to `target`, as if they were of no time."""
    with whole(target) as part, ZipFile(part, "w") as archive:
        for name, content in members:
            kept = ZipInfo(name)
            kept.compress_type, kept.external_attr = ZIP_DEFLATED, 0o644 << 16
            archive.writestr(kept, content)


def undated(made: bytes) -> bytes:
    """The content of a file in ISO boxes, such as an AVIF, without the times at which it was made."""
    content = bytearray(made)
    for kind, at in boxes(content, 0, len(content)):
        if kind in DATED:
            both = 16 if content[at] == 1 else 8  # created and changed, in 64 bits or in 32
            content[at + 4 : at + 4 + both] = bytes(both)
    return bytes(content)
