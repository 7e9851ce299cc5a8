"""Accuracy with single heads ablated, by the role of the words that go wrong; and the roles of heads. NumPy alone."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.focus import EARNED
from transformer_core.tracing.trace import NamedTensor, Trace


@derived("ablation_accuracy")
def ablation_accuracy(trace: Trace, prefix: str) -> NamedTensor:
    """The share of words that are right with all heads and with one head off: "model layer head role"."""
    before, after = trace.full(f"{prefix}.before"), trace.full(f"{prefix}.encoder")
    both = np.stack([np.broadcast_to(before.values, after.values.shape), after.values])
    labels = {"model": ("all heads", "one off"), "role": before.labels["choice"]}
    return NamedTensor(f"{prefix}.ablation_accuracy", both, ("model", "layer", "head", "role"), labels)


@derived("ablation_effect")
def ablation_effect(trace: Trace, prefix: str) -> NamedTensor:
    """before - after: what a head's absence takes from the words of each role, "role layer head"."""
    both = trace.full(f"{prefix}.ablation_accuracy")
    lost = np.moveaxis(both.values[0] - both.values[1], -1, 0)
    return NamedTensor(f"{prefix}.ablation_effect", lost, ("role", "layer", "head"), {"role": both.labels["role"]})


@derived("heads_with_a_role")
def heads_with_a_role(trace: Trace, prefix: str) -> NamedTensor:
    """The number of heads that play a role."""
    scores = trace.full(f"{prefix}.score").values
    return NamedTensor(f"{prefix}.heads_with_a_role", np.array((scores >= EARNED).any(0).sum()), ())


@derived("heads_in_all")
def heads_in_all(trace: Trace, prefix: str) -> NamedTensor:
    """The number of heads that were scored."""
    scores = trace.full(f"{prefix}.score").values
    return NamedTensor(f"{prefix}.heads_in_all", np.array(scores[0].size), ())


def roles_of(trace: Trace, layer: int, head: int) -> list[str]:
    """The roles that a head has earned, the best first; nothing where roles were not scored."""
    if "roles.score" not in trace:
        return []
    scores = trace.full("roles.score")
    column = scores.values[:, layer, head]
    return [scores.labels["role"][k] for k in np.argsort(-column, kind="stable") if column[k] >= EARNED]
