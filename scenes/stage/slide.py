"""Slide: words of a lecturer's own in the type and the colours of the film."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from manim import DOWN, UP, Animation, VGroup

from scenes.animations import appear
from scenes.language import Told
from scenes.layout import STAGE
from scenes.mobjects.operands import wrapped
from scenes.stage.captions import reading_seconds
from scenes.stage.chapter import Chapter
from scenes.stage.step import Record, Step, beat
from scenes.theme import at, units
from transformer_core.tracing.trace import Trace

#: Between two lines of a slide, in px.
SPACE = 40


class Lines(Chapter):
    """A chapter of one step, which shows a slide: its lines come one by one, or as the beats are said, if they are as
    many. A slide without narration stands as long as it takes to read it.

    Args:
        heading: its title.
        lines: what stands below.
        say: the narration, beats divided by bars.
        large: True for a title card or an end card, whose title stands in the middle.
    """

    def __init__(self, heading: str, lines: Sequence[str], say: str, large: bool, *given: Any, **scene: Any) -> None:
        super().__init__(*given, **scene)
        self.words, self.lines, self.say, self.large = heading, lines, say, large

    def steps(self, trace: Trace) -> Iterator[Step]:  # noqa: ARG002 - a slide shows nothing of the model
        """The step."""
        lines = self._lines()
        said = [part.strip() for part in self.say.split("|")]
        shares = [[line] for line in lines] if len(lines) == len(said) else [lines, *([] for _ in said[1:])]
        if self.large:
            shares = [[VGroup(*lines)] if lines else [], *([] for _ in said[1:])]
        beats = [beat(text, *map(appear, share)) for text, share in zip(said, shares, strict=True)]
        step = Step(Told(self.words), *beats, stage=[])
        step.say = Told(step.say)
        if not self.say:
            self.speech = {1: [reading_seconds(" ".join([self.words, *self.lines]))]}
        yield step

    def _lines(self) -> list[VGroup]:
        """The lines below the title, each in as many rows as it needs; smaller where there are too many."""
        large = self.large
        room = STAGE.split_rows(STAGE.height / 2, 2 * SPACE)[1] if large else STAGE.split_rows(SPACE)[1]
        lines = [wrapped(Told(line), *_set(line, large), room.width) for line in self.lines]
        block = VGroup(*lines).arrange(DOWN, buff=units(SPACE))
        if lines:
            room.fit(block, most=1.4 if large else 1.8).align_to(at(0, room.top), UP)
        for row in () if large else (row for line in lines for row in line):
            row.begin_at(at(room.left, 0)[0])
        return lines

    def _heading_of(self, step: Step) -> Any:
        """The title of the slide: that of a card stands in the middle, large."""
        if not self.large:
            return super()._heading_of(step)
        above = STAGE.split_rows(STAGE.height / 2)[0]
        title = above.fit(wrapped(Told(step.title), "chapter", "ink", above.width), most=1.3)
        return title.align_to(at(0, above.bottom), DOWN)

    def _set_up_chrome(self, trace: Trace) -> None:  # noqa: ARG002 - as above
        self.stage_chrome = []

    def _change_note(self, trace: Trace, step: Step) -> None:
        """Leave the notes on model and figures away."""

    def _arrive(self, opening: tuple[Animation, ...], record: Record, showing: bool) -> None:
        self._play(opening, record, showing)


def _set(line: str, large: bool) -> tuple[str, str]:
    """Style and role of a line; on a card, a line in quotes is the sentence that the model reads."""
    if not large:
        return "caption", "ink"
    return ("title", "query") if line.startswith("“") else ("caption", "ink2")
