"""Question: a text, answers to choose from, and the reason; which answer is right, the trace says."""

from __future__ import annotations

import numpy as np


class Question:
    """A question of a chapter; its texts are marked and translated as those of a step are.

    Args:
        text: what is asked.
        choices: each answer, and whether it is right by the trace; of a claim in words, too.
        because: the reason for the right answer.
        step: title of the step in which the film answers it, with "{0}" for what is filled in.
        chapter: name of the chapter that has this step, if another than the one that asks.

    Raises:
        TypeError: whether an answer is right is no truth value.
    """

    def __init__(self, text: str, *choices: tuple[str, bool], because: str, step: str, chapter: str = "") -> None:
        for answer, holds in choices:
            if not isinstance(holds, bool | np.bool_):
                raise TypeError(f"an answer hangs on True or False, not on {holds!r}: {answer}")
        self.text, self.choices, self.because, self.step, self.chapter = text, choices, because, step, chapter

    @property
    def right(self) -> int | None:
        """The place of the right answer; None if for this sentence or model another number than one is right."""
        places = [place for place, (_, holds) in enumerate(self.choices) if holds]
        return places[0] if len(places) == 1 else None
