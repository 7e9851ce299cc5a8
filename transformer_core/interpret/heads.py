"""Scores of heads: the weight that a head gives, on average, to a place that has a name. NumPy alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from transformer_core.tracing.trace import NamedTensor, Trace


def head_scores(
    trace: Trace, stack: str = "decoder", attention: str = "self_attn", period: int | None = None
) -> dict[str, NamedTensor]:
    """score = mean over queries i of weight_i,j, with j named by i, for every head of a stack: "layer head" each.

    `heads.previous_token` j = i - 1; `heads.next_token` j = i + 1; `heads.itself` j = i; `heads.sink` j = 0, where
    i > 0. In a sequence that repeats itself after `period` tokens also `heads.duplicate` j = i - period, the same token
    before, and `heads.induction` j = i - period + 1, the one that followed it.

    All sentences of a batch count in full: score padded ones one by one.

    Source: Clark et al. 2019, section 3; Olsson et al. 2022, "In-context Learning and Induction Heads"; sinks: Xiao et
    al. 2024.

    Raises:
        KeyError: no such weights in the trace.
        ValueError: a sequence that is no longer than its period.
    """
    names = [name for name in trace if name.startswith(f"{stack}.") and name.endswith(f".{attention}.weights")]
    if not names:
        raise KeyError(f"no weights of {stack}.*.{attention} in this trace")
    weights = np.stack([trace[name].values for name in names])  # "layer batch head query key"
    queries = np.arange(weights.shape[-2])
    places: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "previous_token": lambda i: i - 1,
        "next_token": lambda i: i + 1,
        "itself": lambda i: i,
        "sink": lambda i: np.where(i > 0, 0, -1),
    }
    if period is not None:
        if not 0 < period < len(queries):
            raise ValueError(f"{len(queries)} tokens do not repeat themselves after {period}")
        places |= {"duplicate": lambda i: i - period, "induction": lambda i: np.where(i < period, -1, i - period + 1)}
    found = {}
    for name, place in places.items():
        keys = place(queries)
        there = (keys >= 0) & (keys < weights.shape[-1])
        means = weights[..., queries[there], keys[there]].mean((1, 3))
        found[f"heads.{name}"] = NamedTensor(f"heads.{name}", means, ("layer", "head"))
    return found
