"""Questions on the feed-forward network and on linearity."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.mobjects.rounding import ROUNDING
from scenes.quiz.question import Question
from scenes.stage.step import claim
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what neighbours change, whether attention is linear, and what biases do."""
    focus = focus_of(trace)
    part = trace.under(f"{focus.block}.ffn", batch=0)
    apart = part["per_position_difference"].values.max()
    alone = bool(apart < 100 * ROUNDING)
    yield Question(
        "The same vector enters the feed-forward network twice, among other neighbours each time. What comes out?",
        (
            ("Twice the same", alone),
            ("Another vector, for its neighbours are others", not alone),
            ("The same up to its length", False),
        ),
        "Because the network takes each vector by itself. What a vector knows of its neighbours, attention put there.",
        "The same network for every vector",
    )
    gaps = trace["experiment.linearity.gap"]
    frozen, whole = (gaps.pick(choice=choice).values.max() for choice in ("fixed shares", "attention"))
    yield Question(
        "Is attention linear?",
        (
            ("Its sum is, its weights are not", bool(frozen < 1e-4 < whole)),
            ("Yes: it is made of matrix products alone", bool(whole < 1e-4)),
            ("No: not even its weighted sum is", bool(frozen > 1e-4)),
        ),
        "Because queries and keys are made of the vectors that are weighed: who changes a vector changes its weight, "
        "too.",
        "Attention as a whole: not linear",
    )
    if "encoder.0.ffn.out" not in trace:
        return
    made = trace["encoder.0.ffn.from_zeros_norm"]
    yield Question(
        "The activation is taken out of a feed-forward network, its biases stay. Is it linear then?",
        (
            ("No: it makes something of zeros", bool(made > 0)),
            ("Yes: two matrices are one matrix", bool(made == 0)),
            ("Yes, for positive inputs", False),
        ),
        claim(
            bool(made > 0),
            f"Because a linear map sends zeros to zeros, and this makes a vector of length {made:.2f} of them.",
            "Because here all biases are zero.",
        ),
        "Your turn: short answers",
        chapter="faq",
    )
