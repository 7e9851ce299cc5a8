"""Step: one idea, said and shown; and the record of what it said and showed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from manim import Mobject

from scenes.language import Heard, told
from scenes.mobjects.formulas import Formula
from scenes.mobjects.text import Words
from scenes.stage.captions import Cue
from transformer_core.tracing.provenance import Span, parse

#: An animation, a tuple that plays together, a list that plays in order, or nothing.
Show = Any


@dataclass(frozen=True)
class Step:
    """One idea, said and shown.

    Args:
        title: what the viewer should remember, as a line.
        say: the narration, at most 45 words; "|" divides it in beats.
        show: what is played, one entry a beat: an animation, a tuple of animations that play together, or a list of
            these that play one after another.
        stay: what remains on stage from the step before; everything, if it is not given.
        here: the part of the model that this step looks at, if another than its chapter (see `MiniMap`); "" is none.
    """

    title: str
    say: str
    show: Sequence[Show] = ()
    stay: Sequence[Mobject] | None = None
    here: str | None = None

    @property
    def beats(self) -> list[str]:
        """The narration in beats, in the language that is spoken, still with its marks."""
        # Not at spaces that do not break, as in a Spanish per cent.
        return [re.sub("[ \\n]+", " ", beat).strip() for beat in told(self.say).split("|")]

    @property
    def heading(self) -> str:
        """The title in the language that is spoken, still with its marks."""
        return told(self.title)

    @property
    def narration(self) -> str:
        """What is said, as plain text."""
        return " ".join(parse(beat)[0] for beat in self.beats)

    @property
    def sources(self) -> set[str]:
        """The names of the tensors whose entries are said, or written on what is played."""
        spans = [span for text in (self.title, self.say) for span in parse(text)[1]]
        for play in _plays(self.show):
            written = (part for part in _family(play) if isinstance(part, Words | Formula))
            spans += [span for part in written for span in part.spans]
        return {span.source.name for span in spans}


def claim(holds: bool, sentence: str, otherwise: str) -> str:
    """The sentence that a predicate over the trace allows: `sentence` where it holds, `otherwise` where it does not.

    A verdict word (largest, only, never, most, both, missed, better, trained) is said through this function, so that no
    caption can state for one sentence or model what is true of another. Both texts are complete, and both are true.

        claim(best > greedy, "Greedy missed a better one.", "Greedy found the best one.")

    Raises:
        TypeError: `holds` is no truth value; a number would pass for one.
    """
    if not isinstance(holds, bool | np.bool_):
        raise TypeError(f"a claim hangs on True or False, not on {holds!r}")
    return sentence if holds else otherwise


def _family(play: Any) -> Sequence[Mobject]:
    return play.mobject.get_family() if play.mobject is not None else ()


def _plays(show: Show) -> Iterator[Any]:
    """The animations of a show, one by one."""
    if isinstance(show, list | tuple):
        for part in show:
            yield from _plays(part)
    elif show is not None:
        yield show
        yield from _plays(getattr(show, "animations", ()))  # a group of Manim's leaves out who comes on stage


@dataclass
class Record:
    """What one step showed: its texts, when captions and beats came, and every entry of a tensor that was on screen."""

    number: int
    title: str
    narration: str
    beats: list[str]
    cues: list[Cue] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    duration: float = 0.0
    spans: dict[tuple[Any, ...], Span] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)

    def note(self, spans: Sequence[Span]) -> None:
        for span in spans:
            self.spans.setdefault((span.source.name, span.source.index, span.source.axis, span.shown), span)
