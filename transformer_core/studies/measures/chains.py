"""Recurrence against attention: tokens read, path lengths between two words, accuracies by length, size of a state."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace

#: A translator is good at a length as long as it has so many sentences right.
GOOD = 0.9
#: Two lengths of sentences, in words, at which accuracies are read out.
SHORT_AND_LONG = (5, 13)


@derived("tokens_read")
def tokens_read(trace: Trace, prefix: str) -> NamedTensor:
    """1, 2, ..., n: when a chain has read each of n tokens."""
    (words,) = beside(trace, prefix, "words")
    return named(trace, prefix, "tokens_read", np.arange(1, int(words) + 1), "position")


@derived("recurrent_path_lengths")
def recurrent_path_lengths(trace: Trace, prefix: str) -> NamedTensor:
    """|i - j|: the state updates between two tokens of a chain, beside the weights of an attention."""
    weights = trace.full(f"{prefix}.weights")
    i, j = (np.arange(weights.size(axis)) for axis in ("query", "key"))
    labels = {axis: words for axis, words in weights.labels.items() if axis in {"query", "key"}}
    return NamedTensor(f"{prefix}.recurrent_path_lengths", np.abs(i[:, None] - j), ("query", "key"), labels)


@derived("share_of_gain")
def share_of_gain(trace: Trace, prefix: str) -> NamedTensor:
    """(second - first) / (last - first) of the means over seeds along the first axis: what the second alone gains."""
    means = trace.full(f"{prefix}.over_seeds").values
    return NamedTensor(f"{prefix}.share_of_gain", (means[1] - means[0]) / (means[-1] - means[0]), ())


@derived("longest_solved")
def longest_solved(trace: Trace, prefix: str) -> NamedTensor:
    """The greatest length up to which each model has at least `GOOD` of the sentences right; 0 for none."""
    means = trace.full(f"{prefix}.over_seeds")
    lengths = np.array([int(label) for label in means.labels["length"]])
    kept = np.logical_and.accumulate(means.values >= GOOD, axis=1).sum(1)
    found = np.where(kept > 0, lengths[np.maximum(kept - 1, 0)], 0)
    return NamedTensor(f"{prefix}.longest_solved", found, ("model",), {"model": means.labels["model"]})


@derived("trainings_that_solved")
def trainings_that_solved(trace: Trace, prefix: str) -> NamedTensor:
    """Count the trainings of each model that came there: those whose step is not infinite."""
    steps = trace.full(prefix)
    return NamedTensor(
        f"{prefix}.trainings_that_solved", np.isfinite(steps.values).sum(-1), steps.axes[:-1], steps.labels
    )


@derived("trainings")
def trainings(trace: Trace, prefix: str) -> NamedTensor:
    """The number of trainings of each model."""
    return NamedTensor(f"{prefix}.trainings", np.array(trace.full(prefix).size("seed")), ())


@derived("state_size")
def state_size(trace: Trace, prefix: str) -> NamedTensor:
    """The size of the state that an LSTM carries from one word to the next; `prefix` has `states`."""
    return NamedTensor(f"{prefix}.state_size", np.array(trace.full(f"{prefix}.states").size("d_state")), ())


def parted(one: Sequence[str], other: Sequence[str]) -> list[int]:
    """The places of `one` whose words are not those of `other`: place by place where both are as long, else as both
    are best laid side by side."""
    if len(one) == len(other):
        return [i for i, (mine, theirs) in enumerate(zip(one, other, strict=True)) if str(mine) != str(theirs)]
    alike = SequenceMatcher(None, list(map(str, one)), list(map(str, other)), autojunk=False).get_matching_blocks()
    kept = {at + k for at, _, size in alike for k in range(size)}
    return [i for i in range(len(one)) if i not in kept]


def farthest(trace: Trace) -> tuple[int, int]:
    """The two words that stand farthest apart of those that belong together by the grammar; no distance without it."""
    pairs = [(min(link), max(link)) for links in trace.about.get("roles", {}).values() for link in links]
    return max(pairs, key=lambda pair: pair[1] - pair[0], default=(0, 0))
