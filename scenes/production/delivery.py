"""Delivery: from clips in the store to a folder that a viewer opens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenes.language import catalogue
from scenes.production import film
from scenes.production.belongings import release, take
from scenes.production.facts import StepFacts
from scenes.production.files import on_one_line, place, write_json, write_text
from scenes.production.fingerprint import hashed, source
from scenes.production.look import CAPTIONS, Look
from scenes.production.origin import Origin, text_of
from scenes.production.repertoire import Entry
from scenes.production.seals import seal
from scenes.production.sheet import Picture, contact_sheet
from scenes.production.slide import Slide, model_name
from scenes.production.store import Store
from scenes.production.transcript import KINDS, transcript
from scenes.stage.captions import srt, vtt

if TYPE_CHECKING:
    from scenes.speech.narration import Narration

INDEX = "steps.json"
#: What an earlier film has left, if it is listed as ours and this one does not have it.
EARLIER = re.compile(r"(clips|posters)/[^/]+-\d{2,}\.(mp4|png)")
PRODUCTION = Path(__file__).resolve().parent


@dataclass
class Delivery:
    """Fills `folder` with what belongs to one order."""

    folder: Path
    label: str
    text: str
    look: Look
    entries: Sequence[Entry]
    store: Store
    title: str
    origin: Origin
    author: str = ""
    captions: str = CAPTIONS[0]
    seconds: float = 0.0

    def film(self, steps: Sequence[StepFacts], narration: Narration | None = None) -> Path:
        """Film, captions, clips, posters, index and contact sheets; film and clips sound if there is a narration."""
        self._clear(self.take(steps))
        for step in steps:
            place(self._clip(step, narration), self._file("clips", step, ".mp4"))
        self.stills(steps)
        index = self.index(steps, narration)
        self.seconds = index["duration"]
        cues = [cue.later(row["start"]) for step, row in zip(steps, index["steps"], strict=True) for cue in step.cues]
        target = self.folder / index["film"]
        parts = [film.Part(self._file("clips", step, ".mp4"), step.title) for step in steps]
        facts = {"title": self.title, "artist": self.author, **self.origin.tags}
        sound = narration.film(steps, self.look.rate) if narration else None
        film.join(parts, cues if self._texts else (), target, facts, self._tag, sound, shown=self.captions == "track")
        for name, text in zip(self._texts, (srt(cues), vtt(cues, str(self.origin))), strict=False):
            write_text(self.folder / name, text)
        for kind in KINDS:
            write_text(self.folder / self._transcript(kind), transcript(index, kind))
        write_json(self.folder / INDEX, index)
        return target

    def take(self, steps: Sequence[StepFacts], film: bool = True) -> list[str]:
        """Have the right to write all files of a film, or of stills; the names of clips and posters of an earlier one.

        Raises:
            ValueError: somebody else's file has one of the names.
        """
        names = {self._name("posters", step, ".png") for step in steps}
        names |= {f"contact-sheet-{entry.name}.png" for entry, _ in self._sections(steps)}
        if film:
            names |= {self._name("clips", step, ".mp4") for step in steps} | {*self._films, INDEX}
        ours = take(self.folder, names)
        return sorted(name for name in ours - names if film and EARLIER.fullmatch(name))

    @property
    def _films(self) -> list[str]:
        return [f"{self.label}.mp4", *self._texts, *map(self._transcript, KINDS)]

    def _transcript(self, kind: str) -> str:
        return f"{self.label}-transcript{kind}"

    @property
    def _texts(self) -> list[str]:
        """The files of captions."""
        return [f"{self.label}{suffix}" for suffix in (".srt", ".vtt") if self.captions != "none"]

    @property
    def _tag(self) -> str:
        return catalogue(self.look.language).tag

    def _clip(self, step: StepFacts, narration: Narration | None) -> Path:
        """The clip of a step, with its sound if it has any."""
        silent = self.store.clip(step.key).with_suffix(".mp4")
        if narration is None or not narration.speaks(step):
            return silent
        sound = narration.track(step, self.look.rate)
        clip = self.store.sound(hashed(step.key, sound.name, self._tag, source(PRODUCTION)), ".mp4")
        if not self.store.has(clip):
            film.with_sound(silent, sound, clip, self._tag)
            seal(clip)
        return clip

    def stills(self, steps: Sequence[StepFacts]) -> None:
        """Posters, and a contact sheet for each chapter."""
        for step in steps:
            place(self.store.clip(step.key).with_suffix(".png"), self._file("posters", step, ".png"))
        sheets: dict[Entry, list[StepFacts]] = {}
        for entry, part in self._sections(steps):
            sheets.setdefault(entry, []).extend(part)
        for entry, own in sheets.items():
            told = f"{entry.number}. {self._title(entry)}" if entry.number else self._title(entry)
            heading = f"{told}: “{on_one_line(entry.text or self.text)}”"
            sheet = self.store.sheet(
                hashed(heading, self.origin, source(PRODUCTION), *(step.key + step.title for step in own))
            )
            if not self.store.has(sheet):
                pictures = [Picture(self._file("posters", step, ".png"), step.number, step.title) for step in own]
                contact_sheet(pictures, heading, sheet, text_of(self.origin.tags))
                seal(sheet)
            place(sheet, self.folder / f"contact-sheet-{entry.name}.png")

    def _sections(self, steps: Sequence[StepFacts]) -> list[tuple[Entry, list[StepFacts]]]:
        """`steps` by the chapter that they are told in: a slide belongs to the one before it, a card to none."""
        entries = {entry.name: entry for entry in self.entries}
        found: list[tuple[Entry, list[StepFacts]]] = []
        for step in steps:
            entry = entries[step.chapter]
            is_first = not found or (isinstance(found[-1][0], Slide) and found[-1][0].large)
            joins = not is_first and (entry == found[-1][0] or (isinstance(entry, Slide) and not entry.large))
            if not joins:
                found.append((entry, []))
            found[-1][1].append(step)
        return found

    def _title(self, entry: Entry) -> str:
        return entry.title if isinstance(entry, Slide) else catalogue(self.look.language).text(entry.title)

    def _file(self, kind: str, step: StepFacts, suffix: str) -> Path:
        return self.folder / self._name(kind, step, suffix)

    def _name(self, kind: str, step: StepFacts, suffix: str) -> str:
        return f"{kind}/{step.chapter}-{step.number:02d}{suffix}"

    def index(self, steps: Sequence[StepFacts], narration: Narration | None = None) -> dict[str, Any]:
        """The narration and the numbers of each step, its time, and the names of all files."""
        durations = [step.frames / self.look.rate for step in steps]
        starts = [0.0, *accumulate(durations)]
        rows = [
            {
                "chapter": step.chapter,
                "number": step.number,
                "title": step.title,
                "narration": step.narration,
                "start": start,
                "duration": duration,
                "clip": self._name("clips", step, ".mp4"),
                "poster": self._name("posters", step, ".png"),
                "beats": [{"start": at, "text": beat} for at, beat in zip(step.starts, step.beats, strict=False)],
                "cues": [{"start": cue.start, "end": cue.end, "lines": list(cue.lines)} for cue in step.cues],
                "shown": list(step.shown),
            }
            for step, start, duration in zip(steps, starts, durations, strict=False)
        ]
        chapters, done = [], 0
        for entry, own in self._sections(steps):
            facts = {"name": entry.name, "number": entry.number, "title": self._title(entry)}
            read = {"text": entry.text or self.text, "model": model_name(entry.model) or self.origin.model}
            chapters.append({**facts, **read, "start": starts[done], "steps": len(own)})
            done += len(own)
        return {
            "title": self.title,
            "author": self.author,
            "text": self.text,
            "origin": self.origin.facts,
            "made": str(self.origin),
            "film": self._films[0],
            "captions": self._texts,
            "captioned": self.captions,
            "transcripts": [self._transcript(kind) for kind in KINDS],
            "voice": narration.name if narration else None,
            "duration": starts[-1],
            "width": self.look.width,
            "height": self.look.height,
            "rate": self.look.rate,
            "theme": self.look.theme,
            "colours": dict(self.look.brand.colours),
            "language": self.look.language,
            "chapters": chapters,
            "steps": rows,
        }

    def _clear(self, earlier: Sequence[str]) -> None:
        """Remove the clips and posters of an earlier delivery that this one does not have."""
        for name in earlier:
            (self.folder / name).unlink(missing_ok=True)
        release(self.folder, earlier)
