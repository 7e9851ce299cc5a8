"""The logit lens: each layer read as if it were the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from transformer_core.embedding import Embedding
from transformer_core.layers import Stack
from transformer_core.model import Transformer
from transformer_core.output import Output
from transformer_core.tracing.tap import record, to_numpy
from transformer_core.tracing.trace import NamedTensor

Inputs = Sequence[Tensor | None]
Words = Mapping[str, tuple[str, ...]]


@torch.no_grad()
def logit_lens(
    model: Transformer,
    inputs: Inputs,
    wanted: Int[Tensor, "batch position"] | None = None,
    labels: Words | None = None,
    positions: Sequence[int] | None = None,
    top: int | None = None,
) -> dict[str, NamedTensor]:
    """lens_l = FinalNorm(x_l) Eᵀ + b, where x_l is the stream after layer l, and x before the first layer is "input".

    The last layer's is what the model says. A lens, not proof: early layers were not trained to be read like this.

    Args:
        inputs: what the model is called with.
        wanted: the ids to follow.
        labels: words along "position" or "vocab".
        positions: the places of the tokens to read; all if None.
        top: keep only so many words, the likeliest: a large vocabulary times many tokens and layers fills the memory.

    Returns:
        `lens.logits` and `lens.probs`, "layer batch position vocab"; with `top` in their place `lens.top_ids` and
        `lens.top_probs`, "layer batch position rank". With `wanted` also `lens.rank`, "layer batch position": 1 where
        no word fits better than the wanted one.

    Source: nostalgebraist 2020, "interpreting GPT: the logit lens".

    Raises:
        ValueError: a model without an output layer.
    """
    name, stack, embedding, output = reader(model)
    points = stream(name, stack)
    with record(only=points) as tape:
        model(*inputs)
    read = slice(None) if positions is None else list(positions)
    wanted = None if wanted is None else wanted[:, read]
    rows: dict[str, list[Tensor]] = {}
    for point in points:  # one layer after another: the logits of all at once are what fills the memory
        logits = output(stack.final_norm(tape[point][:, read]), embedding.table)
        for name, value in _of_layer(logits, wanted, top).items():
            rows.setdefault(name, []).append(value)
    words = {"layer": layers(stack), **(labels or {})}
    if "position" in words and positions is not None:
        words["position"] = tuple(words["position"][i] for i in positions)
    last = "vocab" if top is None else "rank"
    axes = ("layer", "batch", "position", last)
    values = {name: torch.stack(layer_rows) for name, layer_rows in rows.items()}
    return {f"lens.{n}": tensor(f"lens.{n}", value, axes[: value.dim()], words) for n, value in values.items()}


def _of_layer(
    logits: Float[Tensor, "batch position vocab"], wanted: Int[Tensor, "batch position"] | None, top: int | None
) -> dict[str, Tensor]:
    """Select what is kept of the logits of one layer."""
    found = {"logits": logits, "probs": logits.softmax(-1)}
    if top is not None:
        probs, ids = found["probs"].topk(top)
        found = {"top_ids": ids, "top_probs": probs}
    if wanted is not None:
        found["rank"] = (logits > logits.gather(-1, wanted[..., None])).sum(-1) + 1
    return found


def reader(model: Transformer) -> tuple[str, Stack, Embedding, Output]:
    """The stack that the words are read off, by its name, its embedding and the output layer."""
    name = "encoder" if model.decoder is None else "decoder"
    stack = model.encoder if model.decoder is None else model.decoder
    embedding = model.embed_src if model.decoder is None else model.embed_tgt
    if stack is None or embedding is None or model.output is None:
        raise ValueError("this model has no output layer: it says no words")
    return name, stack, embedding, model.output


def stream(name: str, stack: Stack) -> list[str]:
    """The points of the residual stream: before the first layer, and after each."""
    return [f"{name}.0.resid_pre", *(f"{name}.{layer}.resid_post" for layer in range(len(stack.layers)))]


def layers(stack: Stack) -> tuple[str, ...]:
    """The labels of `stream`."""
    return ("input", *map(str, range(len(stack.layers))))


def tensor(name: str, values: Tensor, axes: tuple[str, ...], labels: Words) -> NamedTensor:
    words = {axis: names for axis, names in labels.items() if axis in axes}
    return NamedTensor(name, to_numpy(values), axes, words)
