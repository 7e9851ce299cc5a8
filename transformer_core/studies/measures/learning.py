"""Measures of a recorded training: the loss of one sentence at each checkpoint, and the onset of each skill.

All of these stand beside the tensors of a recorded training, `experiment.emergence.*`: NumPy alone.
"""

from __future__ import annotations

import numpy as np

from transformer_core.studies.focus import EARNED
from transformer_core.studies.measures.decoder import next_ids
from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import NamedTensor, Trace

#: A role is told from so many cases on.
ENOUGH = 100
#: Words that are shown beside the right one.
SHOWN = 5
ALIGNMENT, SENTENCES = "alignment", "whole sentences"


@measure("checkpoint position", like="probs")
def checkpoint_true_probs(trace: Trace, prefix: str, probs: np.ndarray) -> Values:
    """p(y_t | y_<t, source) of the right word y_t at each checkpoint: "checkpoint position"."""
    ids = np.broadcast_to(next_ids(trace, prefix)[:, None], (len(probs), probs.shape[2], 1))
    return np.take_along_axis(probs[:, 0], ids, -1)[..., 0].astype(float)


@measure(like="checkpoint_true_probs")
def checkpoint_losses(checkpoint_true_probs: np.ndarray) -> Values:
    """-log p of the right word at each checkpoint."""
    return -np.log(checkpoint_true_probs)


@measure("checkpoint position", like="probs")
def checkpoint_hits(trace: Trace, prefix: str, probs: np.ndarray) -> Values:
    """1 where the likeliest word is the right one, else 0, at each checkpoint."""
    return (probs[:, 0].argmax(-1) == next_ids(trace, prefix)).astype(int)


@measure("checkpoint line")
def learned(trace: Trace, prefix: str, alignment: np.ndarray, exact: np.ndarray, step: np.ndarray) -> Values:
    """Shares of one along a training, "checkpoint line": alignment, each role that is learned, and whole sentences.

    A role has its line if the head that ends up with it earned it (`EARNED`), in at least `ENOUGH` cases. Lines stand
    in the order in which they come to stay above `EARNED`; those that never do are at the end.
    """
    final = trace.full(f"{prefix}.roles.score_of_final_head")
    query_tokens = trace.full(f"{prefix}.roles.queries").values[-1]
    names = final.labels["role"]
    roles = [k for k in range(len(names)) if final.values[-1, k] >= EARNED and query_tokens[k] >= ENOUGH]
    columns = {ALIGNMENT: alignment, **{names[k]: final.values[:, k] for k in roles}, SENTENCES: exact}
    last = step[-1] + 1
    order = sorted(columns, key=lambda name: since if (since := stays(columns[name], step)) >= 0 else last)
    return np.stack([columns[name] for name in order], 1).astype(float), {"line": tuple(order)}


def stays(scores: np.ndarray, steps: np.ndarray) -> int:
    """The first step from which the scores never again fall below `EARNED`; -1 for never."""
    high = scores >= EARNED - 1e-6  # scores are kept in single precision
    kept = np.flip(np.logical_and.accumulate(np.flip(high)))
    return int(steps[kept.argmax()]) if kept.any() else -1


@measure("line", like="learned")
def learned_onset(learned: np.ndarray, step: np.ndarray) -> Values:
    """For each line of `learned` the first step from which it stays above `EARNED`; -1 for never."""
    return np.array([stays(column, step) for column in learned.T])


def _rises(learned: np.ndarray, step: np.ndarray) -> np.ndarray:
    """x_b - x_a, "a b line", of checkpoints with step_a < step_b <= 2 step_a; of all others 0."""
    near = (step[None, :] > step[:, None]) & (step[None, :] <= 2 * step[:, None])
    return np.where(near[..., None], learned[None, :] - learned[:, None], 0.0)


@measure("line", like="learned")
def largest_rise_in_doubling(learned: np.ndarray, step: np.ndarray) -> Values:
    """max (x_b - x_a) / (x_last - x_first) over checkpoints with step_b <= 2 step_a: its rise within one doubling."""
    return _rises(learned, step).max((0, 1)) / np.maximum(learned[-1] - learned[0], 1e-12)


@measure("line end", like="learned")
def steepest_doubling(learned: np.ndarray, step: np.ndarray) -> Values:
    """The steps a and b between which that largest rise lies."""
    best = _rises(learned, step).reshape(-1, learned.shape[-1]).argmax(0)
    return step[np.stack(np.unravel_index(best, (len(step), len(step))), -1)]


@measure("")
def abrupt_lines(largest_rise_in_doubling: np.ndarray) -> Values:
    """The number of lines that make more than half of their rise within one doubling of the steps."""
    return (largest_rise_in_doubling > 0.5).sum()


@measure("")
def lines(learned: np.ndarray) -> Values:
    """The number of lines of `learned`."""
    return learned.shape[-1]


def winner(trace: Trace, prefix: str, role: str) -> tuple[int, int]:
    """Layer and head of the best score of a role at the last checkpoint."""
    layer, head, _ = trace.full(f"{prefix}.roles.score").pick(role=role, checkpoint=-1).largest()
    return layer.position, head.position


def candidates(logits: NamedTensor, right: str) -> tuple[int, ...]:
    """The places of the likeliest words of a vocabulary, `SHOWN` of them, and then that of the right one."""
    here = logits.labels["vocab"].index(right)
    best = [int(k) for k in np.argsort(-logits.values, kind="stable") if k != here]
    return (*best[:SHOWN], here)


def first_right(trace: Trace, prefix: str) -> int | None:
    """The first checkpoint at which every word of the sentence is right; None if there was none."""
    right = np.flatnonzero(trace.full(f"{prefix}.checkpoint_hits").values.all(1))
    return int(right[0]) if len(right) else None


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
