"""Measures of a recorded training: the head that ends up with each role, and the step of its onset. NumPy alone."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.focus import EARNED
from transformer_core.tracing.trace import NamedTensor, Trace


@derived("score_of_final_head")
def score_of_final_head(trace: Trace, prefix: str) -> NamedTensor:
    """settled[checkpoint, role] = score[checkpoint, role, of the head with the best score at the last checkpoint].

    Beside the `score` "checkpoint role layer head" of a watched training. The head is one and the same at all
    checkpoints, so that a curve shows it learn its role. For invariant adjectives it is the head of the inflected ones:
    what there is to see is that it leaves them alone.
    """
    score = trace.full(f"{prefix}.score")
    values = score.values.reshape(*score.values.shape[:2], -1)
    heads = values[-1].argmax(-1)
    roles = list(score.labels["role"])
    if "adjective(invariant)->noun" in roles:
        heads[roles.index("adjective(invariant)->noun")] = heads[roles.index("adjective(inflected)->noun")]
    labels = {axis: names for axis, names in score.labels.items() if axis in {"checkpoint", "role"}}
    found = values[:, np.arange(len(roles)), heads]
    return NamedTensor(f"{prefix}.score_of_final_head", found, ("checkpoint", "role"), labels)


@derived("onset")
def onset(trace: Trace, prefix: str) -> NamedTensor:
    """since[role]: the first step from which the settled head's score never again falls below `EARNED`; -1 for never.

    Beside the `score` of a watched training, whose steps stand one level above.
    """
    scores = trace.full(f"{prefix}.score_of_final_head")
    steps = trace.full(f"{prefix.rpartition('.')[0]}.step").values
    kept = np.flip(np.logical_and.accumulate(np.flip(scores.values >= EARNED, 0), 0), 0)
    found = np.where(kept.any(0), steps[kept.argmax(0)], -1)
    return NamedTensor(f"{prefix}.onset", found, ("role",), {"role": scores.labels["role"]})
