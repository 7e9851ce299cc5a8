"""The words of a sentence, shuffled: which word stands where, and whether the rows only trade places."""

from __future__ import annotations

import numpy as np

from transformer_core.trace import NamedTensor, Trace, derived

SHUFFLE_SEED = 4


def shuffle(words: int) -> list[int]:
    """Which word stands where after the shuffle: a seeded order in which no word keeps its place, if there are two."""
    random = np.random.default_rng(SHUFFLE_SEED)
    while True:
        order = random.permutation(words)
        if words < 2 or not (order == np.arange(words)).any():
            return [int(i) for i in order]


@derived("moved_difference")
def moved_difference(trace: Trace, prefix: str) -> NamedTensor:
    """max |x'_i - x_order(i)| / max |x|: do the rows of the shuffled sentence only trade places?

    `prefix` is a row of `other.shuffled`; it is compared with the same row of `other.unplaced`, whose words stand in
    their order, with `shuffle` between them.
    """
    shuffled = trace.full(prefix).values
    plain = trace.full(prefix.replace("other.shuffled.", "other.unplaced.", 1)).values
    moved = plain[:, shuffle(plain.shape[1])]
    return NamedTensor(f"{prefix}.moved_difference", np.abs(shuffled - moved).max() / np.abs(plain).max(), ())


@derived("order")
def order(trace: Trace, prefix: str) -> NamedTensor:
    """Where each word of the shuffled sentence stood before, counted from 0; `prefix` is `other.shuffled`."""
    words = trace.full(f"{prefix}.embed_src.sum").labels["position"]
    return NamedTensor(f"{prefix}.order", np.array(shuffle(len(words))), ("position",), {"position": words})
