"""Recurrence against attention: tokens read, path lengths between two words, accuracies by length, size of a state."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace

#: A translator is good at a length as long as it has so many sentences right.
GOOD = 0.9
#: Two lengths of sentences, in words, at which accuracies are read out.
SHORT_AND_LONG = (5, 13)


@measure(like="itself")
def failed(itself: np.ndarray) -> Values:
    """1 - x: what is wrong, where x is the share that is right."""
    return 1 - itself


@measure("position")
def tokens_read(words: np.ndarray) -> Values:
    """1, 2, ..., n: when a chain has read each of n tokens."""
    return np.arange(1, int(words) + 1)


@measure(like="f")
def memory_kept(f: np.ndarray, cells_before: np.ndarray) -> Values:
    """f c': what the forget gate leaves of the memory."""
    return f * cells_before


@measure(like="f")
def memory_written(i: np.ndarray, g: np.ndarray) -> Values:
    """i g: what the input gate lets into the memory."""
    return i * g


@measure(like="f")
def memory_squashed(cells: np.ndarray) -> Values:
    """tanh c: the memory as the output gate meets it."""
    return np.tanh(cells)


@measure("batch query key")
def memory_shares(trace: Trace, prefix: str, f: np.ndarray, i: np.ndarray, g: np.ndarray, cells: np.ndarray) -> Values:
    """(left_tj · c_t) / |c_t|² with left_tj = f_t ... f_j+1 i_j g_j: the part of the memory after token t that token j
    wrote. The parts of a memory that began empty add up to one."""
    steps, left = range(cells.shape[1]), np.zeros((cells.shape[0], cells.shape[1], *cells.shape[1:]))
    for t in steps:
        left[:, t, :t] = f[:, t, None] * left[:, t - 1, :t]
        left[:, t, t] = i[:, t] * g[:, t]
    words = trace.labels(f"{prefix}.cells").get("position")
    shares = (left * cells[:, :, None]).sum(-1) / (cells**2).sum(-1)[..., None]
    return shares, {"query": words, "key": words} if words else {}


@measure("query")
def equal_shares(trace: Trace, prefix: str, memory_shares: np.ndarray) -> Values:
    """1 / t: the part of the memory after token t that each token would have if all had written and kept as much."""
    words = trace.full(f"{prefix}.memory_shares").labels.get("query")
    return 1 / np.arange(1, memory_shares.shape[1] + 1), {"query": words} if words else {}


@measure("query key")
def recurrent_path_lengths(trace: Trace, prefix: str, states: np.ndarray) -> Values:
    """|i - j|: the state updates between two tokens of a chain."""
    place = np.arange(states.shape[1])
    words = trace.labels(f"{prefix}.states").get("position")
    return np.abs(place[:, None] - place), {"query": words, "key": words} if words else {}


@measure("")
def share_of_gain(over_seeds: np.ndarray) -> Values:
    """(second - first) / (last - first) of the means over seeds along the first axis: what the second alone gains."""
    return (over_seeds[1] - over_seeds[0]) / (over_seeds[-1] - over_seeds[0])


@measure("model", like="over_seeds")
def longest_solved(trace: Trace, prefix: str, over_seeds: np.ndarray) -> Values:
    """The greatest length up to which each model has at least `GOOD` of the sentences right; 0 for none."""
    lengths = np.array([int(label) for label in trace.labels(f"{prefix}.over_seeds")["length"]])
    kept = np.logical_and.accumulate(over_seeds >= GOOD, axis=1).sum(1)
    return np.where(kept > 0, lengths[np.maximum(kept - 1, 0)], 0)


@measure(like="itself", without="seed")
def trainings_that_solved(itself: np.ndarray) -> Values:
    """Count the trainings of each model that came there: those whose step is not infinite."""
    return np.isfinite(itself).sum(-1)


@measure("")
def trainings(trace: Trace, prefix: str) -> Values:
    """The number of trainings of each model."""
    return trace.full(prefix).size("seed")


@measure("")
def state_size(trace: Trace, prefix: str) -> Values:
    """The size of the state that an LSTM carries from one word to the next; `prefix` has `states`."""
    return trace.full(f"{prefix}.states").size("d_state")


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
