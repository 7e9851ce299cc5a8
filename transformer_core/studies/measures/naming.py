"""Registration of measures: a function from arrays to values, under its name, beside the tensors that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import signature
from typing import Any

import numpy as np

from transformer_core.studies import derived
from transformer_core.tracing.trace import NamedTensor, Trace

#: Values of a measure, an array or a number: NumPy's methods are typed as Any. With labels that depend on the trace,
#: a pair of both.
Values = Any
#: The parameter, and the tensor to take labels from, that is no tensor beside the measure, but the one at its prefix.
ITSELF = "itself"


#: The tensors that an attention multiplies, by letter: queries and keys rotated by their positions, or normalized, and
#: keys and values repeated for each head; where there are none of these, the projections themselves.
ATTENTION_INPUTS = {
    "q": ("q_rotated", "q_norm.out"),
    "k": ("k_repeated", "k_rotated", "k_norm.out"),
    "v": ("v_repeated",),
}


def joined(*parts: str) -> str:
    """A dotted path of the parts that are not empty: the measures of the whole model have no prefix."""
    return ".".join(part for part in parts if part)


def attention_input(trace: Trace, letter: str, prefix: str = "") -> str:
    """The name, without its `prefix`, of the queries, keys or values that an attention multiplies."""
    return next((name for name in ATTENTION_INPUTS.get(letter, ()) if joined(prefix, name) in trace), letter)


def measure(
    axes: str | None = None, like: str = "", without: str = "", name: str = "", **labels: Iterable[str]
) -> Callable[[Callable[..., Values]], Callable[..., Values]]:
    """Register a function as the measure of its name: `trace["<prefix>.<name>"]` has the values that it returns.

        @measure("batch head query key", like="scores")
        def exponentials(scores_minus_max: np.ndarray) -> Values:
            return np.exp(scores_minus_max)

    Each parameter is given the values of the tensor of its name beside the measure; `q`, `k` and `v` those that meet
    (see `ATTENTION_INPUTS`), `itself` those of the tensor at the prefix, `trace` the trace, and `prefix` the prefix.

    Args:
        axes: a word for each axis of the values; if None, the axes of the first tensor of `like`, as three dots are.
        like: the names of tensors beside the measure that have the labels of the same axes.
        without: an axis of `like` that the values do not have.
        name: the name of the measure, if it is not that of the function.
        labels: the labels of other axes.
    """

    def register(function: Callable[..., Values]) -> Callable[..., Values]:
        own_name, parameters = name or function.__name__, [*signature(function).parameters]
        fixed = {axis: tuple(names) for axis, names in labels.items()}

        @wraps(function)
        def compute(trace: Trace, prefix: str) -> NamedTensor:
            given: dict[str, Any] = {"trace": trace, "prefix": prefix}
            found = function(
                *(
                    given[one]
                    if one in given
                    else trace.full(_beside(prefix, attention_input(trace, one, prefix))).values
                    for one in parameters
                )
            )
            values, own = found if isinstance(found, tuple) else (found, {})
            near = [_beside(prefix, one) for one in like.split()]
            every = "..." if axes is None else axes
            if "..." in every:  # else it is not read: what is read counts as a source
                every = every.replace("...", " ".join(trace.full(near[0]).axes))
            words = tuple(axis for axis in every.split() if axis != without)
            same = {axis: names for one in near for axis, names in trace.labels(one).items() if axis in words}
            return NamedTensor(joined(prefix, own_name), np.asarray(values), words, same | fixed | own)

        derived.register(own_name, compute)
        return function

    return register


def _beside(prefix: str, name: str) -> str:
    return prefix if name == ITSELF else joined(prefix, name)
