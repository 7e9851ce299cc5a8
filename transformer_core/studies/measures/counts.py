"""Counts that follow from the sizes alone: state updates, scores, multiplications, decoder rows, bytes of a cache."""

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
def rows_cached(output_words: np.ndarray) -> Values:
    """n: the decoder rows that are computed with a cache; the last writes the end mark."""
    return output_words + 1


@measure("")
def cache_bytes(decoder_layers: np.ndarray, d_model: np.ndarray, rows_cached: np.ndarray) -> Values:
    """2 n d_model a layer: keys and values of all n decoder rows, in bytes of single precision."""
    return 2 * decoder_layers * d_model * rows_cached * np.dtype(np.float32).itemsize
