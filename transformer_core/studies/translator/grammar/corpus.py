"""Held-out pairs of noun and adjective, and the sentences that are drawn for training and for testing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from transformer_core.studies.translator.grammar.choosing import Sampler
from transformer_core.studies.translator.grammar.draw import draw
from transformer_core.studies.translator.grammar.lexicon import adjectives_of, nouns
from transformer_core.studies.translator.grammar.phrases import Pair

#: The pair of the lecture's sentence: held out whatever the draw.
ALWAYS_HELD_OUT = ("car", "red")
HELD_OUT_SHARE = 0.2
SPLIT_SEED = 2017


@cache
def all_pairs() -> tuple[tuple[str, str], ...]:
    """Every noun with every adjective that can be said of it."""
    return tuple(sorted({(noun.singular, adjective.english) for noun in nouns() for adjective in adjectives_of(noun)}))


@cache
def held_out_pairs() -> frozenset[tuple[str, str]]:
    """A fifth of the pairs, in which "car" and "red" are.

    Pairs of a noun with two meanings are never held out: which meaning an adjective decides for has to be seen.
    Every adjective keeps at least half of its nouns.
    """
    ambiguous = {noun.singular for noun in nouns() if noun.ambiguous}
    candidates = [pair for pair in all_pairs() if pair[0] not in ambiguous and pair != ALWAYS_HELD_OUT]
    random.Random(SPLIT_SEED).shuffle(candidates)  # noqa: S311 (a draw, not a secret)
    partners = {a: sum(adjective == a for _, adjective in all_pairs()) for _, a in all_pairs()}
    wanted = round(HELD_OUT_SHARE * len(all_pairs()))
    chosen, taken = {ALWAYS_HELD_OUT}, dict.fromkeys(partners, 0)
    for noun, adjective in candidates:
        if len(chosen) < wanted and taken[adjective] < partners[adjective] // 2:
            chosen.add((noun, adjective))
            taken[adjective] += 1
    return frozenset(chosen)


def training_sentences(seed: int) -> Iterator[Pair]:
    """Sentences without end, none of which joins a held-out pair."""
    sampler = Sampler(seed, held_out_pairs())
    while True:
        yield draw(sampler)


def held_out_sentences(seed: int, length: int | None = None) -> Iterator[Pair]:
    """Sentences without end, each of which joins a held-out pair; of `length` English words if given."""
    sampler = Sampler(seed)
    while True:
        pair = draw(sampler)
        if pair.pairs & held_out_pairs() and length in (None, len(pair.source)):
            yield pair
