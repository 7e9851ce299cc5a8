"""Plain Manim against the fast renderer, and against `lecture render`.

    python tests/benchmarks/rendering.py            # all: more than four minutes on two quiet cores
    python tests/benchmarks/rendering.py --quick    # a part, in less than a minute
    python tests/benchmarks/rendering.py Pan scores --kinds plain fast --rounds 3

The kinds take turns, scene by scene, so that a busy machine slows all of them. CPU counts all threads from the first
play to the closed file. Of a chapter, the kinds draw an excerpt, and `lecture render` draws all of it, as a command:
from its start to its end, with all of its processes, imports, captions, posters and sheets; plain Manim is spared its
imports and the chapter's trace. What is compared is time for a second of film. "encoder" is what x264 alone took of the
CPU: no renderer can be faster on these frames. In the end the same in the quality of a preview (`-ql`), by Manim and by
us; then a table for docs/rendering.md, and a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from filming import TRACED
from measuring import KINDS, Task
from reporting import Ratios, Runs, report, table

from scenes.cli.orders import open_store

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = ("qkv", "scores", "weighting")
SCENES = ("Matrix", "Softmax", "Pan", "Told", "Stress", *TRACED)
EXCERPT = 16.0  # seconds of a chapter: plain Manim takes five minutes for one
PREVIEW = ("854x480", 15)  # `-ql`
TEXT = "The car is red"
LONG = "The animal did not cross the street because it was too tired"  # for a grid of twelve rows
COMMAND = "lecture"


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
            # A process that has ended has no memory any more.
            seen.update({one: max(peak, seen.get(one, 0)) for one, peak in peaks(pid).items()})

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
        arguments = [sys.executable, "-m", "scenes.cli.main", "render", task.scene, "--text", TEXT, "--output", folder]
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
    import av

    with av.open(str(clip)) as container:
        return container.streams.video[0].frames


def rounds(tasks: Sequence[Task], kinds: Sequence[str], count: int, kept: bool) -> Iterator[tuple[str, Runs]]:
    """Every task by every kind, the kinds in turn; of a chapter, all by the command."""
    workers = Workers(kept)
    try:
        for task in tasks:
            runs: Runs = {}
            for _ in range(count):
                for kind in kinds:
                    if kind != COMMAND:
                        runs.setdefault(kind, []).append(workers.measure(replace(task, kind=kind)))
                    elif task.scene in CHAPTERS:
                        runs.setdefault(kind, []).append(command(task))
            yield task.scene, runs
    finally:
        workers.end()


def stage(
    asked: argparse.Namespace, traces: Mapping[str, str], size: str, fps: int, kinds: Sequence[str]
) -> dict[str, Ratios]:
    """Measure all scenes that are asked for in one size; `traces` are the paths by scene."""
    excerpts = dict.fromkeys(CHAPTERS, EXCERPT)
    if asked.quick:
        excerpts |= {"scores": 1.2, "Stress": 0.4}
    width, height = map(int, size.split("x"))
    tasks = [
        Task("", scene, (width, height), fps, traces.get(scene, ""), asked.seconds or excerpts.get(scene, 0.0))
        for scene in asked.scenes
    ]
    sys.stdout.write(f"{size}, {fps} frames a second\n")
    return {scene: report(scene, runs, fps) for scene, runs in rounds(tasks, kinds, asked.rounds, asked.quick)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", default=[*CHAPTERS, *SCENES])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--size", help="alone, without the preview; default: 1920x1080, and then the preview")
    parser.add_argument("--fps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.0, help="how much of each scene; 0: all, of chapters a part")
    parser.add_argument("--kinds", nargs="*", default=[*KINDS, COMMAND], choices=[*KINDS, COMMAND])
    asked = parser.parse_args()
    if asked.quick:
        asked.kinds, asked.scenes, asked.size = ["plain", "fast"], ["scores", "Stress"], asked.size or "1920x1080"
    store = open_store()
    texts = dict.fromkeys(CHAPTERS, TEXT) | dict.fromkeys(TRACED, LONG)
    traces = {scene: str(store.trace(texts[scene], None)[0]) for scene in asked.scenes if scene in texts}
    found = {"film": stage(asked, traces, asked.size or "1920x1080", asked.fps, asked.kinds)}
    both = [kind for kind in ("plain", "fast") if kind in asked.kinds]
    if both and not asked.size:
        found["preview"] = stage(asked, traces, *PREVIEW, both)
    for what, ratios in found.items():
        sys.stdout.write(f"\n{what}\n{table(ratios)}\n")
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
