"""Measures of the first chapter: counts of word pairs in training, and the target word written for a source word."""

from __future__ import annotations

from itertools import product

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.studies.translator.grammar.lexicon import adjectives, nouns
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace


@measure("noun", like="pairs")
def noun_totals(pairs: np.ndarray) -> Values:
    """sum_a pairs[n, a]: the number of training sentences that join each noun with any adjective."""
    return pairs.sum(1)


@measure("adjective", like="pairs")
def adjective_totals(pairs: np.ndarray) -> Values:
    """sum_n pairs[n, a]: the number of training sentences that join each adjective with any noun."""
    return pairs.sum(0)


@measure("batch key", like="weights")
def written_at(weights: np.ndarray) -> Values:
    """argmax_i of the cross-attention weights, heads averaged: the row with the largest weight on each source word.

    Row i writes word i + 1 of the target. `prefix` is a cross-attention.
    """
    return weights.mean(1).argmax(1)


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
    """The most frequent nouns of the adjective and adjectives of the noun that all met, the pair itself in the middle.

    As long as some never met, the word that misses most of the others goes, of several the rarest. So in a table of
    these words, no other pair than that in the middle can be empty.
    """
    nouns, adjectives = (
        [int(i) for i in np.argsort(-counts, kind="stable") if i != here and counts[i] > 0][::-1]
        for counts, here in ((table.values[:, adjective], noun), (table.values[noun], adjective))
    )
    while (missing := table.values[np.ix_(nouns, adjectives)] == 0).any():
        rows, columns = missing.mean(1), missing.mean(0)
        if rows.max() < columns.max():
            del adjectives[int(columns.argmax())]
        else:
            del nouns[int(rows.argmax())]

    def around(others: list[int], here: int) -> list[int]:
        chosen = others[::-1][: most - 1]
        middle = len(chosen) // 2
        return [*chosen[:middle], here, *chosen[middle:]]

    return around(nouns, noun), around(adjectives, adjective)


def in_spanish(word: str) -> set[str]:
    """Every form in Spanish of an English noun or adjective."""
    ways = [*product((False, True), repeat=2)]
    things = {one.in_spanish(many) for one in nouns() if word in one.forms for _, many in ways}
    return things | {one.in_spanish(*way) for one in adjectives() if word in one.forms for way in ways}
