"""Render again and again in one process, and in one session of `lecture watch`, and see what memory and files do.

    python tests/robustness/long_run.py --times 200
    python tests/robustness/long_run.py --what watching --times 200

"drawing": one process draws the same chapter anew, clips and posters, as a worker does that lives long. "watching": a
chapter is saved with another sentence, again and again, while `lecture watch` draws what changed. After every render
the memory (resident), the open files, the threads and the children of the process are noted. The last line is JSON;
what counts as flat is said in `grown`.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parent))

from trial import LECTURE, start

PAGE = os.sysconf("SC_PAGE_SIZE")
#: What a process may grow by from the second quarter of its life to the last: the ups and downs of an allocator.
SHARE, BYTES = 0.02, 2 * 2**20
CHAPTER = '''
from scenes.animations import appear
from scenes.layout import centred
from scenes.mobjects.tensors import TensorGrid
from scenes.mobjects.text import number
from scenes.stage.chapter import Chapter, Step, beat

class Saved(Chapter):
    """A chapter that is saved again and again."""
    number = 1
    title = "Saved"

    def steps(self, trace):
        weights = trace["encoder.0.self_attn.weights"].pick(batch=0, head=0)
        grid = centred(TensorGrid(weights))
        yield Step("A grid", beat("Here it stands.", appear(grid)))
        yield Step("A number", beat("Again: {}.", appear(number(weights.quantity(0, 1)).next_to(grid))))
'''


@dataclass(frozen=True)
class Sample:
    """A process after a render."""

    memory: int
    files: int
    threads: int
    children: int

    @classmethod
    def of(cls, process: int) -> Sample:
        folder = Path("/proc") / str(process)
        memory = int((folder / "statm").read_text().split()[1]) * PAGE
        tasks = [*(folder / "task").iterdir()]
        children = sum(len((task / "children").read_text().split()) for task in tasks)
        return cls(memory, len([*(folder / "fd").iterdir()]), len(tasks), children)


def grown(samples: Sequence[Sample]) -> list[str]:
    """In what the last quarter of a life exceeds the second: memory by more than 2% and 2 MiB, the rest by anything."""
    quarter = len(samples) // 4
    before, after = samples[quarter : 2 * quarter], samples[-quarter:]
    earlier, later = (mean(sample.memory for sample in part) for part in (before, after))
    found = [f"memory: {earlier / 2**20:.1f} to {later / 2**20:.1f} MiB"] * (later > earlier * (1 + SHARE) + BYTES)
    for name in ("files", "threads", "children"):
        most, now = (max(getattr(sample, name) for sample in part) for part in (before, after))
        found += [f"{name}: {most} to {now}"] * (now > most)
    return found


def drawing(times: int, folder: Path) -> Iterator[Sample]:
    """Draw the chapter `times` times in this process."""
    from scenes.production.drawing import Job, render, sources_of
    from scenes.production.look import QUALITIES, Look
    from scenes.production.repertoire import entries_in
    from scenes.production.store import Store

    chapter = folder / "saved.py"
    chapter.write_text(CHAPTER.format("once more"), encoding="utf-8")
    trace, key = Store(folder / "store").trace("The car is red", None)
    (entry,) = entries_in(chapter)
    for number in range(times):
        clips = {step: folder / "clips" / f"{step}" for step in (1, 2)}
        render(Job(entry, trace, key, Look(*QUALITIES["l"], "dark"), sources_of(entry), clips), lambda *_: None)
        assert all(clip.with_suffix(".mp4").stat().st_size for clip in clips.values()), number
        gc.collect()
        yield Sample.of(os.getpid())


def watching(times: int, folder: Path) -> Iterator[Sample]:
    """Save the chapter `times` times while `lecture watch` looks on."""
    chapter = folder / "saved.py"
    chapter.write_text(CHAPTER.format("first"), encoding="utf-8")
    run = start((*LECTURE, "watch", "saved.py", "-ql", "--jobs", 1), folder)
    assert run.stdout is not None
    try:
        for number in range(times):
            while not (line := run.stdout.readline()).startswith("watching "):
                assert line, run.communicate()[1][-600:]
            yield Sample.of(run.pid)
            chapter.write_text(CHAPTER.format(f"time {number}"), encoding="utf-8")
    finally:
        run.kill()
        run.communicate()


KINDS: dict[str, Callable[[int, Path], Iterator[Sample]]] = {"drawing": drawing, "watching": watching}


def told(samples: Sequence[Sample]) -> dict[str, object]:
    """First, middle and last, and what grew."""
    places = {"first": 0, "second": 1, "quarter": len(samples) // 4, "half": len(samples) // 2, "last": -1}
    found = {name: asdict(samples[at]) for name, at in places.items()}
    for facts in found.values():
        facts["memory"] = round(facts["memory"] / 2**20, 1)
    peak = round(max(sample.memory for sample in samples) / 2**20, 1)
    return {"renders": len(samples), "mebibytes_at_most": peak, **found, "grown": grown(samples)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--what", choices=[*KINDS, "both"], default="both")
    options.add_argument("--times", type=int, default=200)
    given = options.parse_args()
    figures, begun = {}, time.monotonic()
    for what in KINDS if given.what == "both" else (given.what,):
        samples: list[Sample] = []
        with tempfile.TemporaryDirectory(prefix="long-run-") as folder:
            for sample in KINDS[what](given.times, Path(folder)):
                samples.append(sample)
                if len(samples) % 10 == 0:
                    line = f"{what} {len(samples)}: {sample.memory / 2**20:.1f} MiB, {sample.files} files"
                    sys.stderr.write(f"{line}, {time.monotonic() - begun:.0f} s\n")
                    sys.stderr.flush()
        figures[what] = told(samples)
    sys.stdout.write(f"{json.dumps(figures)}\n")
    sys.exit(any(each["grown"] for each in figures.values()))


if __name__ == "__main__":
    main()
