"""Questions on Add and Norm."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.quiz.question import Question
from scenes.stage.step import claim
from transformer_core.studies.focus import focus_of
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what becomes of zeros, whether Norm can replace Add, and whom a norm looks at."""
    focus = focus_of(trace)
    post = bool(trace.about["config"]["norm_order"] == "post")
    yield Question(
        "A sublayer writes only zeros. What becomes of the vector that went into it?",
        (
            ("It goes on as it was", not post),
            ("It goes on, and then through a norm", post),
            ("It becomes zero as well", False),
            ("It becomes half as long, for the mean of both goes on", False),
        ),
        claim(
            post,
            "Because a sublayer adds to the vector, and here a norm follows the sum.",
            "Because a sublayer adds to the vector, and zeros add nothing.",
        ),
        "Your turn: short answers",
        chapter="faq",
    )
    run = trace.under("experiment.parts_removed")
    whole, without = (run["exact"].pick(part=part) for part in ("nothing", "residual"))
    mean = run["exact.over_seeds"].pick(part="residual")
    worse = counts(without, whole) and bool(without.values.mean() < whole.values.mean())
    yield Question(
        "A model has Norm and no Add, so its gradient neither vanishes nor explodes. Does it learn to translate?",
        (
            ("No: its vectors become alike", worse),
            ("Yes: a tame gradient is all that it needs", not worse),
            ("Yes, for Norm does the same as Add", not worse),
        ),
        f"Because attention mixes all vectors until they are nearly one, and nothing carries each along. "
        f"It got {mean:share} of new sentences right.",
        "Can training make up for Add?",
    )
    norm = trace.under(f"{focus.block}.ln1")
    alone = any("position" in norm[part].axes for part in ("mean", "mean_square", "scale") if part in norm)
    yield Question(
        "A norm brings a vector to one size. Which other vectors does it look at?",
        (
            ("At none", alone),
            ("At those of the same sentence", not alone),
            ("At those of all sentences in training", False),
        ),
        "Because it takes what it needs from the entries of that one vector.",
        claim("mean" in norm, "Layer norm, step by step", "RMSNorm, step by step"),
    )
