"""Llama and the models that are built like it: Mistral, Qwen 2 and 3, Gemma, and others that say they are Llama.

Source: Touvron et al. 2023 (Llama); Jiang et al. 2023 (Mistral); Yang et al. 2024 and 2025 (Qwen 2 and 3); Gemma Team
2024. SmolLM2, TinyLlama and Yi are of the kind Llama.
"""

from __future__ import annotations

from reprlib import repr as short
from typing import Any

import torch
from torch import Tensor, nn

from transformer_core.config import Biases, Config, Rotary
from transformer_core.model import Transformer
from transformer_core.pretrained.copying import activation, fill, size
from transformer_core.pretrained.weights import Weights

#: The angles of the rotary positions, which older files keep.
NEEDLESS = ("*.rotary_emb.inv_freq",)
SCALINGS = ("default", "linear", "llama3")


def config_of(facts: dict[str, Any], _weights: Weights) -> Config:
    """The config of a `config.json`."""
    kind, heads, layers = facts["model_type"], size(facts, "num_attention_heads"), size(facts, "num_hidden_layers")
    window, full = windows(facts, layers)
    biases: Biases = "none"
    if facts.get("attention_bias") or facts.get("mlp_bias"):
        biases = "all"
    elif kind == "qwen2":
        biases = "qkv"
    return Config(
        target_vocab=facts["vocab_size"],
        d_model=facts["hidden_size"],
        d_ff=facts["intermediate_size"],
        heads=heads,
        kv_heads=facts.get("num_key_value_heads") or heads,
        head_size=facts.get("head_dim") or 0,
        encoder_layers=0,
        decoder_layers=layers,
        norm_order="pre",
        norm="rms",
        norm_eps=facts.get("rms_norm_eps", 1e-6),
        activation=activation(facts.get("hidden_activation") or facts.get("hidden_act", "silu")),
        gated=True,
        positions="none",
        rotary=rotary_of(facts),
        max_positions=facts.get("max_position_embeddings", 2048),
        embedding_scale=kind == "gemma",
        biases=biases,
        qk_norm=kind == "qwen3",
        sliding_window=window,
        full_attention_layers=full,
        tied_output=facts.get("tie_word_embeddings", kind == "gemma"),
        dropout=0.0,
    )


def rotary_of(facts: dict[str, Any]) -> Rotary:
    """The rotary positions of a `config.json`, as files of today and of before version 5 of transformers write them.

    Of a factor below 1, the classes of transformers for these kinds pass over `partial_rotary_factor` with plain
    rotations and fail with scaled ones, and other libraries honour it: the file does not say which numbers are meant.

    Raises:
        ValueError: a scaling that this core does not compute, or a partial rotation.
    """
    stated = facts.get("rope_parameters") or facts.get("rope_scaling") or {}
    if not isinstance(stated, dict):
        raise ValueError(f"rope_parameters {short(stated)} are no options by name")  # noqa: TRY004 - the file is wrong
    kind = stated.get("rope_type", stated.get("type", "default"))
    if kind not in SCALINGS:
        raise ValueError(f"rope_type is {short(kind)}: this core computes {', '.join(SCALINGS)} alone")
    fraction = stated.get("partial_rotary_factor", facts.get("partial_rotary_factor"))
    if fraction is not None and fraction != 1:
        raise ValueError(f"partial_rotary_factor is {short(fraction)}: models of this kind rotate whole heads, 1.0")
    scaled: dict[str, Any] = {}
    if kind != "default":
        scaled = {"scaling": kind, "factor": stated["factor"]}
    if kind == "llama3":
        scaled |= {"low": stated["low_freq_factor"], "high": stated["high_freq_factor"]}
        scaled["trained_positions"] = stated["original_max_position_embeddings"]
    return Rotary(
        base=stated.get("rope_theta", facts.get("rope_theta", 10_000.0)),
        **scaled,
    )


def windows(facts: dict[str, Any], layers: int) -> tuple[int, tuple[int, ...]]:
    """The sliding window, 0 for none, and the layers that see all tokens all the same."""
    window = facts.get("sliding_window") or 0
    if facts["model_type"] in {"llama", "gemma"} or not facts.get("use_sliding_window", True):
        return 0, ()
    kinds = facts.get("layer_types")
    if kinds is None and facts["model_type"] == "mistral":
        return window, ()
    if kinds is None:
        return window, tuple(range(min(facts.get("max_window_layers", 28), layers)))
    return window, tuple(at for at, kind in enumerate(kinds) if kind == "full_attention")


def fill_model(model: Transformer, weights: Weights) -> None:
    """Copy every tensor to its place. Gemma writes the gains of its norms less one."""
    assert model.decoder is not None
    assert model.output is not None
    one = float(model.config.embedding_scale)  # Gemma alone scales its embeddings
    table = weights.take("model.embed_tokens.weight")
    fill(model.embed_tgt, {"table": table})
    layers: list[Any] = [*model.decoder.layers]
    for at, layer in enumerate(layers):
        path, attention = f"model.layers.{at}", layer.self_attn
        _fill_stacked(attention, "qkv", weights, *(f"{path}.self_attn.{letter}_proj" for letter in "qkv"))
        _fill_stacked(attention, "o", weights, f"{path}.self_attn.o_proj")
        _fill_stacked(layer.ffn, "1", weights, f"{path}.mlp.gate_proj", f"{path}.mlp.up_proj")
        _fill_stacked(layer.ffn, "2", weights, f"{path}.mlp.down_proj")
        norms = {"input_layernorm": layer.norms[0], "post_attention_layernorm": layer.norms[1]}
        if model.config.qk_norm:
            norms |= {"self_attn.q_norm": attention.q_norm, "self_attn.k_norm": attention.k_norm}
        for name, norm in norms.items():
            fill(norm, {"gain": weights.take(f"{path}.{name}.weight") + one})
    fill(model.decoder.final_norm, {"gain": weights.take("model.norm.weight") + one})
    if model.output.w is not None:
        fill(model.output, {"w": weights.take("lm_head.weight")})
    elif "lm_head.weight" in weights:
        weights.take("lm_head.weight")


def _fill_stacked(module: nn.Module, name: str, weights: Weights, *paths: str) -> None:
    """Copy the matrices at `paths`, below each other, into one, and their biases, zeros where one is missing."""
    matrices = [weights.take(f"{path}.weight") for path in paths]
    separator = "" if name.isdigit() else "_"
    fill(module, {f"w{separator}{name}": torch.cat(matrices)})
    if getattr(module, f"b{separator}{name}") is not None:
        fill(module, {f"b{separator}{name}": torch.cat([_bias(weights, path, len(w)) for path, w in
                                                        zip(paths, matrices, strict=True)])})  # fmt: skip


def _bias(weights: Weights, path: str, width: int) -> Tensor:
    return weights.take(f"{path}.bias") if f"{path}.bias" in weights else torch.zeros(width)
