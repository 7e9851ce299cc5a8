"""Noun phrases: a determiner, an adjective, a noun, and what may follow them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from transformer_core.studies.translator.grammar.choosing import Chooser
from transformer_core.studies.translator.grammar.lexicon import (
    Adjective,
    Noun,
    adjectives_of,
    clash,
    nouns,
    objects_of,
    prepositions,
)
from transformer_core.studies.translator.grammar.phrases import NOTHING, Constituent, Link, Word, combine, phrase
from transformer_core.studies.translator.grammar.words import DETERMINERS

DEFINITE = {"the": 0.8, "this": 0.2, "these": 0.2}
ANY = {"the": 0.6, "a": 0.25, "some": 0.25, "this": 0.15, "these": 0.15}
GROUND = {"the": 0.8, "a": 0.1, "this": 0.1, "these": 0.1}
INDEFINITE = {"a": 1.0, "some": 1.0}
#: A noun with two meanings is drawn more often: it has more to be learned.
AMBIGUOUS_WEIGHT = 4.0
PRONOUNS = (
    Noun("he", "", "él", False, frozenset({"person", "adult"})),
    Noun("she", "", "ella", True, frozenset({"person", "adult"})),
)


@dataclass(frozen=True, eq=False)
class NounPhrase:
    """A phrase with its noun, which decides the agreement of everything that refers to it."""

    phrase: Constituent
    noun: Noun
    plural: bool
    word: Word
    determiner: str = ""

    def with_phrase(self, whole: Constituent) -> NounPhrase:
        return NounPhrase(whole, self.noun, self.plural, self.word, self.determiner)


@cache
def nouns_among(tags: frozenset[str]) -> tuple[Noun, ...]:
    return tuple(noun for noun in nouns() if noun.is_a(tags))


def adjective_about(adjective: Adjective, about: NounPhrase, *, far: bool = False) -> Constituent:
    """The adjective, agreeing with its noun; `far` if only a pronoun stands for the noun beside it."""
    bare = phrase(adjective.english, adjective.in_spanish(about.noun.feminine, about.plural))
    if about.noun in PRONOUNS:
        return bare
    pair = Constituent(bare.english, bare.spanish, (), ((about.noun.singular, adjective.english),))
    if far:
        return pair.linked(Link("adjective->referent", bare.first, about.word))
    kind = "inflected" if adjective.inflected else "invariant"
    pair = pair.linked(
        Link(f"adjective({kind})->noun", bare.first, about.word), Link("noun->adjective", about.word, bare.first)
    )
    if about.noun.ambiguous:
        return pair.linked(Link("ambiguous noun->deciding word", about.word, bare.first))
    return pair


def sayable(g: Chooser, about: NounPhrase) -> list[Adjective]:
    """The adjectives that may still be said of the noun: none that it has, and none against that."""
    name = about.noun.singular
    said = [adjective for noun, adjective in about.phrase.pairs if noun == name]
    return [
        a for a in adjectives_of(about.noun) if g.allows(name, a.english) and not any(clash(a.english, s) for s in said)
    ]


def pronoun(g: Chooser, tags: frozenset[str]) -> Iterator[NounPhrase]:
    """he, she: where `tags` are open to people."""
    for noun in g.any([noun for noun in PRONOUNS if noun.is_a(tags)]):
        word = phrase(noun.singular, noun.spanish)
        if g.fits(word):
            yield NounPhrase(word, noun, False, word.first)


def bare(g: Chooser, tags: frozenset[str]) -> Iterator[NounPhrase]:
    """A noun without a determiner, singular or plural."""
    nouns_here = nouns_among(tags)
    for noun in g.any(nouns_here, [AMBIGUOUS_WEIGHT if noun.ambiguous else 1.0 for noun in nouns_here]):
        for plural in g.maybe(0.0 if "mass" in noun.tags else 0.3):
            word = phrase(noun.plural if plural else noun.singular, noun.in_spanish(plural))
            if g.fits(word):
                yield NounPhrase(word, noun, plural, word.first)


def attributes(g: Chooser, head: NounPhrase, share: float) -> Iterator[Adjective | None]:
    """An adjective that may stand before the noun, or None."""
    for wanted in g.maybe(share):
        if wanted:
            yield from g.any(sayable(g, head))
        else:
            yield None


def noun_phrase(
    g: Chooser, tags: frozenset[str], shares: dict[str, float] = ANY, adjective: float = 0.25, *, decided: bool = False
) -> Iterator[NounPhrase]:
    """Determiner, adjective, noun; in Spanish the adjective follows. `decided`: something else tells what it means."""
    for head in bare(g, tags):
        noun = head.noun
        kinds = [d for d, plural in DETERMINERS if plural == head.plural and d in shares]
        if "mass" in noun.tags:
            kinds = [kind for kind in kinds if kind != "a"]
        needed = noun.ambiguous and not decided
        for kind in g.any(kinds, [shares[kind] for kind in kinds]):
            for attribute in attributes(g, head, 1.0 if needed else adjective):
                between = adjective_about(attribute, head) if attribute else NOTHING
                after = (between if attribute else head.phrase).first.text
                english = "an" if kind == "a" and after[0] in "aeiou" else kind
                article = phrase(english, DETERMINERS[kind, head.plural][noun.feminine])
                article = article.linked(Link("determiner->noun", article.first, head.word))
                whole = combine([article, between, head.phrase], [article, head.phrase, between])
                if g.fits(whole):
                    yield NounPhrase(whole, noun, head.plural, head.word, kind)


def place(g: Chooser, figure: Noun) -> Iterator[Constituent]:
    """The prepositional phrases of place or company that `figure` may have: a preposition and a noun phrase."""
    for preposition in g.any([p for p in prepositions() if objects_of(p, figure)]):
        relation = phrase(preposition.english, preposition.spanish)
        if not g.fits(relation):
            continue
        for ground in noun_phrase(g, objects_of(preposition, figure), GROUND, 0.15):
            whole = combine([relation, ground.phrase])
            if ground.noun != figure and g.fits(whole):
                yield whole
