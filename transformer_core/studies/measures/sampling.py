"""Draws from recorded probabilities, the mass that top-p keeps, and probabilities without label smoothing."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace

#: So many of the likeliest words are listed by name; what the others have together is one share more.
LISTED = 8
#: How often a token is drawn, and the seed of the generator: the first.
DRAWS, SEED = 20, 0


@measure("temperature")
def unlisted(itself: np.ndarray) -> Values:
    """1 - Σ_r p_r over the listed ranks, at each temperature; the prefix has "temperature rank"."""
    return 1 - itself[:, :LISTED].sum(-1)


@measure("draw")
def spots() -> Values:
    """Numbers between 0 and 1 of a seeded generator: where each draw falls on a strip of all probabilities."""
    return np.random.default_rng(SEED).random(DRAWS)


@measure("temperature draw")
def landed(itself: np.ndarray, spots: np.ndarray) -> Values:
    """The first rank r with p_1 + ... + p_r above the spot: the token of each draw; `LISTED` for all others."""
    return (itself[:, :LISTED].cumsum(-1)[:, None] <= spots[:, None]).sum(-1)


@measure("")
def tail_kept(trace: Trace, prefix: str, itself: np.ndarray) -> Values:
    """The mass that top-p keeps beyond the listed ranks: p_1 / p'_1 less the running sum, p' those of the cut.

    The prefix has the running sums of p.
    """
    cut = trace.full(f"{prefix.removesuffix('running')}cut").pick(choice="top_p")
    return itself[0] / cut.values[0] - itself[LISTED - 1]


@measure("step", like="log_prob")
def unsmoothed(trace: Trace, probs: np.ndarray) -> Values:
    """The probability of each chosen word without the ε/V that label smoothing leaves to each of V words, scaled to a
    sum of one: max(p - ε/V, 0) / Σ_w max(p_w - ε/V, 0)."""
    left = np.maximum(probs - float(trace["experiment.sampling.smoothing"]) / probs.shape[-1], 0)
    return left.max(-1) / left.sum(-1)


@measure(like="itself")
def text_probs(itself: np.ndarray) -> Values:
    """exp Σ log p: the probability of a text, of the sum of the log-probabilities of its tokens; the prefix is that."""
    return np.exp(itself)


@measure(like="surprise")
def guessed_probs(surprise: np.ndarray) -> Values:
    """2^-s: the probability of a token that surprises by s bits."""
    return 2.0**-surprise
