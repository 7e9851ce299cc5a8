"""Chapter: a Manim scene that turns a trace into steps.

Its `steps(trace)` yields `Step`s. Each is at once a section of the scene, a clip, a
slide, a caption, a line of narration and a chapter mark. No chapter holds a duration: a beat lasts as long as its
animation and its narration need.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import Any, ClassVar

from manim import Animation, AnimationGroup, Mobject, VGroup, VMobject, config
from manim.animation.animation import prepare_animation

from scenes.animations import Dive, appear, follow, leave, settle_in
from scenes.language import DEFAULT_TEXT, ENGLISH, Told, spoken_in
from scenes.layout import STAGE, crossed, faults
from scenes.mobjects.diagrams import MiniMap
from scenes.mobjects.text import Words, paragraph, wrapped
from scenes.stage.brand import PLAIN, Brand
from scenes.stage.captions import Cue, reading_seconds, shares_of, split, standing_seconds
from scenes.stage.matching import match_cut
from scenes.stage.notes import RIGHT_END, Note
from scenes.stage.playing import Stage
from scenes.stage.requirements import lacks
from scenes.stage.step import Beat, Record, Step, beat, claim
from scenes.theme import LIMITS, PIXELS_PER_UNIT, at, pace, shape, units
from transformer_core.studies.results import examined
from transformer_core.tracing.provenance import parse
from transformer_core.tracing.trace import Trace

__all__ = ["Beat", "Chapter", "Record", "Step", "beat", "claim"]

#: How much larger the map stands on the stage between two chapters than in its corner.
ARRIVING = 3.2
#: How much longer a play may last than by itself, where its words take their time.
MOST_STRETCHED = 1.6
#: A play that would begin in the last moment of a caption, in seconds, begins with the next one.
LATE = 0.4


class TooLongError(ValueError):
    """A sentence that the stage has no room for."""


class Chapter(Stage):
    """A chapter of the lecture. Subclasses give `number`, `title`, and `steps`; and what a model `needs` to serve it,
    in words of `scenes.stage.requirements`. Of a long target, a chapter on writing sees what stands `at_the_end`. A
    chapter dives into the map of the model, and has the whole stage; where it is `mapped`, the map stays in the corner.
    What it `looks_at` is lit on the map; where that hangs on the trace, it overrides `whereabouts`. A chapter that is
    `recorded` shows nothing of the sentence: it reads experiments alone, and names the one whose card says which model
    was examined, and in what numbers.

    It runs under plain `manim` like any other scene; `perform` is what the production room calls. `speech` has the
    seconds that the beats of each step are spoken, by its number: they last at least so long.
    """

    number: ClassVar[int] = 0
    title: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()
    at_the_end: ClassVar[bool] = False
    mapped: ClassVar[bool] = False
    recorded: ClassVar[str] = ""
    looks_at: ClassVar[str] = ""

    def __init__(
        self,
        trace: Trace | None = None,
        theme: str = "",
        brand: Brand = PLAIN,
        captions: bool = True,
        language: str = "",
        speech: Mapping[int, Sequence[float]] = MappingProxyType({}),
        **scene: Any,
    ) -> None:
        super().__init__(captions, **scene)
        self.trace = examined(self.recorded) if self.recorded else trace
        self.brand, self.speech = brand, speech
        self.theme = theme or os.environ.get("LECTURE_THEME", "dark")
        self.language = language or os.environ.get("LECTURE_LANGUAGE", ENGLISH)
        self.records: list[Record] = []
        self.stage_chrome: list[Mobject] = []
        self.heading: VMobject | None = None
        self.lit = ""
        self.lasting: Note | None = None
        self.note: Note | None = None

    def steps(self, trace: Trace) -> Iterator[Step]:
        """The storyboard, step by step."""
        raise NotImplementedError

    def material(self) -> Trace:
        """The trace that this chapter reads; computed here only if nobody handed one in."""
        if self.trace is None:
            from scenes.stage.reading import read

            self.trace = read(os.environ.get("LECTURE_TEXT", DEFAULT_TEXT))
        return self.trace

    def construct(self) -> None:
        self.perform()

    def perform(
        self,
        wanted: Container[int] | None = None,
        opened: Callable[[int, Step], None] | None = None,
        closed: Callable[[Record], None] | None = None,
        last: int | None = None,
    ) -> list[Record]:
        """Play the steps whose numbers are `wanted` (all by default); apply the others without showing them.

        `opened` is called at the beginning of every step, shown or not, and `closed` at its end: the stage then stands
        as the viewer leaves it. The chapter ends after step `last`, if there is such a number.
        """
        if lacking := lacks(self.material(), self.needs):
            raise ValueError(f"the chapter {self.title!r} needs {lacking}, and this model has none")
        seen, about = self.material().in_sight(self.at_the_end), self.material().about
        tokens, alone = about.get("tokens", ()), not about.get("config", {}).get("encoder_layers", 1)
        if len(tokens) > LIMITS.whole and ("target" if alone else "source") not in about.get("windows", ()):
            raise TooLongError(
                f"this sentence has {len(tokens)} words, and a picture has room for {LIMITS.whole}: type a shorter one"
            )
        with self.brand.drawn(self.theme) as colours, spoken_in(self.language) as voice:
            config.background_color = colours.background
            self.camera.background_color = colours.background
            self.camera.background = self.brand.stamped(self.camera.background)
            self._set_up_chrome(seen)
            for number, step in enumerate(self.steps(seen), 1):
                showing = wanted is None or number in wanted
                record = Record(number, parse(step.heading)[0], step.narration, [parse(b)[0] for b in step.beats])
                self.records.append(record)
                if showing:
                    self.next_section(record.title)
                if opened:
                    opened(number, step)
                self._change_note(seen, step)
                self._light(seen, step)
                self._perform(step, record, showing)
                record.heard = voice.take()
                if closed:
                    closed(record)
                if number == last:
                    break
        return self.records

    def _set_up_chrome(self, trace: Trace) -> None:
        kicker = Words(self.title, "kicker", "ink3")
        kicker.begin_at(at(STAGE.left, 0)[0]).stand_on(at(0, shape().kicker)[1])
        self.lit = self.whereabouts(trace)
        self.map = MiniMap(trace.about.get("config", {}), self.lit)
        self.stage_chrome = [self.map, kicker] if self.mapped else [kicker]
        room = STAGE.width if shape().narrow else RIGHT_END - 120 - kicker.width * PIXELS_PER_UNIT
        self.lasting = Note.of(trace, self.lit, room)

    def _arrive(self, opening: tuple[Animation, ...], record: Record, showing: bool) -> None:
        """Between two chapters: the map, large, shows where we go, and opens on the first step.

        It takes its corner, or the eye dives into the part that is lit, where the first step already begins.
        """
        place = self.map
        self.remove(*([self.note] if self.note else []))  # it comes with the rest of what stays
        above, below = STAGE.split_rows(180)
        name = Words(self.title, "chapter").settle(above.centre)
        name.scale(min(1.0, units(STAGE.width) / name.width))
        whole = place.copy()
        whole.scale(min(ARRIVING, units(below.width) / max(whole.width, 0.01))).move_to(below.centre)
        self._play(appear(whole, name), record, showing)
        self._hold(pace("hold"), record, showing)
        going, lag = settle_in(whole, place), 0.4
        if not self.mapped and whole.lit:
            going = Dive([whole], whole.lit, inside=0.0)
        elif not self.mapped:
            going, lag = leave(whole), 1.0
        chrome = follow(VGroup(*self.stage_chrome[self.mapped :]))
        inside = AnimationGroup(going, AnimationGroup(*opening), lag_ratio=lag)
        self._play((inside, leave(name), chrome), record, showing)
        self.remove(*whole.get_family())
        self.add(*self.stage_chrome)

    def _change_note(self, trace: Trace, step: Step) -> None:
        """Show beside the title what a viewer must know of the model or figures of this step; remove the last note."""
        elsewhere = Note.measured_elsewhere(trace, step.title, step.say)
        wanted = elsewhere or Note.not_edited(trace, step) or (self.lasting if step.noted else None)
        if str(wanted) == str(self.note):
            return
        if isinstance(self.note, Note):
            self.remove(self.note)
            self.stage_chrome.remove(self.note)
        self.note = wanted
        if wanted:
            if not self.mapped and not shape().narrow:  # the place of the map is free
                wanted.end_at(at(STAGE.right, 0)[0])
            self.stage_chrome.append(wanted)
            self.add(wanted)

    def _light(self, trace: Trace, step: Step) -> None:
        """Light the part of the map that this step looks at."""
        here = self.whereabouts(trace) if step.here is None else step.here
        if self.mapped and here != self.lit:
            self.lit = here
            self.remove(self.map)
            self.map = self.stage_chrome[0] = MiniMap(trace.about.get("config", {}), here)
            self.add(self.map)

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002 - for those that override it
        """The part of the model that this chapter looks at, for the small map."""
        return self.looks_at

    def _perform(self, step: Step, record: Record, showing: bool) -> None:
        opening = self._opening(step)
        record.note(parse(step.heading)[1])
        spoken: Sequence[float | None] = self.speech.get(record.number) or [None] * len(step.parts)  # it may be silent
        if record.number == 1:
            self._arrive(opening, record, showing)
        else:
            self._play(opening, record, showing)
        self._restack(step)
        for part, said, seconds in zip(step.parts, step.beats, spoken, strict=True):
            record.note(parse(said)[1])
            record.starts.append(record.duration)
            self.ambient = part.ambient
            self._tell(split(parse(said)[0]) or ((),), [*part.plays], seconds, record, showing)
        self._hold(pace("hold"), record, showing)
        self.ambient = None
        self.note_screen(record)
        if shape().narrow:
            record.faults += faults(self.mobjects) + crossed(self.mobjects)

    def _opening(self, step: Step) -> tuple[Animation, ...]:
        """The change of title, and the leaving of what does not stay; what was said of it has left already."""
        self._caption(())
        heading = self._heading_of(step)
        changes: list[Animation] = [follow(heading)]
        if self.heading:
            changes.append(leave(self.heading))
        if step.stage is not None:
            kept = {id(part) for mobject in step.stage for part in mobject.get_family()}
            chrome = [*self.stage_chrome, *self.caption, *([self.heading] if self.heading else [])]
            kept |= {id(part) for mobject in chrome for part in mobject.get_family()}
            here = {id(part) for mobject in self.mobjects for part in mobject.get_family()}
            self._dissolve(kept)
            gone = [m for m in self.mobjects if id(m) not in kept and m.family_members_with_points()]
            changes += match_cut(gone, step.stage, here & kept)
        self.heading = heading
        return tuple(changes)

    def _heading_of(self, step: Step) -> VMobject:
        """The title of a step, in its place."""
        lines = map(Told, wrapped(step.title, "title", STAGE.width)) if shape().narrow else [step.title]
        return VGroup(*paragraph([*lines], "title", "ink", shape().kicker + shape().below, STAGE.left))

    def _restack(self, step: Step) -> None:
        """Put the figures of a step in their declared order: a cut has left their parts loose, each where it landed."""
        if step.stage is not None:
            self.remove(*(part for mobject in step.stage for part in mobject.get_family()))
            self.add(*step.stage)
            self.bring_to_front(*self.stage_chrome, *([self.heading] if self.heading else []), *self.caption)

    def _tell(
        self, cards: Sequence[tuple[str, ...]], plays: list[Any], seconds: float | None, record: Record, showing: bool
    ) -> None:
        """Show the cards of one beat, and spread its plays over the time in which they are said.

        Each play has a part of the time in proportion to how long it lasts by itself, and is stretched to fill it, up
        to `MOST_STRETCHED` times; the rest of its part is a pause.
        """
        shares = shares_of(cards)
        needed = [reading_seconds(" ".join(lines)) for lines in cards]
        said = sum(needed) if seconds is None else seconds
        ends = [*accumulate(needed)] if seconds is None else [said * share for share in shares]
        alone = sum(_seconds_of(play) for play in plays)
        slow = max(1.0, said / alone) if alone else 1.0
        stretched = min(MOST_STRETCHED, slow)
        begun = record.duration
        for lines, end in zip(cards, ends, strict=True):
            start, last = record.duration, lines is cards[-1]
            self._caption(lines)
            while plays and (last or record.duration - begun < end - LATE):
                pause = _seconds_of(plays[0]) * (slow - stretched)
                self._play(plays.pop(0), record, showing, stretched)
                self.note_screen(record)
                if plays:
                    rest = begun + end - record.duration
                    self._hold(pause if last else min(pause, rest), record, showing)
            least = standing_seconds(" ".join(lines)) - (record.duration - start)
            self._hold(max(begun + end - record.duration, least), record, showing)
            if lines:
                record.cues.append(Cue(start, record.duration, lines))


def _seconds_of(play: Any) -> float:
    """The seconds that a play lasts by itself."""
    together = [part for part in (play if isinstance(play, tuple) else (play,)) if part is not None]
    return max((prepare_animation(part).get_run_time() for part in together), default=0.0)
