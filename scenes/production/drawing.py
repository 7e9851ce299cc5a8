"""Work of a drawing process: survey a chapter, with or without a still of each step, or render steps of it.

These functions run in processes of their own, started by spawn, which read the trace with NumPy and never import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from scenes.language import ENGLISH, catalogue
from scenes.production.crew import Tick
from scenes.production.facts import StepFacts, facts_of
from scenes.production.files import stage
from scenes.production.fingerprint import digest, hashed, source, toolchain, without_steps
from scenes.production.look import Look
from scenes.production.origin import Origin, text_of
from scenes.production.repertoire import ChapterEntry
from scenes.production.seals import seal, sealed
from transformer_core.studies import results
from transformer_core.tracing.trace import Trace

SCENES = Path(__file__).resolve().parents[1]
#: What no picture depends on: the other chapters, and what is made of finished pictures.
APART = (SCENES / "chapters", SCENES / "publishing", SCENES / "speech", SCENES / "quiz")


@dataclass(frozen=True)
class Job:
    """A piece of work for one process: a chapter, what it reads, and where its clips and posters go.

    `clips` maps the number of each wanted step to the path of its clip without suffix; `posters` is the folder for
    the posters that a survey takes by the way. With the suffix ".mkv" clips are masters (`scenes.rendering.master`).
    `speech` has the seconds of each beat of the steps that are spoken, by number.
    """

    entry: ChapterEntry
    trace: Path
    trace_key: str
    look: Look
    sources: str
    clips: dict[int, Path] = field(default_factory=dict)
    posters: Path | None = None
    suffix: str = ".mp4"
    speech: dict[int, tuple[float, ...]] = field(default_factory=dict)


def sources_of(entry: ChapterEntry, language: str = ENGLISH) -> str:
    """A hash of all that a chapter can run and say: all code but the other chapters', libraries, results, catalogue."""
    told = catalogue(language).fingerprint
    code = source(SCENES, *APART), source(SCENES.parent / "transformer_core")
    return hashed(*code, *entry.code, toolchain(), results.fingerprint(), told)


@contextmanager
def _on_stage(job: Job) -> Iterator[Any]:
    """The chapter of `job`, ready to perform; Manim writes by the way into a folder that nobody shares."""
    with stage() as folder, job.look.applied(folder):
        from scenes.rendering import FastRenderer

        kind, look = job.entry.load(), job.look
        if sources_of(job.entry, look.language) != job.sources:
            raise ValueError("the code was changed while it was being drawn; run it again")
        trace = _mapped(job.trace, job.trace_key, job.sources)
        settings = look.theme, look.brand, not look.bare, look.language, job.speech
        yield kind(trace, *settings, renderer=FastRenderer())


@lru_cache(maxsize=1)
def _mapped(path: Path, *_: str) -> Trace:
    """The saved trace with this content, for all jobs of a process that read it with the same results beside it."""
    return Trace.load(path, mapped=True)


def survey(job: Job, tick: Tick) -> list[StepFacts]:
    """Return the facts of each step, with the key of its clip; draw no frame except the last ones, for posters.

    The picture of a step follows from what stands on the stage when it is told, from the step itself (words, figures
    and motions, by content), from the seconds that it is spoken, and from what all steps have in common.
    """
    with _on_stage(job) as chapter:
        common, facts, found = _common(chapter, job), list[StepFacts](), ""

        def opened(_: int, step: Any) -> None:
            nonlocal found
            found = _found(chapter, step)

        def closed(record: Any) -> None:
            key = hashed(common, record.number, found, record.heard, job.speech.get(record.number, ()))
            facts.append(facts_of(record, job.entry.name, job.look.rate, key))
            if job.posters:
                _poster(chapter, job.posters / key)

        chapter.perform((), opened, closed)
        tick(0, 1)
        return facts


