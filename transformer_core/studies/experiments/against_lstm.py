"""The same sentences, learned by a chain and by a grid: an LSTM translator without and with attention, a Transformer.

All three have about the same number of parameters and learn from the same batches by the same schedule. Measured on
held-out sentences: exact translations by the number of words; and, before and after training, how strongly the last
word written depends on each source word: the norm of the gradient of its log-probability at the word's embedding.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.translation import (
    BRIEF,
    held_out,
    loss,
    seeds,
    train,
    vocabulary,
)
from transformer_core.studies.translator.evaluate import exact, ids_of, matches
from transformer_core.studies.translator.grammar import Pair, held_out_sentences
from transformer_core.studies.translator.lstm import LSTMTranslator
from transformer_core.studies.translator.train import HELD_OUT_SEED
from transformer_core.text.vocabulary import END, PAD, START
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
    tried, pairs = seeds(bench, trainings), held_out(sentences)

    def trained(name: str, seed: int) -> Piece:
        given = replace(recipe, seed=seed)
        return bench.once(f"{name} {seed}", lambda: measured(name, given, bench, pairs, far, checks))

    pieces = {(name, seed): trained(name, seed) for seed in tried for name in MODELS}

    def table(name: str) -> np.ndarray:
        return np.array([[pieces[one, seed][name] for seed in tried] for one in MODELS])

    of_length = np.array([len(pair.source) for pair in pairs])
    lengths, counted = np.unique(of_length, return_counts=True)
    right = table("right")
    labels = {"model": MODELS, "seed": tried}
    by_length = np.stack([right[..., of_length == length].mean(-1) for length in lengths], -1)
    return {
        "exact": tensor(right.mean(-1), "model seed", **labels),
        "by_length": tensor(by_length, "model seed length", **labels, length=lengths),
        "length": tensor(lengths, "length", length=lengths),
        "sentences_by_length": tensor(counted, "length", length=lengths),
        "held_out_loss": tensor(table("loss"), "model seed", **labels),
        "step": tensor(checks, "step"),
        "loss_curve": tensor(table("losses"), "model seed step", **labels),
        "gradient": tensor(
            table("gradient"), "model seed choice position", **labels, choice=("before training", "after training")
        ),
        "parameters": tensor(table("parameters")[:, 0], "model", model=MODELS),
        "steps": tensor(recipe.steps),
        "sentences": tensor(sentences),
        "words": tensor(words),
    }


def built(name: str, recipe: Recipe) -> nn.Module:
    """The model called `name`, untrained."""
    config = recipe.config(vocabulary())
    if name == "Transformer":
        return Transformer(config, seed=recipe.seed)
    sizes = config.source_vocab, config.target_vocab, config.d_model, STATES[name]
    return LSTMTranslator(*sizes, attends="attention" in name, seed=recipe.seed)


def measured(
    name: str, recipe: Recipe, bench: Bench, pairs: tuple[Pair, ...], far: tuple[Pair, ...], checks: tuple[int, ...]
) -> dict[str, Any]:
    """Train the model called `name`, and measure it before, meanwhile and afterwards."""
    model, losses = built(name, recipe), []

    def look(step: int) -> None:
        bench.training(step, recipe.steps, {})
        if step in checks:
            losses.append(loss(model.eval(), pairs[:200]))

    at_first = gradients(model, far)
    train(model, recipe, look)
    right = is_right(model.eval(), pairs)
    return {
        "right": right,
        "loss": loss(model, pairs),
        "losses": np.array(losses),
        "gradient": np.array([at_first, gradients(model, far)]),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }


def is_right(model: nn.Module, pairs: tuple[Pair, ...]) -> np.ndarray:
    """True for each sentence whose greedy translation is the grammar's, word for word."""
    if isinstance(model, Transformer):
        return np.array(exact(model, vocabulary(), pairs))
    assert isinstance(model, LSTMTranslator)
    write = partial(model.greedy, start=START, end=END, longest=vocabulary().longest)
    return np.array(matches(lambda source: write(source, source_padding=source == PAD), vocabulary(), pairs))


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
