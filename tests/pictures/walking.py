"""Walks through every step of every chapter, for several sentences and both themes, without writing video."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from manim import logger, tempconfig

import scenes.chapters
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


@pytest.fixture
def walk(tmp_path: Path) -> Callable[..., Iterator[Picture]]:
    """`walk(chapter, text, theme)` calls `look(picture)` at the end of each step."""

    def run(chapter: type[Chapter], text: str, theme: str, look: Callable[[Picture], None]) -> Chapter:
        logger.setLevel(logging.WARNING)
        with tempconfig({"media_dir": str(tmp_path), "frame_rate": 30, "pixel_width": 640, "pixel_height": 360}):
            scene = chapter(trace=trace_of(text), theme=theme)
            scene.renderer.skip_animations = True
            given: list[Step] = []
            telling = scene.steps

            def steps(trace: Trace) -> Iterator[Step]:
                for step in telling(trace):
                    given.append(step)
                    yield step

            scene.steps = steps
            scene.perform((), closed=lambda record: look(Picture(given[-1], record, scene.mobjects, scene.trace)))
            return scene

    return run
