"""Clauses: what is said of a noun phrase, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from transformer_core.studies.translator.grammar.choosing import Chooser
from transformer_core.studies.translator.grammar.lexicon import (
    Adjective,
    Verb,
    clash,
    intransitive,
    is_colour,
    objects_of,
    transitive,
)
from transformer_core.studies.translator.grammar.noun_phrases import (
    ANY,
    NounPhrase,
    adjective_about,
    noun_phrase,
    place,
    pronoun,
    sayable,
)
from transformer_core.studies.translator.grammar.phrases import (
    NOTHING,
    Constituent,
    Link,
    Target,
    Word,
    combine,
    inserted,
    phrase,
)
from transformer_core.studies.translator.grammar.words import COPULAS

LIVING = frozenset({"person", "animal"})
THINGS = frozenset(
    "vehicle building way place furniture opening container device text clothing food plant agency shore night club "
    "wader hoist".split()
)


@dataclass(frozen=True, eq=False)
class Saying:
    """A predicate in the parts that a question moves: verb, negation, the rest."""

    verb: Constituent
    negation: Constituent
    rest: Constituent

    def of(self, subject: Constituent) -> Constituent:
        """A statement with a copula: the car is not red - el coche no es rojo."""
        return combine([subject, self.verb, self.negation, self.rest], [subject, self.negation, self.verb, self.rest])


def copula(kind: str, plural: bool, past: bool) -> Constituent:
    english = ("were" if plural else "was") if past else ("are" if plural else "is")
    return phrase(english, COPULAS[kind, past][plural])


def negation(g: Chooser, share: float = 0.2) -> Iterator[Constituent]:
    for negated in g.maybe(share):
        yield phrase("not", "no") if negated else NOTHING


def described(g: Chooser, about: NounPhrase, past: bool, negative: float = 0.2) -> Iterator[Saying]:
    """is red - es rojo; is closed - está cerrado: the adjective decides which Spanish verb it is."""
    for adjective in g.any(open_to := sayable(g, about)):
        first = adjective_about(adjective, about)
        if not g.fits(first):
            continue
        be = copula(adjective.copula, about.plural, past)
        for more, answers in and_more(g, adjective, about, open_to):
            linked = be.linked(*(Link("copula->adjective", be.first, word) for word in (first.first, *answers)))
            plain = more is not NOTHING or is_colour(adjective.english)
            for degree in g.any((NOTHING,) if plain else (NOTHING, NOTHING, phrase("very", "muy"))):
                rest = combine([degree, first, more])
                if g.fits(rest):
                    for no in negation(g, negative) if more is NOTHING else (NOTHING,):
                        yield Saying(linked, no, rest)


def and_more(
    g: Chooser, first: Adjective, about: NounPhrase, open_to: list[Adjective]
) -> Iterator[tuple[Constituent, tuple[Word, ...]]]:
    """A second adjective that takes the same Spanish verb (big and red), or nothing; and its English word."""
    for second in g.maybe(0.1):
        if not second:
            yield NOTHING, ()
            continue
        others = [a for a in open_to if a.copula == first.copula and not clash(a.english, first.english)]
        # Before an i, "y" turns into "e": so few adjectives begin with one that they are drawn more often.
        for adjective in g.any(others, [3.0 if a.spanish.startswith("i") else 1.0 for a in others]):
            more = adjective_about(adjective, about)
            yield combine([phrase("and", "y"), more]), more.english


def located(g: Chooser, about: NounPhrase, past: bool) -> Iterator[Saying]:
    """is near the house - está cerca de la casa."""
    for where in place(g, about.noun):
        for no in negation(g):
            yield Saying(copula("estar", about.plural, past), no, where)


def conjugated(verb: Verb, plural: bool, past: bool, *, negated: bool) -> tuple[Constituent, Constituent]:
    """The negation (does not - no) and the verb."""
    spanish = verb.in_spanish(plural, past)
    if not negated:
        return NOTHING, phrase(verb.english[2 if past else 0 if plural else 1], spanish)
    no = phrase("did+not" if past else "do+not" if plural else "does+not", "no")
    words = phrase(verb.english[0]).english
    return no, Constituent(words, (Target(spanish, (*words, no.first)),))


def asked(verb: Verb, plural: bool, past: bool) -> tuple[Constituent, Constituent]:
    """The word that asks (does), for which Spanish has none, and the verb."""
    do = phrase("did" if past else "do" if plural else "does")
    words = phrase(verb.english[0]).english
    return do, Constituent(words, (Target(verb.in_spanish(plural, past), (*words, do.first)),))


def personal(verb: Constituent, verb_name: str, found: NounPhrase) -> Constituent:
    """The "a" that Spanish puts before people, and before animals that one knows and neither buys nor sells."""
    person = "person" in found.noun.tags
    known = not found.noun.tags.isdisjoint({"animal", "night", "wader"}) and found.determiner not in ("a", "some")
    if person or (known and verb_name not in ("buy", "sell")):
        return inserted("a", *verb.english, *found.phrase.english)
    return NOTHING


def objects(
    g: Chooser, verb: Verb, group: Constituent, doer: NounPhrase, past: bool, more: float = 0.0, adjective: float = 0.25
) -> Iterator[tuple[NounPhrase, Constituent]]:
    """The objects that the doer's verb may have, and the personal "a" before each, if any."""
    for found in noun_phrase(g, objects_of(verb, doer.noun), ANY, adjective):
        if found.noun == doer.noun:
            continue
        a = personal(group, verb.english[0], found)
        for whole in modified(g, found, past, more):
            yield whole, a


