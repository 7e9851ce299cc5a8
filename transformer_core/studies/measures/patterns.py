"""Attention patterns of a head in this sentence: measures that hold for any model, whatever it was trained for.

Every pattern is held against what a head would give it that looks at all keys alike, so that a pattern of many answers
is not clearer for that, and one score can be compared with another, in a sentence of any length, masked or not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transformer_core.studies.decoder_rows import gold_alignment
from transformer_core.studies.focus import embedding_of, layers_of
from transformer_core.studies.head_patterns import ALIGNED, ALONG, CLEAR, WITHIN, along, linked
from transformer_core.studies.measures.naming import Values, joined, measure
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

#: What any text has is among the patterns already (`transformer_core.studies.translator.roles.with_neighbours`).
NEIGHBOURS = ("previous token", "next token", "self")


def _parts(prefix: str) -> tuple[str, str, str]:
    """Of "other.swap.encoder.1.self_attn": what stands before the stack, the stack, and the kind of attention."""
    parts = prefix.split(".")
    return ".".join(parts[:-3]), parts[-3], parts[-1]


def _visible(trace: Trace, prefix: str) -> np.ndarray:
    """True for each key that the mask leaves to a query, "batch query key"; a decoder without a record is causal."""
    if joined(prefix, "masked") in trace:
        return ~np.isneginf(trace.full(joined(prefix, "masked")).values[:, 0])
    shape = trace.full(joined(prefix, "weights")).values[:, 0].shape
    _, stack, kind = _parts(prefix)
    seen = np.ones(shape, dtype=bool)
    return np.tril(seen) if (stack, kind) == ("decoder", "self_attn") else seen


def _ids(trace: Trace, prefix: str, batch: int) -> np.ndarray:
    """An id of each token, equal for equal tokens, "batch position": of its word, in a trace without an embedding."""
    start, stack, _ = _parts(prefix)
    side = joined(start, embedding_of(stack))
    if joined(side, "ids") in trace or joined(side, "token") in trace:
        return trace.full(joined(side, "ids")).values
    weights = trace.full(joined(prefix, "weights"))
    words = weights.labels.get("key") or tuple(map(str, range(weights.shape[-1])))
    return np.array([[words.index(word) for word in words]] * batch)


def _pairs(trace: Trace, prefix: str, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Each pattern's pairs, "batch query key"."""
    start, stack, kind = _parts(prefix)
    batch, queries, keys = shape
    if kind == "cross_attn":
        found = {ALONG: np.stack([along((queries, keys))] * batch)}
        gold = gold_alignment(trace) if not start and batch == 1 else ()
        links = [(query, key) for query, answers in enumerate(gold) for key in answers]
        return found | ({ALIGNED: linked(links, (queries, keys))[None]} if gold else {})
    ids = _ids(trace, prefix, batch)
    found = {name: np.stack([pattern(row) for row in ids]) for name, pattern in WITHIN.items()}
    roles = trace.about.get("roles", {}) if not start and stack == "encoder" and batch == 1 else {}
    return found | {
        role: linked(links, (queries, keys))[None] for role, links in roles.items() if role not in NEIGHBOURS and links
    }


@measure("batch role query key", like="weights")
def pattern_keys(trace: Trace, prefix: str) -> Values:
    """1 where key j is an answer of query i in a pattern, else 0: "batch role query key"; masked keys are no answers.

    A query counts only if it has a choice: an answer, and a key that is none. The first row of a decoder has only
    itself to look at, and shows no pattern by doing so.
    """
    visible = _visible(trace, prefix)
    pairs = _pairs(trace, prefix, visible.shape)
    answers = np.stack([*pairs.values()], 1) & visible[:, None]
    choice = answers.any(-1) & (~answers & visible[:, None]).any(-1)
    return (answers & choice[..., None]).astype(int), {"role": tuple(pairs)}


