"""Chapters walked with a trace of any model, and what a suspicious and a strict viewer find in them."""

from dataclasses import dataclass, field

import walking
from truth import lies, wrong_in_step
from walking import Findings, Picture, chapters

from scenes.layout import faults, texts_on

EVERY_CHAPTER = chapters()
ON_ATTENTION = [chapter for chapter in EVERY_CHAPTER if chapter.needs == ("self-attention",)]
EVERY_ENCODER_CHAPTER = [chapter for chapter in EVERY_CHAPTER if chapter.needs == ("an encoder",)] + ON_ATTENTION
EVERY_DECODER_CHAPTER = ON_ATTENTION + [chapter for chapter in EVERY_CHAPTER if chapter.needs == ("a decoder",)]


@dataclass
class Found(Findings):
    """Findings, and all texts that stood on stage."""

    texts: list[str] = field(default_factory=list)


_walked = {}


def found_in(chapter, trace, theme):
    """Walk a chapter about a trace; once, for several tests."""
    return _walked.setdefault((chapter, id(trace), theme), None) or _walk(chapter, trace, theme)


def _walk(chapter, trace, theme):
    found = _walked[chapter, id(trace), theme] = Found()

    def look(picture: Picture) -> None:
        here = f"step {picture.record.number}: "
        found.lies += [here + lie for lie in lies(picture.stage, picture.trace)]
        found.claims += [here + c for c in wrong_in_step(picture.step.title, picture.step.beats, picture.trace)]
        found.faults += [here + fault for fault in faults(picture.stage)]
        found.texts += [text.text for text in texts_on(picture.stage)]
        found.records.append(picture.record)

    before, walking.trace_of = walking.trace_of, lambda *_: trace
    try:
        walking.walk(chapter, "", theme, look)
    finally:
        walking.trace_of = before
    return found
