"""Questions on order, and how a vector tells it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.mobjects.rounding import ROUNDING
from scenes.quiz.question import Question
from scenes.stage.step import claim
from transformer_core.studies.focus import embedding_of, focus_of
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what an order changes, why a number is not simply added, and what two positions tell."""
    focus = focus_of(trace)
    first, embedding = f"{focus.stack}.0.self_attn", trace.under(embedding_of(focus.stack))
    if trace["config.words"] > 1:
        same = bool(trace[f"other.shuffled.{first}.out.permutation_difference"] < ROUNDING)
        yield Question(
            "Without positions, what differs between “the red car” and “red the car”?",
            (
                ("Only the order of the vectors", same),
                ("The vectors of the words, too", not same),
                ("Nothing at all", False),
            ),
            claim(
                same,
                "Because attention adds up values, and a sum is the same in any order.",
                "Because under a causal mask each word adds up only the earlier ones, and these are others now.",
            ),
            "A sum has no order",
        )
    largest = embedding["largest_entry"].pick(batch=0, position=focus.query_token.position)
    numbers, wave = embedding["position_numbers"], embedding["position_table"].values
    last = numbers.quantity(len(numbers) - 1)
    yield Question(
        "Why is a position not simply added to the embedding as its number?",
        (
            ("A large number would drown the word", bool(last > 2 * largest)),
            ("A dot product would not notice it", False),
            ("Positions have to be learned, and numbers can’t be", False),
        ),
        f"Because the entries of “{focus.query_token}” are at most {largest:.1f} in size, and numbers of positions "
        "grow "
        f"with the text: here up to {last}.",
        "Why not just add the number?",
    )
    products = wave @ wave.T
    apart = [np.ptp(np.diagonal(products, step)) for step in range(len(wave))]
    turns = bool(max(apart) < ROUNDING * len(wave[0]) * 100)
    yield Question(
        "Two positions are turned into sinusoidal encodings. What does their dot product tell?",
        (
            ("How far apart they are", turns),
            ("Where in the sentence the first of them is", not turns),
            ("Which of them comes first", not np.allclose(products, products.T)),
        ),
        "Because a step turns all hands by the same angles, wherever it begins. Which comes first, matrices have to "
        "learn.",
        "A step is a turn",
    )
