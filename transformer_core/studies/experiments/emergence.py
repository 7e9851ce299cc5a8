"""The training of the lecture's model, run again and recorded at some steps.

At some steps, spaced evenly on a logarithmic axis, the model reads the same sentences, with their right translations
before the decoder. Kept are every attention, the residual stream, the probabilities of the next word, and what is
measured on held-out sentences: exact translations, alignment, the role scores of all heads, and the variance of the
scaled scores, which the root of d_k sets to about one at the start (Vaswani et al. 2017, section 3.2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensors
from transformer_core.studies.experiments.snapshots import Recorder, log_spaced, probe
from transformer_core.studies.experiments.translation import corpus, held_out, loss, share_exact, vocabulary
from transformer_core.studies.translator import roles
from transformer_core.studies.translator.evaluate import alignment, batches_of
from transformer_core.studies.translator.grammar import Pair
from transformer_core.studies.translator.train import LECTURE
from transformer_core.text.vocabulary import PAD
from transformer_core.tracing.tap import record
from transformer_core.tracing.trace import NamedTensor
from transformer_core.training.train import Recipe, Run

#: What is read at every checkpoint; the tensors of all but the first are called by the key and a dot first.
SENTENCES = {
    "": "The car is red",
    "green": "The car is green",
    "phrase": "the red car",
    "tired": "The animal did not cross the street because it was too tired",
    "wide": "The animal did not cross the street because it was too wide",
}
HISTORY = ("step", "loss", "entropy", "gradient")
POINTS = ("*_attn.weights", "encoder.0.self_attn.scaled", "*embed_src.sum", "*.resid_post", "*probs")


@experiment("In which order do alignment, roles and right sentences appear as the lecture's model is trained?")
def emergence(
    bench: Bench, steps: int = Recipe.steps, looks: int = 32, sentences: int = 500, drawn: int = 250_000
) -> Found:
    recipe = Recipe(steps=steps, seed=Recipe.seed + bench.seed, sentences=drawn)
    read, labels = probe(vocabulary(), {key: (text, LECTURE[text]) for key, text in SENTENCES.items()})
    pairs = held_out(sentences)
    # Nothing moves in the first twenty steps but the loss.
    at = (0, *(step for step in log_spaced(steps, looks + 10) if step >= 20))
    recorder = Recorder(read, at, POINTS, labels, measure=lambda model: measures(model, pairs))
    training = Run(recipe, vocabulary(), corpus(drawn, recipe.seed))
    state, seen = bench.file("state.safetensors"), bench.file("seen.npz")
    if state and seen and state.exists() and seen.exists():
        training.load(state)
        recorder.load(seen)
    while training.step < steps:
        training.go_on(training.step + 500, bench.training, recorder)
        if state and seen:
            recorder.save(seen)
            training.save(state)
    history = {f"training.{key}": [facts[key] for facts in training.history] for key in HISTORY}
    kept = {name: compact(one) for name, one in recorder.tensors().items()}
    return kept | tensors("step", **history)


def compact(one: NamedTensor) -> NamedTensor:
    """Half the digits for what is only drawn in colour: rows of the stream and whole vocabularies."""
    wide = one.name.endswith(("resid_post", "embed_src.sum", "probs"))
    return replace(one, values=one.values.astype(np.float16)) if wide else one


def measures(model: Transformer, pairs: tuple[Pair, ...]) -> Iterator[NamedTensor]:
    """Measures of the model at one checkpoint, on held-out sentences."""
    scalars = {
        "exact": share_exact(model, pairs),
        "held_out_loss": loss(model, pairs),
        "alignment": alignment(model, vocabulary(), pairs)["all"],
    }
    for name, value in scalars.items():
        yield NamedTensor(name, np.array(value), ())
    yield from roles.score(model, vocabulary(), pairs)
    yield score_variance(model, pairs)


@torch.no_grad()
def score_variance(model: Transformer, pairs: tuple[Pair, ...]) -> NamedTensor:
    """var(q . k / √d_k) of each head of the encoder, over all pairs of two words of one sentence."""
    found: list[list[torch.Tensor]] = [[] for _ in range(model.config.encoder_layers)]
    for _, source, _ in batches_of(vocabulary(), pairs):
        real = source != PAD
        with record(only=["encoder.*.self_attn.scaled"]) as tape:
            model.encode(source, ~real)
        both = real[:, :, None] & real[:, None, :]
        for layer, scaled in enumerate(tape.values()):
            found[layer].append(scaled.transpose(0, 1)[:, both])
    values = torch.stack([torch.cat(parts, -1).var(-1) for parts in found])
    return NamedTensor("score_variance", values.numpy(), ("layer", "head"))