def render(job: Job, tick: Tick) -> set[str]:
    """Write the clip and the poster of each wanted step; returns what the fast path left to Manim's own camera."""
    with _on_stage(job) as chapter, ExitStack() as clips:
        play, told, begun, origin = chapter.play, 0, 1, Origin.of(chapter.trace.about)

        def counted(*animations: Any, **settings: Any) -> None:
            nonlocal told, begun
            beats = len(chapter.records[-1].starts)
            if job.suffix == ".mp4" and beats > begun:  # a later beat begins: one may cut here
                begun = beats
                chapter.renderer.writer.mark()
            play(*animations, **settings)
            # Manim leaves an empty mobject on stage for every pause; a skipped step leaves none, nor may a shown one.
            chapter.remove(*(m for m in chapter.mobjects if not m.submobjects and not m.has_points()))
            tick(chapter.renderer.writer.frames - told, 0)
            told = chapter.renderer.writer.frames

        def opened(number: int, _: Any) -> None:
            nonlocal told, begun
            told, begun = 0, 1
            if number in job.clips:
                clips.enter_context(chapter.renderer.clip(job.clips[number].with_suffix(job.suffix), facts=origin.tags))

        def closed(record: Any) -> None:
            if record.number in job.clips:
                _poster(chapter, job.clips[record.number])
                clips.close()
                seal(job.clips[record.number].with_suffix(job.suffix))
                tick(0, 1)

        chapter.play = counted
        chapter.perform(set(job.clips), opened, closed, max(job.clips))
        left: set[str] = chapter.renderer.left_to_manim
        return left


def vectors(job: Job, tick: Tick) -> set[str]:
    """Write each wanted step as text: the SVG of its picture at `Look.moment`, or its last; as ".json", a Lottie."""
    with _on_stage(job) as chapter:
        from scenes.rendering.lottie import Recording
        from scenes.rendering.vector import svg

        found: dict[int, str] = {}
        made, moves = " ".join(Origin.of(chapter.trace.about).tags.values()), job.suffix == ".json"
        look, logo = job.look, job.look.brand.logo.path if job.look.brand.logo else None

        def taken(record: Any) -> None:
            ground = "" if look.clear else str(chapter.camera.background_color)
            if not moves:
                told = record.title, record.narration
                found[record.number] = svg(chapter.mobjects, *told, ground, logo, made, look.width)
            elif logo:
                raise ValueError("a logo cannot be said in Lottie: take --format webm")
            else:
                recording, size = chapter.renderer.writer, (look.rate, look.width)
                found[record.number] = recording.lottie(record.title, made, *size, ground, record.starts)

        def closed(record: Any) -> None:
            if record.number in job.clips:
                if record.number not in found:
                    taken(record)
                with sealed(job.clips[record.number].with_suffix(job.suffix)) as part:
                    part.write_text(found[record.number], encoding="utf-8", newline="\n")
                tick(0, 1)
            chapter.renderer.writer = None

        def opened(number: int, _: Any) -> None:
            if moves and number in job.clips:
                chapter.renderer.writer = Recording(lambda: chapter.mobjects)
            elif look.moment is not None and number in job.clips:
                chapter.renderer.writer = FrameWatch(round(look.moment * look.rate), lambda: taken(chapter.records[-1]))

        shown = job.clips if moves or look.moment is not None else ()
        chapter.perform(set(shown), opened, closed, max(job.clips))
        return set()


class FrameWatch:
    """In the place of a clip: calls `reached` when the picture of a frame stands on the stage."""

    def __init__(self, frame: int, reached: Callable[[], None]) -> None:
        self.frame, self.reached, self.frames = frame, reached, 0

    def write(self, *_: Any) -> None:
        self.repeat()

    def repeat(self, count: int = 1) -> None:
        if self.frames <= self.frame < self.frames + count:
            self.reached()
        self.frames += count


def _poster(chapter: Any, clip: Path) -> None:
    """The stage as it stands now, as a PNG."""
    told = text_of(Origin.of(chapter.trace.about).tags)
    with sealed(clip.with_suffix(".png")) as part:
        Image.fromarray(chapter.renderer.still(chapter)).save(part, compress_level=4, pnginfo=told)


def _common(chapter: Any, job: Job) -> str:
    """A hash of what the pictures of all steps depend on: sentence, look, libraries, catalogue, code but for steps."""
    rules = sorted(catalogue(job.look.language).rules.items())
    sentence = "" if chapter.recorded else job.trace_key
    figures = [file.read_text(encoding="utf-8") for file in job.entry.files if file != job.entry.path]
    code = source(SCENES, *APART), figures, without_steps(job.entry.path)
    return hashed(sentence, job.look, toolchain(), rules, *code)


def _found(chapter: Any, step: Any) -> str:
    """A hash of a step and of what it finds, without captions: those are removed before its first frame."""
    from scenes.stage.members import Members

    # What every stage has is plumbing; what a chapter adds to it is state.
    plumbing = {*vars(Members()), "trace", "brand", "speech", "records", "caption"}
    own = sorted((name, value) for name, value in vars(chapter).items() if name not in plumbing)
    stage = [mobject for mobject in chapter.mobjects if mobject not in chapter.caption]
    return digest(own, stage, chapter.foreground_mobjects, chapter.updaters, step, ignoring=[chapter])
