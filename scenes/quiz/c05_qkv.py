"""Questions on queries, keys and values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.quiz.question import Question
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what the three have in common, what is learned, and what happens if two matrices change places."""
    focus = focus_of(trace)
    made_of = {trace.parents[f"{focus.path}.{letter}"][0] for letter in "qkv"}
    widths = sum(trace[f"{focus.path}.{letter}"].size("d_head") for letter in "qkv")
    yield Question(
        "What do the query, the key and the value of one token have in common?",
        (
            ("The same vector goes into three matrices", len(made_of) == 1),
            ("They are three parts that the vector is cut into", len(made_of) == 3),
            ("Nothing: each token learns three vectors of its own", widths == 0),
        ),
        f"Because each is “{focus.query_token}” seen another way: what it looks for, what it is found by, and what it "
        "hands over.",
        "How can one vector do three jobs?",
    )
    yield Question(
        "What of attention is learned in training, and then the same for every sentence?",
        (
            ("The matrices that make queries, keys and values", f"parameters.{focus.path}.w_q" in trace),
            ("The queries, keys and values of each word", f"parameters.{focus.path}.q" in trace),
            ("The attention weights", f"parameters.{focus.path}.weights" in trace),
        ),
        "Because queries, keys, values and weights are computed anew for each sentence, from its vectors.",
        "How can one vector do three jobs?",
    )
    part = trace.under(focus.path, batch=0)
    if part["heads_per_key"] > 1 or trace.about["config"].get("rotary"):
        return
    q, k, scores = (part[name].values for name in ("q", "k", "scores"))
    exchanged = k @ q.swapaxes(-1, -2)
    transposed = np.allclose(exchanged, scores.swapaxes(-1, -2), atol=1e-4)
    yield Question(
        "The query matrix and the key matrix change places. What happens to the scores?",
        (
            ("Each is there again, with query and key exchanged", transposed),
            ("They stay as they are", np.allclose(exchanged, scores, atol=1e-4)),
            ("None of them is there any more", not transposed),
        ),
        "Because a dot product is the same in either order: the matrix of scores is transposed. But softmax takes "
        "rows, "
        "so the weights are others.",
        "Your turn: W_Q and W_K change places",
        chapter="faq",
    )
