"""Weights from elsewhere into this model, and this model to and from a file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from transformer_core.attention import MultiHeadAttention
from transformer_core.config import Config
from transformer_core.layers import Layer, LayerNorm, Stack
from transformer_core.model import Transformer


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


def agree(what: str, ours: Any, theirs: Any) -> None:
    if ours != theirs:
        raise ValueError(f"{what} is {ours} here and {theirs} there")


def fill(module: nn.Module | None, values: Mapping[str, Tensor | None]) -> None:
    """Copy each value into the parameter of its name; None, an absent bias, fills with zeros."""
    for name, value in values.items():
        parameter = getattr(module, name)
        if value is None:
            parameter.zero_()
            continue
        agree(f"the shape of {name}", tuple(parameter.shape), tuple(value.shape))
        parameter.copy_(value)


def save(
    model: Transformer,
    path: str | os.PathLike[str],
    about: Mapping[str, Any] | None = None,
    dtype: torch.dtype | None = None,
) -> Path:
    """Write the weights to one .safetensors file, with the config and `about` (a card) as JSON in its header.

    The file is written under a temporary name and moved, so that an interruption leaves a whole file or none.
    `dtype`, such as `torch.float16`, rounds the weights on the way.
    """
    path = Path(path).with_suffix(".safetensors")
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().to(dtype or value.dtype).contiguous() for name, value in model.state_dict().items()}
    header = {
        "config": json.dumps(model.config.as_dict()),
        "about": json.dumps(dict(about or {}), ensure_ascii=False),
    }
    part = path.with_name(f".{path.stem}.{os.getpid()}.part")
    try:
        save_file(weights, part, header)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def load(path: str | os.PathLike[str], dtype: torch.dtype = torch.float32) -> tuple[Transformer, dict[str, Any]]:
    """The model in evaluation mode, and its card, from what `save` wrote; nothing in the file is executed.

    Raises:
        ValueError: the file holds no config of this core, or its weights do not fit that config.
    """
    path = Path(path).with_suffix(".safetensors")
    with safe_open(path, framework="pt") as file:
        header = file.metadata() or {}
        weights = {name: file.get_tensor(name).to(dtype) for name in file.keys()}  # noqa: SIM118 (no mapping)
    if "config" not in header:
        raise ValueError(f"{path} is no checkpoint of this model: its header holds no config")
    model = Transformer(Config.from_dict(json.loads(header["config"]))).to(dtype)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {path} do not fit its config: {error}") from error
    return model.eval(), json.loads(header.get("about", "{}"))
