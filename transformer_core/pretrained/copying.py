"""Copying a tensor to where it belongs, if it fits; and reading the options in a `config.json`."""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as short
from typing import Any

import torch
from torch import Tensor, nn

from transformer_core.attention import MultiHeadAttention
from transformer_core.config import Activation
from transformer_core.pretrained.weights import Weights

ACTIVATIONS: dict[str, Activation] = {
    "relu": "relu",
    "gelu": "gelu",
    "gelu_new": "gelu-tanh",
    "gelu_pytorch_tanh": "gelu-tanh",
    "silu": "silu",
    "swish": "silu",
}


def agree(what: str, ours: Any, theirs: Any) -> None:
    if ours != theirs:
        raise ValueError(f"{what} is {ours} here and {theirs} there")


def fill(module: nn.Module | None, values: Mapping[str, Tensor | None]) -> None:
    """Copy each value into the parameter of its name; None, an absent bias, fills with zeros."""
    for name, value in values.items():
        parameter = getattr(module, name, None)
        if parameter is None:
            raise ValueError(f"the weights have a {name} for which the sizes in config.json leave no place")
        if value is None:
            parameter.zero_()
            continue
        agree(f"the shape of {name}", tuple(parameter.shape), tuple(value.shape))
        parameter.copy_(value)


def fill_norm(norm: nn.Module | None, weights: Weights, path: str) -> None:
    gain, bias = weights.linear(path)
    fill(norm, {"gain": gain, "bias": bias})


def fill_ffn(ffn: nn.Module | None, weights: Weights, first: str, second: str) -> None:
    (w1, b1), (w2, b2) = weights.linear(first), weights.linear(second)
    fill(ffn, {"w1": w1, "b1": b1, "w2": w2, "b2": b2})


def fill_attention(attention: MultiHeadAttention, weights: Weights, q: str, k: str, v: str, out: str) -> None:
    """Copy four `nn.Linear`, by their paths; what is multiplied with the same rows is put below each other."""
    (w_q, b_q), (w_k, b_k), (w_v, b_v), (w_o, b_o) = (weights.linear(path) for path in (q, k, v, out))
    if attention.cross:
        fill(attention, {"w_q": w_q, "b_q": b_q, "w_kv": torch.cat([w_k, w_v]), "b_kv": torch.cat([b_k, b_v])})
    else:
        fill(attention, {"w_qkv": torch.cat([w_q, w_k, w_v]), "b_qkv": torch.cat([b_q, b_k, b_v])})
    fill(attention, {"w_o": w_o, "b_o": b_o})


def activation(name: Any) -> Activation:
    """Our name of an activation.

    Raises:
        ValueError: an activation that this core does not have.
    """
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"the activation {short(name)} is none of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def size(facts: dict[str, Any], name: str) -> int:
    """A size that is computed with, before a `Config` looks at it.

    Raises:
        KeyError: it is not stated.
        ValueError: it is no whole number.
    """
    value = facts[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} {short(value)} is no whole number")  # noqa: TRY004 - the file is wrong, not a type
    return value


def expect(facts: dict[str, Any], **values: Any) -> None:
    """Each option must be absent or have this value.

    Raises:
        ValueError: an option with another value, which this core cannot compute.
    """
    for name, value in values.items():
        if facts.get(name, value) != value:
            raise ValueError(f"{name} is {short(facts[name])}: this core computes {value!r} alone")
