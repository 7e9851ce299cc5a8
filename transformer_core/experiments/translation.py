"""What the experiments that train a translator share: the sentences, a brief recipe, and how a training is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice

import numpy as np
import torch

from transformer_core.batches import Corpus
from transformer_core.default_model import HELD_OUT_SEED, vocabulary_of_grammar
from transformer_core.evaluation import BATCH, exact, ids_of
from transformer_core.experiments.laboratory import Bench, Piece
from transformer_core.model import Transformer
from transformer_core.tasks import Pair, held_out_sentences
from transformer_core.training import Recipe, Run, loss_of

#: The recipe of the lecture's model with fewer steps and sentences, as many cross-attention heads as elsewhere, no
#: penalty and no dropout: what a model learns from a short training, and nothing that is there for readable heads.
BRIEF = Recipe(
    steps=1200,
    sentences=50_000,
    cross_heads=0,
    entropy_penalty=0.0,
    sizes=Recipe().sizes | {"dropout": 0.0},
)

vocabulary = cache(vocabulary_of_grammar)


@cache
def corpus(sentences: int, seed: int = Recipe.seed) -> Corpus:
    """So many training sentences, drawn once."""
    return Corpus.drawn(sentences, seed, vocabulary())


@cache
def held_out(sentences: int) -> tuple[Pair, ...]:
    """So many sentences that join a noun and an adjective which training never joins."""
    return tuple(islice(held_out_sentences(HELD_OUT_SEED), sentences))


def seeds(bench: Bench, count: int) -> range:
    """`count` seeds of trainings; the first is that of the recipe, moved by the bench's."""
    return range(Recipe.seed + bench.seed, Recipe.seed + bench.seed + count)


def trained(recipe: Recipe, bench: Bench) -> Run:
    """One training of `recipe`, all of it."""
    run = Run(recipe, vocabulary(), corpus(recipe.sentences))
    with one_thread():
        run.go_on(progress=bench.training)
    return run


def judged(recipe: Recipe, bench: Bench, checks: Sequence[int] = (), sentences: int = 1000) -> Piece:
    """Train, and measure on held-out sentences: `exact` and `loss` at the end, `curve` and `losses` at the steps
    `checks`, where the share of exact translations is that of the first 200 sentences.

    The loss is -log p(right word), averaged over words, without label smoothing.
    """
    curve: dict[int, tuple[float, float]] = {}

    def look(step: int, model: Transformer) -> None:
        if step in checks:
            model.eval()
            few = held_out(sentences)[:200]
            curve[step] = share_exact(model, few), loss(model, few)
            model.train()

    run = Run(recipe, vocabulary(), corpus(recipe.sentences))
    with one_thread():
        run.go_on(progress=bench.training, watch=look)
    right, lengths = by_sentence(run.model, held_out(sentences))
    return {
        "exact": right.mean(),
        "right": right,
        "lengths": lengths,
        "loss": np.array(loss(run.model, held_out(sentences))),
        "curve": np.array([curve[step][0] for step in checks]),
        "losses": np.array([curve[step][1] for step in checks]),
        "parameters": np.array(sum(parameter.numel() for parameter in run.model.parameters())),
    }


def share_exact(model: Transformer, pairs: Sequence[Pair]) -> float:
    """The share of sentences whose greedy translation is the grammar's, word for word."""
    return float(np.mean(exact(model, vocabulary(), pairs)))


def by_sentence(model: Transformer, pairs: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray]:
    """Whether each translation is right, and the number of English words of each sentence."""
    return np.array(exact(model, vocabulary(), pairs)), np.array([len(pair.source) for pair in pairs])


@torch.no_grad()
def loss(model: Transformer, pairs: Sequence[Pair]) -> float:
    """-log p(right word | right words before it, source), averaged over batches of sentences."""
    found = []
    for some in batches_of(pairs):
        source = ids_of([vocabulary().source_ids(pair.source) for pair in some])
        target = ids_of([vocabulary().target_ids(pair.target) for pair in some])
        found.append(float(loss_of(model, source, target, 0.0)))
    return float(np.mean(found))


def batches_of(pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
    for at in range(0, len(pairs), BATCH):
        yield pairs[at : at + BATCH]


class one_thread:  # noqa: N801 - read as a word: with one_thread()
    """In this block torch computes in one thread: matrices this small lose more to handing over than they gain."""

    def __enter__(self) -> None:
        self.threads = torch.get_num_threads()
        torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        torch.set_num_threads(self.threads)
