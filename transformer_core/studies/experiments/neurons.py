"""Selectivity of the units of the feed-forward layer: how well each tells words of one kind from all others.

For every unit of the encoder and every kind of words: the share of pairs (a word of the kind, another word) in which
the unit is stronger for the first. It is the area under the ROC curve, ties counted as a half (Hanley and McNeil 1982).
The kind with the largest area is the unit's best name, if that is large enough to be a name at all.
"""

from __future__ import annotations

import numpy as np

from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import passes, source_rows, translator
from transformer_core.studies.experiments.translation import held_out
from transformer_core.studies.focus import EARNED
from transformer_core.studies.translator.grammar.lexicon import kinds


def ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value among all, from 1 up; equal values share the mean of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2)[where]


def areas(values: np.ndarray, members: np.ndarray) -> np.ndarray:
    """P(value of a member > value of another), for each column of `members`, "sample kind"."""
    inside = members.sum(0)
    sums = ranks(values) @ members
    return (sums - inside * (inside + 1) / 2) / (inside * (len(values) - inside))


def measured(sentences: int) -> Piece:
    """The area of every unit for every kind, "layer d_ff kind", and the share of words for which it is active."""
    model, pairs = translator(), held_out(sentences)
    layers = range(model.config.encoder_layers)
    points = [f"encoder.{layer}.ffn.post" for layer in layers]
    rows: list[list[np.ndarray]] = [[] for _ in layers]
    for some, _, tape in passes(model, pairs, points):
        for layer in layers:
            rows[layer].append(source_rows(tape[points[layer]], some))
    units = np.stack([np.concatenate(found) for found in rows])
    words = [word for pair in pairs for word in pair.source]
    members = np.array([[word in kind for kind in kinds().values()] for word in words], dtype=float)
    area = np.array([[areas(unit, members) for unit in layer.T] for layer in units])
    return {"area": area, "awake": (units > 0).mean(1), "words": np.array(len(words))}


@experiment("Which words wake a unit of the feed-forward layer, and how many units have a simple name?")
def run(bench: Bench, sentences: int = 1000) -> Found:
    piece = bench.once("held-out sentences", lambda: measured(sentences))
    area = piece["area"]
    words = {"kind": tuple(kinds())}
    best = area.max(-1)
    return {
        "area": tensor(area.astype(np.float32), "layer d_ff kind", **words),
        "best": tensor(best, "layer d_ff"),
        "best_kind": tensor(area.argmax(-1), "layer d_ff"),
        "awake": tensor(piece["awake"], "layer d_ff"),
        "never_awake": tensor((piece["awake"] == 0).sum(-1), "layer"),
        "unnamed": tensor((best < EARNED).mean()),
        "unnamed_by_layer": tensor((best < EARNED).mean(-1), "layer"),
        "words": tensor(piece["words"]),
        "sentences": tensor(sentences),
    }
