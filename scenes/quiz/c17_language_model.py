"""Questions on what a language model does with a text."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.quiz.question import Question
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask which vectors a word changes, what is remembered, and whether a token can be taken back."""
    run = trace.under("experiment.long_prompt")
    apart, place = run["apart"].values, int(run["name"])
    before, after = bool((apart[:, :place] == 0).all()), bool((apart[-1, place:] > 0).all())
    yield Question(
        "One word in the middle of a long prompt is changed. Which vectors of a language model change?",
        (
            ("That of the word and those after it", before and after),
            ("That of the word alone", before and not after),
            ("All vectors", not before and after),
            ("Those before it", not before and not after),
        ),
        "Because of the causal mask: each token attends to those before it, and to none after it.",
        "Change one word, and all that follows changes",
    )
    here, new = run["recalled"].quantities()
    yield Question(
        "You told a language model your name, and begin a new chat. What does it still know of the first one?",
        (
            ("Nothing: it knows its context window", bool(new < here / 100)),
            ("What was important, for that it has learned", bool(new > here / 2)),
            ("All of it, until it is switched off", bool(new == here)),
        ),
        f"Because its weights are as before. In the same chat it gives the name {here:share}, in a new one {new:.2%}.",
        "The context window: all that it has",
    )
    yield Question(
        "A language model has written a wrong token. Can greedy decoding take it back?",
        (
            ("No: the text goes on from it", before),
            ("Yes: with the next token it corrects the one before", not before),
            ("Yes, if its probability was low", False),
        ),
        "Because the next token is chosen, and what stands is not looked at again. A beam search keeps others for a "
        "while.",
        "From a prompt to an answer",
    )
