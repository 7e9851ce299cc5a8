"""Experiments on deep translators before any training: what depth, Add, norm and initial weights do to the stream."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor, tensors
from transformer_core.studies.experiments.translation import vocabulary
from transformer_core.studies.translator.train import training_corpus
from transformer_core.text.vocabulary import PAD
from transformer_core.tracing.tap import record
from transformer_core.training.train import loss_of

#: What is compared: the norm order, and whether sublayers are added to the stream.
KINDS = {
    "pre-norm": {"norm_order": "pre", "residual": True},
    "post-norm": {"norm_order": "post", "residual": True},
    "no norm": {"norm_order": "none", "residual": True},
    "pre-norm, no Add": {"norm_order": "pre", "residual": False},
    "post-norm, no Add": {"norm_order": "post", "residual": False},
    "no norm, no Add": {"norm_order": "none", "residual": False},
}


def untrained(kind: str, layers: int, seed: int, d_model: int = 64) -> Transformer:
    """A translator with `layers` layers on each side, freshly initialised, without dropout."""
    words = vocabulary()
    config = Config(
        source_vocab=len(words.source),
        target_vocab=len(words.target),
        d_model=d_model,
        d_ff=2 * d_model,
        heads=4,
        encoder_layers=layers,
        decoder_layers=layers,
        dropout=0.0,
        **KINDS[kind],  # type: ignore[arg-type]
    )
    return Transformer(config, seed)


@cache
def batch(sentences: int, seed: int) -> tuple[Tensor, Tensor]:
    """Source and target ids of so many training sentences."""
    return next(training_corpus(sentences, seed, vocabulary()).batches(sentences, seed))


DEPTHS = (2, 4, 8, 16)
#: A sentence whose vectors are kept, after so many layers, of these kinds.
TEXT, LAYERS, SHOWN = "The car is red", (0, 1, 2, 3, 4, 8, 16), ("pre-norm, no Add", "pre-norm")


def gradients(kind: str, layers: int, seed: int, sentences: int) -> np.ndarray:
    """|dL/dW| over all weights W of each encoder layer: "layer"."""
    model = untrained(kind, layers, seed).double()
    loss_of(model, *batch(sentences, 0), smoothing=0.0).backward()  # type: ignore[no-untyped-call]
    assert model.encoder is not None
    slopes = [[p.grad for p in layer.parameters() if p.grad is not None] for layer in model.encoder.layers]
    return np.array([float(torch.cat([slope.flatten() for slope in of_layer]).norm()) for of_layer in slopes])


@experiment("How much gradient reaches the first layer, with and without Add, with and without norm?")
def gradient_by_depth(bench: Bench, depths: tuple[int, ...] = DEPTHS, seeds: int = 5, sentences: int = 16) -> Found:
    """Gradient norms of each encoder layer by depth, with and without residual connections, with and without norm.

    Before any training, on one batch of training sentences: the norm of the gradient on all weights of an encoder
    layer, for translators of 2 to 16 layers on each side. The slope of x + f(x) is one plus the slope of f (He et al.
    2016); where the norm stands decides what becomes of the one (Xiong et al. 2020).
    """
    bench.expect(len(depths))
    tried = range(bench.seed, bench.seed + seeds)

    def at_depth(layers: int) -> Piece:
        return {"gradient": np.array([[gradients(kind, layers, seed, sentences) for seed in tried] for kind in KINDS])}

    found = [bench.once(f"{layers} layers", partial(at_depth, layers))["gradient"] for layers in depths]
    first, last = (np.array([by_depth[..., at] for by_depth in found]) for at in (0, -1))
    words = {"depth": depths, "choice": KINDS}
    by_layer = {f"layers_{layers}": by_depth for layers, by_depth in zip(depths, found, strict=True)}
    return (
        tensors("choice seed layer", words, **by_layer)
        | tensors("depth", words, depths=depths)
        | tensors("depth choice", words, first_largest=first.max(-1))
        | tensors("depth choice", words, first=np.median(first, -1), last=np.median(last, -1))
    )


@torch.no_grad()
def stream(kind: str, layers: int, seed: int, source: Tensor) -> list[Tensor]:
    """The vectors of some sentences before the first layer and after each."""
    model = untrained(kind, layers, seed).double()
    points = ["encoder.0.resid_pre", *(f"encoder.{layer}.resid_post" for layer in range(layers))]
    with record(only=points) as tape:
        model.encode(source, source == PAD)
    return [tape[point] for point in points]


def own_share(kind: str, layers: int, seed: int, sentences: int) -> np.ndarray:
    """|X - mean X| / |X| of a sentence's vectors, averaged, before the first layer and after each: "layer"."""
    source, _ = batch(sentences, 0)
    found = []
    for stop in stream(kind, layers, seed, source):
        shares = []
        for rows, ids in zip(stop, source, strict=True):
            real = rows[ids != PAD]
            shares.append(float((real - real.mean(0)).norm() / real.norm()))
        found.append(np.mean(shares))
    return np.array(found)


@experiment("Without Add, do all rows of a sentence become one?")
def rows_alike(bench: Bench, layers: int = 16, seeds: int = 5, sentences: int = 32) -> Found:
    """Collapse of a sentence's vectors without residual connections: their differences by depth, before any training.

    The share of a sentence's rows that is not their common mean: sqrt(sum |x_i - mean|^2 / sum |x_i|^2), 0 if all rows
    are the same, averaged over training sentences. Attention averages, and whatever averages again and again forgets
    what it averaged; what Add carries past it does not (Dong, Cordonnier and Loukas 2021, theorem 2.2).

    `rows` are those of one sentence, each at length one.
    """
    tried = range(bench.seed, bench.seed + seeds)
    pieces = bench.each("{}", KINDS, lambda kind: {"share": [own_share(kind, layers, s, sentences) for s in tried]})
    share = pieces["share"]
    words = {"choice": KINDS, "layer": range(layers + 1)}
    read, stops = vocabulary().read(TEXT), [layer for layer in LAYERS if layer <= layers]
    streams = [stream(kind, layers, bench.seed, torch.tensor([read.ids])) for kind in SHOWN]
    rows = [[normalize(one[layer][0], dim=-1).numpy() for layer in stops] for one in streams]
    return (
        {"rows": tensor(rows, "choice layer position d_model", choice=SHOWN, layer=stops, position=read.labels)}
        | tensors("choice layer", words, share=np.median(share, 1))
        | tensors("choice seed layer", words, share_by_seed=share)
        | tensors("choice", words, last=np.median(share[..., -1], 1))
    )
