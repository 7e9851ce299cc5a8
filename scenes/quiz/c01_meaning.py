"""Questions on embeddings, likeness and soft lookup."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.quiz.question import Question
from scenes.quiz.rows import softmax
from transformer_core.studies.measures.residual_path import SENSES
from transformer_core.tracing.trace import Trace

#: How far a score is raised.
RAISE = 1.0


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what softmax does to the others, what a lookup gives, and where a meaning comes from."""
    run = trace.under("experiment.meaning.lookup", query=0)
    scores, weights = run["scores"].values, run["weights"]
    raised = softmax(scores + RAISE * (np.arange(len(scores)) == 0))[1:] - softmax(scores)[1:]
    best, share = weights.largest()
    yield Question(
        "One score is raised, and softmax runs again. What happens to the weights of all others?",
        (
            ("They all become smaller", bool((raised < 0).all())),
            ("They stay as they are, for their own scores stay", bool((raised == 0).all())),
            ("Only that of the next best becomes smaller", bool((raised < 0).sum() == 1)),
            ("They all become larger", bool((raised > 0).all())),
        ),
        "Because all weights add up to one: what one gets, the others lose.",
        "Softmax: scores become weights",
    )
    yield Question(
        "A dictionary is asked for a key that it does not have. What does a soft lookup give?",
        (
            ("A weighted mixture of all values", bool((weights.values > 0).all() and share < 1)),
            ("The value of the most similar key, and no other", bool(share == 1)),
            ("Nothing, for the key is not there", bool((weights.values == 0).all())),
        ),
        f"Because softmax gives every key a weight. In the film, the best one, “{best}”, gets {share:share}.",
        "A soft lookup in a dictionary",
    )
    names = [f"other.{sense}.embed_src.token" for sense in SENSES]
    if any(name not in trace for name in names):
        return
    words = [trace[name].words("position") for name in names]
    word = next(word for word in words[0] if word == "bank")
    first, second = (trace[name].pick(batch=0, position="bank").values for name in names)
    same = np.array_equal(first, second)
    yield Question(
        f"“{word}” stands in two sentences, with two meanings. What does the embedding table give?",
        (
            ("The same vector for both", same),
            ("A vector for each meaning", not same),
            ("A vector that knows the words around it", False),
        ),
        "Because the table knows only which token it is. What moves it to a meaning are the neighbours, by attention.",
        "One “{0}”, two meanings",
    )
