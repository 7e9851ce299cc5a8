"""The logit lens: each layer read as if it were the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from transformer_core.embedding import Embedding
from transformer_core.layers import Stack
from transformer_core.model import Transformer
from transformer_core.output import Output
from transformer_core.tap import record
from transformer_core.trace import NamedTensor

Inputs = Sequence[Tensor | None]
Words = Mapping[str, tuple[str, ...]]


@torch.no_grad()
def logit_lens(
    model: Transformer, inputs: Inputs, wanted: Tensor | None = None, labels: Words | None = None
) -> dict[str, NamedTensor]:
    """lens_l = FinalNorm(x_l) Eᵀ + b, where x_l is the stream after layer l, and x before the first layer is "input".

    The last layer's is what the model says. A lens, not proof: early layers were not trained to be read like this.

    Args:
        inputs: what the model is called with.
        wanted: the ids to follow, "batch position".
        labels: words along "position" or "vocab".

    Returns:
        `lens.logits` and `lens.probs`, "layer batch position vocab"; with `wanted` also `lens.rank`, "layer batch
        position": 1 where no word fits better than the wanted one.

    Source: nostalgebraist 2020, "interpreting GPT: the logit lens".

    Raises:
        ValueError: a model without an output layer.
    """
    name, stack, embedding, output = reader(model)
    points = stream(name, stack)
    with record(only=points) as tape:
        model(*inputs)
    logits = torch.stack([output(stack.final_norm(tape[point]), embedding.table) for point in points])
    values = {"logits": logits, "probs": logits.softmax(-1)}
    if wanted is not None:
        of_wanted = logits.gather(-1, wanted.expand(len(points), -1, -1)[..., None])
        values["rank"] = (logits > of_wanted).sum(-1) + 1
    words = {"layer": layers(stack), **(labels or {})}
    axes = ("layer", "batch", "position", "vocab")
    return {f"lens.{n}": tensor(f"lens.{n}", value, axes[: value.dim()], words) for n, value in values.items()}


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
    return NamedTensor(name, values.detach().cpu().numpy(), axes, words)
