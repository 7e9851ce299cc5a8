"""Questions on loss, gradient and step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.quiz.question import Question
from transformer_core.tracing.trace import Trace

#: How far the push on a score may lie from weight times decrease of the loss.
NEAR = 1e-4


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what the loss does, how far a step may go, and where no push comes from."""
    early = trace.under("experiment.descent")
    if "word_loss" not in early:
        return
    place = int(early["place"])
    probs = early["probs"].pick(batch=0, position=place)
    target = early["probs"].words("position")[place + 1]
    right, loss = probs.pick(vocab=str(target)), early["word_loss"]
    logarithm = bool(np.isclose(-np.log(float(right)), float(loss), rtol=1e-3))
    yield Question(
        "The probability of the right word becomes larger, but another one is still likelier. What does the loss do?",
        (
            ("It falls", logarithm),
            ("It stays, for the guess is as wrong as before", False),
            ("It rises", not logarithm),
        ),
        f"Because the loss is minus the logarithm of that probability. At {right:.4f}, it is {loss:.2f}.",
        "How wrong is a guess? Cross-entropy",
    )
    large = early["large_losses"].values
    climbs = bool((large[1:] > large[:-1]).all())
    yield Question(
        "The learning rate is much too large. What does the loss do?",
        (
            ("It rises: each step leaps over the valley", climbs),
            ("It falls faster: each step leads further down", bool((large[1:] < large[:-1]).all())),
            ("It stays: the steps point nowhere", bool((large[1:] == large[:-1]).all())),
        ),
        "Because the gradient tells which way is down only here, and not how far the slope goes on.",
        "Gradient descent: a step downhill",
    )
    slopes = early.under("gradients.decoder.1.cross_attn")
    formula = bool(slopes["score_gradient_difference"] < NEAR)
    yield Question(
        "In training, when does the score of a key get no push at all?",
        (
            ("When its attention weight is zero", formula),
            ("When the score is zero", False),
            ("When the right word is the likeliest already", bool(loss == 0)),
        ),
        "Because the push is the weight times how much that value would lower the loss: zero times anything is zero.",
        "Attention goes where it helps",
    )
