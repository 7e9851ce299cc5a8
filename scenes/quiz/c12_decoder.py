"""Questions on the mask, on copying, and on the next word."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.mobjects.rounding import ROUNDING
from scenes.quiz.question import Question
from transformer_core.studies.decoder_rows import FIRST, argmax_leak
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask why a decoder cannot copy, what a late mask spoils, and how many probabilities there are."""
    weights = trace[f"{FIRST}.weights"].pick(batch=0).values
    hidden = not np.triu(weights, 1).any()
    yield Question(
        "In training, the decoder reads the right translation. Why can’t it just copy the next word?",
        (
            ("A mask hides all that comes later", hidden),
            ("It reads each word only after it has guessed it", False),
            ("It does copy, and learns to translate afterwards", not hidden),
            ("The words that it reads are in random order", False),
        ),
        "Because scores of later keys are minus infinity, and softmax makes a weight of zero of that.",
        "A causal mask before the softmax",
    )
    if trace[f"{FIRST}.weights"].size("query") > 1:
        head, query = argmax_leak(trace)
        part = trace.under(FIRST, batch=0, head=head)
        total = part["post_softmax_mask_sums"].pick(query=query.position)
        leak = trace[f"{FIRST}.post_softmax_mask_leak"].values.max()
        leaks = bool(leak > ROUNDING)
        yield Question(
            "Later weights are set to zero after the softmax instead of before. What is wrong with that?",
            (
                ("The others still depend on the later words", leaks),
                ("Nothing: zero is zero", not leaks),
                ("The later words still get some of the attention", False),
            ),
            f"Because softmax has divided by a sum over all keys. In one head, the weights of “{query}” then add up to "
            f"{total:.3f}.",
            "Why not set zeros afterwards?",
        )
    probs, vocab = trace["probs"], trace["config.target_vocab"]
    yield Question(
        "One vector leaves the decoder. How many probabilities are made of it?",
        (
            ("One for each word of the vocabulary", bool(probs.size("vocab") == vocab)),
            ("One for each word of the sentence", bool(probs.size("vocab") == probs.size("position"))),
            ("One: that of the next word", bool(probs.size("vocab") == 1)),
        ),
        f"Because its dot product with each of {vocab:,.0f} word vectors is a logit, and softmax makes probabilities "
        "of all "
        "of them.",
        "From vector to word",
    )
