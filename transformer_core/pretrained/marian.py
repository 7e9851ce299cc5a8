"""Marian, as in the translation models OPUS-MT. Junczys-Dowmunt et al. 2018; Tiedemann and Thottingal 2020."""

from __future__ import annotations

from typing import Any

import torch

from transformer_core.config import Config
from transformer_core.embedding import sinusoids
from transformer_core.layers import Stack
from transformer_core.model import Transformer
from transformer_core.pretrained.copying import activation, agree, expect, fill, fill_attention, fill_ffn, fill_norm
from transformer_core.pretrained.weights import Weights

#: Sinusoids, which older files keep, are looked at in `check_positions`.
NEEDLESS = ("model.*coder.embed_positions.weight",)


def config_of(facts: dict[str, Any], _weights: Weights) -> Config:
    """The config of a `config.json`."""
    expect(facts, is_encoder_decoder=True, static_position_embeddings=True, normalize_before=False)
    expect(facts, normalize_embedding=False, add_final_layer_norm=False, add_bias_logits=False)
    expect(facts, decoder_ffn_dim=facts["encoder_ffn_dim"])
    expect(facts, decoder_attention_heads=facts["encoder_attention_heads"])
    shared = facts.get("share_encoder_decoder_embeddings", True)
    return Config(
        source_vocab=facts["vocab_size"],
        target_vocab=facts["vocab_size"] if shared else facts.get("decoder_vocab_size") or facts["vocab_size"],
        d_model=facts["d_model"],
        d_ff=facts["encoder_ffn_dim"],
        heads=facts["encoder_attention_heads"],
        encoder_layers=facts["encoder_layers"],
        decoder_layers=facts["decoder_layers"],
        norm_order="post",
        activation=activation(facts.get("activation_function", "gelu")),
        positions="halves",
        max_positions=facts["max_position_embeddings"],
        embedding_scale=facts.get("scale_embedding", False),
        shared_embedding=shared,
        tied_output=facts.get("tie_word_embeddings", True),
        output_bias=True,
        dropout=facts.get("dropout", 0.1),
    )


def fill_model(model: Transformer, weights: Weights) -> None:
    """Copy every tensor to its place. A tied table stands in a file once, under any of its names."""
    one, both = ("model.shared.weight",), ("model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight")
    tied = ("lm_head.weight",) if model.config.tied_output else ()
    assert model.embed_src is not None
    assert model.embed_tgt is not None
    if model.config.shared_embedding:
        fill(model.embed_src, {"table": weights.take(*one, *both, *tied)})
    else:
        fill(model.embed_src, {"table": weights.take(both[0])})
        fill(model.embed_tgt, {"table": weights.take(both[1], *tied)})
    for name, stack in (("encoder", model.encoder), ("decoder", model.decoder)):
        assert stack is not None
        _fill_stack(stack, weights, f"model.{name}")
        check_positions(model.config, weights, f"model.{name}.embed_positions.weight")
    assert model.output is not None
    if "final_logits_bias" in weights:
        fill(model.output, {"b": weights.take("final_logits_bias")[0]})
    if model.output.w is not None:
        fill(model.output, {"w": weights.take("lm_head.weight")})


def _fill_stack(stack: Stack, weights: Weights, start: str) -> None:
    layers: list[Any] = [*stack.layers]
    for at, layer in enumerate(layers):
        path = f"{start}.layers.{at}"
        attentions = {"self_attn": layer.self_attn, "encoder_attn": layer.cross_attn}
        names = ["self_attn", *["encoder_attn"] * (layer.cross_attn is not None)]
        for name in names:
            parts = [f"{path}.{name}.{letter}_proj" for letter in ("q", "k", "v", "out")]
            fill_attention(attentions[name], weights, *parts)
        fill_ffn(layer.ffn, weights, f"{path}.fc1", f"{path}.fc2")
        norms = [*(f"{name}_layer_norm" for name in names), "final_layer_norm"]
        for norm, name in zip(layer.norms, norms, strict=True):
            fill_norm(norm, weights, f"{path}.{name}")


def check_positions(config: Config, weights: Weights, name: str) -> None:
    """The file's own table of positions, if it has one, must hold the sinusoids that this core computes.

    Raises:
        ValueError: it holds something else.
    """
    if name not in weights:
        return
    theirs = weights.take(name).float()
    ours = sinusoids(config.max_positions, config.d_model, halves=True)
    agree(f"the shape of {name}", tuple(ours.shape), tuple(theirs.shape))
    if not torch.allclose(ours, theirs, rtol=0, atol=1e-3):
        raise ValueError(f"{name} holds no sinusoids in halves")
