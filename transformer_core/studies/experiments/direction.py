"""Directional preference of heads: the place-with-place part of their scores by offset, and the mean of each part.

The score of two rows of the first layer splits into word with word, word with place, place with word, place with place,
and what the biases give (`transformer_core.studies.measures.scores`, after Dai et al. 2019). Averaged over held-out
sentences, by how far the key stands behind the query.
"""

from __future__ import annotations

import numpy as np
import torch

from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import encoder_traces, translator
from transformer_core.studies.experiments.translation import held_out
from transformer_core.studies.measures.scores import PARTS

FARTHEST = 6
OFFSETS = tuple(range(-FARTHEST, FARTHEST + 1))


def measured(sentences: int) -> Piece:
    """Mean and deviation of the place-with-place part "head offset", and the mean of each |part|, "head part"."""
    places: list[list[np.ndarray]] = [[] for _ in OFFSETS]
    sizes = []
    for trace in encoder_traces(translator(torch.float64), held_out(sentences)):
        parts = trace["encoder.0.self_attn.score_parts"]
        place = parts.pick(batch=0, part="place with place").values
        for at, offset in enumerate(OFFSETS):
            places[at].append(np.diagonal(place, offset, 1, 2))
        sizes.append(np.abs(parts.values[0]).mean((1, 2)))
    joined = [np.concatenate(found, axis=1) for found in places]
    return {
        "mean": np.stack([found.mean(1) for found in joined], axis=1),
        "spread": np.stack([found.std(1) for found in joined], axis=1),
        "sizes": np.mean(sizes, axis=0),
    }


@experiment("Does a head of the first layer prefer what stands before, or what stands behind?")
def run(bench: Bench, sentences: int = 300) -> Found:
    piece = bench.once("held-out sentences", lambda: measured(sentences))
    behind, before = piece["mean"][:, FARTHEST + 1 :], piece["mean"][:, :FARTHEST][:, ::-1]
    deviation = np.sqrt(piece["spread"][:, FARTHEST + 1 :] ** 2 + piece["spread"][:, :FARTHEST][:, ::-1] ** 2)
    distance = {"distance": range(1, FARTHEST + 1)}
    return {
        "place_with_place": tensor(piece["mean"], "head offset", offset=OFFSETS),
        "spread": tensor(piece["spread"], "head offset", offset=OFFSETS),
        "before": tensor(before, "head distance", **distance),
        "behind": tensor(behind, "head distance", **distance),
        "asymmetry": tensor(behind - before, "head distance", **distance),
        "asymmetry_spread": tensor(deviation, "head distance", **distance),
        "part_sizes": tensor(piece["sizes"], "head part", part=PARTS),
        "sentences": tensor(sentences),
    }
