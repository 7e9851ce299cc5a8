"""Facts of a GGUF file under the names that a `config.json` of Hugging Face has for them."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, pi
from reprlib import repr as short
from typing import Any

import torch
from torch import Tensor

from transformer_core.files.gguf_header import StoredTensor
from transformer_core.pretrained.options import size

#: Llama's files are Mistral's, too: the format does not tell them apart.
ARCHITECTURES = ("llama", "qwen2", "qwen3")
#: The tensor that the rotations of Llama 3.1 are divided by, one number for each pair of a head.
DIVISORS = "rope_freqs.weight"


def facts_of_gguf(
    stated: Mapping[str, Any], tensors: Mapping[str, StoredTensor], divisors: Tensor | None
) -> dict[str, Any]:
    """The config of a file that states these facts and has these tensors, named as Hugging Face names them.

    Raises:
        KeyError: a fact is missing.
        ValueError: another architecture, or an option that this core does not compute.
    """
    kind = stated.get("general.architecture")
    if kind not in ARCHITECTURES:
        known = "llama (Mistral, too), qwen2 and qwen3"
        raise ValueError(f"it holds a model of architecture {short(kind)}; known are {known}")
    if stated.get("split.count", 1) not in {0, 1}:
        raise ValueError("it is a part of a model: join all of them with llama.cpp, gguf-split --merge")
    own = {key.removeprefix(f"{kind}."): value for key, value in stated.items() if key.startswith(f"{kind}.")}
    if own.get("expert_count"):
        raise ValueError("it holds a mixture of experts, which this core does not compute")
    heads, d_model = _count(own, "attention.head_count"), _count(own, "embedding_length")
    head = own.get("attention.key_length", own.get("rope.dimension_count", d_model // heads))
    for key in ("attention.value_length", "rope.dimension_count"):
        if own.get(key, head) != head:
            raise ValueError(f"{key} is {short(own[key])}, and not the {short(head)} of a key")
    window = own.get("attention.sliding_window")
    facts = {
        "model_type": "mistral" if window and kind == "llama" else kind,
        "vocab_size": tensors["model.embed_tokens.weight"].shape[0],
        "hidden_size": d_model,
        "intermediate_size": _count(own, "feed_forward_length"),
        "num_hidden_layers": _count(own, "block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": _count({"attention.head_count_kv": heads} | own, "attention.head_count_kv"),
        "head_dim": _count({"head_dim": head}, "head_dim"),
        "max_position_embeddings": _count(own, "context_length"),
        "rms_norm_eps": _number(own, "attention.layer_norm_rms_epsilon"),
        "rope_theta": _number({"rope.freq_base": 10_000.0} | own, "rope.freq_base"),
        "hidden_act": "silu",
        "tie_word_embeddings": "lm_head.weight" not in tensors,
        "attention_bias": "model.layers.0.self_attn.o_proj.bias" in tensors,
        "mlp_bias": "model.layers.0.mlp.gate_proj.bias" in tensors,
        "bos_token_id": stated.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": stated.get("tokenizer.ggml.eos_token_id"),
    }
    scaling = _scaling(own, facts, divisors)
    return facts | ({"sliding_window": window} if window else {}) | ({"rope_scaling": scaling} if scaling else {})


def _scaling(own: dict[str, Any], facts: dict[str, Any], divisors: Tensor | None) -> dict[str, Any]:
    """The rule by which rotations are slowed down, or an empty one."""
    if divisors is not None:
        return llama3_rule(divisors, facts["rope_theta"])
    kind = own.get("rope.scaling.type", "linear" if "rope.scale_linear" in own else "none")
    if kind == "linear":
        factor = _number(own, "rope.scaling.factor" if "rope.scaling.factor" in own else "rope.scale_linear")
        return {"rope_type": "linear", "factor": factor}
    if kind != "none":
        raise ValueError(f"rope.scaling.type is {short(kind)}: this core computes linear alone")
    return {}


def llama3_rule(divisors: Tensor, theta: float) -> dict[str, Any]:
    """The rule of Llama 3.1 that these numbers were computed by: its file keeps the numbers, and not the rule.

    Rotations of a wavelength below 8192 / 4 stay, those above 8192 / 1 are divided by the factor, between them it is
    led over.

    Raises:
        ValueError: they follow another rule.
    """
    low, high, original, factor = 1.0, 4.0, 8192, float(divisors.max())
    waves = 2 * pi * theta ** (torch.arange(len(divisors), dtype=torch.float64) / len(divisors))
    between = ((original / waves - low) / (high - low)).clamp(0, 1)
    if not torch.allclose(1 / ((1 - between) / factor + between), divisors, rtol=1e-4):
        raise ValueError(f"{DIVISORS} follows another rule than that of Llama 3.1")
    return {
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": low,
        "high_freq_factor": high,
        "original_max_position_embeddings": original,
    }


def _count(facts: dict[str, Any], name: str) -> int:
    if size(facts, name) < 1:
        raise ValueError(f"{name} is {facts[name]}")
    return size(facts, name)


def _number(facts: dict[str, Any], name: str) -> float:
    value = facts[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
        raise ValueError(f"{name} {short(value)} is no number above zero")
    return float(value)
