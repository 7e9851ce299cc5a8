"""One measurement: a scene rendered in this process by one kind of renderer.

As a program it takes tasks as lines of JSON and answers each with a line of JSON, so that imports are paid once.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.append(str(Path(__file__).resolve().parents[1] / "rendering"))

from filming import SCENES, TRACED, crowd
from frames import quality
from manim import Scene, config, logger, tempconfig

from scenes.production.repertoire import parts
from scenes.rendering import FastRenderer
from scenes.rendering.clip import ClipWriter
from transformer_core.tracing.trace import Trace

KINDS = {
    "plain": "Manim -qh",
    "fast": "fast",
    "preview": "fast, ultrafast",
    "drawing": "fast, no encoder",
    "customary": "fast, crf 23",
}


class Unwritten(ClipWriter):
    """Takes everything that a clip does, but the coding."""

    spent = 0.0

    def _code(self, number: int) -> bytes:  # noqa: ARG002
        return b""

    def _put(self, data: bytes, number: int, is_key: bool) -> None:
        """Nothing is written."""


class Timed(ClipWriter):
    """Measures what x264 takes."""

    spent = 0.0

    def _code(self, number: int) -> bytes:
        start = time.thread_time()
        data = super()._code(number)
        Timed.spent += time.thread_time() - start
        return data


class Customary(ClipWriter):
    """x264 as it is commonly asked, and as the goals name it: superfast, crf 23, every frame coded."""

    spent = 0.0

    def _options(self, preset: str) -> dict[str, str]:
        return {"preset": preset, "crf": "23"}

    def _code(self, number: int) -> bytes:
        start = time.thread_time()
        for packet in self._stream.encode(self._frame(number)):
            self._container.mux(packet)
        Customary.spent += time.thread_time() - start
        return b""

    def _end(self) -> None:
        for packet in self._stream.encode():
            self._container.mux(packet)


WRITERS: dict[str, type[ClipWriter]] = {
    "fast": Timed,
    "preview": Timed,
    "drawing": Unwritten,
    "customary": Customary,
}


@dataclass(frozen=True)
class Task:
    """Film to render: a scene by name, a chapter with the path of its trace, or a crowd as "static+moving+seconds".
    Some scenes read a trace, too.

    `seconds` of film are rendered; 0 renders all of it.
    """

    kind: str
    scene: str
    size: tuple[int, int]
    fps: int
    trace: str = ""
    seconds: float = 0.0


class Enough(Exception):  # noqa: N818 - not an error
    """Ends a scene early."""


def staged(task: Task, renderer: Any) -> Scene:
    """The scene of `task`, with all of its mobjects if they do not belong to the measurement."""
    settings: dict[str, Any] = {"renderer": renderer}
    if task.scene in SCENES:
        kind: type[Scene] = SCENES[task.scene]
        if task.scene in TRACED:
            settings["trace"] = Trace.load(task.trace)
    elif "+" in task.scene:
        static, moving, seconds = task.scene.split("+")
        kind = crowd(int(static), int(moving), float(seconds))
    else:
        kind, settings["trace"] = parts([task.scene])[0].entries[0].load(), Trace.load(task.trace)

    class Excerpt(kind):  # type: ignore[misc,valid-type]
        def construct(self) -> None:
            with suppress(Enough):
                super().construct()

        def play(self, *animations: Any, **timing: Any) -> None:
            super().play(*animations, **timing)
            if task.seconds and self.time > task.seconds:
                raise Enough

    scene = Excerpt(**settings)
    if hasattr(scene, "prepare"):
        scene.prepare()
    return scene


def measure(task: Task) -> dict[str, float]:
    """Seconds of the clock and of all processors from the first play to the closed file, and the number of frames."""
    with tempfile.TemporaryDirectory() as folder:
        settings = quality(task.size, task.fps)
        if task.kind == "plain":
            settings |= {"dry_run": False, "disable_caching": False, "media_dir": folder}
        with tempconfig(settings):
            renderer = None if task.kind == "plain" else FastRenderer()
            scene = staged(task, renderer)
            wall, cpu, before = time.perf_counter(), time.process_time(), 0.0
            if renderer:
                writer = WRITERS[task.kind]
                before = writer.spent
                preset = "ultrafast" if task.kind == "preview" else "superfast"
                pauses = task.kind != "customary"
                renderer.writer = writer(Path(folder) / "clip.mp4", task.size, task.fps, preset=preset, pauses=pauses)
            scene.render()
            if renderer and task.kind != "drawing":
                renderer.close_clip()
            return {
                "wall": time.perf_counter() - wall,
                "cpu": time.process_time() - cpu,
                "encoder": writer.spent - before if renderer else 0.0,
                "frames": round(scene.time * task.fps),
            }


def serve() -> None:
    """Answer tasks until there are none."""
    logger.setLevel("WARNING")
    config.verbosity = "WARNING"
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        given = json.loads(line)
        task = Task(**{**given, "size": tuple(given["size"])})
        answers.write(json.dumps(measure(task)) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
