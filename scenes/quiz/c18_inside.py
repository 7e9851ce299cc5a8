"""Questions on heads and layers of a language model."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.quiz.question import Question
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask why there are sinks, how heads at rest are told apart, and what “it” can see."""
    run = trace.under("experiment.inside_prose")
    ratio, sink = run["value_ratio"], run["sink"]
    yield Question(
        "In many heads most attention goes to the first token, which has nothing to say. Why?",
        (
            ("Weights must go somewhere, and its value is short", bool(ratio < 1 / 2)),
            ("It is the most important word of a text", bool(ratio > 1)),
            ("It is the only one that the causal mask leaves to them", bool(sink == 1)),
        ),
        f"Because softmax must give out a hundred per cent, and values of sinks are {ratio:share} as long as others.",
        "A head with nothing to say",
    )
    _, _, induction, _ = run["named"].quantities()
    resting = run["resting"]
    yield Question(
        "Two heads rest on the first token. How do you find out which of them is an induction head?",
        (
            ("With a text in which a token returns", bool(resting > 0)),
            ("By their attention weights in any other text", bool(resting == 0)),
            ("It is always the one in the higher layer", False),
        ),
        f"Because it wakes only where there is something to copy. Here {resting:.0f} of {induction:.0f} induction "
        "heads rest "
        "until then.",
        "A name returns, and the head wakes",
    )
    same = bool((trace["experiment.pronoun.weights"].values == 0).all())
    word = next(word for word in run["it_first"].words("key") if word.strip() == "it")
    yield Question(
        f"The last word of a sentence decides what “{word}” means. Does a language model see that at “{word}”?",
        (
            ("No: it has not read the last word yet", same),
            ("Yes: there attention goes to the right noun", not same),
            ("Yes, but only in the last layer", False),
        ),
        "Because it reads from left to right, and later words are masked. At the last word it can look back.",
        "“{0}” cannot see what comes after it",
    )
