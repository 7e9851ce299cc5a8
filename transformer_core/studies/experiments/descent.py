"""An early step of the lecture's training, looked at closely: the gradient, and the loss along it.

At step `at` the model translates "The car is red" wrongly still. For the loss of one word of it, the adjective: what
each score of the cross-attention that is about to write this word does to the loss, by the gradient and by trying. For
the loss of the batch that training reads next: the gradient on all weights, the loss along its direction, and gradient
descent on that line, with small steps and with too large ones. No dropout, no label smoothing, no penalty: the loss
alone, in double precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from transformer_core.model import Transformer
from transformer_core.parameters import parameters
from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensors
from transformer_core.studies.experiments.snapshots import probe
from transformer_core.studies.experiments.translation import corpus, vocabulary
from transformer_core.studies.translator.train import LECTURE
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.tap import record
from transformer_core.training.batches import Corpus
from transformer_core.training.train import Recipe, Run, loss_of

TEXT, WORD = "The car is red", "rojo"
#: What is added to a score, and how far along the direction the loss is measured, beyond the places of descent.
NUDGES, BEYOND, PLACES = np.linspace(-3, 3, 41), 0.15, 161
#: Learning rates of gradient descent along the line, and how many steps are taken with each.
SMALL, LARGE = (0.1, 10), (1.1, 2)
#: The parts of the model, in the order of a pass, by how the names of their parameters begin.
PARTS = {
    "encoder: embedding": ("embed_src",),
    "encoder: first layer": ("encoder.layers.0",),
    "encoder: second layer": ("encoder.layers.1", "encoder.final_norm"),
    "decoder: embedding": ("embed_tgt",),
    "decoder: first layer": ("decoder.layers.0",),
    "decoder: second layer": ("decoder.layers.1", "decoder.final_norm"),
}
ATTENTION = ("weights", "q", "k", "v", "z", "scaled")


@experiment("Early in training, which way does the gradient point, and what do steps along it do to the loss?")
def descent(bench: Bench, at: int = 133, drawn: int = 250_000) -> Found:
    recipe = Recipe(seed=Recipe.seed + bench.seed, sentences=drawn)
    sentences = corpus(drawn, recipe.seed)
    training = Run(recipe, vocabulary(), sentences)
    initial = parameters(training.model, lambda _name, _axis: None)
    first = initial[f"parameters.{path_in(training.model)}.w_q"].values[0]
    training.go_on(at, bench.training)
    model = training.model.double().eval()
    asked = word_gradient(model)
    source, target = next(iter(sentences.batches(recipe.batch, recipe.seed, at)))
    walked = along_gradient(model, source, target)
    facts = tensors(step=at, in_training=occurrences(sentences)) | tensors("d_model d_head", initial_w_q=first)
    return facts | asked | walked


def path_in(model: Transformer) -> str:
    """The cross-attention that is looked at: that of the last layer."""
    return f"decoder.{model.config.decoder_layers - 1}.cross_attn"


def occurrences(sentences: Corpus) -> int:
    """Count the sentences of training that are the one that is looked at."""
    ids = vocabulary().read(TEXT).ids
    return int(((sentences.lengths == len(ids)) & (sentences.source[:, : len(ids)] == ids).all(1)).sum())


def word_gradient(model: Transformer) -> Found:
    """The pass over the sentence, the loss of its adjective, its gradient, and the loss with each score moved."""
    read, labels = probe(vocabulary(), {"": (TEXT, LECTURE[TEXT])})
    words = LECTURE[TEXT].split()
    place, wanted = words.index(WORD), vocabulary().target_ids(words)[words.index(WORD) + 1]
    path = path_in(model)

    def loss(logits: Tensor) -> Tensor:
        return F.cross_entropy(logits[0, place : place + 1], torch.tensor([wanted]))

    enters = f"{path.replace('cross_attn', 'ln2')}.out"
    asked = [enters, *(f"{path}.{name}" for name in ATTENTION)]
    with record(only=["logits", "probs", *asked]) as tape:
        read(model)
    slopes = torch.autograd.grad(loss(tape["logits"]), [tape[f"{path}.{name}"] for name in ("z", "scaled")])
    with torch.no_grad(), record(only=["logits", "probs", *asked]) as kept:
        read(model)
    found = dict(kept.trace(labels))
    for name, slope in zip(("z", "scaled"), slopes, strict=True):
        full, like = f"gradients.{path}.{name}", found[f"{path}.{name}"]
        found[full] = NamedTensor(full, slope.numpy(), like.axes, like.labels)
    keys = found[f"{path}.weights"].labels["key"]
    moved = [
        [_nudged(model, read, f"{path}.scaled", place, key, nudge) for nudge in NUDGES] for key in range(len(keys))
    ]
    losses = [[float(loss(logits)) for logits, _ in row] for row in moved]
    weights = np.array([[weights.numpy() for _, weights in row] for row in moved])
    along = {"key": keys, "other": keys}
    found |= {name: one for name, one in parameters(model, lambda _name, _axis: None).items() if f"{path}.w_q" in name}
    return (
        found
        | tensors(place=place, word_loss=float(loss(tape["logits"]).detach()))
        | tensors("nudge", nudge=NUDGES)
        | tensors("key nudge", along, nudged_loss=losses)
        | tensors("other nudge key", along, nudged_weights=weights)
    )


@torch.no_grad()
def _nudged(
    model: Transformer, read: Callable[[Transformer], object], name: str, place: int, key: int, nudge: float
) -> tuple[Tensor, Tensor]:
    """The logits, and the attention weights of one row, with `nudge` added to one of its scores."""

    def edit(scores: Tensor) -> Tensor:
        scores = scores.clone()
        scores[0, :, place, key] += nudge
        return scores

    weights = name.replace("scaled", "weights")
    with record(only=["logits", weights], edit={name: edit}) as tape:
        read(model)
    return tape["logits"], tape[weights][0, 0, place]


def along_gradient(model: Transformer, source: Tensor, target: Tensor) -> Found:
    """The gradient of the loss of a batch on each part of the model, and the loss along its direction."""
    weights = dict(model.named_parameters())
    start = {name: one.detach().clone() for name, one in weights.items()}

    def slopes() -> tuple[float, dict[str, Tensor]]:
        loss = loss_of(model, source, target, smoothing=0.0)
        return float(loss.detach()), dict(zip(weights, torch.autograd.grad(loss, [*weights.values()]), strict=True))

    loss, gradient = slopes()
    norm = _norm(gradient.values())
    direction = {name: -one / norm for name, one in gradient.items()}

    @torch.no_grad()
    def go(place: float) -> None:
        for name, one in weights.items():
            one.copy_(start[name] + place * direction[name])

    def walk(rate: float, steps: int) -> list[float]:
        places = [0.0]
        for _ in range(steps):
            go(places[-1])
            slope = sum(float((one * direction[name]).sum()) for name, one in slopes()[1].items())
            places.append(places[-1] - rate * slope)
        return places

    def measured(places: np.ndarray) -> np.ndarray:
        found = []
        for place in places:
            go(float(place))
            with torch.no_grad():
                found.append(float(loss_of(model, source, target, smoothing=0.0)))
        return np.array(found)

    walks = {name: np.array(walk(*sizes)) for name, sizes in (("small", SMALL), ("large", LARGE))}
    visited = np.concatenate([*walks.values()])
    grid = np.linspace(visited.min() - BEYOND, visited.max() + BEYOND, PLACES)
    parts = [_norm(one for name, one in gradient.items() if name.startswith(begins)) for begins in PARTS.values()]
    found = (
        tensors(batch_loss=loss, batch_sentences=len(source), parameters=sum(one.numel() for one in weights.values()))
        | tensors(gradient_norm=norm, rate_ratio=LARGE[0] / SMALL[0])
        | tensors("part", {"part": PARTS}, part_gradients=parts)
        | tensors("sample", place_along=grid, loss_along=measured(grid))
    )
    for name, places in walks.items():
        found |= tensors("step", **{f"{name}_places": places, f"{name}_losses": measured(places)})
    go(0.0)
    return found


def _norm(parts: Iterable[Tensor]) -> float:
    return float(torch.cat([one.flatten() for one in parts]).norm())
