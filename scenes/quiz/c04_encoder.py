"""Questions on the boxes of the encoder."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.quiz.question import Question
from transformer_core.tracing.trace import Trace

#: Boxes whose part in `sensitive_pairs` is asked for.
BOXES = {"attention": "Attention", "norm": "The layer norm", "feed-forward": "The feed-forward network"}


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what is left for a single word, where vectors meet, and what a residual connection does."""
    values = trace["encoder.0.self_attn.v"].values
    brings = bool((np.abs(values).sum(-1) > 0).all())
    yield Question(
        "A sentence has a single word. Which boxes of the encoder still do something?",
        (
            ("All of them", brings),
            ("All but attention, for there is nothing to attend to", not brings),
            ("None but the embedding, and the position that is added to it", False),
        ),
        "Because attention gives the word the whole weight: its output is the value of the word itself.",
        "Where does one vector see another?",
    )
    part = trace.under("encoder.0", batch=0)
    entered, out, summed = (part[name].values for name in ("resid_pre", "self_attn.out", "resid_attn"))
    yield Question(
        "Attention has made an output for a token. What does a residual connection do with it?",
        (
            ("It is added to the vector that went in", np.allclose(entered + out, summed)),
            ("It takes the place of the vector that went in", np.allclose(out, summed)),
            ("The mean of both goes on", np.allclose((entered + out) / 2, summed)),
        ),
        "Because the next box reads the sum: the vector is still there, and attention changes it.",
        "A residual connection: added, not replaced",
    )
    pairs = trace["encoder.0.sensitive_pairs"]
    yield Question(
        "The vector of one token is changed. In which box can this change the vector of another token?",
        tuple((text, bool(pairs.pick(part=name) > 0)) for name, text in BOXES.items() if name in pairs.labels["part"]),
        "Because attention mixes vectors, and every other box works on each by itself.",
        "Where does one vector see another?",
    )
