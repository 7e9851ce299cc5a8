"""Measures of a recorded training: the head that ends up with each role, and the step of its onset. NumPy alone."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.focus import EARNED
from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace


@measure("checkpoint role", like="score")
def score_of_final_head(trace: Trace, prefix: str, score: np.ndarray) -> Values:
    """score[checkpoint, role, layer, head] of the head with the best score of its role at the last checkpoint.

    Beside the `score` "checkpoint role layer head" of a recorded training. The head is one and the same at all
    checkpoints, so that a curve shows it learn its role. For invariant adjectives it is the head of the inflected ones:
    what there is to see is that it leaves them alone.
    """
    values = score.reshape(*score.shape[:2], -1)
    heads = values[-1].argmax(-1)
    roles = trace.labels(f"{prefix}.score")["role"]
    if "adjective(invariant)->noun" in roles:
        heads[roles.index("adjective(invariant)->noun")] = heads[roles.index("adjective(inflected)->noun")]
    return values[:, np.arange(len(roles)), heads]


@measure("role", like="score_of_final_head")
def onset(trace: Trace, prefix: str, score_of_final_head: np.ndarray) -> Values:
    """The first step from which `score_of_final_head` never again falls below `EARNED`, "role"; -1 for never.

    Beside the `score` of a recorded training, whose steps stand one level above.
    """
    steps = trace.full(f"{prefix.rpartition('.')[0]}.step").values
    kept = np.flip(np.logical_and.accumulate(np.flip(score_of_final_head >= EARNED, 0), 0), 0)
    return np.where(kept.any(0), steps[kept.argmax(0)], -1)