def action(
    g: Chooser, doer: NounPhrase, past: bool, negative: float = 0.2, more: float = 0.0
) -> Iterator[tuple[Verb, Constituent, NounPhrase]]:
    """buys the apple - compra la manzana: verb and object, the object handed out too."""
    for verb in g.any([verb for verb in transitive() if objects_of(verb, doer.noun)]):
        for negated in g.maybe(negative):
            no, group = conjugated(verb, doer.plural, past, negated=negated)
            if not (g.fits(no) and g.fits(group)):
                continue
            for found, a in objects(g, verb, group, doer, past, more):
                whole = combine([no, group, found.phrase], [no, group, a, found.phrase])
                if g.fits(whole):
                    yield verb, whole, found


def movement(g: Chooser, subject: NounPhrase, past: bool) -> Iterator[Constituent]:
    """sleeps in the garden - duerme en el jardín; of two animals called "bat", only one sleeps."""
    for verb in g.any([v for v in intransitive() if any(subject.noun.is_a(left) for left, _ in v.frames)]):
        for negated in g.maybe(0.15):
            no, group = conjugated(verb, subject.plural, past, negated=negated)
            if not (g.fits(no) and g.fits(group)):
                continue
            if subject.noun.ambiguous:
                group = group.linked(Link("ambiguous noun->deciding word", subject.word, group.first))
            for somewhere in g.maybe(0.6):
                for where in place(g, subject.noun) if somewhere else (NOTHING,):
                    yield combine([no, group, where])


def relative(g: Chooser, about: NounPhrase, past: bool) -> Iterator[Constituent]:
    """who buys the apple, that is in the street, that the man buys."""
    person = "person" in about.noun.tags
    que = phrase("who" if person else "that", "que")
    if not g.fits(que):
        return
    for kind in g.any(("act", "place", "suffer")):
        if kind == "act":
            for _, whole, _ in action(g, about, past, negative=0.1):
                yield combine([que, whole])
        elif kind == "place":
            for saying in located(g, about, past):
                yield saying.of(que)
        elif not about.noun.tags & {"person", "animal", "night", "wader"}:
            yield from suffered(g, que, about, past)


def suffered(g: Chooser, que: Constituent, about: NounPhrase, past: bool) -> Iterator[Constituent]:
    """that the man buys - que el hombre compra."""
    for actor in noun_phrase(g, frozenset({"person"}), {"the": 1.0}, 0.1):
        for verb in g.any([v for v in transitive() if about.noun.is_a(objects_of(v, actor.noun))]):
            _, group = conjugated(verb, actor.plural, past, negated=False)
            whole = combine([que, actor.phrase, group])
            if g.fits(whole):
                yield whole


def modified(g: Chooser, about: NounPhrase, past: bool, share: float) -> Iterator[NounPhrase]:
    """The noun phrase as it is, or with a place or a relative clause behind it."""
    for more in g.maybe(share):
        if not more:
            yield about
            continue
        for clause in g.maybe(0.6):
            for tail in relative(g, about, past) if clause else place(g, about.noun):
                whole = combine([about.phrase, tail])
                if g.fits(whole):
                    yield about.with_phrase(whole)


def subject(
    g: Chooser,
    tags: frozenset[str],
    past: bool,
    more: float = 0.25,
    shares: dict[str, float] = ANY,
    *,
    decided: bool = False,
) -> Iterator[NounPhrase]:
    """The subjects of a sentence: he, she, or a noun phrase with or without something after it."""
    for short in g.maybe(0.06):
        if short:
            yield from pronoun(g, tags)
        else:
            for about in noun_phrase(g, tags, shares, decided=decided):
                yield from modified(g, about, past, more)
