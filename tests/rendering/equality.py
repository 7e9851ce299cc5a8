"""Every frame of whole chapters, under plain Manim and under the fast renderer.

    python tests/rendering/equality.py [CHAPTER ...] [--size 640x360] [--fps 15] [--steps 1 2]

All chapters by default. Prints, for each chapter, the number of frames under both, how many are not bit-equal, and the
PSNR of the worst one; ends with status 1 if a number differs or a frame has less than 60 dB.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from frames import Recorder, psnr, quality
from manim import logger, tempconfig

from scenes.cli.orders import open_store
from scenes.production.repertoire import parts, repertoire
from scenes.rendering import FastRenderer
from scenes.stage.chapter import Chapter
from transformer_core.tracing.trace import Trace

LEAST = 60.0  # dB


class Packed(Recorder):
    """Plain Manim, keeping its frames compressed: a drawn picture is mostly flat."""

    def add_frame(self, frame: np.ndarray, num_frames: int = 1) -> None:
        self.time += num_frames / self.camera.frame_rate
        packed = zlib.compress(np.ascontiguousarray(frame[:, :, :3]).tobytes(), 1)
        self.pictures.extend([packed] * num_frames)  # type: ignore[list-item]


class Comparer:
    """Stands for a ClipWriter: compares what the encoder would be given with the frames of plain Manim."""

    def __init__(self, theirs: list[bytes], shape: tuple[int, int, int]) -> None:
        self.theirs, self.frames, self.unequal, self.worst = theirs, 0, 0, 100.0
        self.picture = np.zeros(shape, np.uint8)
        self._last: tuple[bytes, float] | None = None

    def write(self, pixels: np.ndarray, changed: list[tuple[int, int, int, int]] | None = None) -> None:
        height, width, _ = self.picture.shape
        for x0, y0, x1, y1 in [(0, 0, width, height)] if changed is None else changed:
            self.picture[y0:y1, x0:x1] = pixels[y0:y1, x0:x1, :3]
        self._last = None
        self.repeat()

    def repeat(self, count: int = 1) -> None:
        for theirs in self.theirs[self.frames : self.frames + count]:
            if self._last is None or self._last[0] is not theirs:
                shown = np.frombuffer(zlib.decompress(theirs), np.uint8).reshape(self.picture.shape)
                self._last = theirs, 100.0 if np.array_equal(shown, self.picture) else psnr(shown, self.picture)
            self.unequal += self._last[1] < 100.0
            self.worst = min(self.worst, self._last[1])
        self.frames += count


@dataclass(frozen=True)
class Verdict:
    """Result of a comparison: numbers of frames, how many are unequal, and the worst likeness."""

    plain: int
    fast: int
    unequal: int
    worst: float

    @property
    def holds(self) -> bool:
        return self.plain == self.fast > 0 and self.worst >= LEAST


def compare(
    chapter: type[Chapter], trace: Trace, steps: Collection[int] | None, size: tuple[int, int], fps: int
) -> Verdict:
    """Perform `steps` (all, if not given) of a chapter under both renderers."""
    with tempconfig(quality(size, fps)):
        recorder = Packed()
        _perform(chapter, trace, recorder, steps)
        renderer = FastRenderer()
        comparer = Comparer(recorder.pictures, (size[1], size[0], 3))  # type: ignore[arg-type]
        renderer.writer = comparer  # type: ignore[assignment]
        _perform(chapter, trace, renderer, steps)
    return Verdict(len(recorder.pictures), comparer.frames, comparer.unequal, comparer.worst)


def _perform(chapter: type[Chapter], trace: Trace, renderer: Any, steps: Collection[int] | None) -> None:
    scene = chapter(trace=trace, renderer=renderer)
    scene.perform(steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapters", nargs="*")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--steps", type=int, nargs="*")
    parser.add_argument("--text", default="The car is red")
    asked = parser.parse_args()
    logger.setLevel("WARNING")
    width, height = map(int, asked.size.split("x"))
    path, _ = open_store().trace(asked.text, None)
    failed = False
    for entry in sorted({e for part in parts(asked.chapters) for e in part.entries}) or repertoire():
        verdict = compare(entry.load(), Trace.load(path), asked.steps, (width, height), asked.fps)
        failed = failed or not verdict.holds
        sys.stdout.write(
            f"{entry.name:14} {verdict.plain:6} frames by plain Manim, {verdict.fast:6} here, "
            f"{verdict.unequal:5} not bit-equal, worst {verdict.worst:5.1f} dB\n"
        )
        sys.stdout.flush()
    sys.exit(failed)


if __name__ == "__main__":
    main()
