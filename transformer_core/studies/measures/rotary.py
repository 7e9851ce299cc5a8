"""Queries, keys and values of any rows as an attention multiplies them: normed, rotated, repeated."""

from __future__ import annotations

import numpy as np

from transformer_core.config import Rotary
from transformer_core.studies.measures.naming import attention_input
from transformer_core.studies.measures.norms import root_mean_square
from transformer_core.tracing.trace import Trace


def as_attention_input(trace: Trace, prefix: str, letter: str, projected: np.ndarray) -> np.ndarray:
    """Projected queries, keys or values "batch head position d_head", as the attention at `prefix` multiplies them.

    As they are where nothing comes between; the rows stand at the positions 0, 1, 2, ...
    """
    steps, found = trace.about.get("config", {}), projected
    if f"{prefix}.{letter}_norm.out" in trace:
        gain = next(name for name in trace.parents[f"{prefix}.{letter}_norm.out"] if name.endswith(".gain"))
        found = root_mean_square(found, trace.full(gain).values, steps["norm_eps"])
    if f"{prefix}.{letter}_rotated" in trace:
        found = rotated(found, Rotary(**steps["rotary"]))
    if attention_input(trace, letter, prefix) == f"{letter}_repeated":
        found = found.repeat(trace.full(f"{prefix}.scores").size("head") // found.shape[1], 1)
    return found


def rotated(rows: np.ndarray, rotary: Rotary) -> np.ndarray:
    """x cos(m theta) +- partner(x) sin(m theta) of rows "batch head position d_head": see `Rotary`."""
    width = rows.shape[3]
    frequency, sign = np.array([rotary.turn(width, entry) for entry in range(width)]).T
    angle = np.arange(rows.shape[2])[:, None] * frequency
    cosine, sine = np.cos(angle).astype(rows.dtype), (np.sin(angle) * sign).astype(rows.dtype)
    return np.asarray(rows * cosine + rows[..., rotary.partners(width)] * sine)
