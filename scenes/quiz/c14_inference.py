"""Questions on choosing words, and on the cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.mobjects.next_tokens import PROMPTS
from scenes.mobjects.rounding import ROUNDING
from scenes.quiz.question import Question
from scenes.quiz.rows import softmax
from scenes.stage.step import claim
from transformer_core.tracing.trace import Trace

#: A temperature near zero.
COLD = 0.01


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what a cold temperature does, what top-p keeps, and where a cache helps."""
    real = trace.under("experiment.continuations")
    certain, open_ = PROMPTS
    probs = np.sort(trace["experiment.next_token.walk"].values)
    cold = softmax(np.log(probs) / COLD)
    yield Question(
        "A temperature near zero divides all logits. Which rule does sampling then come down to?",
        (
            ("Greedy decoding: the likeliest word", bool(cold[-1] > 1 - COLD)),
            ("A fair draw among all words", bool(np.ptp(cold) < COLD)),
            ("Beam search: several beginnings at once", False),
        ),
        "Because differences between logits grow, and softmax gives nearly everything to the largest.",
        "Temperature: flatter or sharper",
    )
    few, many = (real[f"{name}_kept"].pick(choice="top_p") for name in (certain, open_))
    yield Question(
        "Of one text the next word is nearly certain, of another one hardly. Of which does top-p keep more words?",
        (
            ("Of the uncertain one", bool(many > few)),
            ("Of the certain one", bool(many < few)),
            ("Of both as many", bool(many == few)),
        ),
        f"Because it keeps as many as it takes to hold a given share: in the film {few} and {many}.",
        "Top-p: as many as it takes",
    )
    last = int(float(trace["config.encoder_layers"])) - 1
    if f"other.shorter.encoder.{last}.resid_post" in trace:
        changes = trace[f"encoder.{last}.resid_post.grown_change"].values
        all_, some = bool((changes > ROUNDING).all()), bool((changes > ROUNDING).any())
        yield Question(
            "A KV cache saves work in the decoder. Would it work in the encoder, if a word is added to the source?",
            (
                ("No: the others change with it", some),
                ("Yes: old keys and values stay as they are there, too", not some),
                ("Yes, but only as long as the text is short", False),
            ),
            claim(
                all_,
                "Because in an encoder every token attends to every other, also to the new one.",
                "Because in an encoder tokens attend to the new one as well.",
            ),
            "Your turn: could an encoder have a KV cache?",
            chapter="faq",
        )
