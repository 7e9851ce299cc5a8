"""Questions on sizes and shapes."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.quiz.question import Question
from transformer_core.tracing.trace import Trace

#: Axes along which there is an entry for each token.
LENGTHS = {"position", "query", "key"}


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what a longer sentence costs, and where most parameters are."""
    learned = [trace[name].axes for name in trace if name.startswith("parameters.encoder.")]
    grows = any(LENGTHS & {*axes} for axes in learned)
    yield Question(
        "A sentence is twice as long. Which matrices of parameters become larger?",
        (
            ("None", not grows),
            ("Those of queries, keys and values", grows),
            ("That of the feed-forward network", False),
            ("All of them", False),
        ),
        "Because lengths come from the sentence, widths are settings, and a matrix of parameters has only widths.",
        "What changes when the sentence is longer?",
    )
    pairs, words = trace["config.score_count"], trace["config.words"]
    square = bool(pairs == words * words)
    yield Question(
        "A sentence is twice as long. How many scores has a head of the encoder then?",
        (
            ("Four times as many", square),
            ("Twice as many", bool(pairs == 2 * words) and not square),
            ("As many as before", False),
            ("Eight times as many", False),
        ),
        f"Because every query meets every key: here {pairs} scores in each head.",
        "What changes when the sentence is longer?",
    )
    others = trace["parameters.published_shares"]
    big = others.words("model")[-1]
    shares = others.pick(model=big)
    most, share = shares.largest()
    parts = {
        "feed-forward": "In feed-forward networks",
        "attention": "In attention",
        "embeddings": "In embeddings of words",
    }
    yield Question(
        f"Where does {big} have most of its parameters?",
        tuple((text, part == most) for part, text in parts.items()),
        f"Because a layer of a feed-forward network is wide: together they hold {share:share}. "
        "In a small model like this one, it can be otherwise.",
        "Which part holds the most parameters?",
    )
