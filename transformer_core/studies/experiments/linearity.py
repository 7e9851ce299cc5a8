"""f(a x + b y) against a f(x) + b f(y), for each sublayer of the lecture's model, on rows of held-out sentences.

The same test that the trace makes of the viewer's sentence (`transformer_core.studies.measures.linearity`), over many
of them: the gap of the two sides over the largest entry, biases off. A part that is linear fails on no sentence.
"""

from __future__ import annotations

import numpy as np
import torch

from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import encoder_traces, translator
from transformer_core.studies.experiments.translation import held_out
from transformer_core.studies.measures.linearity import FACTORS

#: What is tested, and the measure of it, below `encoder.<layer>`.
TESTS = {
    "fixed shares": "self_attn.fixed_weights_gap",
    "attention": "self_attn.attention_gap",
    "two matrices": "ffn.two_matrices_gap",
    "with biases": "ffn.biases_gap",
    "feed-forward": "ffn.feed_forward_gap",
    "norm": "ln1.norm_gap",
}


def measured(sentences: int) -> Piece:
    """Each gap: "sentence choice layer"."""
    model = translator(torch.float64)
    layers = range(model.config.encoder_layers)
    pairs = [pair for pair in held_out(sentences) if len(pair.source) > 1]
    gaps = [
        [[float(trace[f"encoder.{layer}.{measure}"]) for layer in layers] for measure in TESTS.values()]
        for trace in encoder_traces(model, pairs)
    ]
    return {"gap": np.array(gaps)}


@experiment("Which parts of the model are linear: f(ax + by) = a f(x) + b f(y)?")
def run(bench: Bench, sentences: int = 200) -> Found:
    gap = bench.once("held-out sentences", lambda: measured(sentences))["gap"]
    words = {"choice": tuple(TESTS)}
    return {
        "gap": tensor(np.median(gap, 0), "choice layer", **words),
        "smallest": tensor(gap.min(0), "choice layer", **words),
        "largest": tensor(gap.max(0), "choice layer", **words),
        "factors": tensor(FACTORS, "choice", choice=("a", "b")),
        "sentences": tensor(len(gap)),
    }
