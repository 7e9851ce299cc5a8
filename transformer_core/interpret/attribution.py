"""Direct logit attribution: a logit as a sum over what wrote into the residual stream."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from transformer_core.interpret.lens import Inputs, Words, reader, tensor
from transformer_core.layers import FeedForward, Layer
from transformer_core.model import Transformer
from transformer_core.norms import LayerNorm, RMSNorm
from transformer_core.tracing.tap import Tape, record
from transformer_core.tracing.trace import NamedTensor

#: Summands of the stream by name, "batch position d_model" each.
Parts = dict[str, Tensor]
BIASES = "biases"


@torch.no_grad()
def logit_attribution(
    model: Transformer, inputs: Inputs, wanted: Int[Tensor, "batch position"], labels: Words | None = None
) -> NamedTensor:
    """logit_w = Σ_part Norm(part) · E_w, with the deviation of every norm on the way held at what it was.

    Parts are the embeddings, each head, each feed-forward layer, and all biases of attention, norms and output
    together. Pre-norm has one norm on the way, the last; in post-norm a part goes through all norms above it.
    The sum over parts is the logit; what a part does through later layers is not counted: that is what makes it direct.

    Args:
        inputs: what the model is called with.
        wanted: the ids w. The attribution of the difference between two words is the difference.
        labels: words along "position".

    Returns:
        `attribution`, "part batch position", labelled by the parts.

    Source: Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"; Wang et al. 2023, section 3.

    Raises:
        ValueError: no residual connections, or an output layer that is not linear.
    """
    _, stack, embedding, output = reader(model)
    if not model.config.residual or output.transform is not None:
        raise ValueError("only with residual connections and a linear output is a logit a sum of parts")
    with record() as tape:
        model(*inputs)
    parts = {point: tape[f"{embedding.path}.{point}"] for point in ("scaled", "token_type", "positional")
             if f"{embedding.path}.{point}" in tape}  # fmt: skip
    # Positions are the same for every sentence.
    parts = {point: part.expand_as(parts["scaled"]) for point, part in parts.items()}
    parts[BIASES] = torch.zeros_like(parts["scaled"])
    parts = through(embedding.norm, parts, tape)
    for layer in stack.layers:
        assert isinstance(layer, Layer)
        parts = through_layer(layer, parts, tape)
    parts = through(stack.final_norm, parts, tape)
    rows = (embedding.table if output.w is None else output.w)[wanted]
    values = torch.stack([(part * rows).sum(-1) for part in parts.values()])
    if output.b is not None:
        values[list(parts).index(BIASES)] += output.b[wanted]
    words = {"part": tuple("token" if part == "scaled" else part for part in parts), **(labels or {})}
    return tensor("attribution", values, ("part", "batch", "position"), words)


def through_layer(layer: Layer, parts: Parts, tape: Tape) -> Parts:
    """The parts after one layer: what its sublayers wrote is added, and, in post-norm, all goes through its norms."""
    sublayers = [part for part in (layer.self_attn, layer.cross_attn, layer.ffn) if part is not None]
    for sublayer, norm in zip(sublayers, layer.norms, strict=True):
        if isinstance(sublayer, FeedForward):
            parts = parts | {sublayer.path: tape[f"{sublayer.path}.out"]}
        else:
            heads = tape[f"{sublayer.path}.head_out"].unbind(1)
            parts = parts | {f"{sublayer.path}.{head}": rows for head, rows in enumerate(heads)}
            if sublayer.b_o is not None:
                parts[BIASES] = parts[BIASES] + sublayer.b_o
        if layer.config.norm_order == "post":
            parts = through(norm, parts, tape)
    return parts


def through(norm: object, parts: Parts, tape: Tape) -> Parts:
    """(part - mean(part)) / √(var + ε) · gain, var being that of the whole row; the norm's bias goes to the biases.

    RMSNorm takes no mean away, and has no bias.
    """
    if isinstance(norm, RMSNorm):
        scale = torch.rsqrt(tape[f"{norm.path}.mean_square"][..., None] + norm.eps) * norm.gain
        return {name: part * scale for name, part in parts.items()}
    if not isinstance(norm, LayerNorm):
        return parts
    scale = torch.rsqrt(tape[f"{norm.path}.var"][..., None] + norm.eps) * norm.gain
    parts = {name: (part - part.mean(-1, keepdim=True)) * scale for name, part in parts.items()}
    return parts | {BIASES: parts[BIASES] + norm.bias}
