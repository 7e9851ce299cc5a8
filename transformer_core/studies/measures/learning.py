"""Measures of a recorded training: the loss of one sentence at each checkpoint, and the onset of each skill.

All of these stand beside the tensors of a watched training, `experiment.emergence.*`: NumPy alone.
"""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.focus import EARNED
from transformer_core.studies.measures.decoder import next_ids
from transformer_core.tracing.trace import NamedTensor, Trace

#: A role is told from so many cases on.
ENOUGH = 100
ALIGNMENT, SENTENCES = "alignment", "whole sentences"


def _labelled(trace: Trace, prefix: str, *axes: str) -> dict[str, tuple[str, ...]]:
    labels = trace.full(f"{prefix}.probs").labels
    return {axis: labels[axis] for axis in axes if axis in labels}


@derived("checkpoint_true_probs")
def checkpoint_true_probs(trace: Trace, prefix: str) -> NamedTensor:
    """p(y_t | y_<t, source) of the word y_t that is right, at each look: "checkpoint position"."""
    probs = trace.full(f"{prefix}.probs").values[:, 0]
    ids = np.broadcast_to(next_ids(trace, prefix)[:, None], (*probs.shape[:2], 1))
    values = np.take_along_axis(probs, ids, -1)[..., 0].astype(float)
    axes = ("checkpoint", "position")
    return NamedTensor(f"{prefix}.checkpoint_true_probs", values, axes, _labelled(trace, prefix, *axes))


@derived("checkpoint_losses")
def checkpoint_losses(trace: Trace, prefix: str) -> NamedTensor:
    """-log p of the right word, at each look."""
    found = trace.full(f"{prefix}.checkpoint_true_probs")
    return NamedTensor(f"{prefix}.checkpoint_losses", -np.log(found.values), found.axes, found.labels)


@derived("checkpoint_hits")
def checkpoint_hits(trace: Trace, prefix: str) -> NamedTensor:
    """1 where the likeliest word is the right one, else 0, at each look."""
    hits = trace.full(f"{prefix}.probs").values[:, 0].argmax(-1) == next_ids(trace, prefix)
    axes = ("checkpoint", "position")
    return NamedTensor(f"{prefix}.checkpoint_hits", hits.astype(int), axes, _labelled(trace, prefix, *axes))


@derived("learned")
def learned(trace: Trace, prefix: str) -> NamedTensor:
    """Shares of one along a training, "checkpoint line": alignment, each role that is learned, and whole sentences.

    A role has its line if the head that ends up with it earned it (`EARNED`), in at least `ENOUGH` cases. Lines stand
    in the order in which they come to stay above `EARNED`; those that never do are at the end.
    """
    settled = trace.full(f"{prefix}.roles.score_of_final_head")
    query_tokens = trace.full(f"{prefix}.roles.queries").values[-1]
    names = settled.labels["role"]
    roles = [k for k in range(len(names)) if settled.values[-1, k] >= EARNED and query_tokens[k] >= ENOUGH]
    columns = {ALIGNMENT: trace.full(f"{prefix}.alignment").values}
    columns |= {names[k]: settled.values[:, k] for k in roles}
    columns[SENTENCES] = trace.full(f"{prefix}.exact").values
    steps = trace.full(f"{prefix}.step").values
    last = steps[-1] + 1
    order = sorted(columns, key=lambda name: since if (since := stays(columns[name], steps)) >= 0 else last)
    values = np.stack([columns[name] for name in order], 1).astype(float)
    return NamedTensor(f"{prefix}.learned", values, ("checkpoint", "line"), {"line": tuple(order)})


def stays(scores: np.ndarray, steps: np.ndarray) -> int:
    """The first step from which the scores never again fall below `EARNED`; -1 for never."""
    high = scores >= EARNED - 1e-6  # scores are kept in single precision
    kept = np.flip(np.logical_and.accumulate(np.flip(high)))
    return int(steps[kept.argmax()]) if kept.any() else -1


@derived("learned_onset")
def learned_onset(trace: Trace, prefix: str) -> NamedTensor:
    """For each line of `learned` the first step from which it stays above `EARNED`; -1 for never."""
    lines, steps = trace.full(f"{prefix}.learned"), trace.full(f"{prefix}.step").values
    found = np.array([stays(column, steps) for column in lines.values.T])
    return NamedTensor(f"{prefix}.learned_onset", found, ("line",), lines.labels)


@derived("largest_rise_in_doubling")
def largest_rise_in_doubling(trace: Trace, prefix: str) -> NamedTensor:
    """max (x_b - x_a) / (x_last - x_first) over looks with step_b <= 2 step_a: its rise within one doubling."""
    lines, steps = trace.full(f"{prefix}.learned"), trace.full(f"{prefix}.step").values
    near = (steps[None, :] > steps[:, None]) & (steps[None, :] <= 2 * steps[:, None])
    rises = np.where(near[..., None], lines.values[None, :] - lines.values[:, None], 0.0).max((0, 1))
    whole = np.maximum(lines.values[-1] - lines.values[0], 1e-12)
    return NamedTensor(f"{prefix}.largest_rise_in_doubling", rises / whole, ("line",), lines.labels)


@derived("abrupt_lines")
def abrupt_lines(trace: Trace, prefix: str) -> NamedTensor:
    """The number of lines that make more than half of their rise within one doubling of the steps."""
    found = (trace.full(f"{prefix}.largest_rise_in_doubling").values > 0.5).sum()
    return NamedTensor(f"{prefix}.abrupt_lines", np.array(found), ())


@derived("lines")
def lines(trace: Trace, prefix: str) -> NamedTensor:
    """The number of lines of `learned`."""
    return NamedTensor(f"{prefix}.lines", np.array(trace.full(f"{prefix}.learned").size("line")), ())


def winner(trace: Trace, prefix: str, role: str) -> tuple[int, int]:
    """Layer and head of the best score of a role at the last look."""
    scores = trace.full(f"{prefix}.roles.score").pick(role=role).values[-1]
    layer, head = np.unravel_index(int(scores.argmax()), scores.shape)
    return int(layer), int(head)


def steepest(trace: Trace) -> tuple[int, int, int] | None:
    """Layer, head and query of the encoder where the loss of this sentence pushes a score most; None if nowhere.

    Of a long sentence, among the tokens in sight, and counted there.
    """
    best, found = 0.0, None
    for layer in range(64):
        name = f"gradients.encoder.{layer}.self_attn"
        if f"{name}.scaled" not in trace:
            break
        pushes = np.abs(trace[f"{name}.score_gradient"].values[0]).max(-1)
        if pushes.max() > best:
            head, query = np.unravel_index(int(pushes.argmax()), pushes.shape)
            best, found = float(pushes.max()), (layer, int(head), int(query))
    return found


def lows(trace: Trace, prefix: str) -> list[int]:
    """The looks at which fewer words of the sentence are wrong than ever before, and the last look."""
    wrong = (1 - trace.full(f"{prefix}.checkpoint_hits").values).sum(1)
    best = np.minimum.accumulate(wrong)
    found = [0, *(int(k) for k in np.flatnonzero(np.diff(best) < 0) + 1)]
    return found if found[-1] == len(wrong) - 1 else [*found, len(wrong) - 1]


def last_mistake(trace: Trace, prefix: str) -> tuple[int, int] | None:
    """The last look at which a word was guessed wrong, and the first such word; None if there was none."""
    hits = trace.full(f"{prefix}.checkpoint_hits").values
    wrong = np.flatnonzero((hits == 0).any(1))
    return (int(wrong[-1]), int(np.argmin(hits[wrong[-1]]))) if len(wrong) else None
