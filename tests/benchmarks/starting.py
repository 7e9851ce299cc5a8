"""Waiting times of a teacher: imports, first still, stills, a film again, one changed step, a file that is watched.

    python tests/benchmarks/starting.py [--chapter scores] [-q h]

Everything runs as it does for a user, in processes of its own with an empty store that has the trace of the sentence.
Prints elapsed seconds and CPU seconds; the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scenes.production.look import QUALITIES, Look
from scenes.production.repertoire import parts, repertoire
from scenes.production.store import Store
from scenes.production.studio import Order, Studio

ROOT = Path(__file__).resolve().parents[2]
TEXT = "The car is red"
REST = 3.0  # seconds of a watcher until it writes again
IMPORTS = (
    "scenes.cli.main",
    "manim",
    "scenes.stage.chapter",
    "scenes.rendering",
    "transformer_core",
    "transformer_core.studies.sentence.read",
)


class Silent:
    """Progress that nobody sees."""

    def begin(self, what: str, frames: int, steps: int) -> None: ...
    def advance(self, frames: int, steps: int) -> None: ...


def used() -> float:
    """Seconds of all processors of processes that have ended, and of this one."""
    times = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return sum(each.ru_utime + each.ru_stime for each in times)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), used()
    work()
    return time.perf_counter() - wall, used() - cpu


def imported(module: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, cwd=ROOT)


def command(verb: str, chapter: str, cache: Path, quality: str) -> subprocess.Popen[bytes]:
    arguments = [verb, chapter, "--text", TEXT, "-q", quality, "--output", str(cache.with_name("out"))]
    environment = {"OMP_NUM_THREADS": "1", **os.environ, "LECTURE_CACHE": str(cache), "PYTHONUNBUFFERED": "1"}
    program = [sys.executable, "-m", "scenes.cli.main", *arguments]
    return subprocess.Popen(
        program, cwd=ROOT, env=environment, stdout=subprocess.PIPE if verb == "watch" else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def first_still(chapter: str, cache: Path, quality: str) -> float:
    """Seconds until the first picture lies in the store; the rest is left undone."""
    start = time.perf_counter()
    process = command("stills", chapter, cache, quality)
    while not list((cache / "clips").glob("[!.]*.png")):
        if process.poll():
            raise SystemExit("lecture stills failed")
        time.sleep(0.01)
    seconds = time.perf_counter() - start
    process.wait()
    return seconds


def cleared(cache: Path) -> Path:
    """The store without anything but its trace."""
    for folder in cache.iterdir():
        if folder.is_dir() and folder.name != "traces":
            shutil.rmtree(folder)
    return cache


def run(verb: str, chapter: str, cache: Path, quality: str) -> None:
    if command(verb, chapter, cache, quality).wait():
        raise SystemExit(f"lecture {verb} {chapter} failed")


def changed(source: str) -> str:
    """The code of a chapter with another title of its last step."""
    at = list(re.finditer(r'yield Step\(\s*f?"', source))[-1].end()
    return f"{source[:at]}Changed: {source[at:]}"


def watched(chapter: str, cache: Path) -> float:
    """Seconds from saving a change of the last step until `lecture watch` has drawn it."""
    file = Path(shutil.copy(parts([chapter])[0].entries[0].path, cache.with_name("watched.py")))
    process, saved = command("watch", str(file), cache, "l"), 0.0
    for line in process.stdout or ():
        if line.startswith(b"watching"):
            if saved:
                break
            time.sleep(REST)
            saved = time.perf_counter()
            file.write_text(changed(file.read_text(encoding="utf-8")), encoding="utf-8")
    seconds = time.perf_counter() - saved
    process.send_signal(signal.SIGINT)
    process.wait()
    return seconds


def changed_step(chapter: str, cache: Path, quality: str) -> tuple[float, float]:
    """A film again after the title of its last step was changed; only that step may be drawn."""
    folder = cache.with_name("chapters")
    folder.mkdir()
    original = parts([chapter])[0].entries[0].path
    source = original.read_text(encoding="utf-8")

    def film(text: str) -> int:
        (folder / original.name).write_text(text, encoding="utf-8")
        look, jobs = Look(*QUALITIES[quality], "dark"), os.cpu_count() or 1
        order = Order(repertoire(folder), TEXT, "film", look, cache.with_name("out"), jobs)
        return Studio(Store(cache), Silent()).film(order).drawn

    film(source)
    drawn: list[int] = []
    spent = timed(lambda: drawn.append(film(changed(source))))
    if drawn != [1]:
        raise SystemExit(f"{drawn} steps were drawn for one change")
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chapter", default="scores")
    parser.add_argument("-q", "--quality", default="h")
    asked = parser.parse_args()
    found: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        for module in IMPORTS:
            found[f"import {module}"] = timed(lambda module=module: imported(module))  # type: ignore[misc]
        found["stills, nothing known"] = timed(lambda: run("stills", asked.chapter, cache, asked.quality))
        found["first still, trace known"] = (first_still(asked.chapter, cleared(cache), asked.quality), 0.0)
        found["stills, trace known"] = timed(lambda: run("stills", asked.chapter, cleared(cache), asked.quality))
        found["stills again"] = timed(lambda: run("stills", asked.chapter, cache, asked.quality))
        found["film, trace known"] = timed(lambda: run("render", asked.chapter, cleared(cache), asked.quality))
        found["film again"] = timed(lambda: run("render", asked.chapter, cache, asked.quality))
        found["watch, one step changed, -ql"] = (watched(asked.chapter, cache), 0.0)
        found["film, one step changed"] = changed_step(asked.chapter, cleared(cache), asked.quality)
    for name, (wall, cpu) in found.items():
        sys.stdout.write(f"{name:32} {wall:6.2f} s  {cpu:6.2f} s of CPU\n")
    sys.stdout.write(json.dumps({name: [round(part, 2) for part in pair] for name, pair in found.items()}) + "\n")


if __name__ == "__main__":
    main()
