"""Accuracy with single heads ablated, by the role of the words that go wrong; and the roles of heads. NumPy alone."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.focus import EARNED
from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace

#: From so many cases on an accuracy is told: its standard error stays below ten points.
CASES = 30
#: By so little an intervention changes next to nothing.
HARDLY = 0.02
#: A guess between two genders hits about half: from here on the gender must have come from somewhere.
MORE_THAN_A_GUESS = 0.75


@measure("model layer head role", model=("all heads", "one off"))
def ablation_accuracy(trace: Trace, prefix: str, before: np.ndarray, encoder: np.ndarray) -> Values:
    """The share of words that are right with all heads and with one head off: "model layer head role"."""
    both = np.stack([np.broadcast_to(before, encoder.shape), encoder])
    return both, {"role": trace.labels(f"{prefix}.before")["choice"]}


@measure("role layer head", like="ablation_accuracy")
def ablation_effect(ablation_accuracy: np.ndarray) -> Values:
    """before - after: what a head's absence takes from the words of each role, "role layer head"."""
    return np.moveaxis(ablation_accuracy[0] - ablation_accuracy[1], -1, 0)


@measure("")
def heads_with_a_role(score: np.ndarray) -> Values:
    """The number of heads that play a role."""
    return (score >= EARNED).any(0).sum()
