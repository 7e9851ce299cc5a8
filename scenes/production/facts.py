"""Facts of a step, what it said and showed, as plain data that passes between processes and into the index."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scenes.stage.captions import Cue


@dataclass(frozen=True)
class StepFacts:
    """One step: its texts, its captions, how many frames it takes, the entries on screen, and the key of its clip.

    `starts` says when each of the `beats` begins, in seconds.
    `untold` has the sentences that there is no translation for, as a template and an example.
    `faults` says what is wrong with the picture in a narrow frame.
    `moved` counts the shapes that are in motion in each frame.
    """

    chapter: str
    number: int
    title: str
    narration: str
    beats: tuple[str, ...]
    cues: tuple[Cue, ...]
    frames: int
    key: str
    starts: tuple[float, ...] = ()
    shown: tuple[dict[str, Any], ...] = field(default=(), compare=False)
    untold: tuple[tuple[str, str], ...] = ()
    faults: tuple[str, ...] = ()
    moved: int = 0


def facts_of(record: Any, chapter: str, rate: int, key: str) -> StepFacts:
    """The facts in a chapter's record of a step."""
    shown = tuple(_entry(span) for span in record.spans.values())
    untold = tuple((one.template, one.example) for one in record.heard if one.became is None)
    return StepFacts(
        chapter, record.number, record.title, record.narration, tuple(record.beats), tuple(record.cues),
        round(record.duration * rate), key, tuple(record.starts), shown, untold, tuple(dict.fromkeys(record.faults)),
        round(record.moved * rate),
    )  # fmt: skip


def _entry(span: Any) -> dict[str, Any]:
    """A number has the index of its entry and the value; a token has its place along an axis and the word."""
    source = span.source
    entry = {"name": source.name, "index": list(source.index), "value": source.value, "shown": span.shown}
    return entry | ({"axis": source.axis} if source.axis else {})
