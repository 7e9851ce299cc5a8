"""The arrays beside a name, and a derived tensor with their labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from transformer_core.tracing.trace import NamedTensor, Trace


def joined(*parts: str) -> str:
    """A dotted path of the parts that are not empty: the measures of the whole model have no prefix."""
    return ".".join(part for part in parts if part)


def labels_of(trace: Trace, *names: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        found.update(trace.labels(name))
    return found


def beside(trace: Trace, prefix: str, *names: str) -> list[np.ndarray]:
    return [trace.full(joined(prefix, name)).values for name in names]


def named(trace: Trace, prefix: str, name: str, values: Any, axes: str, like: tuple[str, ...] = ()) -> NamedTensor:
    """A derived tensor with the labels of the tensors it was made from."""
    words = tuple(axes.split())
    labels = {a: v for a, v in labels_of(trace, *(joined(prefix, other) for other in like)).items() if a in words}
    return NamedTensor(joined(prefix, name), np.asarray(values), words, labels)
