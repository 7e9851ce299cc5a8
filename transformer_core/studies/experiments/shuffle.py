"""Permutation equivariance of the encoder: its vectors for shuffled words, with and without positions.

Measured on held-out sentences with the lecture's model: the largest difference between a word's row in the shuffled
sentence and its row in the plain one, over the largest entry of the plain rows. For the viewer's own sentence the trace
has `other.shuffled.*`.
"""

from __future__ import annotations

import numpy as np
import torch

from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import translator
from transformer_core.studies.experiments.translation import held_out, vocabulary
from transformer_core.studies.measures.permutation import shuffle
from transformer_core.studies.translator.grammar import Pair
from transformer_core.tracing.tap import record

POINTS = ("encoder.0.self_attn.out", "encoder.{last}.resid_post")
CHOICES = ("with positions", "without")


@torch.no_grad()
def difference(model: Transformer, pair: Pair, placed: bool) -> list[float]:
    """max |x'_i - x_order(i)| / max |x| at each of `POINTS`."""
    ids = vocabulary().source_ids(pair.source)
    order = shuffle(len(ids))
    edit = {} if placed else {"embed_src.positional": torch.zeros_like}
    points = [point.format(last=model.config.encoder_layers - 1) for point in POINTS]
    rows = []
    for some in (ids, [ids[i] for i in order]):
        with record(only=points, edit=edit) as tape:
            model.encode(torch.tensor([some]))
        rows.append([tape[point][0] for point in points])
    both = zip(*rows, strict=True)
    return [float((shuffled - plain[order]).abs().max() / plain.abs().max()) for plain, shuffled in both]


def differences(placed: bool, sentences: int) -> Piece:
    model, pairs = translator(torch.float64), [pair for pair in held_out(sentences) if len(pair.source) > 1]
    return {"difference": np.array([difference(model, pair, placed) for pair in pairs])}


@experiment("Do shuffled words have the rows that they had, if no position is added?")
def run(bench: Bench, sentences: int = 200) -> Found:
    found = bench.each("{}", CHOICES, lambda choice: differences(choice == CHOICES[0], sentences))["difference"]
    words = {"choice": CHOICES, "layer": ("attention 1", "last row")}
    return {
        "largest": tensor(found.max(1), "choice layer", **words),
        "typical": tensor(np.median(found, 1), "choice layer", **words),
        "sentences": tensor(found.shape[1]),
    }
