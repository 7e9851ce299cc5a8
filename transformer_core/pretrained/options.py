"""Reading the options in a `config.json`."""

from __future__ import annotations

from typing import Any

from transformer_core.config import Activation

ACTIVATIONS: dict[str, Activation] = {
    "relu": "relu",
    "gelu": "gelu",
    "gelu_new": "gelu-tanh",
    "gelu_pytorch_tanh": "gelu-tanh",
    "silu": "silu",
    "swish": "silu",
}


def activation(name: str) -> Activation:
    """Our name of an activation.

    Raises:
        ValueError: an activation that this core does not have.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"the activation {name!r} is none of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def expect(facts: dict[str, Any], **values: Any) -> None:
    """Each option must be absent or have this value.

    Raises:
        ValueError: an option with another value, which this core cannot compute.
    """
    for name, value in values.items():
        if facts.get(name, value) != value:
            raise ValueError(f"{name} is {facts[name]!r}: this core computes {value!r} alone")
