"""Questions on several heads, sinks, and cross-attention."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.quiz.question import Question
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what a head reads, what more heads cost, whether weights can vanish, and where keys come from."""
    focus = focus_of(trace)
    heads, d_head, width = trace["config.heads"], trace["config.d_head"], trace["config.d_model"]
    reached = trace[f"{focus.path}.sensitive_heads"].values
    yield Question(
        "What does one of several heads read of the vector of a token?",
        (
            ("All of it", bool((reached == heads).all())),
            ("A slice of its own, as wide as its query", bool((reached == 1).all()) and heads > 1),
            ("Those entries that no other head reads", False),
        ),
        f"Because only W_Q is split: each head makes a query of {d_head} numbers from all {width}.",
        "Does each head get a slice of the vector?",
    )
    sums = trace[f"{focus.path}.weights"].pick(batch=0).values.sum(-1)
    always = bool(np.allclose(sums, 1, atol=1e-4))
    yield Question(
        "A head finds no key that it has a use for. Can all its attention weights be zero?",
        (
            ("No: some token must get them", always),
            ("Yes: then the head adds nothing to the stream", not always),
            ("Yes, if the scores are zero", not always),
        ),
        "Because softmax makes them add up to one. So it may give them to a sink, a token whose value adds little.",
        "Several heads, each with a softmax of its own",
    )
    yield Question(
        "W_Q is split for twice as many heads. Does it take more parameters?",
        (
            ("No: each query is half as long", bool(heads * d_head == width)),
            ("Yes, twice as many", bool(heads * d_head == 2 * width)),
            ("Yes, for each head reads the whole vector", False),
        ),
        "Because the pieces get shorter, and together they stay as wide.",
        "Do more heads take more parameters?",
        chapter="faq",
    )
    if "decoder.0.cross_attn.k" not in trace:
        return
    queries, keys = (trace.parents[f"decoder.0.cross_attn.{letter}"][0] for letter in "qk")
    yield Question(
        "Where do queries, keys and values come from in cross-attention?",
        (
            (
                "Queries from the decoder, keys and values from the encoder",
                queries.startswith("decoder.") and not keys.startswith("decoder."),
            ),
            ("Queries from the encoder, keys and values from the decoder", keys.startswith("decoder.")),
            (
                "All three from the encoder, for there is the source to be translated",
                not queries.startswith("decoder."),
            ),
        ),
        "Because the decoder asks, and the source answers. The formula is the same as in self-attention.",
        "Self-attention or cross-attention?",
    )
