"""The words of a sentence, shuffled, and the differences of their vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace

SHUFFLE_SEED = 4
#: Where a trace keeps the sentence in which two words have changed places; its positions are zeroed.
TURNED = "other.exchanged"
#: Where it keeps the sentence in the order of `other.shuffled`, with its positions.
PLACED = "other.placed"


def shuffle(words: int, window: list[int] | None = None) -> list[int]:
    """A seeded permutation of the words in which no word keeps its place, if there are two.

    The words in the `window` trade places among themselves, those before it too, and those behind it.
    """
    random = np.random.default_rng(SHUFFLE_SEED)
    start, stop = window or (0, words)
    found = np.arange(words)
    for part in (found[start:stop], found[:start], found[stop:]):
        before = part.copy()
        while len(part) > 1 and (part == before).any():
            part[:] = random.permutation(before)
    return [int(i) for i in found]


def exchanged(words: Sequence[str]) -> list[int] | None:
    """The permutation that swaps the last word and the first unlike it of the second half; None if there is none."""
    places, last = list(range(len(words))), len(words) - 1
    for first in range(len(words) // 2, last):
        if words[first].lower() != words[last].lower():
            places[first], places[last] = last, first
            return places
    return None


@measure("")
def permutation_difference(permutation_difference_by_row: np.ndarray) -> Values:
    """max |x'_i - x_order(i)| / max |x|: zero if the shuffled sentence has the same vectors, permuted.

    `prefix` is a row of `other.shuffled`; it is compared with the same row of `other.no_positions`, whose words stand
    in their order, with `shuffle` between them. One of `other.placed` is compared with that of the sentence itself.
    """
    return permutation_difference_by_row.max()


@measure("position", like="itself")
def permutation_difference_by_row(trace: Trace, prefix: str, shuffle_difference: np.ndarray) -> Values:
    """max_m |x'_im - x_order(i)m| / max |x| of each row i of `other.shuffled` or `other.placed`: see
    `permutation_difference`.

    In a decoder only the last row sees the same words as before: the mask keeps later ones from the others.
    """
    return np.abs(shuffle_difference).max((0, -1)) / np.abs(_before_shuffle(trace, prefix)).max()


@measure("batch position component", like="itself")
def shuffle_difference(trace: Trace, prefix: str, itself: np.ndarray) -> Values:
    """x'_i - x_order(i) for each word of `other.shuffled` or `other.placed`: its vector, minus that which it had."""
    return itself - _before_shuffle(trace, prefix)


def _before_shuffle(trace: Trace, prefix: str) -> np.ndarray:
    """The rows before the words were shuffled, in the order of the words after it."""
    same = prefix.removeprefix(f"{PLACED}.").replace("other.shuffled.", "other.no_positions.", 1)
    return trace.full(same).values[:, trace.full("other.shuffled.order").values]


@measure("batch position component", like="itself")
def exchange_difference(trace: Trace, prefix: str, itself: np.ndarray) -> Values:
    """x'_i - x_order(i) for each word of `other.exchanged`: its vector, minus that of the same word before.

    The rows of a Transformer are compared with those of `other.no_positions`; those of an LSTM, which adds no
    positions, with those of the sentence itself.
    """
    return itself - _before_exchange(trace, prefix)


@measure("position", like="itself")
def exchange_change(trace: Trace, prefix: str, exchange_difference: np.ndarray) -> Values:
    """max |x'_i - x_order(i)| / max |x| for each word of `other.exchanged`: zero if its vector is the same."""
    return np.abs(exchange_difference[0]).max(-1) / np.abs(_before_exchange(trace, prefix)).max()


def _before_exchange(trace: Trace, prefix: str) -> np.ndarray:
    """The rows before the exchange, in the order of the words after it."""
    rest = prefix.removeprefix(f"{TURNED}.")
    no_positions = f"other.no_positions.{rest}"
    plain = trace.full(no_positions if no_positions in trace else rest).values
    return plain[:, exchanged(trace.full("embed_src.sum").labels["position"])]


@measure("")
def largest_exchange_change(exchange_change: np.ndarray) -> Values:
    """The largest `exchange_change` of a word."""
    return exchange_change.max()
