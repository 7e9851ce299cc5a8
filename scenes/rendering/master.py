"""Master: one step as pictures without loss, with their transparency, to make any other format of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from scenes.rendering.tiles import Box
from scenes.rendering.writer import Writer
from transformer_core.files.atomic import naming


class MasterWriter(Writer):
    """Writes frames into a Matroska file: FFV1, red, green, blue and alpha, nothing lost. Whole or not at all.

    What it is told is what a `ClipWriter` is told. A frame that is repeated is stored once: it lasts until the next.

    Args:
        path: where the master goes.
        size: width and height in pixels.
        fps: frames a second.
        facts: what the file says of itself.
    """

    def __init__(
        self, path: Path | str, size: tuple[int, int], fps: int, facts: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(path, "matroska", facts)
        self._rate, self._last = fps, -1
        self._stream = self._container.add_stream("ffv1", rate=fps)
        self._stream.width, self._stream.height, self._stream.pix_fmt = *size, "bgra"
        self._stream.time_base = Fraction(1, fps)
        self._stream.codec_context.thread_count = 1
        self._pixels = np.zeros((size[1], size[0], 4), np.uint8)

    def write(self, pixels: np.ndarray, changed: Sequence[Box] | None = None) -> None:  # noqa: ARG002 - all is kept
        """Add a frame, RGBA as Cairo has it: multiplied by its opacity."""
        self._pixels[:] = pixels
        self._put()
        self.frames += 1

    def _put(self) -> None:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(self._pixels[..., [2, 1, 0, 3]]), format="bgra")
        frame.pts, frame.time_base, self._last = self.frames, Fraction(1, self._rate), self.frames
        with naming(self.path, self._partial):
            self._container.mux(self._stream.encode(frame))

    def _finish(self) -> None:
        if self.frames - 1 > self._last >= 0:
            self.frames -= 1
            self._put()  # so that the end of a standstill is known
            self.frames += 1
        with naming(self.path, self._partial):
            self._container.mux(self._stream.encode(None))
