"""Walks through every step of every chapter, for several sentences and both themes, without writing video."""

from __future__ import annotations

import atexit
import gc
import logging
import shutil
import tempfile
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from golden import SIZE
from manim import Mobject, logger, tempconfig
from openings import CONNECTS, kept
from rings import RingWatch
from svgelements import SVG
from truth import Written, lies, other_head, wrong_in_step

from scenes.language import ENGLISH, catalogue
from scenes.layout import faults, texts_on
from scenes.mobjects.marks import Length, marks_on, misdrawn
from scenes.mobjects.marks.judging import box_of
from scenes.production.repertoire import repertoire
from scenes.rendering import FastRenderer
from scenes.stage.chapter import Chapter, Record, Step
from scenes.stage.reading import read
from transformer_core.pretrained.model_registry import DEFAULT_MODEL, open_model
from transformer_core.studies.sentence.compare import untrained
from transformer_core.tracing.provenance import Quantity, Span, parse
from transformer_core.tracing.trace import Trace

SENTENCES = (
    "The car is red",
    "the red car",
    "car",
    "the bank is closed",
    "the animal did not cross the street because it was too tired",
)

#: In the place of a model's path: the architecture of the shipped one with random weights.
RANDOM = Path("random weights")
#: What a user may type as well: a word that has no translation, repeated words, an undecided step, and as many words as
#: a picture takes.
UNUSUAL = (
    "did",
    "? ? ?",
    "the car the car",
    "the animals did not cross the wide streets because they were too tired",
)
#: Of these the two that differ most from what is usually typed: all chapters are walked with them.
RARE = ("? ? ?", UNUSUAL[-1])
#: For random weights; all chapters with the first, with the other those where one word stands twice among queries and
#: keys that prefer none.
FRESH = ("The car is red", "the car the car")
TIED = ("qkv", "scores", "weighting", "heads")
#: The walks of the quick tests; all others are slow.
QUICK = SENTENCES[:1]


def chapters() -> list[type[Chapter]]:
    """Every chapter of the lecture, found by its file."""
    return [entry.load() for entry in repertoire()]


def name_of(chapter: type[Chapter]) -> str:
    """The name by which a command calls it, such as "scores"."""
    return _names()[chapter.number]


@cache
def _names() -> dict[int, str]:
    return {entry.number: entry.name for entry in repertoire()}


@cache
def trace_of(text: str, model: Path | None = None) -> Trace:
    if model == RANDOM:
        fresh = untrained(open_model(DEFAULT_MODEL), seed=1)
        return read(text, fresh.model, fresh.tokenizer, about=fresh.facts | {"model": RANDOM.name})
    return read(text, model)


