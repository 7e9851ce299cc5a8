"""Studio: an order goes in, and films, clips, posters, captions, an index and contact sheets come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scenes.production import drawing
from scenes.production.crew import Crew, Progress, executor
from scenes.production.delivery import Delivery
from scenes.production.drawing import Job, sources_of
from scenes.production.facts import StepFacts
from scenes.production.fingerprint import hashed
from scenes.production.look import CAPTIONS, SHOWN, Look
from scenes.production.repertoire import ChapterEntry, Selection
from scenes.production.store import Store
from scenes.production.transcript import transcript
from transformer_core.tracing.trace import Trace

if TYPE_CHECKING:
    from scenes.production.cluster import Cluster
    from scenes.speech.engines import Voice
    from scenes.speech.narration import Narration, Table
    from scenes.speech.recordings import Recordings

#: Runs of steps for each process: few, since each run passes through the steps before it; more than one, to balance.
RUNS_A_PROCESS = 2
#: So many shapes in motion take as long to draw as all else of a frame.
SHAPES_A_FRAME = 300


@dataclass(frozen=True)
class Order:
    """Order for the studio: the chapters, the sentence and the model, the look, the folder, who draws, who speaks."""

    entries: Sequence[ChapterEntry]
    text: str
    label: str
    look: Look
    output: Path
    jobs: int
    model: str | None = None
    scheduler: str | None = None
    title: str = ""
    author: str = ""
    outputs: tuple[str, ...] = ("film",)
    voice: Voice | None = None
    recordings: Recordings | None = None
    edits: tuple[str, ...] = ()
    target: str = ""
    beams: int = 1
    captions: str = CAPTIONS[0]
    #: What the names of files say of sentence, model and edits.
    name: str = ""
    #: The parts of the chapters that were asked for; empty for all of them.
    parts: tuple[Selection, ...] = ()
    #: Chapters, steps of them and slides as a lecture file has them follow each other, each entry in parts of its own.
    running: tuple[Selection, ...] = ()

    @property
    def shown(self) -> str:
        """The part of the names of files that tells its captions."""
        return SHOWN[self.captions]

    def reads(self, entry: ChapterEntry | None = None) -> dict[str, Any]:
        """The sentence, model and changes that are read, by a chapter of its own, as arguments of `Store.trace`.

        A given translation is of the order's own sentence, and edits are of its own model.
        """
        text, model = (entry.text, entry.model) if entry else ("", "")
        given = {"edits": () if model else self.edits, "target": "" if text or model else self.target}
        return {"text": text or self.text, "model": model or self.model, "beams": self.beams, **given}

    def others(self, store: Store) -> dict[str, Trace]:
        """The traces of chapters that have a sentence or a model of their own, by their names."""
        apart = [entry for entry in self.entries if entry.text or entry.model]
        return {entry.name: Trace.load(store.trace(**self.reads(entry))[0]) for entry in apart}


@dataclass
class Made:
    """Result of an order: the folder, numbers of all steps and of those drawn, and what Manim itself had to draw."""

    folder: Path
    film: Path | None
    steps: int
    drawn: int
    seconds: float
    left_to_manim: tuple[str, ...] = ()
    new: tuple[StepFacts, ...] = ()
    untold: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass
class Studio:
    """Does orders, with what `store` already has."""

    store: Store
    progress: Progress

    def film(self, order: Order) -> Made:
        """Render what is not there yet, and deliver everything."""
        with self._crew(order) as crew:
            steps, base = self._survey(order, crew)
            narration = self._narration(order)
            if narration:
                self.progress.begin("speaking", 0, len(steps))
                speech = narration.tables(steps, lambda: self.progress.advance(0, 1))
                steps, base = self._survey(order, crew, speech=speech)
            delivery = Delivery(order, self.store, steps, narration)
            delivery.take()
            missing = [step for step in steps if not self._is_there(step, ".mp4", ".png")]
            left = self._draw(crew, base, missing)
        film = delivery.film()
        self.store.forget_old()  # at the end: a clock that was put right meanwhile makes all of this old
        seconds = sum(step.frames for step in steps) / order.look.rate
        doubts = tuple(order.recordings.told(steps)) if order.recordings else ()
        return Made(order.output, film, len(steps), len(missing), seconds, left, tuple(missing), untold(steps), doubts)

    def clips(self, order: Order, wanted: Callable[[StepFacts], bool], suffix: str) -> list[tuple[StepFacts, Path]]:
        """Render the steps that are `wanted` and not there yet, with clips of this suffix; each with its clip.

        A clip may also be an SVG, or, as ".json", a Lottie.
        """
        with self._crew(order) as crew:
            steps, base = self._survey(order, crew)
            chosen = [step for step in steps if wanted(step)]
            self._draw(crew, base, [step for step in chosen if not self._is_there(step, suffix)], suffix)
        return [(step, self.store.clip(step.key).with_suffix(suffix)) for step in chosen]

    def stills(self, order: Order) -> Made:
        """Posters and contact sheets alone."""
        with self._crew(order) as crew:
            steps, _ = self._survey(order, crew, ".png")
        delivery = Delivery(order, self.store, steps)
        delivery.take(film=False)
        delivery.stills()
        return Made(order.output, None, len(steps), 0, 0.0, untold=untold(steps))

    def transcript(self, order: Order, steps: Sequence[StepFacts], kind: str) -> str:
        """Return what is said, with the time of each step, as a kind of file of `transcript.KINDS`."""
        return transcript(Delivery(order, self.store, steps).index(), kind)

    def script(self, order: Order) -> list[StepFacts]:
        """Return the facts of each step, with what is said in it."""
        with self._crew(order) as crew:
            return self._survey(order, crew)[0]

    @contextmanager
    def _crew(self, order: Order) -> Iterator[Crew | Cluster]:
        """Start the executor that draws; nothing unfinished is left in the store afterwards."""
        with self.store.tidy(), executor(order.jobs, self.progress, order.scheduler) as crew:
            yield crew

    def _draw(
        self, crew: Crew | Cluster, base: dict[str, Job], steps: Sequence[StepFacts], suffix: str = ".mp4"
    ) -> tuple[str, ...]:
        """Render clips of this suffix; returns what only Manim itself could draw."""
        if not steps:
            return ()
        films = suffix in {".mp4", ".mkv"}
        draw, frames = (drawing.render, sum(step.frames for step in steps)) if films else (drawing.vectors, 0)
        self.progress.begin("drawing", frames, len(steps))
        jobs = [self._job(base, run, suffix) for run in _runs(steps, crew.size * RUNS_A_PROCESS)]
        return tuple(sorted(set().union(*crew.perform([(draw, job) for job in jobs]))))

    def _narration(self, order: Order) -> Narration | None:
        """Return the narration of the film; None for a silent one."""
        if order.voice is None and order.recordings is None:
            return None
        from scenes.speech.narration import Narration, foreign_words

        language = order.look.language
        return Narration(self.store, order.voice, order.recordings, foreign_words(order.model, language), language)

    def _survey(
        self, order: Order, crew: Crew | Cluster, *suffixes: str, speech: Mapping[str, Table] = MappingProxyType({})
    ) -> tuple[list[StepFacts], dict[str, Job]]:
        """The facts of every step in order, and a job for each chapter without steps to draw yet.

        With the suffix of posters, those are there afterwards too. `speech` has the seconds of beats that are spoken.
        """
        posters = self.store.clip("") if suffixes else None
        look, base = order.look, {}
        for entry in order.entries:
            trace = self.store.trace(**order.reads(entry), computing=lambda: crew.prepare(len(order.entries)))
            sources, spoken = sources_of(entry, look.language), speech.get(entry.name, {})
            base[entry.name] = Job(entry, *trace, look, sources, posters=posters, speech=spoken)
        keys = {name: hashed(job.trace_key, look, job.sources, job.speech) for name, job in base.items()}
        known = {name: self.store.survey(keys[name], name) for name in base}
        unknown = [
            name
            for name, steps in known.items()
            if steps is None or not all(self._is_there(step, *suffixes) for step in steps)
        ]
        if unknown:
            crew.prepare(len(unknown))
            self.progress.begin("reading the storyboards", 0, len(unknown))
            results = crew.perform([(drawing.survey, base[name]) for name in unknown])
            for name, steps in zip(unknown, results, strict=True):
                self.store.remember(keys[name], name, steps)
                known[name] = steps
        return _asked(order, _running(order, [step for steps in known.values() for step in steps or ()])), base

    def _job(self, base: dict[str, Job], run: Sequence[StepFacts], suffix: str) -> Job:
        clips = {step.number: self.store.clip(step.key) for step in run}
        return replace(base[run[0].chapter], clips=clips, suffix=suffix)

    def _is_there(self, step: StepFacts, *suffixes: str) -> bool:
        return all(self.store.has(self.store.clip(step.key).with_suffix(suffix)) for suffix in suffixes)


def _running(order: Order, steps: Sequence[StepFacts]) -> Sequence[StepFacts]:
    """`steps`, which are all of the chapters, as a lecture file has them follow each other; as they come without one.

    Raises:
        ValueError: the file names a step that is not there, or one twice.
    """
    parts = [part for part in order.running if {*part.entries} <= {*order.entries}]
    if {entry for part in parts for entry in part.entries} != {*order.entries}:
        return steps
    found = [step for part in parts for step in part.of(steps)]
    places = [(step.chapter, step.number) for step in found]
    if twice := next((place for place in places if places.count(place) > 1), None):
        raise ValueError(f"the step {twice[0]}.{twice[1]} is told twice: name it once")
    return found


def _asked(order: Order, steps: Sequence[StepFacts]) -> list[StepFacts]:
    """Those of `steps`, which are all of the chapters, that belong to a part of the order."""
    wanted = {(step.chapter, step.number) for part in order.parts for step in part.of(steps)}
    return [step for step in steps if not order.parts or (step.chapter, step.number) in wanted]


def untold(steps: Sequence[StepFacts]) -> tuple[str, ...]:
    """The sentences that there is no translation for, each by the template that a catalogue would have it under."""
    return tuple(dict.fromkeys(template for step in steps for template, _ in step.untold))


def _effort(steps: Sequence[StepFacts]) -> float:
    """About how long it takes to draw `steps`, in frames in which little moves."""
    return sum(step.frames + step.moved / SHAPES_A_FRAME for step in steps)


def _runs(steps: Sequence[StepFacts], wanted: int) -> list[list[StepFacts]]:
    """Cut `steps` into about `wanted` runs of like effort, none across chapters, the longest first.

    >>> _runs([], 4)
    []
    """
    share = _effort(steps) / max(1, wanted)
    runs: list[list[StepFacts]] = []
    for step in steps:
        if not runs or runs[-1][0].chapter != step.chapter or _effort(runs[-1]) + _effort([step]) / 2 > share:
            runs.append([])
        runs[-1].append(step)
    return sorted(runs, key=_effort, reverse=True)
