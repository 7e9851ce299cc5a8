"""Activation patching: vectors, and the output of single heads, copied from one sentence into another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from transformer_core import interpret
from transformer_core.decoding.sampling import greedy
from transformer_core.interpret.intervention import Measure, replaced
from transformer_core.interpret.lens import stream
from transformer_core.model import Transformer
from transformer_core.studies.experiments.heads import means
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensors
from transformer_core.studies.experiments.translation import held_out, translator, vocabulary
from transformer_core.studies.translator.train import LECTURE
from transformer_core.text.vocabulary import END, START
from transformer_core.tracing.tap import Edit, record

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


def agrees(words: Sequence[str], right: Sequence[str]) -> np.ndarray:
    """1 for each word that stands in its place in the right sentence."""
    return np.array([int(right[at : at + 1] == [word]) for at, word in enumerate(words)])


def sides(key: str) -> list[tuple[Tensor, Tensor]]:
    """Both sentences, and of their translations the start mark and all words before the last.

    The row that has to write the adjective is the last one.
    """
    return [
        (
            torch.tensor([vocabulary().read(text).ids]),
            torch.tensor([vocabulary().target_ids(LECTURE[text].split())[:-2]]),
        )
        for text in PAIRS[key]
    ]


def transplanted(model: Transformer, key: str) -> Piece:
    """The shift by the row of each place, "layer position", and the lead of the other form before and after.

    The same for the probabilities of both forms; and the rows of both sentences, "layer position d_model".
    """
    (into, read), (donor, _) = sides(key)
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
def by_head(model: Transformer, key: str, usual: dict[str, np.ndarray]) -> Piece:
    """The probabilities of both forms where one head of the encoder is the other sentence's, or at its mean.

    "choice layer head" where it gives what it gives in the other sentence. "choice part" with all heads, and "choice
    part layer head" where it is at its mean, after the Spanish words of the own or of the other sentence. And what
    becomes of the other sentence, word for word, where the head that moves most is at its mean: "choice part" are both
    forms after the words that it writes so, and after the right ones.
    """
    (into, read), (donor, other_read) = sides(key)
    ids = [vocabulary().target.index(form) for form in forms(key)]
    layers, heads = range(model.config.encoder_layers), range(model.config.heads)
    paths = [f"encoder.{layer}.self_attn" for layer in layers]

    def likely(prefix: Tensor, edit: dict[str, Edit] | None = None, source: Tensor = into) -> list[float]:
        with record(only=(), edit=edit):
            return model(source, prefix)[0, -1].softmax(-1)[ids].tolist()

    with record(only=[f"{path}.z" for path in paths]) as tape:
        model(donor, read)
    given = [[likely(read, {f"{p}.z": replaced(1, head, tape[f"{p}.z"][:, head])}) for head in heads] for p in paths]
    off = [[{f"{p}.z": replaced(1, head, torch.from_numpy(usual[p][head]))} for head in heads] for p in paths]
    most = np.unravel_index(np.array(given)[..., 1].argmax(), (len(layers), len(heads)))
    edit = off[most[0]][most[1]]
    with record(only=(), edit=edit):
        written = greedy(model, donor, START, END, vocabulary().longest)[0]
    slipped = [START, *written][: other_read.shape[1]]
    return {
        "heads": np.moveaxis(np.array(given), -1, 0),
        "prefix": np.array([likely(prefix) for prefix in (read, other_read)]).T,
        "off": np.moveaxis(np.array([[[likely(x, e) for e in row] for row in off] for x in (read, other_read)]), -1, 0),
        "written": np.array(written),
        "mended": np.array([likely(prefix, edit, donor) for prefix in (torch.tensor([slipped]), other_read)]).T,
    }


@torch.no_grad()
def rows(model: Transformer, source: Tensor, read: Tensor) -> np.ndarray:
    """The encoder's stream before the first layer and after each, "layer position d_model"."""
    assert model.encoder is not None
    points = stream("encoder", model.encoder)
    with record(only=points) as tape:
        model(source, read)
    return torch.stack([tape[point][0] for point in points]).numpy().astype(np.float32)


@experiment("Which row carries what decides an adjective's form: a transplant between two sentences")
def patching(bench: Bench, sentences: int = 1000) -> Found:
    """Activation patching: one vector of a pass is replaced by that of another sentence.

    Two pairs of sentences that differ in one word: another adjective, and another noun. One row of the encoder's
    stream, at one layer, is replaced by the other run's row, and the decoder, which has read the same words so far,
    predicts the adjective. The effect is how far the difference of the two forms' logits moves, as a share of its way
    from the one sentence to the other: 0 changes nothing, 1 is the whole difference
    (`transformer_core.interpret.patching`). The probabilities of both forms are recorded, too, of both sentences and of
    each transplant, and the rows themselves. The same probabilities where a single head gives what it gives in the
    other sentence; and where it is at its mean over held-out sentences, after the Spanish words of either sentence: so
    they tell which head moves the gender, and what decides without it.
    """
    model, found = translator(torch.float64), Found()
    bench.expect(1 + 2 * len(PAIRS))
    usual = bench.once("means", lambda: means(model, held_out(sentences)))
    layers = ["input", *(f"layer {at + 1}" for at in range(model.config.encoder_layers))]
    for key, texts in PAIRS.items():
        into, donor = (vocabulary().read(text).labels for text in texts)
        piece = bench.once(key, partial(transplanted, model, key))
        single = bench.once(f"{key}, by head", partial(by_head, model, key, usual))
        written = vocabulary().target_words(single["written"].tolist())
        own, right = (LECTURE[text].split() for text in texts)
        both = {"choice": forms(key), "part": ("own", "donor")}
        words = {"layer": layers, "position": into, **both}
        of_pair = (
            tensors("layer position", words, shift=piece["shift"])
            | tensors("layer position d_model", words, rows=piece["rows"])
            | tensors("layer position d_model", words | {"position": donor}, donor_rows=piece["donor_rows"])
            | tensors("choice", words, leads=piece["leads"])
            | tensors("choice layer position", words, prob=piece["prob"])
            | tensors("choice part", words, unpatched=piece["unpatched"], prefix=single["prefix"])
            | tensors("choice part", {"choice": forms(key), "part": ("written", "right")}, mended=single["mended"])
            | tensors("choice layer head", both, heads=single["heads"])
            | tensors("choice part layer head", both, off=single["off"])
            | tensors("position", {"position": written}, written=agrees(written, right))
            | tensors("position", {"position": right}, donor_written=agrees(right, right))
            | tensors("position", {"position": own}, own_written=agrees(own, own))
        )
        found |= {f"{key}_{name}": one for name, one in of_pair.items()}
    return found
