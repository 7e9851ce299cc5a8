"""Plain Manim against the fast renderer, and against `lecture render`.

    python tests/benchmarks/rendering.py            # all: some forty minutes on two cores
    python tests/benchmarks/rendering.py --quick    # a part, in less than a minute
    python tests/benchmarks/rendering.py Pan scores --kinds plain fast --rounds 3

The kinds take turns, scene by scene, so that a busy machine slows all of them. CPU counts all threads from the first
play to the closed file. Of a chapter, `lecture render` is measured as a command: from its start to its end, with all of
its processes, imports, captions, posters and sheets; plain Manim is spared its imports and the chapter's trace.
"encoder" is what x264 alone took of the CPU: no renderer can be faster on these frames. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from measuring import KINDS, Task

from scenes.production.store import Store

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = ("qkv", "scores", "weighting")
SCENES = ("Matrix", "Softmax", "Pan", "Told", "Stress")
TEXT = "The car is red"
COMMAND = "lecture"
Runs = dict[str, list[dict[str, float]]]


class Workers:
    """A process for each kind; one is begun anew for each measurement, unless it is `kept`."""

    def __init__(self, kept: bool) -> None:
        self.kept = kept
        self.running: dict[str, subprocess.Popen[str]] = {}

    def measure(self, task: Task) -> dict[str, float]:
        process = self.running.get(task.kind) or self._begin(task.kind)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asdict(task)) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise SystemExit(f"the measurement of {task} failed")
        result = json.loads(answer) | {"memory": sum(peaks(process.pid).values())}
        if not self.kept:
            self.end()
        return result

    def _begin(self, kind: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(Path(__file__).with_name("measuring.py"))]
        pipe = subprocess.PIPE
        self.running[kind] = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment())
        return self.running[kind]

    def end(self) -> None:
        for process in self.running.values():
            process.communicate()
        self.running.clear()


def environment() -> dict[str, str]:
    return {"OMP_NUM_THREADS": "1", **os.environ, "PYTHONPATH": str(ROOT)}


def peaks(pid: int) -> dict[int, float]:
    """The peak memory of a process and of its descendants that are alive, in MB; empty where /proc is not Linux's."""
    found: dict[int, float] = {}
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        found[pid] = next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
            found |= peaks(int(child))
    except OSError:
        pass
    return found


@contextmanager
def watched(pid: int) -> Iterator[dict[int, float]]:
    """The peaks of all processes that are below `pid` while the block runs."""
    seen: dict[int, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            seen.update(peaks(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def command(task: Task) -> dict[str, float]:
    """`lecture render` of a chapter whose trace is there, and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        known = Path(task.trace)
        (cache / "traces").mkdir(parents=True)
        for file in (known, known.with_suffix(".json")):
            (cache / "traces" / file.name).write_bytes(file.read_bytes())
        arguments = [sys.executable, "-m", "scenes.cli", "render", task.scene, "--text", TEXT, "--output", folder]
        before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        process = subprocess.Popen(
            arguments, env=environment() | {"LECTURE_CACHE": str(cache)}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=ROOT,
        )  # fmt: skip
        with watched(process.pid) as memory:
            if process.wait():
                raise SystemExit(f"lecture render {task.scene} failed")
        wall, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        frames = sum(frames_of(clip) for clip in (cache / "clips").glob("*.mp4"))
        return {"wall": wall, "cpu": cpu, "encoder": 0.0, "frames": frames, "memory": sum(memory.values())}


def frames_of(clip: Path) -> int:
    from scenes.production.film import frames

    return frames(clip)


def rounds(tasks: Sequence[Task], kinds: Sequence[str], count: int, kept: bool) -> Iterator[tuple[str, Runs]]:
    """Every task by every kind, the kinds in turn."""
    workers = Workers(kept)
    try:
        for task in tasks:
            runs: Runs = {}
            for _ in range(count):
                for kind in kinds:
                    if kind != COMMAND:
                        runs.setdefault(kind, []).append(workers.measure(replace(task, kind=kind)))
                    elif task.trace and not task.seconds:
                        runs.setdefault(kind, []).append(command(task))
            yield task.scene, runs
    finally:
        workers.end()


def report(scene: str, runs: Runs, fps: int) -> dict[str, float]:
    """Print a line for each kind; the ratios."""
    names = {**KINDS, COMMAND: "lecture render"}
    middles = {
        kind: {key: statistics.median(result[key] for result in results) for key in results[0]}
        for kind, results in runs.items()
    }
    if len({middle["frames"] for middle in middles.values()}) > 1:
        raise SystemExit(f"{scene}: the kinds made different numbers of frames")
    plain, ratios = middles.get("plain"), {}
    for kind, middle in middles.items():
        seconds = middle["frames"] / fps
        encoder = f"{middle['frames'] / middle['encoder']:5.0f} fps" if middle["encoder"] else " " * 9
        line = (
            f"{scene:10} {names[kind]:17} {middle['frames']:5.0f} frames  {middle['frames'] / middle['wall']:6.1f} fps"
            f"  {middle['cpu'] / seconds:6.3f} s of CPU a second of film  encoder alone {encoder}"
            f"  {middle['memory']:5.0f} MB"
        )
        ratios[f"{kind} over playing"] = round(seconds / middle["wall"], 2)
        if middle["encoder"]:
            ratios[f"{kind} encoder share"] = round(middle["encoder"] / middle["cpu"], 3)
        if plain and kind != "plain":
            cpu, wall = plain["cpu"] / middle["cpu"], plain["wall"] / middle["wall"]
            ratios |= {f"{kind} cpu": round(cpu, 2), f"{kind} wall": round(wall, 2)}
            line += f"  over plain: CPU {cpu:5.1f}x, wall {wall:5.1f}x"
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", default=[*CHAPTERS, *SCENES])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--fps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.0, help="how much of each scene; 0 for all")
    parser.add_argument("--kinds", nargs="*", default=[*KINDS, COMMAND], choices=[*KINDS, COMMAND])
    asked = parser.parse_args()
    if asked.quick:
        asked.kinds, asked.scenes = ["plain", "fast"], ["scores", "Stress"]
    excerpts = {"scores": 1.2, "Stress": 0.4} if asked.quick else {}
    width, height = map(int, asked.size.split("x"))
    traced = any(scene in CHAPTERS for scene in asked.scenes)
    store = Store(Path(os.environ.get("LECTURE_CACHE", ROOT / "renders" / ".cache")))
    trace = str(store.trace(TEXT, None)[0]) if traced else ""
    tasks = [
        Task("", scene, (width, height), asked.fps, trace * (scene in CHAPTERS), excerpts.get(scene, asked.seconds))
        for scene in asked.scenes
    ]
    found = {
        scene: report(scene, runs, asked.fps) for scene, runs in rounds(tasks, asked.kinds, asked.rounds, asked.quick)
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
