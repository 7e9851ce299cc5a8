"""Sentences, a brief recipe, an evaluation and comparisons for the experiments that train a translator."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from transformer_core.model import Transformer
from transformer_core.parameters import made_with, parameters
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, tensors
from transformer_core.studies.translator.evaluate import batches_of, exact, matches
from transformer_core.studies.translator.grammar import Pair, held_out_sentences
from transformer_core.studies.translator.lstm import LSTMTranslator
from transformer_core.studies.translator.train import (
    HELD_OUT_SEED,
    load_default,
    training_corpus,
    vocabulary_of_grammar,
)
from transformer_core.text.vocabulary import END, PAD, START
from transformer_core.tracing.tap import Tape, record
from transformer_core.tracing.trace import Trace
from transformer_core.training.batches import Corpus
from transformer_core.training.train import Recipe, descend, loss_of

#: The recipe of the lecture's model with fewer steps and sentences, as many cross-attention heads as elsewhere, no
#: penalty and no dropout: what a model learns from a short training, and nothing that is there for readable heads.
BRIEF = Recipe(
    steps=1000, sentences=50_000, cross_heads=0, entropy_penalty=0.0, sizes=Recipe().sizes | {"dropout": 0.0}
)

CHECKS = tuple(range(100, 1001, 100))

vocabulary = cache(vocabulary_of_grammar)


@cache
def corpus(sentences: int, seed: int = Recipe.seed) -> Corpus:
    """The first `sentences` training sentences, drawn once."""
    return training_corpus(sentences, seed, vocabulary())


@cache
def held_out(sentences: int) -> tuple[Pair, ...]:
    """The first `sentences` held-out sentences: they join a noun and an adjective that training never joins."""
    return tuple(islice(held_out_sentences(HELD_OUT_SEED), sentences))


def seeds(bench: Bench, count: int) -> range:
    """`count` seeds of trainings; the first is that of the recipe, moved by the bench's."""
    return range(Recipe.seed + bench.seed, Recipe.seed + bench.seed + count)


def judged(
    bench: Bench, recipe: Recipe, sentences: int = 1000, checks: Sequence[int] = CHECKS, scale: float = 1.0
) -> Piece:
    """Train by `recipe`, and measure on held-out sentences; the piece is shared by all experiments that ask for it.

    Returns: `exact`, the share of exact translations, and `loss`, both at the end; `curve`, that share at the steps
    `checks`, of the first 200 sentences; `parameters`, how many; and by sentence whether it is `right`. The loss is
    -log p(right word), averaged over words, without label smoothing. `weights` are for `rebuilt`.
    """
    asked = f"{recipe} {sentences} {checks} {scale} {Path(__file__).read_text(encoding='utf-8')}"
    name = hashlib.blake2b(asked.encode(), digest_size=8).hexdigest()
    key = f"training {len(bench.seconds) + 1}"
    return bench.once(key, lambda: measured(bench, built(recipe, scale), recipe, sentences, checks), name)


def built(recipe: Recipe, scale: float = 1.0) -> Transformer:
    """The untrained model of `recipe`; the matrices of its layers, not its embeddings, are multiplied by `scale`."""
    model = Transformer(recipe.config(vocabulary()), seed=recipe.seed)
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1 and not name.endswith(("table", "learned")):
            parameter.data *= scale
    return model


def rebuilt(recipe: Recipe, piece: Piece) -> Transformer:
    """The trained model that `judged` measured."""
    model = Transformer(recipe.config(vocabulary()))
    nn.utils.vector_to_parameters(torch.from_numpy(piece["weights"]), model.parameters())
    return model.eval()


def is_right(model: nn.Module, pairs: Sequence[Pair]) -> np.ndarray:
    """True for each sentence whose greedy translation is the grammar's, word for word."""
    if isinstance(model, Transformer):
        return np.array(exact(model, vocabulary(), pairs))
    assert isinstance(model, LSTMTranslator)
    write = partial(model.greedy, start=START, end=END, longest=vocabulary().longest)
    return np.array(matches(lambda source: write(source, source_padding=source == PAD), vocabulary(), pairs))


def measured(bench: Bench, model: nn.Module, recipe: Recipe, sentences: int, checks: Sequence[int]) -> Piece:
    """Train `model`, and measure it meanwhile and afterwards: see `judged`."""
    pairs, curve = held_out(sentences), []

    def look(step: int) -> None:
        bench.training(step, recipe.steps, {})
        if step in checks:
            curve.append(share_exact(model.eval(), pairs[:200]))

    train(model, recipe, look)
    right = is_right(model, pairs)
    return {
        "exact": right.mean(),
        "loss": np.array(loss(model, pairs)),
        "curve": np.array(curve),
        "parameters": np.array(sum(parameter.numel() for parameter in model.parameters())),
        "right": right,
        "weights": nn.utils.parameters_to_vector(model.parameters()).detach().numpy(),
    }


def train(model: nn.Module, recipe: Recipe, look: Callable[[int], None]) -> None:
    """AdamW on the recipe's batches, by its schedule, for models without dropout; `look` is told every step."""
    optimizer = recipe.optimizer(model)
    batches = corpus(recipe.sentences).batches(recipe.batch, recipe.seed)
    for step, (source, target) in enumerate(islice(batches, recipe.steps)):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate(step)
        descend(model, optimizer, loss_of(model.train(), source, target, recipe.smoothing), recipe.clip)
        look(step + 1)
    model.eval()


def share_exact(model: nn.Module, pairs: Sequence[Pair]) -> float:
    """The share of sentences whose greedy translation is the grammar's, word for word."""
    return float(np.mean(is_right(model, pairs)))


