"""Questions on dot products and the matrix of scores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.quiz.question import Question
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask about length and angle, about rows and columns, and what a longer query does."""
    focus = focus_of(trace)
    head = focus.seen(trace)
    q, k = (head[name].values for name in "qk")
    row = focus.query_token.position
    by_length = np.allclose(np.dot(100 * q[row], k[0]), 100 * np.dot(q[row], k[0]), rtol=1e-4)
    yield Question(
        "Can a score be high at a small cosine?",
        (
            ("Yes, if query and key are long", by_length),
            ("No: a small cosine means a small score", not by_length),
            ("Yes, if the softmax makes it high", False),
        ),
        "Because a score is both lengths times the cosine.",
        "An angle, and two lengths",
    )
    rows, columns = head["scores"].axes
    yield Question(
        "A matrix of scores has a row for each query. What stands in one of its columns?",
        (
            ("All scores of one key", (rows, columns) == ("query", "key")),
            ("All scores of one query", (rows, columns) == ("key", "query")),
            ("All entries of one key", columns == "d_head"),
        ),
        "Because queries ask along the rows, and each column belongs to one key.",
        "All pairs at once: one matrix product",
    )
    doubled = 2 * q[row] @ k.T
    plain = q[row] @ k.T
    yield Question(
        f"The query of “{focus.query_token}” is made twice as long. What happens to its scores?",
        (
            ("Each becomes twice as far from zero", np.allclose(doubled, 2 * plain)),
            ("They stay as they are: only the direction counts", np.allclose(doubled, plain)),
            ("All of them grow, also negative ones", bool((doubled > plain).all() and (plain < 0).any())),
            ("The best one grows, and the others shrink", False),
        ),
        "Because each product in the sum is doubled. So a longer query makes the softmax sharper.",
        "The query of “{0}” meets every key",
    )