@cache
def _formulas() -> Path:
    """A folder for the formulas that all walks of this process set, each formula once."""
    folder = tempfile.mkdtemp(prefix="walks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def _parsed() -> Callable[..., SVG]:
    """The parser of svgelements, which reads the outlines of a formula once for all walks of this process.

    Manim takes no style from what it reads, and changes none of it: each formula gets shapes of its own.
    """
    read: dict[bytes, SVG] = {}
    parse = SVG.parse

    def parsed(file: Path, **how: Any) -> SVG:
        outlines = Path(file).read_bytes()
        if outlines not in read:
            read[outlines] = parse(file, **how)
        return read[outlines]

    return parsed


@contextmanager
def _kept() -> Iterator[None]:
    """Throw nothing away while a chapter is walked, and then all of it at once.

    A walk makes a hundred thousand objects that know each other. Python would look for what is over among them, and
    among all modules, every few thousand: a quarter of the time of a walk, or more where much is kept in memory.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@dataclass
class Picture:
    """The stage at the end of one step."""

    step: Step
    record: Record
    scene: Chapter

    @property
    def stage(self) -> list[Any]:
        return self.scene.mobjects

    @property
    def trace(self) -> Trace:
        return self.scene.material()

    @property
    def said(self) -> list[Sequence[Span]]:
        """The sources of the title, and of the beat that is told."""
        return [parse(text)[1] for text in (self.step.heading, self.step.beats[len(self.record.starts) - 1])]


@dataclass
class Findings:
    """What was wrong, step by step, in one chapter about one sentence in one theme."""

    lies: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    #: Lengths, shades and places that are not those of the numbers which they mean.
    misdrawn: list[str] = field(default_factory=list)
    #: Tensors whose entries are bars of two scales in one picture.
    scales: list[str] = field(default_factory=list)
    #: Rings around other than what is spoken of.
    rings: list[str] = field(default_factory=list)
    #: How many marks on screen mean a number, summed over the ends of all steps.
    marks: int = 0
    records: list[Record] = field(default_factory=list)
    #: Every text that stood on screen at the end of a step.
    texts: set[str] = field(default_factory=set)
    #: Of the first sentence in the dark theme: each step as it stands at its end.
    stills: dict[int, np.ndarray] = field(default_factory=dict)
    #: Of the same: how much of the picture before each step stays while it begins.
    kept: dict[int, float] = field(default_factory=dict)

    @property
    def wrong(self) -> list[str]:
        """All that is wrong, each with its step."""
        return self.lies + self.claims + self.faults + self.misdrawn + self.rings


def walk(
    chapter: type[Chapter],
    text: str,
    theme: str,
    look: Callable[[Picture], None],
    language: str = ENGLISH,
    model: Path | None = None,
    played: Callable[[Picture], None] | None = None,
) -> Chapter:
    """Perform a chapter without showing it, and call `look` at the end of each step; of the shipped model if None.

    `played` is called at the end of each play of a beat.
    """
    logger.setLevel(logging.WARNING)
    wide, high = SIZE
    small = {"frame_rate": 30, "pixel_width": wide, "pixel_height": high, "media_dir": str(_formulas())}
    with tempconfig(small), _kept(), patch.object(SVG, "parse", _parsed()):
        scene = chapter(trace=trace_of(text, model), theme=theme, language=language, renderer=FastRenderer())
        scene.renderer.skip_animations = True
        given: list[Step] = []
        telling = scene.steps

        def steps(trace: Trace) -> Iterator[Step]:
            for step in telling(trace):
                given.append(step)
                yield step

        scene.steps = steps  # type: ignore[method-assign]
        playing = scene._play

        def play(plays: Any, record: Record, *how: Any) -> None:
            playing(plays, record, *how)
            if played and record.starts:
                played(Picture(given[-1], record, scene))

        scene._play = play  # type: ignore[method-assign]
        scene.perform((), closed=lambda record: look(Picture(given[-1], record, scene)))
        return scene


def findings(
    chapter: type[Chapter], text: str, theme: str, language: str = ENGLISH, model: Path | None = None
) -> Findings:
    """All that a suspicious and a strict viewer find; walked once, read by several tests.

    A chapter of recorded experiments is the same for every sentence and model.
    """
    if getattr(chapter, "recorded", ""):
        text, model = SENTENCES[0], None
    return _findings(chapter, text, theme, language, model)


def of_two_scales(stage: Sequence[Mobject], moving: Container[int] = ()) -> list[str]:
    """Tensors whose entries are drawn as bars in one direction, but not all in the same unit, and bars over others."""
    units: dict[tuple[object, ...], set[float]] = {}
    for mark in marks_on(stage):
        for meaning in mark.meanings if id(mark) not in moving else ():
            if isinstance(meaning, Length) and isinstance(meaning.quantity, Quantity):
                (left, low, _), middle = box_of(mark)[0], mark.get_center()
                foot = (low, middle[0]) if meaning.side == "height" else (left, middle[1])
                for key in ((meaning.quantity.name,), ("a bar over another at", *np.round(foot, 2).tolist())):
                    units.setdefault((meaning.side, *key), set()).add(round(meaning.unit, 4))
    return [" ".join(map(str, key)) for (_, *key), found in units.items() if len(found) > 1]


@cache
def _findings(chapter: type[Chapter], text: str, theme: str, language: str, model: Path | None) -> Findings:
    found, watch = Findings(), RingWatch()
    plain = (text, theme, language, model) == (SENTENCES[0], "dark", ENGLISH, None)

    def played(picture: Picture) -> None:
        beat = f"step {picture.record.number}, beat {len(picture.record.starts)}"
        watch.look(beat, picture.stage, picture.said, picture.trace)
        step = picture.record.number
        if plain and step > 1 and (step not in found.kept or picture.record.duration <= CONNECTS):
            share = kept(found.stills[step - 1], picture.scene.renderer.still(picture.scene))
            found.kept[step] = min(share, found.kept.get(step, 1.0))

    def look(picture: Picture) -> None:
        here = f"step {picture.record.number}: "
        written = Written.by(catalogue(language))
        found.lies.extend(here + lie for lie in lies(picture.stage, picture.trace, written))
        found.claims.extend(
            here + claim for claim in wrong_in_step(picture.step.heading, picture.step.beats, picture.trace, written)
        )
        told = (picture.step.heading, *picture.step.beats)
        found.claims.extend(here + fault for fault in other_head(told, picture.stage, picture.trace))
        found.faults.extend(here + fault for fault in faults(picture.stage))
        found.misdrawn.extend(here + fault for fault in misdrawn(picture.stage, picture.trace))
        found.scales.extend(here + name for name in of_two_scales(picture.stage))
        found.marks += len(marks_on(picture.stage))
        found.records.append(picture.record)
        found.texts.update(text.text for text in texts_on(picture.stage))
        if plain:
            found.stills[picture.record.number] = picture.scene.renderer.still(picture.scene)

    walk(chapter, text, theme, look, language, model, played)
    found.rings = watch.faults
    gc.collect()
    gc.freeze()
    return found
