"""Sentences of two clauses: what refers back (it, them), what gives a reason, and what stands side by side."""

from __future__ import annotations

from collections.abc import Iterator

from transformer_core.studies.translator.grammar.choosing import Chooser
from transformer_core.studies.translator.grammar.clauses import LIVING, action, conjugated, copula, objects, subject
from transformer_core.studies.translator.grammar.lexicon import Noun, Verb, afterwards, objects_of, reasons, transitive
from transformer_core.studies.translator.grammar.noun_phrases import (
    ANY,
    NounPhrase,
    adjective_about,
    noun_phrase,
    sayable,
)
from transformer_core.studies.translator.grammar.phrases import Constituent, Link, combine, phrase
from transformer_core.studies.translator.grammar.sentences import acting, being, moving, standing


def doing_two_things(g: Chooser, past: bool) -> Iterator[Constituent]:
    """The girl buys the apple and eats it - la niña compra la manzana y la come."""
    for about in subject(g, LIVING, past, 0.3):
        for verb, whole, found in action(g, about, past, negative=0.0):
            if "person" in found.noun.tags:
                continue
            for second in g.any([v for v in afterwards(verb) if found.noun.is_a(objects_of(v, about.noun))]):
                for negated in g.maybe(0.25):
                    no, group = conjugated(second, about.plural, past, negated=negated)
                    link = phrase("but", "pero") if negated else phrase("and", "y")
                    it = standing_for(found)
                    tail = combine([link, no, group, it], [link, no, it, group])
                    if g.fits(tail):
                        yield combine([about.phrase, whole, tail])


def standing_for(found: NounPhrase) -> Constituent:
    """it, them: lo, la, los, las by what it stands for."""
    form = ("la" if found.noun.feminine else "lo") + ("s" if found.plural else "")
    it = phrase("them" if found.plural else "it", form)
    return it.linked(Link("pronoun(it/them)->antecedent", it.first, found.word))


def deed_with_reason(g: Chooser, past: bool) -> Iterator[tuple[Constituent, NounPhrase, NounPhrase, Verb, bool]]:
    """A deed, or one left undone, that the grammar knows reasons for: clause, doer, object, verb, negated."""
    for about in noun_phrase(g, LIVING, ANY, 0.1):
        for verb in g.any([v for v in transitive() if objects_of(v, about.noun)]):
            for negated in g.maybe(0.6):
                no, group = conjugated(verb, about.plural, past, negated=negated)
                if not any(reasons(verb, negated)) or not (g.fits(no) and g.fits(group)):
                    continue
                for found, a in objects(g, verb, group, about, past, adjective=0.1):
                    english = [about.phrase, no, group, found.phrase]
                    whole = combine(english, [about.phrase, no, group, a, found.phrase])
                    if "person" not in found.noun.tags and g.fits(whole):
                        yield whole, about, found, verb, negated


def giving_reasons(g: Chooser, past: bool) -> Iterator[Constituent]:
    """The animal did not cross the street because it was too tired: the adjective tells who or what "it" is."""
    for main, about, found, verb, negated in deed_with_reason(g, past):
        of_doer, of_object = reasons(verb, negated)
        for own in g.maybe(0.5):
            referent, names = (about, of_doer) if own else (found, of_object)
            for reason in because(g, referent, names, past, negated):
                yield combine([main, reason])


def because(
    g: Chooser, referent: NounPhrase, names: frozenset[str], past: bool, negated: bool
) -> Iterator[Constituent]:
    """because it was too wide - porque era demasiado ancha."""
    noun = referent.noun
    for adjective in g.any([a for a in sayable(g, referent) if a.english in names]):
        it = phrase("they" if referent.plural else personal_pronoun(noun))
        word = adjective_about(adjective, referent, far=True)
        be = copula(adjective.copula, referent.plural, past)
        be = be.linked(Link("copula->adjective", be.first, word.first))
        degree = phrase("too", "demasiado") if negated else phrase("very", "muy")
        whole = combine([phrase("because", "porque"), it, be, degree, word])
        if g.fits(whole):
            yield whole


def personal_pronoun(noun: Noun) -> str:
    return ("she" if noun.feminine else "he") if "person" in noun.tags else "it"


def side_by_side(g: Chooser, past: bool) -> Iterator[Constituent]:
    """The car is red and the girl sings: two clauses in one tense."""
    links, likely = (phrase("and", "y"), phrase("but", "pero"), phrase("while", "mientras")), (0.6, 0.2, 0.2)
    kinds, shares = (being, standing, acting, moving), (0.4, 0.15, 0.3, 0.15)
    for link in g.any(links[: 2 if past else 3], likely[: 2 if past else 3]):
        if not g.fits(link):
            continue
        for left in g.any(kinds, shares):
            for first in left(g, past, 0.25):
                begun = combine([first, link])
                if not g.fits(begun):
                    continue
                for right in g.any(kinds, shares):
                    for second in right(g, past, 0.25):
                        yield combine([begun, second])
