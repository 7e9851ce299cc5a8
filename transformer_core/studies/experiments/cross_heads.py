"""One cross-attention head or four: what the two shipped translators do, on the same held-out sentences.

With four, the decoder can look at several source words itself; with one, the encoder has to bring them together.
Measured of each model: whole sentences right, by length too; where its cross-attention looks; and its encoder heads'
role scores, from which a role is named only if it is earned.
"""

from __future__ import annotations

import numpy as np

from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.translation import held_out, one_thread, vocabulary
from transformer_core.studies.focus import EARNED
from transformer_core.studies.translator import roles
from transformer_core.studies.translator.evaluate import alignment, exact
from transformer_core.studies.translator.train import DEFAULT, FOUR_CROSS_HEADS, load_model

MODELS = {"one": DEFAULT, "four": FOUR_CROSS_HEADS}


def measured(which: str, sentences: int) -> Piece:
    model, pairs = load_model(MODELS[which])[0], held_out(sentences)
    right = np.array(exact(model, vocabulary(), pairs))
    looked = alignment(model, vocabulary(), pairs)
    table, query_tokens = roles.score(model, vocabulary(), pairs)
    return {
        "heads": np.array(model.config.cross_heads or model.config.heads),
        "right": right,
        "lengths": np.array([len(pair.source) for pair in pairs]),
        "alignment": np.array([looked["all"], looked["without_inserted"]]),
        "alignment_by_layer": np.array(looked["by_layer"]),
        "roles": table.values,
        "queries": query_tokens.values,
    }


@experiment("What do one and four cross-attention heads leave to the encoder?")
def run(bench: Bench, sentences: int = 2000) -> Found:
    with one_thread():
        found = bench.each("{}", MODELS, lambda which: measured(which, sentences))
    of_each = found["lengths"][0]
    lengths, counted = np.unique(of_each, return_counts=True)
    by_length = np.stack([found["right"][:, of_each == n].mean(1) for n in lengths], 1)
    words = {"model": tuple(MODELS)}
    scores = found["roles"].max((2, 3))
    return {
        "heads": tensor(found["heads"], "model", **words),
        "exact": tensor(found["right"].mean(1), "model", **words),
        "exact_by_length": tensor(by_length, "model length", length=lengths, **words),
        "lengths": tensor(lengths, "length", length=lengths),
        "sentences_by_length": tensor(counted, "length", length=lengths),
        "alignment": tensor(found["alignment"], "model choice", choice=("all", "without inserted"), **words),
        "alignment_by_layer": tensor(found["alignment_by_layer"], "model layer", **words),
        "best_role": tensor(scores, "model role", role=roles.ROLES, **words),
        "role": tensor(found["roles"], "model role layer head", role=roles.ROLES, **words),
        "queries": tensor(found["queries"][0], "role", role=roles.ROLES),
        "named": tensor((scores >= EARNED).sum(1), "model", **words),
        "sentences": tensor(len(of_each)),
    }
