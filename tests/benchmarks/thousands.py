"""A film of thousands of steps on a Dask cluster of this machine, drawn by nobody: the cost of everything else.

    python tests/benchmarks/thousands.py [--steps 10000] [--chapters 200] [--workers 2] [--clip 300]

Surveys and clips are stand-ins (a clip is so many kB of noise, and a poster a quarter of it), so that what is left is
planning, scheduling, transfer, and the look at what is there already. The film is made four times: from nothing; after
one step was lost; after half of the steps were; and with everything there. Joining the film is left out.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from distributed import LocalCluster

from scenes.production import drawing
from scenes.production.delivery import Delivery
from scenes.production.facts import StepFacts
from scenes.production.fingerprint import hashed
from scenes.production.look import Look
from scenes.production.repertoire import repertoire
from scenes.production.seals import sealed
from scenes.production.store import Store
from scenes.production.studio import Order, Studio
from transformer_core.tracing.trace import NamedTensor, Trace

CHAPTER = '''
from scenes.stage.chapter import Chapter

class Chapter{0}(Chapter):
    """Chapter {0}."""
    number = {0}
    title = "Chapter {0}"
'''
FRAMES = 600  # of a step
WORDS = ("A sentence of about as many letters as captions have.",)
STEPS, CLIP = 50, 300  # of a chapter; kB


def survey(job: drawing.Job, tick: Any) -> list[StepFacts]:
    """The facts of the steps of a chapter, which nobody has read."""
    tick(0, 1)
    name = job.entry.name
    return [
        StepFacts(name, number, f"Step {number}", *WORDS, WORDS, (), FRAMES, hashed(name, number))
        for number in range(1, STEPS + 1)
    ]


def render(job: drawing.Job, tick: Any) -> set[str]:
    """Clips and posters of noise."""
    for number, clip in job.clips.items():
        noise = Random(number).randbytes(1000 * CLIP)
        for suffix, content in ((job.suffix, noise), (".png", noise[: len(noise) // 4])):
            with sealed(clip.with_suffix(suffix)) as part:
                part.write_bytes(content)
        tick(FRAMES, 1)
    return set()


class Watch:
    """Progress that notes when each part of the work begins."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, float]] = []

    def begin(self, what: str, *_: int) -> None:
        self.begun.append((what.partition(" at ")[0], time.perf_counter()))

    def advance(self, frames: int, steps: int) -> None: ...

    def told(self, start: float) -> str:
        """Seconds of each part."""
        parts = [("planning", start), *self.begun, ("", time.perf_counter())]
        return ", ".join(f"{what} {end - begun:.1f}" for (what, begun), (_, end) in pairwise(parts))


def made(store: Store, order: Order, what: str) -> None:
    watch, start, cpu = Watch(), time.perf_counter(), time.process_time()
    film = Studio(store, watch).film(order)
    seconds, own = time.perf_counter() - start, time.process_time() - cpu
    drawn = f"{film.drawn:,} of {film.steps:,} steps"
    sys.stdout.write(f"{what}: {seconds:.1f} s ({own:.1f} s of CPU here), {drawn}; {watch.told(start)}\n")


def main() -> None:
    global STEPS, CLIP  # they travel with the functions
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("steps", 10_000), ("chapters", 200), ("workers", 2), ("clip", 300)):
        parser.add_argument(f"--{name}", type=int, default=value)
    wishes = parser.parse_args()
    STEPS, CLIP = wishes.steps // wishes.chapters, wishes.clip
    drawing.survey, drawing.render = survey, render
    Delivery.take, Delivery.film = lambda *_, **__: [], lambda *_: None
    os.environ["OMP_NUM_THREADS"] = "1"
    with TemporaryDirectory() as place, LocalCluster(
        n_workers=wishes.workers, threads_per_worker=1, dashboard_address=None
    ) as cluster:  # fmt: skip
        folder = Path(place)
        for number in range(1, wishes.chapters + 1):
            (folder / f"c{number:04}_chapter_{number}.py").write_text(CHAPTER.format(number))
        values = np.random.default_rng(0).random((1000, 1000))
        saved = Trace({"noise": NamedTensor("noise", values, ("query", "key"))}, about={"text": "."}).save(
            folder / "t.npz"
        )
        store = Store(folder / "store")
        store.trace = lambda *_, **__: (saved, "noise")
        order = Order(
            repertoire(folder), ".", "film", Look(1920, 1080, 60, "dark"), folder / "out", 1,
            scheduler=cluster.scheduler_address,
        )  # fmt: skip
        made(store, order, "from nothing")
        clips = sorted((folder / "store" / "clips").glob("*.mp4"))
        for lost, what in ((clips[:1], "one step lost"), (clips[::2], "half of them lost"), ([], "all there")):
            for clip in lost:
                clip.unlink()
            made(store, order, what)
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB here at most\n")


if __name__ == "__main__":
    main()
