"""Probabilities of a decoding step under each sampling rule, and log-probabilities of a whole sentence."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure


@measure(like="probs", without="vocab")
def remaining_probability(probs: np.ndarray) -> Values:
    """1 - max_w p_w: the probability of all words but the likeliest, under each rule, "choice"."""
    return probs.sum(-1) - probs.max(-1)


@measure("step", like="log_prob")
def chosen_probs(log_prob: np.ndarray) -> Values:
    """p of the word that was written, exp(log_prob), "step"."""
    return np.exp(log_prob)


@measure("step", like="log_prob")
def running_prob(log_prob: np.ndarray) -> Values:
    """Π_{s <= t} p_s: the probability that sampling writes exactly these words so far, "step"."""
    return np.exp(log_prob.cumsum())


@measure("step", like="log_prob")
def running_score(log_prob: np.ndarray) -> Values:
    """Σ_{s <= t} log p_s: the score so far, "step"; it can only fall."""
    return log_prob.cumsum()


@measure("step", like="log_prob")
def mean_score(log_prob: np.ndarray) -> Values:
    """1/t Σ_{s <= t} log p_s: the score so far over its length, "step". Wu et al. 2016, section 7."""
    return log_prob.cumsum() / np.arange(1, len(log_prob) + 1)


@measure("")
def beam_width(kept: np.ndarray, step: np.ndarray) -> Values:
    """The largest number of prefixes that were kept at one step of a beam search."""
    return max(int(kept[step == t].sum()) for t in np.unique(step))
