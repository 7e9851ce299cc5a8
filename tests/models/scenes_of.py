"""Chapters walked with a trace of any model, and what a suspicious and a strict viewer find in them."""

import gc
from dataclasses import dataclass, field

import walking
from truth import Written, lies, wrong_in_step
from walking import Findings, Picture, chapters

from scenes.language import ENGLISH, catalogue
from scenes.layout import faults, texts_on
from scenes.mobjects.marks import misdrawn
from scenes.stage.reading import read
from transformer_core.tracing.trace import Trace

EVERY_CHAPTER = [chapter for chapter in chapters() if not chapter.recorded]
MOST_WORDS = 70
ON_ATTENTION = [chapter for chapter in EVERY_CHAPTER if "self-attention" in chapter.needs]
EVERY_ENCODER_CHAPTER = [chapter for chapter in EVERY_CHAPTER if chapter.needs == ("an encoder",)] + ON_ATTENTION
EVERY_DECODER_CHAPTER = ON_ATTENTION + [chapter for chapter in EVERY_CHAPTER if chapter.needs == ("a decoder",)]


@dataclass
class Found(Findings):
    """Findings, and all texts that stood on stage."""

    texts: list[str] = field(default_factory=list)
    #: What was walked; kept, so that no later trace is taken for it.
    trace: Trace | None = None


_read, _walked = {}, {}


def read_once(text, model):
    """The trace of a text, read once for all tests of a file.

    Shuffled tests ask for the texts of a fixture in turn, and pytest makes a fixture anew when its parameter changes.
    """
    if (text, model) not in _read:
        _read[text, model] = read(text, model)
    return _read[text, model]


def found_in(chapter, trace, theme, language=ENGLISH):
    """Walk a chapter about a trace; once, for several tests."""
    return _walked.get((chapter, id(trace), theme, language)) or _walk(chapter, trace, theme, language)


def _walk(chapter, trace, theme, language):
    found = _walked[chapter, id(trace), theme, language] = Found(trace=trace)
    written = Written.by(catalogue(language))

    def look(picture: Picture) -> None:
        here = f"step {picture.record.number}: "
        step = picture.step
        found.lies += [here + lie for lie in lies(picture.stage, picture.trace, written)]
        found.claims += [here + c for c in wrong_in_step(step.heading, step.beats, picture.trace, written)]
        missing = [heard.template for heard in picture.record.heard if not heard.became]
        found.claims += [f"{here}not translated: {template}" for template in missing]
        words = picture.record.narration.split(" ")  # "99 %", with a space that does not break, is one
        found.claims += [here + f"{len(words)} words"] * (len(words) > MOST_WORDS)
        found.faults += [here + fault for fault in faults(picture.stage)]
        found.misdrawn += [here + fault for fault in misdrawn(picture.stage, picture.trace)]
        found.texts += [text.text for text in texts_on(picture.stage)]
        found.records.append(picture.record)

    before, walking.trace_of = walking.trace_of, lambda *_: trace
    recorded = set(trace.tensors)
    try:
        walking.walk(chapter, "", theme, look, language)
    finally:
        walking.trace_of = before
        for name in set(trace.tensors) - recorded:  # what all chapters derive of a large model takes gigabytes
            del trace.tensors[name]
    gc.collect()
    return found