def by_length(pairs: Sequence[Pair], right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lengths of sentences, how many there are of each, and the share of each that is `right` ("... sentence")."""
    of_length = np.array([len(pair.source) for pair in pairs])
    lengths, counted = np.unique(of_length, return_counts=True)
    return lengths, counted, np.stack([right[..., of_length == length].mean(-1) for length in lengths], -1)


@torch.no_grad()
def loss(model: nn.Module, pairs: Sequence[Pair]) -> float:
    """-log p(right word | right words before it, source), averaged over batches of sentences."""
    batches = batches_of(vocabulary(), pairs)
    return float(np.mean([float(loss_of(model, source, target, 0.0)) for _, source, target in batches]))


@dataclass(frozen=True)
class TrainingPlan:
    """The recipe of trainings that are compared, how many there are of each kind, on how many held-out sentences they
    are judged at the end, and the steps at which they are looked at before.
    """

    recipe: Recipe = BRIEF
    trainings: int = 5
    sentences: int = 1000
    checks: tuple[int, ...] = CHECKS


@dataclass(frozen=True)
class Comparison:
    """Results of `judged` for the training of each name by each seed; the names stand along `axis`."""

    axis: str
    plan: TrainingPlan
    names: tuple[str, ...]
    seeds: range
    pieces: Mapping[tuple[str, int], Piece]
    recipes: Mapping[tuple[str, int], Recipe] = field(default_factory=dict)

    def table(self, name: str) -> np.ndarray:
        """A measure of all trainings, "`axis` seed ..."."""
        return np.array([[self.pieces[one, seed][name] for seed in self.seeds] for one in self.names])

    def found(self) -> Found:
        """`exact` and `held_out_loss` "`axis` seed", `curve` "`axis` seed step", and by how much was trained."""
        axes, labels = f"{self.axis} seed", {self.axis: self.names, "seed": self.seeds}
        return (
            tensors(axes, labels, exact=self.table("exact"), held_out_loss=self.table("loss"))
            | tensors(f"{axes} step", labels, curve=self.table("curve"))
            | tensors("step", step=self.plan.checks)
            | tensors(steps=self.plan.recipe.steps, sentences=self.plan.sentences)
        )


def changed(recipe: Recipe, changes: Mapping[str, Any], seed: int) -> Recipe:
    """The recipe for a seed with `changes`: some are fields of the recipe, the others sizes of the model."""
    own = {field.name for field in fields(recipe)} & changes.keys()
    sizes = {name: value for name, value in changes.items() if name not in own}
    return replace(recipe, seed=seed, sizes=recipe.sizes | sizes, **{name: changes[name] for name in own})


def compare(
    bench: Bench,
    axis: str,
    plan: TrainingPlan,
    changes: Mapping[str, Mapping[str, Any]],
    scales: Mapping[str, float] | None = None,
) -> Comparison:
    """Train by the plan with the changes of each name, and judge.

    All names of one seed come first, so that an interrupted run has whole comparisons. `scales` multiplies the initial
    matrices of the layers.
    """
    bench.expect(len(changes) * plan.trainings)
    tried = seeds(bench, plan.trainings)
    given = {(name, seed): changed(plan.recipe, some, seed) for seed in tried for name, some in changes.items()}
    pieces = {
        (name, seed): judged(bench, recipe, plan.sentences, plan.checks, (scales or {}).get(name, 1.0))
        for (name, seed), recipe in given.items()
    }
    return Comparison(axis, plan, tuple(changes), tried, pieces, given)


@cache
def translator(dtype: torch.dtype = torch.float32) -> Transformer:
    """The model that the lecture shows, in evaluation mode."""
    return load_default()[0].to(dtype)


@torch.no_grad()
def passes(
    model: Transformer, pairs: Sequence[Pair], only: Iterable[str]
) -> Iterator[tuple[Sequence[Pair], Tensor, Tape]]:
    """Teacher-forced passes over `pairs`, a batch at a time: the pairs, their target ids, and what was recorded."""
    for some, source, target in batches_of(vocabulary(), pairs):
        with record(only=only) as tape:
            model(source, target[:, :-1], source == PAD, target[:, :-1] == PAD)
        yield some, target, tape


def source_rows(tensor: Tensor, pairs: Sequence[Pair]) -> np.ndarray:
    """The rows "batch position ..." of real source words, one below the other."""
    return np.concatenate([rows[: len(pair.source)].numpy() for rows, pair in zip(tensor, pairs, strict=True)])


def rows_at(model: Transformer, pairs: Sequence[Pair], points: Sequence[str]) -> dict[str, np.ndarray]:
    """The rows of all source words at each point, one below the other."""
    found: dict[str, list[np.ndarray]] = {point: [] for point in points}
    for some, _, tape in passes(model, pairs, points):
        for point in points:
            found[point].append(source_rows(tape[point], some))
    return {point: np.concatenate(parts) for point, parts in found.items()}


@torch.no_grad()
def encoder_traces(model: Transformer, pairs: Sequence[Pair]) -> Iterator[Trace]:
    """A trace of the encoder for each sentence, one by one, with the parameters: all that a measure reads."""
    learned = parameters(model, lambda _name, _axis: None)
    for pair in pairs:
        with record() as tape:
            model.encode(torch.tensor([vocabulary().source_ids(pair.source)]))
        trace = tape.trace(about={"config": model.config.as_dict()})
        for name in tuple(trace):
            trace.parents[name] += made_with(name, learned)
        trace.tensors |= learned
        yield trace
