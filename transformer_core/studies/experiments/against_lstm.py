"""The same sentences, learned by a chain and by a grid: an LSTM translator without and with attention, a Transformer.

All three have about the same number of parameters and learn from the same batches by the same schedule. Measured on
held-out sentences: exact translations by the number of words; and, before and after training, how strongly the last
word written depends on each source word: the norm of the gradient of its log-probability at the word's embedding.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn

from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensors
from transformer_core.studies.experiments.translation import (
    BRIEF,
    Comparison,
    TrainingPlan,
    by_length,
    held_out,
    measured,
    seeds,
    vocabulary,
)
from transformer_core.studies.translator.evaluate import ids_of
from transformer_core.studies.translator.grammar import Pair, held_out_sentences
from transformer_core.studies.translator.lstm import LSTMTranslator
from transformer_core.studies.translator.train import HELD_OUT_SEED
from transformer_core.text.vocabulary import PAD
from transformer_core.training.train import Recipe

MODELS = ("LSTM", "LSTM with attention", "Transformer")
#: So that the numbers of parameters are alike.
STATES = {"LSTM": 112, "LSTM with attention": 104}
#: An LSTM takes longer to begin.
LONGER = replace(BRIEF, steps=2000)
CHECKS = tuple(range(200, 2001, 200))


@experiment("What does a translator gain from attention, and what from being a Transformer?")
def against_lstm(
    bench: Bench,
    recipe: Recipe = LONGER,
    trainings: int = 4,
    sentences: int = 3000,
    words: int = 12,
    checks: tuple[int, ...] = CHECKS,
) -> Found:
    bench.expect(len(MODELS) * trainings)
    far = tuple(islice(held_out_sentences(HELD_OUT_SEED, words), 50))
    tried = seeds(bench, trainings)

    def trained(name: str, seed: int) -> Piece:
        given = replace(recipe, seed=seed)
        model = built(name, given)
        at_first = gradients(model, far)
        piece = measured(bench, model, given, sentences, checks)
        return piece | {"gradient": np.array([at_first, gradients(model, far)])}

    pieces = {(n, seed): bench.once(f"{n} {seed}", partial(trained, n, seed)) for seed in tried for n in MODELS}
    compared = Comparison("model", TrainingPlan(recipe, trainings, sentences, checks), MODELS, tried, pieces)
    found = compared.found()
    del found["curve"]
    lengths, counted, shares = by_length(held_out(sentences), compared.table("right"))
    labels = {"model": MODELS, "seed": tried, "length": lengths, "choice": ("before training", "after training")}
    return (
        found
        | tensors("model seed length", labels, by_length=shares)
        | tensors("length", labels, length=lengths, sentences_by_length=counted)
        | tensors("model seed choice position", labels, gradient=compared.table("gradient"))
        | tensors("model", labels, parameters=compared.table("parameters")[:, 0])
        | tensors(words=words)
    )


def built(name: str, recipe: Recipe) -> nn.Module:
    """The model called `name`, untrained."""
    config = recipe.config(vocabulary())
    if name == "Transformer":
        return Transformer(config, seed=recipe.seed)
    sizes = config.source_vocab, config.target_vocab, config.d_model, STATES[name]
    return LSTMTranslator(*sizes, attends="attention" in name, seed=recipe.seed)


def gradients(model: nn.Module, pairs: tuple[Pair, ...]) -> np.ndarray:
    """‖∂ log p(last word | words before it, source) / ∂ x_j‖ for each source word j, averaged over sentences of one
    length; x_j is the word's embedding. "position"."""
    source = ids_of([vocabulary().source_ids(pair.source) for pair in pairs])
    target = ids_of([vocabulary().target_ids(pair.target)[:-1] for pair in pairs])
    embedded: list[Tensor] = []
    embed = model.embed_src
    assert isinstance(embed, nn.Module)
    handle = embed.register_forward_hook(lambda _model, _ids, out: embedded.append(out))
    logits = model(source, target[:, :-1])
    handle.remove()
    last = (target != PAD).sum(1) - 1  # where the last word stands; the row that reads the word before it predicts it
    rows = torch.arange(len(pairs))
    said = logits.log_softmax(-1)[rows, last - 1, target[rows, last]]
    (gradient,) = torch.autograd.grad(said.sum(), embedded[0])
    return gradient.norm(dim=-1).mean(0).numpy()
