"""Questions on the lecture: for each chapter a function of its name, which yields them.

They lie beside the chapters and not inside: code of a chapter is part of the key of its clips, and a word of a question
would draw its film anew.
"""

from collections.abc import Callable, Iterator

from scenes.quiz import attention, block, language_models, learning, overview
from scenes.quiz.question import Question
from transformer_core.tracing.trace import Trace

FILES = (overview, attention, block, learning, language_models)


def questions_on(chapter: str) -> Callable[[Trace], Iterator[Question]]:
    """The function that asks about `chapter`, which is one of the lecture's own."""
    return next(vars(file)[chapter] for file in FILES if chapter in vars(file))
