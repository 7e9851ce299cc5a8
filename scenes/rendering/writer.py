"""Writer: the frames of one step as one file, whatever its format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np

from scenes.rendering.tiles import Box
from transformer_core.files.atomic import naming, unfinished


class Writer(ABC):
    """A file of frames that appears under its name only when it is whole.

    Args:
        path: where the file goes.
        kind: the container, as FFmpeg names it.
        facts: what the file says of itself, as FFmpeg names it: "title", "comment", "description".
        options: further options of the container.
    """

    def __init__(self, path: Path | str, kind: str, facts: Mapping[str, str] | None = None, **options: str) -> None:
        self.path = Path(path)
        self.frames = 0
        self._partial = unfinished(self.path.absolute())
        with naming(self.path, self._partial):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._partial), "w", format=kind, options={"fflags": "+bitexact"} | options)
        self._container.metadata.update(facts or {})

    @abstractmethod
    def write(self, pixels: np.ndarray, changed: Sequence[Box] | None = None) -> None:
        """Add a frame.

        Args:
            pixels: the whole frame, shape (height, width, 4), uint8.
            changed: the rectangles in which it differs from the frame before; all of it, if not given.
        """

    def repeat(self, count: int = 1) -> None:
        """Show the last frame `count` frames longer."""
        if not self.frames:
            raise ValueError("there is no frame to repeat yet")
        self.frames += count

    def close(self) -> Path:
        """Finish the file and give it its name."""
        try:
            self._finish()
            with naming(self.path, self._partial):
                self._container.close()
                self._partial.replace(self.path)
        except BaseException:
            self.abort()
            raise
        return self.path

    @abstractmethod
    def _finish(self) -> None:
        """Write what is still to be written."""

    def abort(self) -> None:
        """Give the file up; nothing of it stays."""
        try:
            with suppress(OSError):  # a full disk has no room for the end of the file either
                self._container.close()
        finally:
            with suppress(OSError):
                self._partial.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()
