"""Walks through every step of every chapter, for several sentences and both themes, without writing video."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from manim import logger, tempconfig
from truth import Written, lies, wrong_in_step

import scenes.chapters
from scenes.language import ENGLISH, catalogue
from scenes.layout import faults
from scenes.storyboard import Chapter, Record, Step
from transformer_core.lecture import read
from transformer_core.trace import Trace

SENTENCES = (
    "The car is red",
    "the red car",
    "car",
    "the bank is closed",
    "the animal did not cross the street because it was too tired",
)


def chapters() -> list[type[Chapter]]:
    """Every chapter of the lecture, found by its file."""
    found = []
    for module in pkgutil.iter_modules(scenes.chapters.__path__):
        names = vars(importlib.import_module(f"scenes.chapters.{module.name}"))
        found += [c for c in names.values() if isinstance(c, type) and issubclass(c, Chapter) and c.number]
    return sorted(found, key=lambda chapter: chapter.number)


@cache
def trace_of(text: str) -> Trace:
    return read(text)


@dataclass
class Picture:
    """The stage at the end of one step."""

    step: Step
    record: Record
    stage: list[Any]
    trace: Trace


@dataclass
class Findings:
    """What was wrong, step by step, in one chapter about one sentence in one theme."""

    lies: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)


def walk(
    chapter: type[Chapter], text: str, theme: str, look: Callable[[Picture], None], language: str = ENGLISH
) -> Chapter:
    """Perform a chapter without showing it, and call `look` at the end of each step."""
    logger.setLevel(logging.WARNING)
    small = {"frame_rate": 30, "pixel_width": 640, "pixel_height": 360, "media_dir": tempfile.gettempdir()}
    with tempconfig(small), tempfile.TemporaryDirectory() as folder, tempconfig({"media_dir": folder}):
        scene = chapter(trace=trace_of(text), theme=theme, language=language)
        scene.renderer.skip_animations = True
        given: list[Step] = []
        telling = scene.steps

        def steps(trace: Trace) -> Iterator[Step]:
            for step in telling(trace):
                given.append(step)
                yield step

        scene.steps = steps  # type: ignore[method-assign]
        scene.perform((), closed=lambda record: look(Picture(given[-1], record, scene.mobjects, scene.trace)))
        return scene


@cache
def findings(chapter: type[Chapter], text: str, theme: str, language: str = ENGLISH) -> Findings:
    """All that a suspicious and a strict viewer find; walked once, read by several tests."""
    found = Findings()

    def look(picture: Picture) -> None:
        here = f"step {picture.record.number}: "
        written = Written.by(catalogue(language))
        found.lies.extend(here + lie for lie in lies(picture.stage, picture.trace, written))
        found.claims.extend(
            here + claim for claim in wrong_in_step(picture.step.heading, picture.step.beats, picture.trace, written)
        )
        found.faults.extend(here + fault for fault in faults(picture.stage))
        found.records.append(picture.record)

    walk(chapter, text, theme, look, language)
    return found
