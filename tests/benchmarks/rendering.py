"""Plain Manim against the fast renderer.

    python tests/benchmarks/rendering.py [--size 1280x720] [--rounds 2] [SCENE ...]

Each measurement is a process of its own, and the kinds take turns, so that a busy machine slows all alike. CPU counts
all threads from the first play to the closed file, without imports and without making the mobjects. "encoder" is what
x264 alone took of it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    MovingCameraScene,
    ReplacementTransform,
    Scene,
    Transform,
    UpdateFromAlphaFunc,
    VGroup,
    logger,
    tempconfig,
)

from scenes.mobjects.shapes import Box, frame
from scenes.mobjects.text import Words
from scenes.rendering import FastRenderer
from scenes.rendering.clip import ClipWriter
from scenes.rendering.scenes import quality

RANDOM = np.random.default_rng(7)


def cells(rows: int, columns: int, width: float = 62, height: float = 40) -> VGroup:
    """A matrix: a box and a number for each entry."""
    made = VGroup()
    for value in RANDOM.normal(size=rows * columns):
        box = Box(width, height, f"#{int(60 + 40 * abs(value)) % 256:02x}50a0")
        made.add(VGroup(box, Words(f"{value:.2f}", "cell").scale(0.6).move_to(box)))
    return made.arrange_in_grid(rows, columns, buff=0.04)


class Matrix(Scene):
    """Queries meet keys: 1,100 leaves, of which few move at a time."""

    def prepare(self) -> None:
        self.matrices = cells(12, 8).to_corner(UP + LEFT), cells(8, 12).to_corner(UP + RIGHT), cells(12, 12).scale(0.7)
        self.stored = cells(10, 20, 40, 26).to_edge(DOWN, buff=0.1)

    def construct(self) -> None:
        (query, key, score), stored = self.matrices, self.stored
        score.move_to(DOWN)
        self.add(query, key, stored)
        self.play(LaggedStart(*(FadeIn(cell) for cell in score[:24]), lag_ratio=0.05), run_time=1)
        self.add(*score[24:])
        ring = frame(80, 60).move_to(query[0])
        self.play(FadeIn(ring), run_time=0.3)
        for row in range(2):
            self.play(ring.animate.move_to(query[8 * row]), run_time=0.4)
            copies = VGroup(*(query[8 * row + i].copy() for i in range(8)))
            self.play(copies.animate.move_to(score[12 * row + 4]).set_opacity(0), run_time=0.6)
            self.remove(copies)
            self.wait(0.3)
        others = VGroup(*(score[i] for i in range(144) if i // 12 != 3))
        self.play(others.animate.set_opacity(0.3), run_time=0.5)
        self.play(score[36:48].animate.scale(1.3), run_time=0.5)
        self.play(FadeOut(query, shift=LEFT), run_time=0.5)


class Softmax(Scene):
    """Numbers that count, and bars that grow."""

    def prepare(self) -> None:
        self.grid, self.target = cells(8, 8).to_edge(LEFT), cells(8, 8).to_edge(RIGHT)

    def construct(self) -> None:
        grid, target = self.grid, self.target
        self.add(grid)
        numbers = VGroup(*(Words("0.00", "number").move_to(3 * RIGHT + (2.5 - 0.7 * i) * UP) for i in range(8)))
        bars = VGroup(*(Box(20, 30, "#50b080").move_to(RIGHT + (2.5 - 0.7 * i) * UP) for i in range(8)))
        self.add(numbers, bars)
        run = [UpdateFromAlphaFunc(n, lambda m, a, i=i: m.rewrite(f"{a * i:.2f}")) for i, n in enumerate(numbers)]
        grow = [bar.animate.stretch(3 + i, 0, about_edge=LEFT) for i, bar in enumerate(bars)]
        self.play(*run, *grow, run_time=2)
        self.wait(0.5)
        self.play(ReplacementTransform(grid.copy(), target), run_time=1.5)
        self.play(AnimationGroup(*(Transform(grid[i], target[i]) for i in range(0, 64, 8)), lag_ratio=0.1), run_time=1)


class Pan(MovingCameraScene):
    """The camera goes over a heatmap: everything changes in every frame."""

    def prepare(self) -> None:
        heat = VGroup(*(Box(24, 24, f"#{40 + 3 * (i % 64):02x}40{90 + i // 16:02x}") for i in range(1024)))
        self.stage = VGroup(heat.arrange_in_grid(16, 64, buff=0.02), cells(3, 8).to_edge(UP))

    def construct(self) -> None:
        self.add(*self.stage)
        self.play(self.camera.frame.animate.scale(0.5).shift(2 * LEFT), run_time=1.5)
        self.wait(0.3)
        self.play(self.camera.frame.animate.shift(4 * RIGHT), run_time=1.5)


class Told(Scene):
    """As a narrated film is: half of it pauses."""

    def prepare(self) -> None:
        self.grids = cells(8, 10).to_edge(LEFT), cells(8, 6).to_edge(RIGHT)

    def construct(self) -> None:
        grid, other = self.grids
        self.play(FadeIn(grid, shift=UP * 0.2), run_time=0.6)
        self.wait(2)
        ring = frame(80, 60).move_to(grid[0])
        self.play(FadeIn(ring), VGroup(*grid[10:]).animate.set_opacity(0.3), run_time=0.5)
        self.wait(1.5)
        self.play(LaggedStart(*(FadeIn(cell) for cell in other), lag_ratio=0.1), run_time=1.5)
        self.play(ring.animate.move_to(grid[9]), run_time=0.8)
        self.wait(1)


SCENES = {scene.__name__: scene for scene in (Matrix, Softmax, Pan, Told)}
KINDS = {
    "plain": "Manim -qh",
    "fast": "fast, superfast",
    "ultrafast": "fast, ultrafast",
    "drawing": "fast, no encoder",
}


class Unwritten(ClipWriter):
    """Takes everything that a clip does, but the coding."""

    def _code(self, number: int) -> bytes:  # noqa: ARG002
        return b""

    def _put(self, data: bytes, number: int, is_key: bool) -> None:
        """Nothing is written."""


class Timed(ClipWriter):
    """Measures the encoder."""

    spent = 0.0

    def _code(self, number: int) -> bytes:
        start = time.thread_time()
        data = super()._code(number)
        Timed.spent += time.thread_time() - start
        return data


def measure(kind: str, scene: type[Scene], size: tuple[int, int], fps: int) -> dict[str, Any]:
    """Render `scene` in this process; seconds of CPU and of the clock, and the number of frames."""
    logger.setLevel("WARNING")
    with tempfile.TemporaryDirectory() as folder:
        settings = quality(size, fps)
        if kind == "plain":
            settings |= {"dry_run": False, "disable_caching": False, "media_dir": folder}
        with tempconfig(settings):
            renderer = None if kind == "plain" else FastRenderer()
            performance = scene(renderer=renderer)
            performance.prepare()
            wall, cpu = time.perf_counter(), time.process_time()
            if renderer:
                writer = Unwritten if kind == "drawing" else Timed
                preset = "ultrafast" if kind == "ultrafast" else "superfast"
                renderer.writer = writer(Path(folder) / "clip.mp4", size, fps, preset=preset)
            performance.render()
            if renderer and kind != "drawing":
                renderer.close_clip()
            return {
                "wall": time.perf_counter() - wall,
                "cpu": time.process_time() - cpu,
                "encoder": Timed.spent,
                "frames": round(performance.time * fps),
            }


def child(kind: str, scene: str, size: str, fps: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", kind, "--size", size, "--fps", str(fps), scene]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="*", default=list(SCENES))
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--fps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--child")
    asked = parser.parse_args()
    width, height = map(int, asked.size.split("x"))
    if asked.child:
        sys.stdout.write(json.dumps(measure(asked.child, SCENES[asked.scenes[0]], (width, height), asked.fps)))
        return
    for scene in asked.scenes:
        runs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in asked.kinds}
        for _ in range(asked.rounds):
            for kind in asked.kinds:
                runs[kind].append(child(kind, scene, asked.size, asked.fps))
        report(scene, runs)


def report(scene: str, runs: dict[str, list[dict[str, Any]]]) -> None:
    plain: dict[str, float] = {}
    for kind, results in runs.items():
        middle = {key: statistics.median(result[key] for result in results) for key in results[0]}
        plain = plain or middle
        each = 1000 / middle["frames"]
        over = {key: plain[key] / middle[key] for key in ("cpu", "wall")}
        sys.stdout.write(
            f"{scene:8} {KINDS[kind]:17} {middle['frames']:5.0f} frames  CPU {middle['cpu'] * each:6.2f} ms a frame, "
            f"encoder {middle['encoder'] * each:5.2f}  {middle['frames'] / middle['wall']:5.0f} frames a second  "
            f"over plain: CPU {over['cpu']:4.1f}x, wall {over['wall']:4.1f}x\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
