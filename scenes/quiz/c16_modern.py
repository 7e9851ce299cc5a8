"""Questions on the blocks of today's language models."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.quiz.question import Question
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what RoPE turns, what shared keys save, and what RMSNorm leaves out."""
    run = trace.under("experiment.modern_blocks")
    scores = run["scores"].values
    steady = all(np.allclose(line, line[0], atol=1e-3) for line in map(scores.diagonal, range(-3, 4)))
    yield Question(
        "RoPE turns queries and keys by their positions. Why not the values as well?",
        (
            ("What a word brings is the same anywhere", steady),
            ("Values are shared by heads, and cannot be turned", False),
            ("Values have positions added already", False),
        ),
        "Because a score then depends on the distance alone, and the weights are all that needs to know it.",
        "Only the distance counts",
    )
    every, shared = (run["cache"].pick(choice=choice).largest()[-1] for choice in ("every", "shared"))
    queries, keys = run["heads"].quantities()
    yield Question(
        f"{queries} heads share {keys} sets of keys and values. What does that save?",
        (
            ("Memory for the cache", bool(shared < every)),
            ("Queries that are computed", bool(queries == keys)),
            ("Attention weights that are computed", False),
        ),
        f"Because for each token only the shared ones are kept: {shared:.0f} megabytes, not {every:.0f}. "
        "Each query still has weights of its own.",
        "Queries share keys and values",
    )
    share = run["mean_share"]
    yield Question(
        "What of layer norm does RMSNorm leave out?",
        (
            ("Subtracting the mean", bool(run["mean"] != 0)),
            ("Dividing by the size", False),
            ("Multiplying by a learned gain", False),
        ),
        f"Because the mean is small anyway: typically {share:.0%} of the root mean square.",
        "RMSNorm only divides",
    )
