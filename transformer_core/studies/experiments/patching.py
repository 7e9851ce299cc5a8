"""Activation patching: one vector of a pass is replaced by that of another sentence.

Two pairs of sentences that differ in one word: another adjective, and another noun. One row of the encoder's stream, at
one layer, is replaced by the other run's row, and the decoder, which has read the same words so far, predicts the
adjective. The effect is how far the difference of the two forms' logits moves, as a share of its way from the one
sentence to the other: 0 changes nothing, 1 is the whole difference (`transformer_core.interpret.patching`).
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from transformer_core import interpret
from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import translator
from transformer_core.studies.experiments.translation import vocabulary
from transformer_core.studies.translator.train import LECTURE

#: The sentence that is changed, and the one that a row is taken from.
PAIRS = {
    "tired": (
        "The animal did not cross the street because it was too tired",
        "The animal did not cross the street because it was too wide",
    ),
    "car": ("The car is red", "The house is red"),
}


def forms(key: str) -> tuple[str, str]:
    """The last words of the two translations."""
    return LECTURE[PAIRS[key][0]].split()[-1], LECTURE[PAIRS[key][1]].split()[-1]


def measured(model: Transformer, key: str) -> Piece:
    """The shift by the row of each place, "layer position", and the lead of the other form before and after."""
    into, donor = (torch.tensor([vocabulary().read(text).ids]) for text in PAIRS[key])
    # Start mark and all words before the last: the row that has to write the adjective is the last one.
    read = torch.tensor([vocabulary().target_ids(LECTURE[PAIRS[key][0]].split())[:-2]])
    mine, other = (vocabulary().target.index(form) for form in forms(key))

    def lead(logits: Tensor) -> Tensor:
        return logits[0, -1, other] - logits[0, -1, mine]

    found = interpret.patching(model, (into, read), (donor, read), lead)
    leads = [float(found[f"patching.{name}"].values) for name in ("base", "donor")]
    return {"shift": found["patching.shift"].values, "leads": np.array(leads)}


@experiment("Which row carries what decides an adjective's form: a transplant between two sentences")
def run(bench: Bench) -> Found:
    model, found = translator(torch.float64), Found()
    bench.expect(len(PAIRS))
    layers = ["input", *(f"layer {at + 1}" for at in range(model.config.encoder_layers))]
    for key, sentences in PAIRS.items():
        into, donor = (vocabulary().read(text).labels for text in sentences)
        piece = bench.once(key, partial(measured, model, key))
        found |= {
            f"{key}_shift": tensor(piece["shift"], "layer position", layer=layers, position=into),
            f"{key}_leads": tensor(piece["leads"], "choice", choice=forms(key)),
            f"{key}_largest": tensor(piece["shift"].max(1), "layer", layer=layers),
            f"{key}_best": tensor(piece["shift"].argmax(1), "layer", layer=layers),
            f"{key}_donor": tensor(piece["shift"][0], "position", position=donor),
        }
    return found
