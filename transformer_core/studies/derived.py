"""Measures by name: `trace["encoder.0.self_attn.terms"]` is computed by the function that is registered as "terms"."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from transformer_core.tracing.trace import NamedTensor, Trace

Derivation = Callable[[Trace, str], NamedTensor]
_DERIVED: dict[str, Derivation] = {}


def register(name: str, function: Derivation) -> None:
    """Compute `prefix.name` by `function(trace, prefix)` when it is first read.

    Raises:
        ValueError: another module computes it already.
    """
    if name in _DERIVED and _DERIVED[name].__module__ != function.__module__:
        raise ValueError(f"{function.__module__} would derive {name!r} anew: {_DERIVED[name].__module__} does it")
    _DERIVED[name] = function


def equation(name: str) -> str:
    """The definition of a measure, as its docstring begins; "" if there is no such measure."""
    function = _DERIVED.get(name.rpartition(".")[2])
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split()) if function else ""


def derive(trace: Trace, name: str) -> NamedTensor | None:
    """The measure called `name`, computed from the trace; None if there is no such measure."""
    prefix, _, last = name.rpartition(".")
    return _DERIVED[last](trace, prefix) if last in _DERIVED else None
