"""Narration: how long the beats of each step are spoken, and the sound of each step.

How long speech takes has to be known before a step is drawn, since it is drawn as long as it is spoken. So storyboards
are read twice: silently, for their texts; then with the seconds of each beat, all that drawing knows of a voice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from scenes.language import ENGLISH
from scenes.production import film
from scenes.production.facts import StepFacts
from scenes.production.fingerprint import hashed
from scenes.production.store import Store
from scenes.speech import sound
from scenes.speech.engines import Voice
from scenes.speech.recordings import Recordings, cuts_of
from scenes.speech.spoken import spoken
from scenes.stage.brand import Asset
from scenes.stage.captions import reading_seconds
from transformer_core.pretrained.model_registry import DEFAULT_MODEL, find_model
from transformer_core.text.vocabulary import stored

#: Seconds of silence after a beat, by how it ends: the breath of one who reads aloud.
AFTER_SENTENCE, AFTER_CLAUSE, AFTER_COMMA, AFTER_WORD = 0.45, 0.35, 0.22, 0.12
#: And after a recording, which has its own.
AFTER_RECORDING = 0.3
#: Part of every key: raise it when the same words and recordings come out otherwise.
VERSION = 2

#: The seconds of the beats of each step of a chapter that is spoken, by its number.
Table = dict[int, tuple[float, ...]]


@dataclass(frozen=True)
class Narration:
    """Speech of a film: recordings and a voice.

    Args:
        store: keeps sounds for later films.
        voice: speaks the steps without a recording.
        recordings: replace the voice in their steps.
        foreign: words that the voice should read as those of the other language.
        language: that of the narration.
    """

    store: Store
    voice: Voice | None = None
    recordings: Recordings | None = None
    foreign: frozenset[str] = frozenset()
    language: str = ENGLISH

    def tables(self, steps: Sequence[StepFacts], spoke: Callable[[], None] = lambda: None) -> dict[str, Table]:
        """The seconds of every beat, by chapter; `spoke` is told each step that is done."""
        found: dict[str, Table] = {}
        for step in sorted(steps, key=lambda step: step.number):
            if seconds := tuple(self._seconds(step)):
                found.setdefault(step.chapter, {})[step.number] = seconds
            spoke()
        return found

    def _seconds(self, step: StepFacts) -> Iterator[float]:
        """The seconds that each beat of a step is spoken, with a breath after it; empty for a silent step."""
        if whole := self._whole(step):
            length = len(sound.recorded(whole.path))
            cuts, _ = cuts_of(whole, step.beats)
            reading = [reading_seconds(beat) for beat in step.beats]
            total = sum(reading)
            shares = [share / total if total else 1 / len(reading) for share in reading]
            if cuts:
                shares = [part / length for part in np.diff([0, *cuts, length])]
            yield from ((length / sound.RATE + AFTER_RECORDING) * share for share in shares)
        elif self.speaks(step):
            for beat, heard in zip(step.beats, self._heard(step), strict=True):
                if isinstance(heard, Asset):
                    yield len(sound.recorded(heard.path)) / sound.RATE + AFTER_RECORDING
                elif heard:
                    yield film.seconds(heard) + pause(beat)
                else:
                    yield 0.0 if self.voice else reading_seconds(beat)

    def _whole(self, step: StepFacts) -> Asset | None:
        """The recording of a whole step."""
        return self.recordings.whole(step) if self.recordings else None

    def _heard(self, step: StepFacts) -> Iterator[Asset | Path | None]:
        """The sound of each beat of a step: its recording, or a file of the store in which the voice says it."""
        for number, beat in enumerate(step.beats, 1):
            recorded = self.recordings.beat(step, number) if self.recordings else None
            yield recorded or (self._said(beat, self.voice) if self.voice and beat else None)

    def _said(self, beat: str, voice: Voice) -> Path:
        """The file of what the voice says."""
        text = spoken(beat, self.foreign, self.language)

        def speak(path: Path) -> None:
            samples, rate = voice.say(text)
            loud = sound.trimmed(samples, rate)
            sound.keep(loud if len(loud) else np.zeros(rate // 20, np.float32), rate, path)

        return self.store.kept("speech", hashed(VERSION, voice.key, text), ".flac", speak)

    @property
    def name(self) -> str:
        """Names of the speakers, for a reader."""
        return " and ".join([*(["recordings"] if self.recordings else []), *([self.voice.name] if self.voice else [])])

    def key(self, step: StepFacts, rate: int) -> str:
        """Return a hash of all that determines the sound of `step`, in a film of `rate` frames a second."""
        if whole := self._whole(step):
            return hashed(VERSION, whole.content, step.starts, step.beats, step.frames / rate)
        said = [one.content if isinstance(one, Asset) else one.stem if one else "" for one in self._heard(step)]
        return hashed(VERSION, said, step.starts, step.frames / rate)

    def track(self, steps: Sequence[StepFacts], rate: int) -> Path | None:
        """The sound of `steps`, one after another, as AAC; None if nobody speaks."""
        if not any(self.speaks(step) for step in steps):
            return None

        def write(path: Path) -> None:
            sound.encode(np.concatenate([self.of(step, rate) for step in steps]), path)

        return self.store.kept("sounds", hashed(*(self.key(step, rate) for step in steps)), ".m4a", write)

    def of(self, step: StepFacts, rate: int) -> np.ndarray:
        """The sound of `step`, exactly as long as it is shown."""
        if not self.speaks(step):
            return np.zeros(sound.samples(step.frames / rate), np.float32)

        def write(path: Path) -> None:
            sound.keep(sound.levelled(self._placed(step, rate)), sound.RATE, path)

        return sound.read(self.store.kept("sounds", self.key(step, rate), ".flac", write))

    def _placed(self, step: StepFacts, rate: int) -> np.ndarray:
        """Each beat where it begins; a recording without pauses where the first one does."""
        track = np.zeros(sound.samples(step.frames / rate), np.float32)
        for start, part in zip(step.starts or (0.0,), self._parts(step), strict=False):
            place = sound.samples(start)
            room = track[place : place + len(part)]
            room += part[: len(room)]
        return track

    def _parts(self, step: StepFacts) -> Iterator[np.ndarray]:
        """The sound of each beat."""
        if whole := self._whole(step):
            yield from np.split(sound.recorded(whole.path), cuts_of(whole, step.beats)[0])
            return
        for heard in self._heard(step):
            if isinstance(heard, Asset):
                yield sound.recorded(heard.path)
            else:
                yield sound.read(heard) if heard else np.zeros(0, np.float32)

    def speaks(self, step: StepFacts) -> bool:
        """Return True if anything is heard in `step`."""
        recorded = self.recordings and any(place[:2] == (step.chapter, step.number) for place in self.recordings.of)
        return bool(recorded) or (self.voice is not None and any(step.beats))


def pause(beat: str) -> float:
    """Seconds of silence after a beat."""
    end = beat.rstrip("”’\"')")[-1:]
    if end in ".?!…":
        return AFTER_SENTENCE
    if end in ":;":
        return AFTER_CLAUSE
    return AFTER_COMMA if end in ",—–" else AFTER_WORD


@cache
def foreign_words(model: str | None, language: str = ENGLISH) -> frozenset[str]:
    """Return the words that a voice should read as those of the other language: of a model that translates to Spanish,
    those that are not English in an English narration, and the other way around in a Spanish one.
    """
    try:
        vocabulary = stored(find_model(model) if model else DEFAULT_MODEL)
    except (OSError, ValueError):
        return frozenset()
    if vocabulary is None:
        return frozenset()
    own, other = vocabulary.source, vocabulary.target
    own, other = (own, other) if language == ENGLISH else (other, own)
    return frozenset(filter(str.isalpha, other)) - {*own}
