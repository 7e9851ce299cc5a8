"""Reading the options in a `config.json`."""

from __future__ import annotations

from reprlib import repr as short
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
