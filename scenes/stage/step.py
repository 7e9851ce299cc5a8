"""Step: one idea, said and shown; and the record of what it said and showed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from manim import Animation, Mobject

from scenes.language import Heard, translated
from scenes.mobjects.formulas import Formula
from scenes.mobjects.text import Words
from scenes.stage.captions import Cue
from transformer_core.tracing.provenance import Span, parse

#: An animation, a tuple that plays together, a list that plays in order, or nothing.
Show = Any


@dataclass(frozen=True)
class Beat:
    """Text that is said, and animations that play while it is said; see `beat`."""

    say: str
    plays: tuple[Show, ...] = ()
    ambient: Callable[[float], Animation] | None = None


def beat(say: str, *plays: Show, ambient: Callable[[float], Animation] | None = None) -> Beat:
    """Words, and the motions that they tell of.

    Args:
        say: a sentence, or the part of one.
        plays: what plays, one after another, each spread over its part of the time in which the words are said; a
            tuple plays together. None is nothing.
        ambient: gives an animation of so many seconds that goes on wherever nothing else plays: a motion that means
            something, such as pulses that run along arcs in proportion to their weights.

    Raises:
        ValueError: `say` has a "|", which divides beats.
    """
    if "|" in say:
        raise ValueError(f"a beat is one part of the narration: make two of {say!r}")
    return Beat(say, tuple(play for play in plays if play is not None), ambient)


class Step:
    """One idea, said and shown.

    Args:
        title: what the viewer should remember, as a line.
        beats: the narration with its motions (see `beat`), at most 70 words in all; None is left out.
        stage: what stands on stage when the step begins. What it has in common with the step before by identity stays;
            what shows the same entry of a tensor, or the same token, travels and morphs; only the rest fades. If it is
            not given, everything stays.
        here: the part of the model that this step looks at, if another than its chapter (see `MiniMap`); "" is none.
        noted: False where what the chapter notes of its model does not hold yet.
    """

    def __init__(
        self,
        title: str,
        *beats: Beat | None,
        stage: Sequence[Mobject] | None = None,
        here: str | None = None,
        noted: bool = True,
    ) -> None:
        self.title, self.stage, self.here, self.noted = title, stage, here, noted
        self.parts = tuple(one for one in beats if one)
        self.say = " |".join(one.say for one in self.parts)

    @property
    def beats(self) -> list[str]:
        """The narration in beats, in the language that is spoken, still with its marks."""
        # Not at spaces that do not break, as in a Spanish per cent.
        return [re.sub("[ \\n]+", " ", beat).strip() for beat in translated(self.say).split("|")]

    @property
    def heading(self) -> str:
        """The title in the language that is spoken, still with its marks."""
        return translated(self.title)

    @property
    def narration(self) -> str:
        """Texts of all beats as one plain text."""
        return " ".join(parse(beat)[0] for beat in self.beats)

    @property
    def sources(self) -> set[str]:
        """The names of the tensors whose entries are said, or written on what is played."""
        spans = [span for text in (self.title, self.say) for span in parse(text)[1]]
        for play in _plays([one.plays for one in self.parts]):
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
    """Record of one step: its texts, when captions and beats came, and every entry of a tensor that was on screen.

    In a narrow frame, for which nobody has looked at the figures, also the `faults` of the picture.
    `moved` counts the shapes in motion, each once a second: how much there is to draw.
    """

    number: int
    title: str
    narration: str
    beats: list[str]
    cues: list[Cue] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    duration: float = 0.0
    spans: dict[tuple[Any, ...], Span] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    moved: float = 0.0

    def note(self, spans: Sequence[Span]) -> None:
        for span in spans:
            self.spans.setdefault((span.source.name, span.source.index, span.source.axis, span.shown), span)
