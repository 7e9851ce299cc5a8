"""Probabilities of a decoding step under each sampling rule, and log-probabilities of a whole sentence."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace


@derived("remaining_probability")
def remaining_probability(trace: Trace, prefix: str) -> NamedTensor:
    """1 - max_w p_w: what all words but the likeliest have together, under each rule, "choice"."""
    (probs,) = beside(trace, prefix, "probs")
    values = probs.sum(-1) - probs.max(-1)
    return named(
        trace, prefix, "remaining_probability", values, " ".join(trace.full(f"{prefix}.probs").axes[:-1]), ("probs",)
    )


@derived("chosen_probs")
def chosen_probs(trace: Trace, prefix: str) -> NamedTensor:
    """p of the word that was written, exp(log_prob), "step"."""
    (log_prob,) = beside(trace, prefix, "log_prob")
    return named(trace, prefix, "chosen_probs", np.exp(log_prob), "step", ("log_prob",))


@derived("sentence_prob")
def sentence_prob(trace: Trace, prefix: str) -> NamedTensor:
    """exp(Σ_t log p(y_t | y_<t, source)): how often chance alone would write exactly this sentence."""
    (score,) = beside(trace, prefix, "score")
    return named(trace, prefix, "sentence_prob", np.exp(score), "")


@derived("running_score")
def running_score(trace: Trace, prefix: str) -> NamedTensor:
    """Σ_{s <= t} log p_s: the score so far, "step"; it can only fall."""
    (log_prob,) = beside(trace, prefix, "log_prob")
    return named(trace, prefix, "running_score", log_prob.cumsum(), "step", ("log_prob",))


@derived("mean_score")
def mean_score(trace: Trace, prefix: str) -> NamedTensor:
    """1/t Σ_{s <= t} log p_s: the score so far over its length, "step". Wu et al. 2016, section 7."""
    (log_prob,) = beside(trace, prefix, "log_prob")
    values = log_prob.cumsum() / np.arange(1, len(log_prob) + 1)
    return named(trace, prefix, "mean_score", values, "step", ("log_prob",))


@derived("beam_width")
def beam_width(trace: Trace, prefix: str) -> NamedTensor:
    """The most beginnings that were kept at one step of a beam search."""
    kept, step = beside(trace, prefix, "kept", "step")
    counts = [int(kept[step == t].sum()) for t in np.unique(step)]
    return named(trace, prefix, "beam_width", max(counts), "")
