"""Which pattern a head shows in this sentence: measures that hold for any model, whatever it was trained for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from transformer_core.measures.naming import beside
from transformer_core.provenance import Quantity
from transformer_core.trace import NamedTensor, Trace, derived

#: From this mean share on, a pattern names a head.
CLEAR = 0.5
Places = np.ndarray


def _copies(ids: Places) -> np.ndarray:
    """Pairs of one token at two places, "query key"."""
    found: np.ndarray = (ids[:, None] == ids) & ~np.eye(len(ids), dtype=bool)
    return found


def _behind_copies(ids: Places) -> np.ndarray:
    """For each query, the keys right behind an earlier copy of it: Olsson et al. 2022, "induction"."""
    earlier = np.tril(_copies(ids), -1)
    found = np.zeros_like(earlier)
    found[:, 1:] = earlier[:, :-1]
    kept: np.ndarray = np.tril(found)
    return kept


#: For each pattern, the (query, key) pairs whose shares it would have.
PATTERNS: dict[str, Callable[[Places], np.ndarray]] = {
    "the token before": lambda ids: np.eye(len(ids), k=-1, dtype=bool),
    "the token behind": lambda ids: np.eye(len(ids), k=1, dtype=bool),
    "itself": lambda ids: np.eye(len(ids), dtype=bool),
    "the first token": lambda ids: np.arange(len(ids)) == np.zeros((len(ids), 1)),
    "the last token": lambda ids: np.arange(len(ids)) == np.full((len(ids), 1), len(ids) - 1),
    "the same token elsewhere": _copies,
    "what followed an earlier copy": _behind_copies,
}


@derived("pattern_scores")
def pattern_scores(trace: Trace, prefix: str) -> NamedTensor:
    """mean_i sum_j w_ij [j is an answer to i]: what a head gives to each pattern's answers, "batch head role".

    The mean is over the queries that have an answer; a pattern without any, such as that of copies in a sentence
    where nothing comes twice, has zero.
    """
    (weights,) = beside(trace, prefix, "weights")
    side = "embed_tgt" if ".decoder." in f".{prefix}" else "embed_src"
    start = prefix.partition("encoder.")[0].partition("decoder.")[0]
    ids = trace.full(f"{start}{side}.ids").values[0]
    scores = []
    for answers in (pattern(ids) for pattern in PATTERNS.values()):
        given = (weights * answers).sum(-1)
        asks = answers.any(-1)
        scores.append(given[..., asks].mean(-1) if asks.any() else np.zeros(given.shape[:-1]))
    return NamedTensor(
        f"{prefix}.pattern_scores", np.stack(scores, -1), ("batch", "head", "role"), {"role": tuple(PATTERNS)}
    )


def pattern_of(trace: Trace, path: str, head: int) -> tuple[str, Quantity] | None:
    """The pattern that a head shows most clearly in this sentence, and its score; None if none is clear."""
    name, score = trace[f"{path}.pattern_scores"].pick(batch=0, head=head).largest()
    return (str(name), score) if score >= CLEAR else None
