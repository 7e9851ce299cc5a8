"""Weights of torch.nn: `nn.Transformer`, its stacks, its layers and their parts."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from transformer_core.attention import MultiHeadAttention
from transformer_core.layers import Layer, Stack
from transformer_core.model import Transformer
from transformer_core.norms import LayerNorm
from transformer_core.pretrained.copying import agree, fill


@torch.no_grad()
def load_torch(ours: nn.Module | None, theirs: Any) -> None:
    """Copy the weights of a module of `torch.nn` into the like module of this core.

    `nn.Transformer` goes into a `Transformer` (which keeps its own embeddings and output), `nn.TransformerEncoder` and
    `Decoder` into a `Stack`, `nn.TransformerEncoderLayer` and `DecoderLayer` into a `Layer`, `nn.MultiheadAttention`
    into a `MultiHeadAttention`, `nn.LayerNorm` into a `LayerNorm`.

    Raises:
        ValueError: the sizes, the number of heads, the norm order or another choice differ.
        TypeError: a module that torch.nn has no like of.
    """
    if isinstance(ours, Transformer):
        load_torch(ours.encoder, theirs.encoder)
        load_torch(ours.decoder, theirs.decoder)
    elif isinstance(ours, Stack):
        agree("layers", len(ours.layers), len(theirs.layers))
        for layer, other in zip(ours.layers, theirs.layers, strict=True):
            load_torch(layer, other)
        if (theirs.norm is None) != isinstance(ours.final_norm, nn.Identity):
            raise ValueError("one of the two stacks has a final norm, the other has none")
        if theirs.norm is not None:
            load_torch(ours.final_norm, theirs.norm)
    elif isinstance(ours, Layer):
        _load_layer(ours, theirs)
    elif isinstance(ours, MultiHeadAttention):
        _load_attention(ours, theirs)
    elif isinstance(ours, LayerNorm):
        agree("norm_eps", ours.eps, theirs.eps)
        fill(ours, {"gain": theirs.weight, "bias": theirs.bias})
    else:
        raise TypeError(f"no weights of torch.nn fit a {type(ours).__name__}")


def _load_layer(ours: Layer, theirs: Any) -> None:
    agree("norm_order", ours.config.norm_order, "pre" if theirs.norm_first else "post")
    agree("d_ff", ours.config.d_ff, theirs.linear1.out_features)
    load_torch(ours.self_attn, theirs.self_attn)
    norms = [theirs.norm1, theirs.norm2]
    if ours.cross_attn is not None:
        load_torch(ours.cross_attn, theirs.multihead_attn)
        norms.append(theirs.norm3)
    for norm, other in zip(ours.norms, norms, strict=True):
        load_torch(norm, other)
    first, second = theirs.linear1, theirs.linear2
    fill(ours.ffn, {"w1": first.weight, "b1": first.bias, "w2": second.weight, "b2": second.bias})


def _load_attention(ours: MultiHeadAttention, theirs: Any) -> None:
    agree("heads", ours.heads, theirs.num_heads)
    weight, bias = theirs.in_proj_weight, theirs.in_proj_bias
    if ours.cross:
        d = theirs.embed_dim
        projections = {"w_q": weight[:d], "b_q": bias[:d], "w_kv": weight[d:], "b_kv": bias[d:]}
    else:
        projections = {"w_qkv": weight, "b_qkv": bias}
    fill(ours, {**projections, "w_o": theirs.out_proj.weight, "b_o": theirs.out_proj.bias})
