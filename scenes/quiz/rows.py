"""Arithmetic on rows of scores: what the weights would be if something were otherwise."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def softmax(scores: Float[np.ndarray, "... key"]) -> Float[np.ndarray, "... key"]:
    """The weights of rows of scores; each row adds up to one."""
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
