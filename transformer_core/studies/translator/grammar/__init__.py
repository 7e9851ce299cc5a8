"""A small English-Spanish grammar that knows its own structure: the training data of the lecture's models.

Sentences are drawn from it for training and for testing, and one that could have been drawn is recognised.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache

from transformer_core.studies.translator.grammar import rules
from transformer_core.studies.translator.grammar.lexicon import adjectives_of, nouns
from transformer_core.studies.translator.grammar.phrases import Chooser, Constituent, DeadEndError, Recogniser, finish
from transformer_core.studies.translator.grammar.phrases import Pair as Pair
from transformer_core.studies.translator.grammar.phrases import Sampler as Sampler

#: The longest English sentence that is drawn; longer ones are recognised, but the model never saw their like.
LONGEST = 18
#: The pair of the lecture's sentence: held out whatever the draw.
ALWAYS_HELD_OUT = ("car", "red")
HELD_OUT_SHARE = 0.2
SPLIT_SEED = 2017

KINDS = {
    rules.being: 0.19,
    rules.standing: 0.05,
    rules.acting: 0.11,
    rules.moving: 0.05,
    rules.existing: 0.03,
    rules.asking_how_it_is: 0.14,
    rules.asking_what_is_done: 0.04,
    rules.naming: 0.05,
    rules.answering: 0.003,
    rules.doing_two_things: 0.10,
    rules.giving_reasons: 0.11,
    rules.side_by_side: 0.19,
}


def sentences(g: Chooser) -> Iterator[Constituent]:
    """Every way through the grammar that the chooser leaves open."""
    for past in g.maybe(0.4):
        for kind in g.any(tuple(KINDS), tuple(KINDS.values())):
            yield from kind(g, past)


def draw(sampler: Sampler) -> Pair:
    """Draw one sentence by chance."""
    while True:
        try:
            whole = next(sentences(sampler), Constituent())
        except DeadEndError:
            continue
        if 0 < len(whole.english) <= LONGEST:
            return finish(whole)


def readings(words: Sequence[str]) -> Iterator[Pair]:
    """Every way to read lower-case English words as a sentence of the grammar."""
    words = tuple(words)
    for whole in sentences(Recogniser(words)):
        if tuple(word.text for word in whole.english) == words:
            yield finish(whole)


def reading(words: Sequence[str]) -> Pair | None:
    """The first reading, or None outside the grammar."""
    return next(readings(words), None)


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
