"""Activation patching: one vector of a pass is replaced by that of another sentence.

Two pairs of sentences that differ in one word: another adjective, and another noun. One row of the encoder's stream, at
one layer, is replaced by the other run's row, and the decoder, which has read the same words so far, predicts the
adjective. The effect is how far the difference of the two forms' logits moves, as a share of its way from the one
sentence to the other: 0 changes nothing, 1 is the whole difference (`transformer_core.interpret.patching`). The
probabilities of both forms are recorded, too, of both sentences and of each transplant, and the rows themselves.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from transformer_core import interpret
from transformer_core.interpret.intervention import Measure
from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import translator
from transformer_core.studies.experiments.translation import vocabulary
from transformer_core.studies.translator.train import LECTURE
from transformer_core.tracing.tap import record

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
    """The shift by the row of each place, "layer position", and the lead of the other form before and after.

    The same for the probabilities of both forms; and the rows of both sentences, "layer position d_model".
    """
    into, donor = (torch.tensor([vocabulary().read(text).ids]) for text in PAIRS[key])
    # Start mark and all words before the last: the row that has to write the adjective is the last one.
    read = torch.tensor([vocabulary().target_ids(LECTURE[PAIRS[key][0]].split())[:-2]])
    mine, other = (vocabulary().target.index(form) for form in forms(key))

    def lead(logits: Tensor) -> Tensor:
        return logits[0, -1, other] - logits[0, -1, mine]

    def likely(logits: Tensor, form: int) -> Tensor:
        return logits[0, -1].softmax(-1)[form]

    measures: list[Measure] = [lead, *(partial(likely, form=form) for form in (mine, other))]
    found, *chances = (interpret.patching(model, (into, read), (donor, read), measure) for measure in measures)
    ends = [[float(one[f"patching.{name}"].values) for name in ("base", "donor")] for one in (found, *chances)]
    return {
        "shift": found["patching.shift"].values,
        "leads": np.array(ends[0]),
        "prob": np.array([end[0] + one["patching.effect"].values for end, one in zip(ends[1:], chances, strict=True)]),
        "unpatched": np.array(ends[1:]),
        "rows": rows(model, into, read),
        "donor_rows": rows(model, donor, read),
    }


@torch.no_grad()
def rows(model: Transformer, source: Tensor, read: Tensor) -> np.ndarray:
    """The encoder's stream before the first layer and after each, "layer position d_model"."""
    points = ["encoder.0.resid_pre", *(f"encoder.{layer}.resid_post" for layer in range(model.config.encoder_layers))]
    with record(only=points) as tape:
        model(source, read)
    return torch.stack([tape[point][0] for point in points]).numpy().astype(np.float32)


@experiment("Which row carries what decides an adjective's form: a transplant between two sentences")
def run(bench: Bench) -> Found:
    model, found = translator(torch.float64), Found()
    bench.expect(len(PAIRS))
    layers = ["input", *(f"layer {at + 1}" for at in range(model.config.encoder_layers))]
    for key, sentences in PAIRS.items():
        into, donor = (vocabulary().read(text).labels for text in sentences)
        both = forms(key)
        piece = bench.once(key, partial(measured, model, key))
        found |= {
            f"{key}_shift": tensor(piece["shift"], "layer position", layer=layers, position=into),
            f"{key}_leads": tensor(piece["leads"], "choice", choice=both),
            f"{key}_largest": tensor(piece["shift"].max(1), "layer", layer=layers),
            f"{key}_best": tensor(piece["shift"].argmax(1), "layer", layer=layers),
            f"{key}_donor": tensor(piece["shift"][0], "position", position=donor),
            f"{key}_prob": tensor(piece["prob"], "choice layer position", choice=both, layer=layers, position=into),
            f"{key}_unpatched": tensor(piece["unpatched"], "choice part", choice=both, part=("own", "donor")),
            f"{key}_rows": tensor(piece["rows"], "layer position d_model", layer=layers, position=into),
            f"{key}_donor_rows": tensor(piece["donor_rows"], "layer position d_model", layer=layers, position=donor),
        }
    return found
