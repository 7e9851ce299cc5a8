"""Delivery: from clips in the store to a folder that a viewer opens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenes.language import catalogue
from scenes.production import film
from scenes.production.belongings import release, take
from scenes.production.facts import StepFacts
from scenes.production.files import on_one_line, place, write_json, write_text
from scenes.production.fingerprint import hashed, source
from scenes.production.origin import Origin, text_of
from scenes.production.repertoire import ChapterEntry
from scenes.production.sheet import contact_sheet
from scenes.production.slide import Slide, model_name
from scenes.production.store import Store
from scenes.production.transcript import KINDS, transcript
from scenes.stage.captions import srt, vtt

if TYPE_CHECKING:
    from scenes.production.studio import Order
    from scenes.speech.narration import Narration

INDEX = "steps.json"
#: What an earlier film has left, if it is listed as ours and this one does not have it.
EARLIER = re.compile(r"(clips|posters)/[^/]+-\d{2,}\.(mp4|png)")
PRODUCTION = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Delivery:
    """Fills the folder of an order with what belongs to `steps`; film and clips sound if there is a narration."""

    order: Order
    store: Store
    steps: Sequence[StepFacts]
    narration: Narration | None = None

    @property
    def folder(self) -> Path:
        return self.order.output

    @cached_property
    def entries(self) -> dict[str, ChapterEntry]:
        """The chapters and slides that have steps here, by name."""
        there = {step.chapter for step in self.steps}
        return {entry.name: entry for entry in self.order.entries if entry.name in there}

    @cached_property
    def title(self) -> str:
        """The title of the film: that of the order, or of its chapters."""
        told = catalogue(self.order.look.language)
        return self.order.title or "; ".join(told.text(entry.title) for entry in self.entries.values())

    @cached_property
    def origin(self) -> Origin:
        """Facts that are written into files: sentence, model, seed and versions."""
        return Origin.of(self.store.about(**self.order.reads()))

    def film(self) -> Path:
        """Film, captions, clips, posters, index and contact sheets."""
        earlier = self.take()
        for name in earlier:  # clips and posters of a delivery before this one, which does not have them
            (self.folder / name).unlink(missing_ok=True)
        release(self.folder, earlier)
        for step in self.steps:
            place(self._clip(step), self._file("clips", step, ".mp4"))
        self.stills()
        index, steps = self.index(), self.steps
        cues = [cue.later(row["start"]) for step, row in zip(steps, index["steps"], strict=True) for cue in step.cues]
        target = self.folder / index["film"]
        parts = [film.FilmClip(self._file("clips", step, ".mp4"), step.title) for step in steps]
        facts = {"title": self.title, "artist": self.order.author, **self.origin.tags}
        shown = self.order.captions == "track"
        film.join(parts, cues if self._texts else (), target, facts, self._tag, self._sound(steps), shown)
        for name, text in zip(self._texts, (srt(cues), vtt(cues, str(self.origin))), strict=False):
            write_text(self.folder / name, text)
        for kind in KINDS:
            write_text(self.folder / self._transcript(kind), transcript(index, kind))
        write_json(self.folder / INDEX, index)
        return target

    def take(self, film: bool = True) -> list[str]:
        """Have the right to write all files of a film, or of stills; the names of clips and posters of an earlier one.

        Raises:
            ValueError: somebody else's file has one of the names.
        """
        names = {self._name("posters", step, ".png") for step in self.steps}
        names |= {f"contact-sheet-{entry.name}.png" for entry, _ in self._sections()}
        if film:
            names |= {self._name("clips", step, ".mp4") for step in self.steps} | {*self._films, INDEX}
        ours = take(self.folder, names)
        return sorted(name for name in ours - names if film and EARLIER.fullmatch(name))

    @property
    def _films(self) -> list[str]:
        return [f"{self.order.label}.mp4", *self._texts, *map(self._transcript, KINDS)]

    def _transcript(self, kind: str) -> str:
        return f"{self.order.label}-transcript{kind}"

    @property
    def _texts(self) -> list[str]:
        """The files of captions."""
        return [f"{self.order.label}{suffix}" for suffix in (".srt", ".vtt") if self.order.captions != "none"]

    @property
    def _tag(self) -> str:
        return catalogue(self.order.look.language).tag

    def _clip(self, step: StepFacts) -> Path:
        """The clip of a step, with its sound if it has any."""
        silent = self.store.clip(step.key).with_suffix(".mp4")
        sound = self._sound([step])
        if sound is None:
            return silent
        key = hashed(step.key, sound.name, self._tag, source(PRODUCTION))
        parts, tags = [film.FilmClip(silent)], film.tags_of(silent)
        return self.store.kept("sounds", key, ".mp4", lambda path: film.join(parts, (), path, tags, self._tag, sound))

    def _sound(self, steps: Sequence[StepFacts]) -> Path | None:
        return self.narration.track(steps, self.order.look.rate) if self.narration else None

    def stills(self) -> None:
        """Posters, and a contact sheet for each chapter."""
        for step in self.steps:
            place(self.store.clip(step.key).with_suffix(".png"), self._file("posters", step, ".png"))
        sheets: dict[ChapterEntry, list[StepFacts]] = {}
        for entry, part in self._sections():
            sheets.setdefault(entry, []).extend(part)
        for entry, own in sheets.items():
            told = f"{entry.number}. {self._title(entry)}" if entry.number else self._title(entry)
            heading = f"{told}: “{on_one_line(entry.text or self.order.text)}”"
            key = hashed(heading, self.origin, source(PRODUCTION), *(step.key + step.title for step in own))
            posters = [(self._file("posters", step, ".png"), step) for step in own]
            write = partial(contact_sheet, posters, heading, told=text_of(self.origin.tags))
            place(self.store.kept("sheets", key, ".png", write), self.folder / f"contact-sheet-{entry.name}.png")

    def _sections(self) -> list[tuple[ChapterEntry, list[StepFacts]]]:
        """The steps by the chapter that they are told in: a slide belongs to the one before it, a card to none."""
        found: list[tuple[ChapterEntry, list[StepFacts]]] = []
        for step in self.steps:
            entry = self.entries[step.chapter]
            before = found[-1][0] if found else None
            is_first = before is None or (isinstance(before, Slide) and before.large)
            if is_first or not (entry == before or (isinstance(entry, Slide) and not entry.large)):
                found.append((entry, []))
            found[-1][1].append(step)
        return found

    def _title(self, entry: ChapterEntry) -> str:
        return entry.title if isinstance(entry, Slide) else catalogue(self.order.look.language).text(entry.title)

    def _file(self, kind: str, step: StepFacts, suffix: str) -> Path:
        return self.folder / self._name(kind, step, suffix)

    def _name(self, kind: str, step: StepFacts, suffix: str) -> str:
        return f"{kind}/{step.chapter}-{step.number:02d}{suffix}"

    def index(self) -> dict[str, Any]:
        """The narration and the numbers of each step, its time, and the names of all files."""
        order, look = self.order, self.order.look
        durations = [step.frames / look.rate for step in self.steps]
        starts = [0.0, *accumulate(durations)]
        rows = [
            {
                **{name: getattr(step, name) for name in ("chapter", "number", "title", "narration")},
                "start": start,
                "duration": duration,
                "clip": self._name("clips", step, ".mp4"),
                "poster": self._name("posters", step, ".png"),
                "beats": [{"start": at, "text": beat} for at, beat in zip(step.starts, step.beats, strict=False)],
                "cues": [asdict(cue) for cue in step.cues],
                "shown": list(step.shown),
            }
            for step, start, duration in zip(self.steps, starts, durations, strict=False)
        ]
        chapters, done = [], 0
        for entry, own in self._sections():
            facts = {"name": entry.name, "number": entry.number, "title": self._title(entry)}
            read = {"text": entry.text or order.text, "model": model_name(entry.model) or self.origin.model}
            chapters.append({**facts, **read, "start": starts[done], "steps": len(own)})
            done += len(own)
        return {
            "title": self.title,
            "author": order.author,
            "text": order.text,
            "origin": asdict(self.origin),
            "made": str(self.origin),
            "film": self._films[0],
            "captions": self._texts,
            "captioned": order.captions,
            "transcripts": [self._transcript(kind) for kind in KINDS],
            "voice": self.narration.name if self.narration else None,
            "duration": starts[-1],
            **{name: getattr(look, name) for name in ("width", "height", "rate", "theme", "language")},
            "colours": dict(look.brand.colours),
            "chapters": chapters,
            "steps": rows,
        }
