"""Probabilities of the words that were written, one by one and together, and the width of a beam."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure


@measure("step", like="log_prob")
def chosen_probs(log_prob: np.ndarray) -> Values:
    """p of the word that was written, exp(log_prob), "step"."""
    return np.exp(log_prob)


@measure("step", like="log_prob")
def running_prob(log_prob: np.ndarray) -> Values:
    """Π_{s <= t} p_s: the probability that sampling writes exactly these words so far, "step"."""
    return np.exp(log_prob.cumsum())


@measure("")
def beam_width(kept: np.ndarray, step: np.ndarray) -> Values:
    """The largest number of prefixes that were kept at one step of a beam search."""
    return max(int(kept[step == t].sum()) for t in np.unique(step))
