"""Counts that follow from the sizes alone: state updates, scores, and the length at which attention dominates."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure


@measure("")
def recurrent_path_length(words: np.ndarray) -> Values:
    """n - 1: the state updates between the first and the last of n tokens of a chain."""
    return words - 1


@measure("")
def score_count(words: np.ndarray) -> Values:
    """n^2: the cells of a grid of n tokens."""
    return words**2


@measure("")
def crossover(d_model: np.ndarray, d_ff: np.ndarray) -> Values:
    """n = 2 d_model + d_ff: where scores and blends, 2 n^2 d, take as many multiplications as the rest of an encoder
    layer, 4 n d^2 + 2 n d d_ff."""
    return 2 * d_model + d_ff


@measure("")
def blind_guess(vocabulary: np.ndarray) -> Values:
    """ln V: the loss of a guess that gives each of V tokens the same probability."""
    return np.log(vocabulary)


@measure(like="millions")
def billions(millions: np.ndarray) -> Values:
    """Millions over a thousand."""
    return millions / 1000
