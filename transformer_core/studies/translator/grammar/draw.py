"""The grammar as a whole: draw sentences from it, and recognise a sentence that it could have drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from transformer_core.studies.translator.grammar.choosing import Chooser, DeadEndError, Recogniser, Sampler
from transformer_core.studies.translator.grammar.linked_clauses import doing_two_things, giving_reasons, side_by_side
from transformer_core.studies.translator.grammar.phrases import Constituent, Pair, finish
from transformer_core.studies.translator.grammar.sentences import (
    acting,
    answering,
    asking_how_it_is,
    asking_what_is_done,
    being,
    existing,
    moving,
    naming,
    standing,
)

#: The longest English sentence that is drawn; longer ones are recognised, but the model never saw their like.
LONGEST = 18

KINDS = {
    being: 0.19,
    standing: 0.05,
    acting: 0.11,
    moving: 0.05,
    existing: 0.03,
    asking_how_it_is: 0.14,
    asking_what_is_done: 0.04,
    naming: 0.05,
    answering: 0.003,
    doing_two_things: 0.10,
    giving_reasons: 0.11,
    side_by_side: 0.19,
}


def sentences(g: Chooser) -> Iterator[Constituent]:
    """Every way through the grammar that the chooser leaves open."""
    for past in g.maybe(0.4):
        for kind in g.any(tuple(KINDS), tuple(KINDS.values())):
            yield from kind(g, past)


def draw(sampler: Sampler) -> Pair:
    """One sentence by chance."""
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
    return next(islice(readings(words), 1), None)