def _mean_over_queries(given: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """The mean of `given` over the queries that have an answer, "... query"; zero where none has."""
    asks = answers.any(-1)
    return (given * asks).sum(-1) / np.maximum(asks.sum(-1), 1)


@measure("batch role", like="pattern_keys")
def pattern_queries(pattern_keys: np.ndarray) -> Values:
    """k: the number of queries that have an answer in each pattern, "batch role"."""
    return pattern_keys.any(-1).sum(-1)


@measure("batch head role", like="pattern_keys")
def pattern_scores(weights: np.ndarray, pattern_keys: np.ndarray) -> Values:
    """s = mean_i sum_j w_ij [j answers i]: the part of a head's attention weights on a pattern, "batch head role".

    The mean is over the queries that have an answer; zero if there are none, as for copies where nothing comes twice.
    Source: Clark et al. 2019, section 3; Olsson et al. 2022.
    """
    return _mean_over_queries(np.einsum("bhij,brij->bhri", weights, pattern_keys), pattern_keys[:, None])


@measure("batch role", like="pattern_keys")
def pattern_chances(trace: Trace, prefix: str, pattern_keys: np.ndarray) -> Values:
    """c = mean_i sum_j [j answers i] / n_i: that part for a head with equal weights on n_i keys, "batch role"."""
    seen = _visible(trace, prefix).sum(-1)
    return _mean_over_queries(pattern_keys.sum(-1) / np.maximum(seen, 1)[:, None], pattern_keys)


@measure("batch head role", like="pattern_keys")
def pattern_clearness(pattern_scores: np.ndarray, pattern_chances: np.ndarray, pattern_queries: np.ndarray) -> Values:
    """(s - c) / (1 - c) · k / (k + 1): how far above chance a head follows a pattern, "batch head role".

    0 is chance, 1 is all that there is above it, as in Cohen's kappa (Cohen 1960). The second factor counts one more
    query at chance: what one token does is no pattern yet, and of two equal scores that of more queries is the clearer.
    """
    above = (pattern_scores - pattern_chances[:, None]) / (1 - pattern_chances[:, None])
    return above * (pattern_queries / (pattern_queries + 1))[:, None]


@measure("batch head query key", like="weights")
def is_top_key(weights: np.ndarray) -> Values:
    """1 where key j has the largest attention weight of query i, else 0."""
    return (weights == weights.max(-1, keepdims=True)).astype(int)


@measure("batch head")
def effective_keys(weights: np.ndarray) -> Values:
    """mean_i exp(-sum_j w_ij ln w_ij): the effective number of keys that a head attends to, "batch head".

    The perplexity of its weights: 1 if each query attends to one key, all of them if it attends to all alike.
    Source: Clark et al. 2019, section 3.3 (entropy of heads).
    """
    entropy = -(weights * np.log(np.maximum(weights, np.finfo(weights.dtype).tiny))).sum(-1)
    looks = weights.any(-1)  # a query that may see nothing spreads over nothing
    return (np.exp(entropy) * looks).sum(-1) / np.maximum(looks.sum(-1), 1)


@measure("")
def clear_heads(trace: Trace, prefix: str) -> Values:
    """The number of self-attention heads of a stack that show a clear pattern; `prefix` is `encoder` or `decoder`."""
    names = [joined(prefix, str(layer), "self_attn", "pattern_clearness") for layer in layers_of(trace, prefix)]
    return sum(int((trace.full(name).values[0].max(-1) >= CLEAR).sum()) for name in names)


@measure("")
def all_heads(trace: Trace, prefix: str) -> Values:
    """The number of self-attention heads of a stack, over all layers."""
    names = [joined(prefix, str(layer), "self_attn", "weights") for layer in layers_of(trace, prefix)]
    return sum(trace.full(name).shape[1] for name in names)


@dataclass(frozen=True)
class ShownPattern:
    """The pattern that a head shows most clearly: its name, the share of the head's attention, and that by chance."""

    name: Label
    score: Quantity
    chance: Quantity
    clearness: Quantity


def pattern_of(trace: Trace, path: str, head: int) -> ShownPattern | None:
    """The clearest pattern of a head in this sentence; None if none is clear (`head_patterns.CLEAR`)."""
    name, clearness = trace[f"{path}.pattern_clearness"].pick(batch=0, head=head).largest()
    if clearness < CLEAR:
        return None
    score = trace[f"{path}.pattern_scores"].pick(batch=0, head=head, role=name.position)
    return ShownPattern(name, score, trace[f"{path}.pattern_chances"].pick(batch=0, role=name.position), clearness)


def widest(trace: Trace, stack: str = "encoder") -> tuple[int, int, Quantity]:
    """Layer, head and breadth of the head of a stack that spreads over the most keys."""
    spread = {
        layer: trace[f"{stack}.{layer}.self_attn.effective_keys"].pick(batch=0) for layer in layers_of(trace, stack)
    }
    layer = max(spread, key=lambda layer: float(spread[layer].values.max()))
    head = int(spread[layer].values.argmax())
    return layer, head, spread[layer].quantity(head)
