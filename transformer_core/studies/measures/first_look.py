"""Measures of the first chapter: counts of word pairs in training, and the target word written for a source word."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import joined, named
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace


@derived("noun_totals")
def noun_totals(trace: Trace, prefix: str) -> NamedTensor:
    """sum_a pairs[n, a]: how often each noun met any adjective in training."""
    return named(trace, prefix, "noun_totals", trace.full(f"{prefix}.pairs").values.sum(1), "noun", ("pairs",))


@derived("adjective_totals")
def adjective_totals(trace: Trace, prefix: str) -> NamedTensor:
    """sum_n pairs[n, a]: how often each adjective met any noun in training."""
    return named(
        trace, prefix, "adjective_totals", trace.full(f"{prefix}.pairs").values.sum(0), "adjective", ("pairs",)
    )


@derived("written_at")
def written_at(trace: Trace, prefix: str) -> NamedTensor:
    """argmax_i of the cross-attention weights, heads averaged: the row that looks most at each source word.

    Row i writes word i + 1 of the target. `prefix` is a cross-attention.
    """
    rows = trace.full(f"{prefix}.weights")
    return named(trace, prefix, "written_at", rows.values.mean(1).argmax(1), "batch key", ("weights",))


@derived("following")
def following(trace: Trace, prefix: str) -> NamedTensor:
    """max_w p(w | y_<t, source): the probability of the word that is written at each step of a greedy translation."""
    probs = trace.full(joined(prefix, "probs"))
    return NamedTensor(joined(prefix, "following"), probs.values.max(-1), ("batch", "position"), probs.labels)


def met(trace: Trace) -> tuple[Label, Label, bool] | None:
    """A noun and an adjective to look up in the table of training pairs, and whether the sentence has both.

    The pair of this sentence that met least often; else, for the first noun of the sentence that the table knows, an
    adjective that other nouns met often and this one never. None where the table knows no noun of the sentence.
    """
    if "training.pairs" not in trace:
        return None
    table = trace["training.pairs"]
    nouns, adjectives = table.labels["noun"], table.labels["adjective"]
    words = [str(token).lower() for token in trace.about["tokens"]]
    links = [link for role, found in trace.about.get("roles", {}).items() if role.startswith("adj") for link in found]
    known = [(words[noun], words[adjective]) for adjective, noun in links]
    known = [(noun, adjective) for noun, adjective in known if noun in nouns and adjective in adjectives]
    if known:
        noun, adjective = min(known, key=lambda pair: table.values[nouns.index(pair[0]), adjectives.index(pair[1])])
        return table.label("noun", nouns.index(noun)), table.label("adjective", adjectives.index(adjective)), True
    here = next((word for word in words if word in nouns), None)
    if here is None:
        return None
    row = table.values[nouns.index(here)]
    never = np.where(row == 0, table.values.sum(0), -1.0)
    return table.label("noun", nouns.index(here)), table.label("adjective", int(never.argmax())), False


def neighbours(table: NamedTensor, noun: int, adjective: int, most: int) -> tuple[list[int], list[int]]:
    """The best friends of the adjective and of the noun, with the pair itself in the middle."""

    def around(counts: np.ndarray, here: int) -> list[int]:
        others = [int(i) for i in np.argsort(-counts, kind="stable") if i != here and counts[i] > 0][: most - 1]
        middle = len(others) // 2
        return [*others[:middle], here, *others[middle:]]

    return around(table.values[:, adjective], noun), around(table.values[noun], adjective)
