"""Questions on softmax, the root of d_k, and the weighted sum."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.quiz.question import Question
from scenes.quiz.rows import softmax
from scenes.stage.step import claim
from transformer_core.studies.focus import mixed_focus, within_reach
from transformer_core.tracing.trace import Trace

#: By how much two scores lead where they lead by far, and how near a share is to one.
LEAD, NEARLY = 20.0, 0.999


def questions(trace: Trace) -> Iterator[Question]:
    """Ask about two equal scores, scores that are not divided, and what a number added to all of them does."""
    focus = mixed_focus(trace)
    head, query = focus.seen(trace), focus.query_token
    keys = within_reach(head, query)
    scores = head["scaled"].pick(query=query, key=keys).values.astype(float)
    weights = softmax(scores)
    best, most = head["weights"].pick(query=query).largest()
    if len(keys) > 1:
        tied = scores.copy()
        tied[np.argsort(scores)[-2:]] = scores.max() + LEAD
        two = np.sort(softmax(tied))[-2:]
        yield Question(
            "Two equal scores lead by far. What are their weights?",
            (
                ("About half each", bool(np.allclose(two, 1 / 2, atol=1 - NEARLY))),
                ("Nearly one each", bool((two > NEARLY).all())),
                ("Nearly one for the first, nearly nothing for the other", bool(two.max() > NEARLY)),
                ("That depends on how large the scores are", False),
            ),
            "Because equal scores give equal weights, all weights add up to one, and next to nothing is left for the "
            "rest.",
            "Your turn: short answers",
            chapter="faq",
        )
    raw = softmax(scores * float(head["sqrt_d_head"]))
    sharper = bool(raw.max() > weights.max())
    yield Question(
        f"The scores of “{query}” are not divided by the root of d_k. What happens to its weights?",
        (
            ("The largest becomes larger still", sharper),
            ("They become more alike", bool(raw.max() < weights.max())),
            (
                "They stay as they are, for softmax divides by the sum anyway",
                bool(np.allclose(raw, weights, atol=1e-12)),
            ),
        ),
        claim(
            sharper,
            f"Because differences count, and they are larger then. Divided, “{best}” gets {most:share} of the "
            "attention.",
            "Because a single key gets the whole weight, whatever its score is.",
        ),
        "Undivided, divided by d_k, or by its root?",
    )
    moved = softmax(scores + 10)
    same = bool(np.allclose(moved, weights))
    yield Question(
        "Ten is added to every score of a row. What happens to its weights?",
        (
            ("They stay as they are", same),
            ("They all grow", bool((moved > weights).all()) and not same),
            ("The largest grows, the others shrink", bool(moved.max() > weights.max()) and not same),
            ("They become more alike", bool(moved.max() < weights.max()) and not same),
        ),
        "Because only differences between scores matter to softmax, and those stay.",
        "Softmax: the attention weights of “{0}”",
    )
