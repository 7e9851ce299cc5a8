"""Counts that follow from the sizes alone: state updates, scores, multiplications, decoder rows, bytes of a cache."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace


@derived("recurrent_path_length")
def recurrent_path_length(trace: Trace, prefix: str) -> NamedTensor:
    """n - 1: the state updates between the first and the last of n tokens of a chain."""
    (words,) = beside(trace, prefix, "words")
    return named(trace, prefix, "recurrent_path_length", words - 1, "")


@derived("score_count")
def score_count(trace: Trace, prefix: str) -> NamedTensor:
    """n^2: the cells of a grid of n tokens."""
    (words,) = beside(trace, prefix, "words")
    return named(trace, prefix, "score_count", words**2, "")


@derived("crossover")
def crossover(trace: Trace, prefix: str) -> NamedTensor:
    """n = 2 d_model + d_ff: where scores and blends, 2 n^2 d, take as many multiplications as the rest of an encoder
    layer, 4 n d^2 + 2 n d d_ff."""
    d_model, d_ff = beside(trace, prefix, "d_model", "d_ff")
    return named(trace, prefix, "crossover", 2 * d_model + d_ff, "")


@derived("rows_cached")
def rows_cached(trace: Trace, prefix: str) -> NamedTensor:
    """n: the decoder rows that are computed with a cache; the last writes the end mark."""
    (words,) = beside(trace, prefix, "output_words")
    return named(trace, prefix, "rows_cached", words + 1, "")


@derived("cache_bytes")
def cache_bytes(trace: Trace, prefix: str) -> NamedTensor:
    """2 n d_model a layer: keys and values of all n decoder rows, in bytes of single precision."""
    layers, d_model, rows = beside(trace, prefix, "decoder_layers", "d_model", "rows_cached")
    size = 2 * layers * d_model * rows * np.dtype(np.float32).itemsize
    return named(trace, prefix, "cache_bytes", size, "")
