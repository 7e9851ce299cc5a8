"""Clip: one step of a lecture as one mp4 file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import PictureType

from scenes.rendering.lane import CallQueue
from scenes.rendering.planes import Planes
from scenes.rendering.stillness import Syntax
from scenes.rendering.tiles import Box
from scenes.rendering.writer import Writer
from transformer_core.files.atomic import naming

PAUSE = 6  # frames; a shorter standstill is coded like motion, since a key frame has to follow a written pause
KEY_SECONDS = 2  # between key frames: a player finds any moment within so much
#: Of moving pictures: less is better; still ones get three less. 24 is better than Manim's.
QUANTISER = 24
BT709, LIMITED = 1, 1  # as ISO/IEC 23091-2 numbers them


class ClipWriter(Writer):
    """Writes frames into an mp4: H.264, 4:2:0, BT.709 in limited range, constant frame rate, index at the front.

    Every clip of one size and rate begins with a key frame and carries the same parameter sets, so that clips can be
    joined without coding them again. Pauses are written, not coded (see `stillness`). Coding goes on in a thread while
    the next frame is drawn. The file appears under its name only when it is whole. Two runs give the same bytes.

    Args:
        path: where the clip goes.
        size: width and height in pixels, both even.
        fps: frames a second.
        preset: effort, as x264 names it.
        pauses: whether pauses are written; if not, they are coded like everything else.
        facts: what the file says of itself, as FFmpeg names it: "title", "comment", "description".
    """

    def __init__(
        self,
        path: Path | str,
        size: tuple[int, int] = (1920, 1080),
        fps: int = 60,
        preset: str = "superfast",
        pauses: bool = True,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(path, "mp4", facts, movflags="faststart")
        self._rate = fps
        self._planes = Planes(*size)
        self._lane = CallQueue()
        self._pending = 0
        self._since_key = 0
        self._key_wanted = True
        self._stream = self._container.add_stream("libx264", rate=fps, options=self._options(preset))
        self._stream.width, self._stream.height, self._stream.pix_fmt = size[0], size[1], "yuv420p"
        self._stream.time_base = Fraction(1, fps)
        context = self._stream.codec_context
        context.thread_count = 1  # the result depends on it
        context.color_range, context.colorspace = LIMITED, BT709
        context.color_primaries, context.color_trc = BT709, BT709
        context.open()
        self._syntax = Syntax.read(context.extradata or b"") if pauses else None

    def _options(self, preset: str) -> dict[str, str]:
        """Return the options of x264 for a preset.

        Key frames come where they are asked for, and nothing is reordered, looked ahead at or coded by CABAC: so a
        pause can follow any frame. Drawn pictures are flat with sharp edges: to code them at a constant quantiser,
        without adapting it, smoothing blocks or searching between pixels, takes 40% less time for the same size and
        1 dB more than x264's own "superfast" at crf 23 (measured on lecture pictures, 1080p).
        """
        plain = "weightp=0:rc-lookahead=0:mbtree=0:sync-lookahead=0:force-cfr=1:aq-mode=0:no-deblock=1"
        return {
            "preset": preset,
            "qp": str(QUANTISER),
            "g": str(KEY_SECONDS * self._rate),
            "bf": "0",
            "sc_threshold": "0",
            "coder": "vlc",
            "forced-idr": "1",
            "x264-params": f"{plain}:subme=0" if preset == "superfast" else plain,
        }

    def write(self, pixels: np.ndarray, changed: Sequence[Box] | None = None) -> None:
        """Add a frame, its pixels with or without opacity."""
        if changed is not None and not changed and self.frames:
            self.repeat()
            return
        self._settle()
        if pixels.shape[:2] != (self._planes.height, self._planes.width):
            raise ValueError(f"a frame of this clip has the size {self._planes.width}x{self._planes.height}")
        whole = [(0, 0, self._planes.width, self._planes.height)]
        parts = self._planes.converted(pixels, changed if changed is not None and self.frames else whole)
        self._lane.do(self._take, parts, self.frames)
        self.frames += 1

    def mark(self) -> None:
        """Let the next frame be a key frame: a clip can be cut before it, and a player finds it at once."""
        self._settle()
        self._lane.do(self._want_key)

    def repeat(self, count: int = 1) -> None:
        """Show the last frame `count` frames longer."""
        super().repeat(count)
        self._pending += count

    def _settle(self) -> None:
        """Put the frames of a standstill into the file."""
        count, self._pending = self._pending, 0
        first = self.frames - count
        if count >= PAUSE and self._syntax:
            self._lane.do(self._pause, first, count)
        else:
            for number in range(first, first + count):
                self._lane.do(self._code, number)

    # From here to `_put`, everything happens in the lane.

    def _want_key(self) -> None:
        self._key_wanted = True

    def _take(self, parts: list[tuple[Box, av.VideoFrame]], number: int) -> None:
        self._planes.take(parts)
        self._code(number)

    def _pause(self, first: int, count: int) -> None:
        """A key frame, sharper than what moved before, and pictures that say "as before"; again every few seconds."""
        assert self._syntax is not None
        key = b""
        for number in range(first, first + count):
            since = (number - first) % (KEY_SECONDS * self._rate)
            if not key:
                self._key_wanted = True
                key = self._code(number)
            else:
                self._put(key if since == 0 else self._syntax.unchanged(since), number, is_key=since == 0)
        # The encoder does not know of these pictures: what it makes next must not refer to any before.
        self._key_wanted = True

    def _code(self, number: int) -> bytes:
        """Let the encoder code the picture as frame `number`; what it made of it."""
        frame = self._frame(number)
        if self._key_wanted or self._since_key >= KEY_SECONDS * self._rate:
            frame.pict_type = PictureType.I
            self._since_key = 0
        self._key_wanted = False
        self._since_key += 1
        # One frame in, one picture out: nothing is reordered or looked ahead at.
        (packet,) = self._stream.encode(frame)
        data = bytes(packet)
        self._put(data, number, packet.is_keyframe)
        return data

    def _frame(self, number: int) -> av.VideoFrame:
        frame = av.VideoFrame.from_numpy_buffer(self._planes.rows, format="yuv420p")
        frame.pts = number
        frame.time_base = Fraction(1, self._rate)
        return frame

    def _put(self, data: bytes, number: int, is_key: bool) -> None:
        packet = av.Packet(data)
        packet.stream = self._stream
        packet.time_base = Fraction(1, self._rate)
        packet.pts = packet.dts = number
        packet.duration = 1
        packet.is_keyframe = is_key
        with naming(self.path, self._partial):
            self._container.mux(packet)

    def _finish(self) -> None:
        self._settle()
        self._lane.finish()
        self._end()

    def _end(self) -> None:
        assert not self._stream.encode()

    def abort(self) -> None:
        """Give the clip up; nothing of it stays."""
        self._lane.drop()
        super().abort()
