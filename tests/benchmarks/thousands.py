"""A film of thousands of steps on a Dask cluster of this machine, drawn by nobody: the cost of everything else.

    python tests/benchmarks/thousands.py [--steps 10000] [--chapters 200] [--workers 2] [--clip 300]

Surveys and clips are stand-ins (a clip is `--clip` kB of noise), so that what is left is planning, scheduling, transfer
and the look at what is there already. Prints seconds for a first run, one that goes on after half of the clips are
lost, one after a single step is lost, and one that finds everything.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from functools import partial
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
from scenes.production.repertoire import chosen
from scenes.production.seals import seal
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


def survey(steps: int, job: drawing.Job, tick: Any) -> list[StepFacts]:
    """The facts of so many steps, which nobody has read."""
    tick(0, 1)
    name = job.entry.name
    return [step_of(name, number) for number in range(1, steps + 1)]


def step_of(chapter: str, number: int) -> StepFacts:
    """A step of ten seconds."""
    return StepFacts(
        chapter=chapter, number=number, title=f"Step {number}", narration="Said.", frames=FRAMES, rate=60,
        key=hashed(chapter, number), cues=(), shown=(), untold=(),
    )  # fmt: skip


def render(kilobytes: int, job: drawing.Job, tick: Any) -> set[str]:
    """Clips and posters of noise."""
    for number, clip in job.clips.items():
        noise = Random(number).randbytes(1000 * kilobytes)
        for suffix in (job.suffix, ".png"):
            path = clip.with_suffix(suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(noise if suffix == job.suffix else noise[: len(noise) // 4])
            seal(path)
        tick(FRAMES, 1)
    return set()
