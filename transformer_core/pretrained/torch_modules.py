"""Weights of torch.nn: `nn.Transformer`, its stacks, layers and their parts; and a whole one to and from a folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from transformer_core.attention import MultiHeadAttention
from transformer_core.config import Config
from transformer_core.layers import Layer, Stack
from transformer_core.model import Transformer
from transformer_core.norms import LayerNorm
from transformer_core.pretrained.copying import agree, fill
from transformer_core.pretrained.weights import WHOLE, Weights, check_sizes


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


KIND = "torch.nn.Transformer"
#: The sizes that `nn.Transformer` is built with, and may be saved with.
SIZES = ("d_model", "nhead", "num_encoder_layers", "num_decoder_layers", "dim_feedforward", "activation",
         "layer_norm_eps", "norm_first")  # fmt: skip


def save_torch(
    module: nn.Transformer,
    folder: str | os.PathLike[str],
    source: Tensor,
    target: Tensor,
    start: int,
    end: int,
    output: nn.Linear | None = None,
    embedding_scale: bool = True,
    max_positions: int = 512,
) -> Path:
    """Write a module, its two embedding tables "vocab d_model", and its output layer (tied to `target` if None).

    `start` and `end` are the ids of the marks around a target. Positions are the paper's sinusoids, sine and cosine in
    turn. Beside it belongs a `tokenizer.json`, or a `vocabulary.json` (`Vocabulary.to_json`).
    """
    layer: Any = module.encoder.layers[0]
    facts = {
        "model_type": KIND, "d_model": module.d_model, "nhead": module.nhead,
        "num_encoder_layers": len(module.encoder.layers), "num_decoder_layers": len(module.decoder.layers),
        "dim_feedforward": layer.linear1.out_features, "activation": layer.activation.__name__,
        "layer_norm_eps": layer.norm1.eps, "norm_first": layer.norm_first, "source_vocab": len(source),
        "target_vocab": len(target), "embedding_scale": embedding_scale, "max_positions": max_positions,
        "start": start, "end": end,
    }  # fmt: skip
    state = {f"transformer.{name}": value for name, value in module.state_dict().items()}
    state |= {"embed_src": source, "embed_tgt": target}
    if output is not None:
        state["output.weight"] = output.weight
        state["output.bias"] = torch.zeros(len(target)) if output.bias is None else output.bias
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.detach().clone().contiguous() for name, value in state.items()}, folder / WHOLE)
    (folder / "config.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return folder


def load_torch_folder(facts: dict[str, Any], weights: Weights, dtype: torch.dtype) -> Transformer:
    """The model of a folder that `save_torch` wrote.

    Raises:
        ValueError: a size that the config does not state, or weights that do not fit the sizes.
    """
    stated, free = weights.folder / "config.json", "output.weight" in weights
    try:
        config = _config_of(facts, free)
    except KeyError as error:
        raise ValueError(f"{stated} does not state {error.args[0]}") from None
    except ValueError as error:
        raise ValueError(f"{stated}: {error}") from None
    if config.activation not in {"relu", "gelu"} or not min(config.encoder_layers, config.decoder_layers, config.d_ff):
        raise ValueError(f"{stated} is none of torch.nn.Transformer's: relu or gelu, and no size that is 0")
    check_sizes(config, weights.size, stated)
    theirs = nn.Transformer(**{name: facts[name] for name in SIZES}, dropout=0.0, batch_first=True).to(dtype)
    state = {name: weights.take(f"transformer.{name}") for name in theirs.state_dict()}
    try:
        theirs.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"the weights do not fit the sizes in config.json: {error}") from error
    ours = Transformer(config).to(dtype)
    load_torch(ours, theirs)
    fill(ours.embed_src, {"table": weights.take("embed_src")})
    fill(ours.embed_tgt, {"table": weights.take("embed_tgt")})
    if free:
        fill(ours.output, {"w": weights.take("output.weight"), "b": weights.take("output.bias")})
    return ours


def _config_of(facts: dict[str, Any], free: bool) -> Config:
    """The config of a `config.json`; `free` is whether the output has weights of its own."""
    return Config(
        source_vocab=facts["source_vocab"], target_vocab=facts["target_vocab"], d_model=facts["d_model"],
        d_ff=facts["dim_feedforward"], heads=facts["nhead"], encoder_layers=facts["num_encoder_layers"],
        decoder_layers=facts["num_decoder_layers"], norm_order="pre" if facts["norm_first"] else "post",
        final_norm=True, norm_eps=facts["layer_norm_eps"], activation=facts["activation"],
        max_positions=facts["max_positions"], embedding_scale=facts["embedding_scale"], tied_output=not free,
        output_bias=free, dropout=0.0,
    )  # fmt: skip
