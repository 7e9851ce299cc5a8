"""Patterns that a head of any model may show, by the pairs of a query and a key that they consist of. NumPy alone.

A pattern has a name, and tells of each query which keys are its answers. How much of a head's attention follows it is
measured in `transformer_core.studies.measures.patterns`.

Source: Clark et al. 2019, section 3 (neighbours, marks); Olsson et al. 2022, "In-context Learning and Induction Heads"
(copies); Xiao et al. 2024 (sinks); Garg et al. 2019, section 4 (alignment).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

#: The clearness (see `transformer_core.studies.measures.patterns.pattern_clearness`) from which a pattern names a head.
CLEAR = 0.5

Ids = np.ndarray
Pairs = np.ndarray


def _copies(ids: Ids) -> Pairs:
    """Pairs of one token at two places."""
    return (ids[:, None] == ids) & ~np.eye(len(ids), dtype=bool)


def _behind_copies(ids: Ids) -> Pairs:
    """For each query, the keys right behind an earlier copy of it, as in "a b ... a": from the second a to b."""
    found = np.zeros((len(ids), len(ids)), dtype=bool)
    found[:, 1:] = np.tril(_copies(ids), -1)[:, :-1]
    return np.tril(found, -1)


def _column(size: int, place: int) -> Pairs:
    """One key of all other queries: an attention sink. Its own weight on itself does not count."""
    found = np.zeros((size, size), dtype=bool)
    found[:, place] = True
    found[place, place] = False
    return found


#: For each pattern of self-attention, the pairs "query key" of a sequence with these ids.
WITHIN: Mapping[str, Callable[[Ids], Pairs]] = {
    "the token before": lambda ids: np.eye(len(ids), k=-1, dtype=bool),
    "the token after": lambda ids: np.eye(len(ids), k=1, dtype=bool),
    "itself": lambda ids: np.eye(len(ids), dtype=bool),
    "the first token": lambda ids: _column(len(ids), 0),
    "the last token": lambda ids: _column(len(ids), len(ids) - 1),
    "the same token elsewhere": _copies,
    "what followed an earlier copy": _behind_copies,
}
#: The patterns of cross-attention: what the grammar aligns, and the diagonal of a text that keeps the order.
ALIGNED, ALONG = "what it translates", "the place as far along"
#: Patterns that lead from one token to another for a reason: not to itself, and not to where all of them look.
LINKS = ("the token before", "the token after", "the same token elsewhere", "what followed an earlier copy")


def along(shape: tuple[int, int]) -> Pairs:
    """j = round(i (keys - 1) / (queries - 1)): the key that stands as far along its sequence as the query."""
    queries, keys = shape
    found = np.zeros(shape, dtype=bool)
    places = np.arange(queries)
    found[places, np.round(places * (keys - 1) / max(1, queries - 1)).astype(int)] = True
    return found


def linked(links: Iterable[tuple[int, int]], shape: tuple[int, int]) -> Pairs:
    """The pairs (query, key) that a grammar names."""
    found = np.zeros(shape, dtype=bool)
    for query, key in links:
        found[query, key] = True
    return found
